// The lab's editor: the same file as the workshop's. It saves as you type, runs on Ctrl-Enter, and notices when the file changes outside.
import { highlightActiveLine, highlightActiveLineGutter, EditorView, lineNumbers } from "@codemirror/view";
import { codeEditor, replace as put } from "./code";
import { execute } from "./running";

interface Seen {
  sha: string;
  source?: string;
  graded: string;
  html?: string;
}

const bench = document.querySelector<HTMLElement>("#bench");
const form = document.querySelector<HTMLFormElement>("#lab-form");
const field = document.querySelector<HTMLTextAreaElement>("#source");
const stand = document.querySelector<HTMLElement>("#saved");
const verdict = document.querySelector<HTMLElement>("#verdict");
const run = document.querySelector<HTMLButtonElement>("#run");

if (bench && form && field && stand && verdict && run) {
  const url = bench.dataset.url!;
  let sha = bench.dataset.sha!;
  let graded = bench.dataset.graded!;
  let dirty = false;
  let running = false;
  let conflict = false;
  let timer = 0;

  const status = (text: string, bad = false): void => {
    stand.textContent = text;
    stand.classList.toggle("bad", bad);
  };
  const view = codeEditor({
    parent: field.parentElement!,
    text: field.value,
    label: "Your file",
    nonce: bench.dataset.nonce!,
    more: [lineNumbers(), highlightActiveLineGutter(), highlightActiveLine(), EditorView.lineWrapping],
    keys: [
      { key: "Mod-Enter", run: () => (void hand(), true) },
      { key: "Shift-Enter", run: () => (void tryOut(), true) },
      { key: "Mod-s", run: () => (void save(), true) },
      { key: "Escape", run: () => (run.focus(), true) },
    ],
    changed: () => {
      dirty = true;
      status("not saved yet");
      window.clearTimeout(timer);
      timer = window.setTimeout(() => void save(), 700);
    },
  });
  field.hidden = true;
  field.removeAttribute("name");
  form.classList.add("live");

  const replace = (text: string): void => {
    put(view, text);
    dirty = false;
  };
  const post = (path: string, body: unknown): Promise<Response> =>
    fetch(url + path, { method: "POST", headers: { "Content-Type": "application/json", Accept: "text/event-stream, application/json" }, body: JSON.stringify(body) });

  async function save(force = false): Promise<boolean> {
    window.clearTimeout(timer);
    if (!dirty && !force) return true;
    if (conflict && !force) return false;
    const text = view.state.doc.toString();
    try {
      const answer = await post("/save", { text, sha: force ? null : sha });
      if (answer.status === 409) {
        clash();
        return false;
      }
      const said = (await answer.json()) as { sha: string; detail?: string };
      if (!answer.ok) throw new Error(said.detail);
      sha = said.sha;
      if (view.state.doc.toString() === text) dirty = false;
      status("saved");
      return true;
    } catch (error) {
      status(error instanceof Error && error.message ? `not saved: ${error.message}` : "not saved: the studio does not answer", true);
      return false;
    }
  }

  const clashBar = document.querySelector<HTMLElement>("#clash")!;
  const clash = (): void => {
    conflict = true;
    clashBar.hidden = false;
    status("changed outside", true);
  };
  clashBar.addEventListener("click", async (event) => {
    const choice = (event.target as HTMLElement).closest<HTMLElement>("[data-clash]")?.dataset.clash;
    if (!choice) return;
    conflict = false;
    clashBar.hidden = true;
    if (choice === "mine") await save(true);
    else {
      dirty = false;
      await look(true);
    }
    view.focus();
  });

  // What changed since: the file by another editor, or the verdict by `modelwright watch`.
  async function look(now = false): Promise<void> {
    if (running || conflict || (document.hidden && !now)) return;
    try {
      const answer = await fetch(`${url}/state?sha=${now ? "" : sha}&graded=${graded}`);
      if (!answer.ok) return;
      const seen = (await answer.json()) as Seen;
      if (running) return;
      if (seen.source !== undefined && seen.sha !== sha) {
        if (dirty) return clash();
        replace(seen.source);
        sha = seen.sha;
        status("read again: the file changed outside");
      }
      if (seen.html !== undefined) {
        graded = seen.graded;
        verdict!.innerHTML = seen.html;
        window.htmx.process(verdict!);
      }
    } catch {
      // The studio is away for a moment; saving will say so.
    }
  }
  window.setInterval(() => void look(), 2000);
  window.addEventListener("focus", () => void look());
  document.addEventListener("visibilitychange", () => void look());
  window.addEventListener("beforeunload", (event) => {
    if (dirty) event.preventDefault();
  });
  document.addEventListener("lab:file", () => void look(true));

  // Hands the file in and shows each check as it ends.
  async function hand(): Promise<void> {
    if (running || conflict) return;
    running = true;
    run!.setAttribute("aria-disabled", "true");
    window.clearTimeout(timer);
    const text = view.state.doc.toString();
    const began = performance.now();
    status("checking");
    verdict!.setAttribute("aria-busy", "true");
    try {
      const answer = await post("/run", { text });
      if (!answer.ok || !answer.body) {
        const said = (await answer.json().catch(() => ({}))) as { detail?: string };
        throw new Error(said.detail ?? "the studio could not grade it");
      }
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { done, value } = await reader.read();
        rest += value ?? "";
        let end: number;
        while ((end = rest.indexOf("\n\n")) >= 0) {
          heard(rest.slice(0, end));
          rest = rest.slice(end + 2);
        }
        if (done) break;
      }
      if (view.state.doc.toString() === text) dirty = false;
      if (!stand!.classList.contains("bad")) status(`saved · graded in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    } catch (error) {
      status(`not graded: ${error instanceof Error ? error.message : error}`, true);
    } finally {
      running = false;
      run!.removeAttribute("aria-disabled");
      verdict!.removeAttribute("aria-busy");
    }
  }

  function heard(block: string): void {
    const kind = /^event: (.*)$/m.exec(block)?.[1];
    const data = JSON.parse(block.replace(/^event:.*\n/m, "").replace(/^data: ?/gm, "")) as Record<string, string>;
    if (kind === "saved") {
      sha = data.sha;
    } else if (kind === "check") {
      const old = document.getElementById(data.id);
      if (old) old.outerHTML = data.html;
      else verdict!.querySelector("ol")?.insertAdjacentHTML("beforeend", data.html);
    } else if (kind === "done") {
      sha = data.sha;
      graded = data.graded;
      verdict!.innerHTML = data.html;
      window.htmx.process(verdict!);
    } else if (kind === "failed") {
      status(`not graded: ${data.message}`, true);
    }
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void hand();
  });

  // Runs the file as it stands in the editor, and the line beside it, without grading: nothing of this is kept.
  const scratch = document.querySelector<HTMLFormElement>("#scratch");
  const place = scratch && {
    shown: scratch.querySelector<HTMLElement>(".shown")!,
    told: scratch.querySelector<HTMLElement>(".told")!,
    run: scratch.querySelector<HTMLButtonElement>("[data-run]")!,
    stop: scratch.querySelector<HTMLButtonElement>("[data-stop]")!,
  };
  async function tryOut(): Promise<void> {
    if (!place) return;
    const line = scratch!.querySelector<HTMLInputElement>("#line")!.value;
    await execute(url, "execute", { text: view.state.doc.toString(), line }, place);
  }
  scratch?.addEventListener("submit", (event) => {
    event.preventDefault();
    void tryOut();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !event.shiftKey || event.defaultPrevented || (event.target as HTMLElement).closest("button, textarea, dialog")) return;
    event.preventDefault();
    void tryOut();
  });
}
