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
  // The file as this page last knew it: `base` is its text, `sha` what lies on disk. Whatever is typed is a change of that.
  let base = field.value;
  let sha = bench.dataset.sha!;
  let graded = bench.dataset.graded!;
  let dirty = false;
  let running = false;
  let again = false;
  let conflict = false;
  let writing: Promise<boolean> | null = null;
  let timer = 0;
  let ended = 0; // checks of the run that goes on

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
      if (!conflict) status("not saved yet");
      later();
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

  function later(): void {
    window.clearTimeout(timer);
    timer = window.setTimeout(() => void save(), 700);
  }

  // One write at a time: each tells the next what the file has become.
  async function save(): Promise<boolean> {
    window.clearTimeout(timer);
    while (writing) await writing;
    if (conflict) return false;
    if (!dirty) return true;
    writing = write();
    try {
      return await writing;
    } finally {
      writing = null;
    }
  }
  async function write(): Promise<boolean> {
    const text = view.state.doc.toString();
    try {
      const answer = await post("/save", { text, base, sha });
      const said = (await answer.json()) as { sha: string; text: string; html?: string; detail?: string };
      if (answer.status === 409 && said.html !== undefined) {
        clash(said.sha, said.text, said.html);
        return false;
      }
      if (!answer.ok) throw new Error(said.detail);
      const here = view.state.doc.toString();
      if (said.text === text) {
        [base, sha] = [text, said.sha];
        dirty = here !== text;
        if (!running) status(dirty ? "not saved yet" : "saved");
      } else if (here === text) {
        take(said.text, said.sha);
        status("saved, together with what changed outside");
      } else {
        [base, sha] = [text, ""]; // the file holds more than this; the next write joins the two
        later();
      }
      return true;
    } catch (error) {
      status(error instanceof Error && error.message ? `not saved: ${error.message}` : "not saved: the studio does not answer", true);
      return false;
    }
  }
  function take(text: string, now: string): void {
    replace(text);
    [base, sha] = [text, now];
  }

  const clashBar = document.querySelector<HTMLElement>("#clash")!;
  let outside = { text: "", sha: "" };
  function clash(now: string, text: string, html: string): void {
    conflict = true;
    outside = { text, sha: now };
    clashBar.querySelector(".difference")!.innerHTML = html;
    clashBar.hidden = false;
    status("changed outside", true);
  }
  clashBar.addEventListener("click", async (event) => {
    const choice = (event.target as HTMLElement).closest<HTMLElement>("[data-clash]")?.dataset.clash;
    if (!choice) return;
    conflict = false;
    clashBar.hidden = true;
    if (choice === "theirs") {
      take(outside.text, outside.sha);
      status("saved");
    } else {
      [base, sha] = [outside.text, outside.sha];
      dirty = true;
      await save();
    }
    view.focus();
  });

  // What changed since: the file by another editor, or the verdict by `modelwright watch`.
  async function look(): Promise<void> {
    if (running || conflict || writing || document.hidden) return;
    const asked = sha;
    try {
      const answer = await fetch(`${url}/state?sha=${sha}&graded=${graded}`);
      if (!answer.ok) return;
      const seen = (await answer.json()) as Seen;
      if (running || conflict || writing || sha !== asked) return;
      if (seen.source !== undefined && seen.sha !== sha) {
        if (dirty) return void save(); // which joins the two
        take(seen.source, seen.sha);
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
  void post("/open", {}).catch(() => undefined);

  // Hands the file in and shows each check as it ends. Asked for again meanwhile, it goes on with the newest text.
  async function hand(): Promise<void> {
    if (conflict) return;
    if (running) {
      again = true;
      verdict!.classList.add("old");
      status("checking what you had; the newest text is next");
      return;
    }
    running = true;
    run!.setAttribute("aria-disabled", "true");
    do {
      again = false;
      await check();
    } while (again && !conflict);
    again = false;
    running = false;
    run!.removeAttribute("aria-disabled");
  }
  async function check(): Promise<void> {
    const began = performance.now();
    verdict!.setAttribute("aria-busy", "true");
    try {
      if (!(await save())) return;
      const text = view.state.doc.toString();
      status("checking");
      ended = 0;
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
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      if (again) return void verdict!.classList.add("old");
      verdict!.firstElementChild?.scrollIntoView({ block: "nearest" });
      if (verdict!.querySelector("#passed") && view.state.doc.toString() === text) status(`✓ passed · saved · graded in ${seconds} s`);
      else if (!stand!.classList.contains("bad")) status(view.state.doc.toString() === text ? `saved · graded in ${seconds} s` : `graded in ${seconds} s, before your last change`);
    } catch (error) {
      status(`not graded: ${error instanceof Error ? error.message : error}`, true);
    } finally {
      verdict!.removeAttribute("aria-busy");
    }
  }

  function heard(block: string): void {
    const kind = /^event: (.*)$/m.exec(block)?.[1];
    const data = JSON.parse(block.replace(/^event:.*\n/m, "").replace(/^data: ?/gm, "")) as Record<string, string>;
    if (kind === "check") {
      if (!again) status(`checking · ${++ended} done`);
      const old = document.getElementById(data.id);
      if (old) old.outerHTML = data.html;
      else verdict!.querySelector("ol")?.insertAdjacentHTML("beforeend", data.html);
    } else if (kind === "done") {
      graded = data.graded;
      verdict!.classList.remove("old");
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
