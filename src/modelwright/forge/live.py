"""A live page of a run: one HTML file and one JSON address, served by the standard library to this machine only.

The page draws what `metrics.jsonl` says, every two seconds: loss, bits per byte, gradient norm, the router's entropy and the load of every
expert, and the newest samples. It needs no network and no build; the studio has richer pages.
"""

# The page is one string; its lines are as long as they are.
# ruff: noqa: E501

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from modelwright.forge.errors import ForgeError
from modelwright.forge.train import read_metrics

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A run of the forge</title>
<meta name="viewport" content="width=device-width"><style>
:root{color-scheme:light dark;--ink:#222;--paper:#fdfcf9;--line:#999;--mark:#1f6f5c}
@media(prefers-color-scheme:dark){:root{--ink:#ddd;--paper:#181a1b;--line:#777;--mark:#6cc3ad}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:46rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.3rem}h2{font-size:1rem;margin:1.6rem 0 .2rem}svg{width:100%;height:9rem;display:block}
path{fill:none;stroke:var(--mark);stroke-width:1.5;vector-effect:non-scaling-stroke}pre{white-space:pre-wrap;font-size:.85rem}
small{color:var(--line)}td{padding:0 .1rem;width:2rem;height:1rem}</style>
<h1 id="name">A run of the forge</h1><p id="now" role="status">Waiting for the first step.</p><div id="curves"></div>
<h2>Load of the experts, layer by layer</h2><table id="load"></table><h2>Newest samples</h2><pre id="samples"></pre>
<script>
const curves=[["step","loss","Training loss"],["evaluation","val_loss","Held-out loss"],["evaluation","bits_per_byte","Bits per byte"],
["step","grad_norm","Gradient norm"],["step","router_entropy","Router entropy (1 is undecided)"],["step","tokens_per_second","Tokens a second"]];
function draw(points){if(points.length<2)return"";const xs=points.map(p=>p[0]),ys=points.map(p=>p[1]).sort((a,b)=>a-b);
const x0=xs[0],x1=xs.at(-1),y0=ys[0],y1=ys[Math.floor(.995*(ys.length-1))];
const at=([x,y])=>`${(1000*(x-x0)/(x1-x0||1)).toFixed(1)},${(100-96*Math.min(1,(y-y0)/(y1-y0||1))).toFixed(2)}`;
return `<svg viewBox="0 0 1000 102" preserveAspectRatio="none"><path d="M${points.map(at).join("L")}"/></svg><small>${y0.toPrecision(4)} to ${y1.toPrecision(4)}</small>`}
async function look(){const run=await(await fetch("run.json")).json();document.getElementById("name").textContent=run.name;
const lines=run.lines,steps=lines.filter(l=>l.kind==="step"),last=steps.at(-1);
if(last)document.getElementById("now").textContent=`Step ${last.step}: loss ${last.loss.toFixed(4)}, ${Math.round(last.tokens_per_second).toLocaleString()} tokens a second`;
document.getElementById("curves").innerHTML=curves.map(([kind,key,title])=>{const points=lines.filter(l=>l.kind===kind&&l[key]!=null).map(l=>[l.step,l[key]]);
return points.length>1?`<h2>${title}</h2>`+draw(points):""}).join("");
const most=last&&last.load?Math.max(...last.load.flat()):1;document.getElementById("load").innerHTML=last&&last.load?last.load.map(row=>"<tr>"+row.map(s=>
`<td title="${(100*s).toFixed(1)}%" style="background:color-mix(in srgb,var(--mark) ${Math.round(100*s/most)}%,transparent)"></td>`).join("")+"</tr>").join(""):"";
document.getElementById("samples").textContent=lines.filter(l=>l.kind==="sample").slice(-3).reverse().map(l=>`step ${l.step}\\n${l.prompt}${l.text}`).join("\\n\\n")}
look();setInterval(look,2000);
</script></html>"""


def state(folder: Path) -> dict[str, Any]:
    """What the page shows: the run's name and its measurements, thinned to a thousand steps."""
    lines = list(read_metrics(folder / "pretrain")) or list(read_metrics(folder))
    steps = [line for line in lines if line["kind"] == "step"]
    every = max(1, len(steps) // 1000)
    kept = [line for i, line in enumerate(steps) if i % every == 0 or i == len(steps) - 1]
    for line in kept[:-1]:
        line.pop("load", None)
    return {"name": folder.resolve().name, "lines": kept + [line for line in lines if line["kind"] not in ("step", "saved")]}


def server(folder: Path, port: int) -> ThreadingHTTPServer:
    if not folder.is_dir():
        raise ForgeError(f"there is no run folder at {folder}")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/":
                self.give("text/html; charset=utf-8", PAGE.encode())
            elif self.path == "/run.json":
                self.give("application/json", json.dumps(state(folder)).encode())
            else:
                self.send_error(404)

        def give(self, kind: str, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: the terminal belongs to the person."""

    try:
        return ThreadingHTTPServer(("127.0.0.1", port), Handler)
    except OSError as error:
        raise ForgeError(f"port {port} is taken ({error.strerror}); name another with --port") from None


def serve(folder: Path, port: int, say: Callable[[str], None]) -> None:
    with server(folder, port) as web:
        say(f"http://127.0.0.1:{web.server_address[1]}/")
        web.serve_forever()
