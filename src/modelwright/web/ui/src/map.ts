// A stage of the skill map: arrow keys walk it, and the skill under the pointer or the focus shows its edges and says what it is.
const map = document.querySelector<SVGSVGElement>("#map");
const told = document.querySelector<HTMLElement>("#map-told");

if (map && told) {
  const nodes = [...map.querySelectorAll<SVGAElement>("a.node")];
  const edges = [...map.querySelectorAll<SVGPathElement>("#map-edges path")].map((path) => ({ path, ends: path.dataset.ends!.split(" ").map(Number) }));
  const places = new Map(nodes.map((node) => [node, node.getAttribute("transform")!.match(/[\d.]+/g)!.map(Number) as [number, number]]));
  const at = (node: SVGAElement): [number, number] => places.get(node)!;

  const show = (node: SVGAElement): void => {
    const n = nodes.indexOf(node);
    nodes.forEach((other) => other.classList.remove("beside", "chosen"));
    node.classList.add("chosen");
    for (const { path, ends } of edges) {
      const [source, target] = ends;
      path.classList.toggle("needs", target === n);
      path.classList.toggle("opens", source === n);
      if (source === n || target === n) {
        path.parentNode!.append(path); // above the others
        nodes[source === n ? target : source].classList.add("beside");
      }
    }
    told.querySelector("h2")!.textContent = node.dataset.title!;
    told.querySelector(".told-state")!.textContent = node.getAttribute("aria-label")!.slice(node.dataset.title!.length + 2);
    told.querySelector(".told-needs")!.textContent = node.dataset.told!;
  };
  // From a skill, an arrow goes to the nearest one that way, sideways distance counting double.
  const towards = (node: SVGAElement, dx: number, dy: number): SVGAElement | undefined => {
    const [x, y] = at(node);
    let best: SVGAElement | undefined;
    let least = Infinity;
    for (const other of nodes) {
      const [ox, oy] = at(other);
      const along = (ox - x) * dx + (oy - y) * dy;
      if (other === node || along <= 1) continue;
      const aside = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
      const far = along + 2 * aside;
      if (far < least) {
        least = far;
        best = other;
      }
    }
    return best;
  };
  const arrows: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const start = nodes.find((node) => node.classList.contains("here")) ?? nodes.find((node) => node.classList.contains("is-open")) ?? nodes[0];
  nodes.forEach((node) => node.setAttribute("tabindex", node === start ? "0" : "-1"));
  if (start) show(start);
  for (const node of nodes) {
    node.addEventListener("pointerenter", () => show(node));
    node.addEventListener("focus", () => {
      nodes.forEach((other) => other.setAttribute("tabindex", other === node ? "0" : "-1"));
      show(node);
    });
  }
  map.addEventListener("keydown", (event) => {
    const way = arrows[event.key];
    const node = (event.target as Element).closest<SVGAElement>("a.node");
    if (!way || !node) return;
    event.preventDefault();
    towards(node, ...way)?.focus();
  });
}
export {};
