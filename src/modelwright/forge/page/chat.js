// The chat page: one column of text. It speaks to OpenAI's interface like any client, and asks /inside for what only this server knows.
"use strict";

const $ = (id) => document.getElementById(id);
const make = (tag, name, text) => Object.assign(document.createElement(tag), name ? { className: name } : {}, text === undefined ? {} : { textContent: text });
const percent = (p) => (p >= 0.0995 ? `${Math.round(100 * p)}%` : `${(100 * p).toPrecision(2)}%`);
const visible = (text) => text.replaceAll("\n", "↵").replaceAll(" ", "␣").replaceAll("\t", "⇥");

const messages = []; // {role, content}
let model = "", running = null, chosen = null;
const insides = new Map(); // reply id -> what /inside said

async function begin() {
  const listed = await (await fetch("/v1/models")).json();
  model = listed.data[0].id;
  $("model").textContent = `${model}, context of ${listed.data[0].context_length} tokens`;
}

// The conversation.

function turn(role) {
  const item = make("li", role);
  item.append(make("span", "who", role === "user" ? "You" : "Model"), make("div", "said"));
  $("talk").append(item);
  return item;
}

function settle() {
  const any = messages.length > 0;
  $("send").hidden = !!running;
  $("stop").hidden = !running;
  for (const id of ["again", "edit", "fresh"]) $(id).disabled = !!running || !any;
  $("talk").setAttribute("aria-busy", String(!!running));
}

function options() {
  const number = (id) => ($(id).value === "" ? undefined : Number($(id).value));
  const system = $("system").value.trim();
  return {
    model, stream: true, logprobs: true, top_logprobs: 5, stream_options: { include_usage: true },
    temperature: number("temperature"), top_p: number("top_p"), max_tokens: number("max_tokens"), seed: number("seed"),
    think: $("think").checked, messages: [...(system ? [{ role: "system", content: system }] : []), ...messages],
  };
}

async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (held + value).split("\n\n");
    held = parts.pop();
    for (const part of parts) {
      const data = part.replace(/^data: /, "");
      if (data === "[DONE]") return;
      yield JSON.parse(data);
    }
  }
}

async function reply() {
  const item = turn("assistant"), said = item.querySelector(".said"), end = make("p", "end");
  item.append(end);
  said.tabIndex = 0;
  said.setAttribute("role", "group");
  said.setAttribute("aria-label", "Reply; arrow keys move from token to token");
  running = new AbortController();
  settle();
  let text = "", thoughts = null, ending = "stopped", usage = null;
  const began = performance.now();
  try {
    const response = await fetch("/v1/chat/completions", {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(options()), signal: running.signal,
    });
    if (!response.ok) throw new Error((await response.json()).error.message);
    for await (const event of events(response)) {
      if (event.error) throw new Error(event.error.message);
      item.dataset.id = event.id;
      usage = event.usage ?? usage;
      const choice = event.choices[0];
      if (!choice) continue;
      ending = choice.finish_reason ?? ending;
      if (choice.delta.reasoning_content) {
        if (!thoughts) {
          thoughts = make("details");
          thoughts.append(make("summary", "", "Thoughts"), make("div"));
          said.before(thoughts);
        }
        thoughts.lastChild.textContent += choice.delta.reasoning_content;
      }
      if (choice.delta.content) {
        const near = innerHeight + scrollY > document.body.scrollHeight - 80;
        text += choice.delta.content;
        const span = make("span", "t", choice.delta.content);
        span.entries = choice.logprobs?.content ?? [];
        if (span.entries.some((entry) => Math.exp(entry.logprob) < 0.1)) span.classList.add("unlikely");
        said.append(span);
        if (near) scrollTo(0, document.body.scrollHeight);
      }
    }
  } catch (problem) {
    if (problem.name !== "AbortError") {
      end.classList.add("bad");
      ending = `Failed: ${problem.message}`;
    }
  }
  messages.push({ role: "assistant", content: text });
  const told = { stop: "", length: "It ran out of room.", stopped: "Stopped." }[ending] ?? ending;
  const speed = usage ? `${usage.completion_tokens} tokens in ${((performance.now() - began) / 1000).toFixed(1)} s. ` : "";
  end.textContent = speed + told;
  $("state").textContent = told;
  running = null;
  settle();
}

function send() {
  const content = $("text").value.trim();
  if (!content || running) return;
  messages.push({ role: "user", content });
  turn("user").querySelector(".said").textContent = content;
  $("text").value = "";
  reply();
}

function drop(role) {
  if (messages.at(-1)?.role !== role) return null;
  $("talk").lastElementChild.remove();
  return messages.pop();
}

function again() {
  if (running || !messages.length) return;
  drop("assistant");
  reply();
}

function edit() {
  if (running || !messages.length) return;
  drop("assistant");
  $("text").value = drop("user")?.content ?? "";
  $("text").focus();
  settle();
}

function fresh() {
  if (running) return;
  messages.length = 0;
  $("talk").replaceChildren();
  choose(null);
  $("text").focus();
  settle();
}

// Inside: of the token that is pointed at.

