// The skill map: arrow keys walk it, and the skill under the pointer or the focus shows its prerequisites and says what it is.
const map = document.querySelector<SVGSVGElement>("#map");
const told = document.querySelector<HTMLElement>("#map-told");

if (map && told) {
  const nodes = [...map.querySelectorAll<SVGAElement>("a.node")];
    const lines = map.querySelector<SVGGElement>("#map-lines")!;
  const places = new Map(nodes.map((node) => [node, node.getAttribute("transform")!.match(/[\d.]+/g)!.map(Number) as [number, number]]));
  const at = (node: SVGAElement): [number, number] => places.get(node)!;
  const before = (node: SVGAElement): SVGAElement[] =>
    node.dataset.needs?.split(" ").map((index) => nodes[Number(index)]) ?? [];
  const after = new Map<SVGAElement, SVGAElement[]>();
  for (const node of nodes) for (const need of before(node)) after.set(need, [...(after.get(need) ?? []), node]);

  const draw = (from: SVGAElement, to: SVGAElement, kind: string): void => {
    const [x1, y1] = at(from);
    const [x2, y2] = at(to);
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    const bend = Math.max(24, Math.abs(x2 - x1) / 2);
    path.setAttribute("d", `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`);
    path.setAttribute("class", kind);
    lines.append(path);
  };
  const show = (node: SVGAElement): void => {
    lines.replaceChildren();
    nodes.forEach((other) => other.classList.remove("near", "chosen"));
    node.classList.add("chosen");
    for (const need of before(node)) {
      draw(need, node, "needs");
      need.classList.add("near");
    }
    for (const next of after.get(node) ?? []) {
      draw(node, next, "opens");
      next.classList.add("near");
    }
    told.querySelector("h2")!.textContent = node.dataset.title!;
    told.querySelector(".told-state")!.textContent = node.getAttribute("aria-label")!.slice(node.dataset.title!.length + 2);
    const needs = before(node).map((need) => need.dataset.title!);
    told.querySelector(".told-needs")!.textContent = needs.length ? `Rests on ${needs.join(", ")}.` : "Rests on nothing else here.";
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
