// A lesson's page: where the reader stands, and the paragraph that a mark or a note is about.
import "./cells";

const one = <T extends HTMLElement>(selector: string, from: ParentNode = document): T | null => from.querySelector<T>(selector);
const text = one("#text");
const form = one<HTMLFormElement>("#passage");

// Where the reader stands: the last section whose beginning is above the middle of the window.
function places(): [HTMLAnchorElement, HTMLElement][] {
  return [...document.querySelectorAll<HTMLAnchorElement>("#contents a")].flatMap((link) => {
    const place = document.getElementById(decodeURIComponent(link.hash.slice(1)));
    return place ? [[link, place] as [HTMLAnchorElement, HTMLElement]] : [];
  });
}

let waiting = false;
function stand(): void {
  waiting = false;
  const all = places();
  const passed = all.filter(([, place]) => place.getBoundingClientRect().top < window.innerHeight / 2);
  const here = passed.at(-1)?.[0];
  for (const [link] of all) {
    if (link === here) link.setAttribute("aria-current", "location");
    else link.removeAttribute("aria-current");
  }
}
function soon(): void {
  if (!waiting) requestAnimationFrame(stand);
  waiting = true;
}
document.addEventListener("scroll", soon, { passive: true });
document.addEventListener("htmx:afterSettle", soon);
window.addEventListener("resize", soon);
stand();

// The paragraph at hand.
let current: HTMLElement | null = null;

function paragraphs(): HTMLElement[] {
  return text ? [...text.querySelectorAll<HTMLElement>(":scope > p[id^='p-']")] : [];
}

function left(id: string): { marked: boolean; note: string } {
  const line = one(`[data-beside="${CSS.escape(id)}"]`);
  return { marked: line?.dataset.marked === "1", note: line?.dataset.note ?? "" };
}

function take(paragraph: HTMLElement): void {
  current?.classList.remove("current");
  current = paragraph;
  paragraph.classList.add("current");
  if (!form) return;
  form.hidden = false;
  // Where the column stands below the text, what is done to a paragraph comes to it.
  if (window.matchMedia("(max-width: 62rem)").matches) paragraph.after(one("#passage-tools")!, form);
  const target = form.elements.namedItem("target") as HTMLInputElement;
  target.value = `${text!.dataset.lesson}#${paragraph.id}`;
  const words = (paragraph.textContent ?? "").trim().replace(/\s+/g, " ");
  one("#passage-quote")!.textContent = words.length > 80 ? `${words.slice(0, 78)} …` : words;
  one<HTMLTextAreaElement>("#passage-text")!.value = left(paragraph.id).note;
  one("#passage-said")!.textContent = "";
  show();
}

// What the column says of each paragraph stands in the text too.
function show(): void {
  for (const paragraph of paragraphs()) {
    const { marked, note } = left(paragraph.id);
    paragraph.classList.toggle("marked", marked);
    paragraph.classList.toggle("noted", note !== "");
  }
  one("#passage-mark")?.setAttribute("aria-pressed", String(current !== null && left(current.id).marked));
}

function step(by: number): void {
  const all = paragraphs();
  if (!all.length) return;
  const at = current ? all.indexOf(current) : -1;
  // The first time, the paragraph that is being read; then the next one, or the one before.
  const first = all.findIndex((paragraph) => paragraph.getBoundingClientRect().bottom > 80);
  const to = at < 0 ? Math.max(first, 0) : Math.min(Math.max(at + by, 0), all.length - 1);
  take(all[to]);
  all[to].tabIndex = -1;
  all[to].focus({ preventScroll: true });
  all[to].scrollIntoView({ block: "nearest" });
}

function taken(): HTMLElement | null {
  if (!current) step(1);
  return current;
}

if (text && form) {
  one("#passage-tools")!.hidden = false;
  text.addEventListener("click", (event) => {
    const paragraph = (event.target as HTMLElement).closest<HTMLElement>("#text > p[id^='p-']");
    if (paragraph && !(event.target as HTMLElement).closest("a")) take(paragraph);
  });
  one("#passage-next")!.addEventListener("click", () => step(1));
  one("#passage-before")!.addEventListener("click", () => step(-1));
  one("#passage-write")!.addEventListener("click", () => {
    if (taken()) one("#passage-text")!.focus();
  });
  one("#passage-mark")!.addEventListener("click", () => {
    const paragraph = taken();
    if (!paragraph) return;
    const target = (form.elements.namedItem("target") as HTMLInputElement).value;
    void window.htmx.ajax("post", "/mark", { values: { target, on: String(!left(paragraph.id).marked) }, swap: "none", source: form });
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if ((event as CustomEvent<{ elt: HTMLElement }>).detail.elt.id === "beside") show();
  });
}