async function choose(span) {
  chosen?.classList.remove("now");
  chosen = span;
  $("none").hidden = !!span;
  $("about").hidden = !span;
  if (!span) return;
  span.classList.add("now");
  const entry = span.entries[0];
  $("word").textContent = visible(span.textContent);
  $("chance").textContent = entry ? `${percent(Math.exp(entry.logprob))} likely` : "part of a character";
  $("others").tBodies[0].replaceChildren(...(entry?.top_logprobs ?? []).map((other) => {
    const row = make("tr"), p = Math.exp(other.logprob), bar = make("span", "bar"), cell = make("td");
    bar.style.width = `${100 * p}%`;
    cell.append(bar);
    row.append(make("td", "code", visible(other.token)), make("td", "number", percent(p)), cell);
    return row;
  }));
  $("attention").hidden = true;
  const id = span.closest("li").dataset.id, at = index(span);
  $("routes").tBodies[0].replaceChildren();
  $("routes-head").textContent = running ? "Experts: once the reply has ended" : "Experts";
  if (running) return;
  if (!insides.has(id)) insides.set(id, fetch(`/inside/${id}`).then((r) => (r.ok ? r.json() : null)));
  const inside = await insides.get(id);
  if (chosen !== span) return;
  const experts = inside?.tokens.filter((token) => token.channel === "text")[at]?.experts ?? [];
  $("routes-head").textContent = !inside ? "Experts: this reply is no longer kept" : experts.length ? "Experts, layer by layer" : "A dense model has no experts";
  $("routes").tBodies[0].replaceChildren(...experts.map((layer, i) => {
    const row = make("tr"), cell = make("td"), strip = make("span", "strip"), gates = new Map(layer);
    for (let e = 0; e < inside.experts; e++) {
      const box = make("span", gates.has(e) ? "on" : "", String(e + 1));
      if (gates.has(e)) box.style.setProperty("--gate", gates.get(e));
      strip.append(box);
    }
    strip.setAttribute("role", "img");
    strip.setAttribute("aria-label", layer.map(([e, g]) => `expert ${e + 1} with weight ${g.toFixed(2)}`).join(", "));
    strip.title = layer.map(([e, g]) => `expert ${e + 1}: ${g.toFixed(2)}`).join(", ");
    cell.append(strip);
    row.append(make("td", "number", `layer ${i + 1}`), cell);
    return row;
  }));
}

// Number of the span's first token among the text tokens of its reply: a span may show several.
function index(span) {
  let at = 0;
  for (let before = span.previousElementSibling; before; before = before.previousElementSibling) at += before.entries?.length ?? 0;
  return at;
}

async function look() {
  if (!chosen || running) return;
  const span = chosen, id = span.closest("li").dataset.id, at = index(span);
  const inside = await (insides.get(id) ?? null);
  if (!inside) return;
  const places = inside.tokens.flatMap((token, i) => (token.channel === "text" ? [i] : []));
  const response = await fetch(`/inside/${id}/attention/${places[at]}`);
  if (!response.ok || chosen !== span) return;
  const { tokens, layers } = await response.json();
  const fill = (select, count) => {
    const kept = Math.min(Number(select.value) || 0, count - 1);
    select.replaceChildren(...Array.from({ length: count }, (_, i) => Object.assign(make("option", "", String(i + 1)), { value: i })));
    select.value = kept;
  };
  fill($("layer"), layers.length);
  fill($("head"), layers[0].length);
  const draw = () => {
    const weights = layers[$("layer").value][$("head").value], top = Math.max(...weights);
    $("seen").replaceChildren(...tokens.map((token, i) => {
      const piece = make("span", /^<\|.*\|>$/.test(token) ? "mark" : "", token);
      piece.style.setProperty("--w", weights[i] / top);
      if (weights[i] > 0.5 * top) piece.dataset.strong = "";
      piece.title = percent(weights[i]);
      return piece;
    }));
    const best = weights.map((w, i) => [w, i]).sort((a, b) => b[0] - a[0]).slice(0, 3);
    $("most").textContent = `Most: ${best.map(([w, i]) => `“${visible(tokens[i])}” ${percent(w)}`).join(", ")}.`;
  };
  $("layer").onchange = $("head").onchange = draw;
  draw();
  $("attention").hidden = false;
}

// Keys and clicks.

$("ask").addEventListener("submit", (event) => { event.preventDefault(); send(); });
$("text").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); send(); }
});
$("stop").addEventListener("click", () => running?.abort());
$("again").addEventListener("click", again);
$("edit").addEventListener("click", edit);
$("fresh").addEventListener("click", fresh);
$("look").addEventListener("click", look);
$("talk").addEventListener("mouseover", (event) => { if (event.target.classList.contains("t") && event.target !== chosen) choose(event.target); });
$("talk").addEventListener("keydown", (event) => {
  const said = event.target.closest(".said");
  if (!said || !["ArrowRight", "ArrowLeft", "Home", "End"].includes(event.key)) return;
  const all = [...said.children], at = all.indexOf(chosen);
  const to = { ArrowRight: at + 1, ArrowLeft: Math.max(at, 1) - 1, Home: 0, End: all.length - 1 }[event.key];
  if (all[to]) { event.preventDefault(); choose(all[to]); }
});
document.addEventListener("keydown", (event) => {
  const writing = ["TEXTAREA", "INPUT", "SELECT"].includes(event.target.tagName);
  if (event.key === "Escape" && running) running.abort();
  else if (event.altKey && event.code === "KeyR") { event.preventDefault(); again(); }
  else if (event.altKey && event.code === "KeyE") { event.preventDefault(); edit(); }
  else if (event.altKey && event.code === "KeyN") { event.preventDefault(); fresh(); }
  else if (!writing && !event.ctrlKey && !event.metaKey && !event.altKey && event.key.toLowerCase() === "a") look();
});

begin().catch(() => { $("state").textContent = "The server does not answer."; });
settle();
