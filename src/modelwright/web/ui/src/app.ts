// What every page has: HTMX, a key for every action, the sheet of keys, "find anything", and a place where trouble is said.
import htmx from "htmx.org";

const TYPED = "input:not([type=checkbox]):not([type=radio]):not([type=range]), textarea, select, [contenteditable=true], .cm-editor";
const QUIET = "modelwright.keys";

declare global {
  interface Window {
    htmx: typeof htmx;
  }
}
window.htmx = htmx;

const one = <T extends HTMLElement>(selector: string, from: ParentNode = document): T | null => from.querySelector<T>(selector);
const seen = (element: HTMLElement): boolean => element.checkVisibility() && !element.closest("[inert]") && !(element as HTMLButtonElement).disabled;

export function say(text: string, bad = false): void {
  const place = one("#notice");
  if (!place) return;
  place.textContent = text;
  place.classList.toggle("bad", bad);
  place.hidden = !text;
}

// A key is written as on the page: "Enter", "w", "Space", "Ctrl+Enter", or two in a row, "g t".
let first = "";
let forget = 0;

function named(event: KeyboardEvent): string {
  const key = event.key === " " ? "Space" : event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return (event.ctrlKey || event.metaKey ? "Ctrl+" : "") + key;
}

function actionFor(key: string): HTMLElement | null {
  const within: ParentNode = one<HTMLDialogElement>("dialog[open]") ?? document;
  const all = [...within.querySelectorAll<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)].filter(seen);
  // A page may ask several things at once, with the same keys: they belong to the one that is being answered, else to the page, else to
  // the one in sight.
  const home = (element: Element): Element | null => element.closest(".ask, .cell");
  const here = document.activeElement && home(document.activeElement);
  const own = here && all.find((element) => home(element) === here);
  return own ?? all.find((element) => !home(element)) ?? nearest(all);
}

function nearest(elements: HTMLElement[]): HTMLElement | null {
  const off = (element: HTMLElement): number => {
    const box = (element.closest(".ask, .cell") ?? element).getBoundingClientRect();
    return Math.max(box.top - window.innerHeight * 0.6, window.innerHeight * 0.25 - box.bottom, 0);
  };
  return elements.reduce<HTMLElement | null>((best, element) => (best && off(best) <= off(element) ? best : element), null);
}

function letters(): boolean {
  return localStorage.getItem(QUIET) !== "off";
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || event.isComposing) return;
  const key = named(event);
  if (key === "Ctrl+k") {
    event.preventDefault();
    openFind();
    return;
  }
  const target = event.target as HTMLElement;
  const typing = target.closest(TYPED) !== null && target.checkVisibility(); // a field in a sheet that just closed keeps the focus for a frame
  if (key.startsWith("Ctrl+")) {
    const action = actionFor(key);
    if (action) {
      event.preventDefault();
      action.click();
    }
    return;
  }
  if (typing || event.repeat) return;
  // Enter and Space belong to whatever has the focus, if they press it: Space does nothing to a link.
  if (target.closest("button, summary, [role=option], input") && (key === "Enter" || key === "Space")) return;
  if (key === "Enter" && target.closest("a[href]")) return;
  if (key.length === 1 && !letters()) return;
  const two = first ? `${first} ${key}` : "";
  first = "";
  window.clearTimeout(forget);
  const action = (two && actionFor(two)) || actionFor(key);
  if (action) {
    event.preventDefault();
    if (action.matches("input, textarea, select")) action.focus();
    else action.click();
  } else if (key === "?") {
    event.preventDefault();
    openKeys();
  } else if (key === "g") {
    first = "g";
    forget = window.setTimeout(() => (first = ""), 1500);
  }
});

// The sheet of keys is read off the page, so it cannot disagree with it.
function openKeys(): void {
  const sheet = one<HTMLDialogElement>("#keys");
  const list = one("#keys-list");
  if (!sheet || !list || sheet.open) return;
  list.replaceChildren();
  const line = (key: string, does: string): void => {
    const term = document.createElement("dt");
    for (const part of key.split(/[ +]/)) {
      const cap = document.createElement("kbd");
      cap.textContent = part.length === 1 ? part.toUpperCase() : part;
      term.append(cap, " ");
    }
    const text = document.createElement("dd");
    text.textContent = does;
    list.append(term, text);
  };
  const told = new Set<string>();
  for (const element of document.querySelectorAll<HTMLElement>("main [data-key], .rail [data-key]")) {
    const key = element.dataset.key!;
    if (told.has(key) || !(seen(element) || element.closest("dialog") || key.startsWith("g "))) continue;
    told.add(key);
    line(key, element.dataset.does ?? bare(element));
  }
  for (const extra of document.querySelectorAll<HTMLElement>("[data-also-key]")) line(extra.dataset.alsoKey!, extra.dataset.does ?? "");
  line("Ctrl+K", "Find anything");
  line("?", "This sheet");
  line("Esc", "Close, or leave the editor");
  const box = one<HTMLInputElement>("#keys-on");
  if (box) box.checked = letters();
  sheet.showModal();
}

