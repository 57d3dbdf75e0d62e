// One run of code at the studio: what is sent, how long it has been going, how it is stopped, and where what came of it is shown.

export interface Ran {
  html: string;
  status: "ok" | "error" | "timeout" | "killed" | "stopped";
  seconds: number;
}

export interface Place {
  shown: HTMLElement; // what it printed, drew and was worth
  told: HTMLElement; // how it stands, in words
  run: HTMLButtonElement;
  stop: HTMLButtonElement;
}

const ENDED: Partial<Record<Ran["status"], string>> = { ok: "ran in", stopped: "stopped after" };

export const post = (url: string, body: unknown): Promise<Response> =>
  fetch(url, { method: "POST", headers: { "Content-Type": "application/json", Accept: "application/json" }, body: JSON.stringify(body) });

// The sentence of a refusal; "" where there is none.
export async function detail(answer: Response): Promise<string> {
  const said = (await answer.json().catch(() => ({}))) as { detail?: string };
  return said.detail ?? "that did not work";
}

export function duration(seconds: number): string {
  return seconds < 1 ? `${Math.max(1, Math.round(seconds * 1000))} ms` : `${seconds.toFixed(1)} s`;
}

// Runs and shows. Resolves to how it ended, or null where it did not begin.
export async function execute(url: string, path: string, body: object, place: Place): Promise<Ran | null> {
  if (place.run.getAttribute("aria-disabled") === "true") return null;
  const token = crypto.randomUUID();
  const began = performance.now();
  const halt = (): void => void post(`${url}/stop`, { token });
  const tick = (): void => {
    const seconds = (performance.now() - began) / 1000;
    if (seconds > 0.4) place.told.textContent = `running for ${Math.round(seconds)} s`;
  };
  // Its room is kept until the new one is there, so that the text below does not jump up and down.
  place.shown.style.minHeight = `${place.shown.offsetHeight}px`;
  place.run.setAttribute("aria-disabled", "true");
  place.stop.hidden = false;
  place.stop.addEventListener("click", halt);
  const timer = window.setInterval(tick, 500);
  try {
    const answer = await post(`${url}/${path}`, { ...body, token });
    if (!answer.ok) throw new Error(await detail(answer));
    const ran = (await answer.json()) as Ran;
    place.shown.innerHTML = ran.html;
    place.told.textContent = `${ENDED[ran.status] ?? "ended after"} ${duration(ran.seconds)}`;
    return ran;
  } catch (error) {
    place.told.textContent = `not run: ${error instanceof TypeError ? "the studio does not answer" : (error as Error).message}`;
    return null;
  } finally {
    window.clearInterval(timer);
    place.stop.removeEventListener("click", halt);
    if (document.activeElement === place.stop) place.run.focus();
    place.stop.hidden = true;
    place.run.removeAttribute("aria-disabled");
    place.shown.style.minHeight = "";
  }
}
