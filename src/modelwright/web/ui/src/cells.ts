// The blocks of a lesson that run: code that can be edited and set back, and figures with a slider.
import type { EditorView } from "@codemirror/view";
import { execute } from "./running";

const page = document.querySelector<HTMLElement>("[data-blocks]");

class Cell {
  private editor: EditorView | null = null;
  private field: HTMLTextAreaElement | null = null; // until the editor is there
  private readonly original: string;
  private readonly first: string; // what the page showed of it before anything was run
  private readonly firstText: string;
  private readonly code: HTMLElement;
  private readonly shown: HTMLElement;
  private readonly told: HTMLElement;
  private readonly run: HTMLButtonElement;
  private readonly stop: HTMLButtonElement;
  private readonly back: HTMLButtonElement;

  constructor(
    private readonly element: HTMLElement,
    private readonly number: number,
  ) {
    const one = <T extends HTMLElement>(selector: string): T => element.querySelector<T>(selector)!;
    this.code = one("pre.code");
    this.shown = one(".shown");
    this.told = one(".told");
    this.run = one("[data-run]");
    this.stop = one("[data-stop]");
    this.back = one("[data-back]");
    this.original = this.code.textContent ?? "";
    this.first = this.shown.innerHTML;
    this.firstText = this.shown.textContent!.trim();
    this.code.setAttribute("role", "group");
    this.code.setAttribute("aria-label", `Code, block ${number}. Enter edits it.`);
    this.run.addEventListener("click", () => void this.execute());
    this.back.addEventListener("click", () => this.setBack());
    this.code.addEventListener("click", () => {
      if (window.getSelection()?.isCollapsed !== false) void this.edit();
    });
    element.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        void this.execute();
      } else if (event.key === "Enter" && event.target === this.code) {
        event.preventDefault();
        void this.edit();
      } else if (event.key === "Escape" && event.target === this.field) this.run.focus();
    });
  }

  get text(): string {
    return this.editor?.state.doc.toString() ?? this.field?.value ?? this.original;
  }

  // A plain field takes the keys at once; the editor is fetched when it is first needed, and takes over from the field where it stands.
  async edit(): Promise<void> {
    if (this.editor) return this.editor.focus();
    if (this.field) return this.field.focus();
    const field = document.createElement("textarea");
    const text = this.original.replace(/\n$/, "");
    field.className = "plain";
    field.spellcheck = false;
    field.autocapitalize = "off";
    field.rows = text.split("\n").length;
    field.value = text;
    field.setAttribute("aria-label", `Code, block ${this.number}`);
    field.addEventListener("input", () => this.changed());
    field.setSelectionRange(0, 0);
    this.field = field;
    this.code.hidden = true;
    this.code.after(field);
    field.focus();
    const { codeEditor } = await import("./code");
    if (this.field !== field) return; // set back meanwhile
    const focused = document.activeElement === field;
    this.editor = codeEditor({
      parent: field.parentElement!,
      text: field.value,
      label: `Code, block ${this.number}`,
      nonce: page!.dataset.nonce!,
      keys: [
        { key: "Mod-Enter", run: () => (void this.execute(), true) },
        { key: "Escape", run: () => (this.run.focus(), true) },
      ],
      changed: () => this.changed(),
    });
    this.editor.dispatch({ selection: { anchor: field.selectionStart, head: field.selectionEnd } });
    this.field = null;
    field.remove();
    if (focused) this.editor.focus();
  }

  private changed(): void {
    this.back.hidden = this.text.trimEnd() === this.original.trimEnd();
    this.told.textContent = this.back.hidden ? "" : "changed by you";
  }

  async execute(): Promise<void> {
    const texts = cells.slice(0, this.number).map((cell) => cell.text);
    const ran = await execute(page!.dataset.blocks!, "run", { cells: texts }, this);
    if (!ran) return;
    const changed = this.text.trimEnd() !== this.original.trimEnd();
    if (changed) this.told.textContent = `changed by you · ${this.told.textContent}`;
    this.back.hidden = !changed && this.shown.textContent!.trim() === this.firstText;
  }

  private setBack(): void {
    this.editor?.destroy();
    this.field?.remove();
    this.editor = this.field = null;
    this.code.hidden = false;
    this.shown.innerHTML = this.first;
    this.told.textContent = "";
    this.back.hidden = true;
    this.run.focus();
  }
}

const cells = page ? [...page.querySelectorAll<HTMLElement>(".cell")].map((element, index) => new Cell(element, index + 1)) : [];

// A figure under the reader's hand: a slider for each parameter, and the frame that was drawn for where they stand.
type Frame = [svg: string, said: string] | null;

class Explore {
  private frames: Frame[] = [];
  private at = 0; // the frame that is shown
  private readonly sliders: HTMLInputElement[];
  private readonly place: HTMLElement;
  private readonly said: HTMLElement;

  constructor(private readonly element: HTMLElement) {
    this.sliders = [...element.querySelectorAll<HTMLInputElement>("input[type=range]")];
    this.place = element.querySelector<HTMLElement>(".frame")!;
    this.said = element.querySelector<HTMLElement>(".said")!;
    for (const slider of this.sliders) {
      slider.addEventListener("input", () => {
        const value = slider.dataset.values!.split("|")[slider.valueAsNumber];
        slider.setAttribute("aria-valuetext", value);
        slider.nextElementSibling!.textContent = value;
        this.show();
      });
    }
  }

  // Fetched when it comes near. What is not drawn yet is asked for again, and the frame that is looked at appears when it is there.
  async load(): Promise<void> {
    for (let asked = false; ; ) {
      try {
        const answer = await fetch(this.element.dataset.frames!);
        if (!answer.ok) return;
        this.frames = (await answer.json()) as Frame[];
        asked = true;
      } catch {
        // The studio is away for a moment.
      }
      this.reserve();
      this.show();
      if (asked && !this.frames.length) {
        if (!this.place.querySelector("svg")) this.place.textContent = "This figure could not be drawn.";
        return;
      }
      if (asked && this.frames.every((frame) => frame !== null)) return;
      await new Promise((resolve) => window.setTimeout(resolve, 500));
    }
  }

  // The sentences differ in length: room is kept for the longest, so that nothing below moves with the slider.
  private reserve(): void {
    const now = this.said.textContent;
    let tallest = 0;
    this.said.style.minHeight = "";
    for (const frame of this.frames) {
      if (!frame) continue;
      this.said.textContent = frame[1];
      tallest = Math.max(tallest, this.said.offsetHeight);
    }
    this.said.textContent = now;
    this.said.style.minHeight = `${tallest}px`;
  }

  private show(): void {
    let index = 0;
    for (const slider of this.sliders) index = index * (Number(slider.max) + 1) + slider.valueAsNumber;
    const frame = this.frames[index];
    if (!frame || (index === this.at && this.place.querySelector("svg"))) return;
    this.at = index;
    this.place.innerHTML = frame[0];
    this.said.textContent = frame[1];
  }
}

const near = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (!entry.isIntersecting) continue;
      near.unobserve(entry.target);
      void explores.get(entry.target)?.load();
    }
  },
  { rootMargin: "800px" },
);
const explores = new Map<Element, Explore>();
for (const element of page?.querySelectorAll<HTMLElement>(".explore") ?? []) {
  explores.set(element, new Explore(element));
  near.observe(element);
}