function bare(element: HTMLElement): string {
  const copy = element.cloneNode(true) as HTMLElement;
  copy.querySelectorAll("kbd, b, .visually-hidden").forEach((part) => part.remove());
  return (copy.textContent ?? "").trim();
}

// Find anything: a field, a list that the server fills, arrows and Enter.
function openFind(): void {
  const dialog = one<HTMLDialogElement>("#find");
  if (!dialog) return;
  if (!dialog.open) dialog.showModal();
  const field = one<HTMLInputElement>("#find-field")!;
  field.select();
  field.focus();
  htmx.trigger(field, "opened");
}

// What this page offers stands in the list too, before a word is typed: read off its keys, as the sheet of keys is.
let pressable: HTMLElement[] = [];

function offerThisPage(list: HTMLElement): void {
  pressable = [];
  const group = document.createElement("div");
  group.setAttribute("role", "group");
  group.setAttribute("aria-label", "On this page");
  const title = document.createElement("span");
  title.className = "group";
  title.ariaHidden = "true";
  title.textContent = "On this page";
  group.append(title);
  const told = new Set<string>();
  for (const element of document.querySelectorAll<HTMLElement>("main [data-key]")) {
    const does = element.dataset.does ?? bare(element);
    if (!seen(element) || !does || told.has(does) || element.closest("dialog")) continue;
    told.add(does);
    const option = document.createElement("div");
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    option.id = `here-${pressable.length}`;
    option.dataset.press = String(pressable.length);
    const name = document.createElement("span");
    name.textContent = does;
    const keys = document.createElement("small");
    for (const part of element.dataset.key!.split(/[ +]/)) {
      const cap = document.createElement("kbd");
      cap.textContent = part.length === 1 ? part.toUpperCase() : part;
      keys.append(cap, " ");
    }
    option.append(name, keys);
    group.append(option);
    pressable.push(element);
  }
  if (pressable.length) list.insertBefore(group, list.lastElementChild);
}

function take(option: HTMLElement): void {
  const pressed = option.dataset.press ? pressable[Number(option.dataset.press)] : null;
  if (pressed) {
    one<HTMLDialogElement>("#find")!.close();
    if (pressed.matches("input, textarea, select")) pressed.focus();
    else pressed.click();
  } else if (option.dataset.href) location.assign(option.dataset.href);
}

function choose(by: number): void {
  const options = [...document.querySelectorAll<HTMLElement>("#find-list [role=option]")];
  if (!options.length) return;
  const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const to = (at + by + options.length) % options.length;
  options.forEach((option, index) => option.setAttribute("aria-selected", String(index === to)));
  options[to].scrollIntoView({ block: "nearest" });
  one("#find-field")!.setAttribute("aria-activedescendant", options[to].id);
}

document.addEventListener("keydown", (event) => {
  if ((event.target as HTMLElement).id !== "find-field") return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    choose(event.key === "ArrowDown" ? 1 : -1);
  } else if (event.key === "Enter") {
    const chosen = one("#find-list [aria-selected=true]") ?? one("#find-list [role=option]");
    if (chosen) {
      event.preventDefault();
      take(chosen);
    }
  }
});

document.addEventListener("click", (event) => {
  const target = event.target as HTMLElement;
  const opener = target.closest<HTMLElement>("[data-open]");
  if (opener) {
    event.preventDefault();
    if (opener.dataset.open === "find") openFind();
    else if (opener.dataset.open === "keys") openKeys();
    else one<HTMLDialogElement>(`#${opener.dataset.open}`)?.showModal();
    return;
  }
  const option = target.closest<HTMLElement>("#find-list [role=option]");
  if (option) return take(option);
  // "Show": what was hidden appears, and what may be done with it comes to the hand.
  const shower = target.closest<HTMLElement>("[data-show]");
  if (shower) {
    event.preventDefault();
    document.querySelectorAll<HTMLElement>(shower.dataset.show!).forEach((part) => (part.hidden = false));
    shower.hidden = true;
    one(shower.dataset.then ?? "")?.focus();
    return;
  }
  if (target instanceof HTMLDialogElement) target.close(); // the backdrop
  if (target.closest("[data-close]")) target.closest("dialog")?.close();
});

document.addEventListener("change", (event) => {
  const target = event.target as HTMLElement;
  if (target.id === "keys-on") localStorage.setItem(QUIET, (target as HTMLInputElement).checked ? "on" : "off");
  if (target.matches("[data-submit]")) (target as HTMLInputElement).form?.requestSubmit();
});

// Lines that are put in order: a handle is dragged (mouse or finger) or takes the arrow keys, and the field says the order in numbers.
function tellOrder(list: HTMLElement, moved: HTMLElement): void {
  const lines = [...list.querySelectorAll<HTMLElement>("li")];
  const field = one<HTMLInputElement>(`#${CSS.escape(list.dataset.order!)}`, list.closest("form") ?? document);
  if (field) {
    field.value = lines.map((line) => line.dataset.line).join(" ");
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  const said = list.parentElement?.querySelector<HTMLElement>("[data-order-said]");
  if (said) said.textContent = `Line ${moved.dataset.line} is now number ${lines.indexOf(moved) + 1} of ${lines.length}.`;
}

function readyOrders(): void {
  document.querySelectorAll<HTMLElement>("[data-order] .handle[hidden], [data-order-hint][hidden]").forEach((handle) => (handle.hidden = false));
}
readyOrders();
document.addEventListener("htmx:afterSwap", readyOrders);

document.addEventListener("keydown", (event) => {
  const handle = (event.target as HTMLElement).closest<HTMLElement>("[data-order] .handle");
  if (!handle || (event.key !== "ArrowUp" && event.key !== "ArrowDown")) return;
  event.preventDefault();
  const line = handle.closest<HTMLElement>("li")!;
  const list = line.closest<HTMLElement>("[data-order]")!;
  const other = event.key === "ArrowUp" ? line.previousElementSibling : line.nextElementSibling;
  if (!other) return;
  if (event.key === "ArrowUp") list.insertBefore(line, other);
  else list.insertBefore(other, line);
  handle.focus();
  tellOrder(list, line);
});

document.addEventListener("pointerdown", (event) => {
  const line = (event.target as HTMLElement).closest<HTMLElement>("[data-order] > li");
  // A finger scrolls the page by the line and moves it by its handle.
  if (!line || event.button !== 0 || (event.pointerType !== "mouse" && !(event.target as HTMLElement).closest(".handle"))) return;
  const list = line.closest<HTMLElement>("[data-order]")!;
  const before = [...list.children];
  event.preventDefault();
  line.querySelector<HTMLElement>(".handle")?.focus();
  line.classList.add("held");
  const move = (at: PointerEvent): void => {
    const next = [...list.querySelectorAll<HTMLElement>("li:not(.held)")].find((other) => {
      const box = other.getBoundingClientRect();
      return at.clientY < box.top + box.height / 2;
    });
    if (line.nextElementSibling !== (next ?? null)) list.insertBefore(line, next ?? null);
  };
  const end = (): void => {
    line.classList.remove("held");
    document.removeEventListener("pointermove", move);
    document.removeEventListener("pointerup", end);
    document.removeEventListener("pointercancel", end);
    if (before.some((child, index) => list.children[index] !== child)) tellOrder(list, line);
  };
  document.addEventListener("pointermove", move);
  document.addEventListener("pointerup", end);
  document.addEventListener("pointercancel", end);
});

// Range and number fields tell their value in words beside them.
document.addEventListener("input", (event) => {
  const field = event.target as HTMLInputElement;
  const told = field.dataset.tells ? one<HTMLOutputElement>(`#${field.dataset.tells}`) : null;
  if (told) told.value = field.value;
});

document.addEventListener("htmx:afterSwap", (event) => {
  const place = (event as CustomEvent<{ elt: HTMLElement }>).detail.elt;
  one("[data-focus]", place)?.focus();
  if (place.id === "find-list") {
    if (!one<HTMLInputElement>("#find-field")!.value.trim()) offerThisPage(place);
    const any = one("[role=option]", place);
    one("#find-field")!.setAttribute("aria-expanded", String(any !== null));
    any?.setAttribute("aria-selected", "true");
  }
});
document.addEventListener("htmx:beforeRequest", () => say(""));
// A refusal that the server put into words is shown where the answer would have been.
document.addEventListener("htmx:beforeSwap", (event) => {
  const detail = (event as CustomEvent<{ xhr: XMLHttpRequest; shouldSwap: boolean; isError: boolean }>).detail;
  if (detail.xhr.status < 400) return;
  say(detail.xhr.getResponseHeader("X-Problem") ? decodeURIComponent(detail.xhr.getResponseHeader("X-Problem")!) : "That did not work. The studio's terminal says why.", true);
});
document.addEventListener("htmx:sendError", () => say("The studio does not answer. Start it again with make start; what was recorded is safe.", true));

// A tick moves its row; the focus must survive the swap.
document.addEventListener("htmx:afterSettle", (event) => {
  const place = (event as CustomEvent<{ elt: HTMLElement }>).detail.elt;
  if (document.activeElement === document.body && place.id) one(`#${CSS.escape(place.id)} input:not([type=hidden]), #${CSS.escape(place.id)} button`)?.focus({ preventScroll: true });
});
