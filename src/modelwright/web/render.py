"""Templates into answers: one Jinja environment, one place that knows what every page is given."""

from __future__ import annotations

import time
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from modelwright.curriculum.markup import may_link
from modelwright.curriculum.render import highlight_python
from modelwright.grading.verdict import rows
from modelwright.groups import size
from modelwright.studio import Studio
from modelwright.web import pictures, words
from modelwright.web.assets import Manifest

THEMES = ("system", "light", "dark")
ROOMS = (
    ("/", "Today", "t"), ("/review", "Review", "r"), ("/workshop", "Workshop", "w"), ("/plan", "Plan", "p"), ("/skills", "Skill map", "m"),
    ("/library", "Library", "l"), ("/settings", "Settings", "s"),
)  # fmt: skip
"""The places of the rail: address, name, and the key after G."""


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Renderer:
    """Renders pages (with the rail) and fragments (without)."""

    def __init__(self, studio: Studio, manifest: Manifest) -> None:
        self.studio = studio
        env = Environment(
            loader=PackageLoader("modelwright.web", "templates"), autoescape=True, undefined=StrictUndefined, auto_reload=False,
            trim_blocks=True, lstrip_blocks=True, cache_size=200,
        )  # fmt: skip
        env.globals.update(
            asset=manifest.url, words=words, disc=pictures.disc, url=words.url, may_link=may_link,
            shorten=pictures.shorten, fan=pictures.fan,
            nodes=pictures.nodes, rows=rows, rooms=ROOMS,
            highlight=highlight_python, diff_lines=diff_lines, min=min, max=max,
        )  # fmt: skip
        env.filters.update(
            safe_html=Markup, minutes=words.minutes, hours=words.hours, percent=words.percent, day=words.day, month=words.month,
            seconds=words.seconds, marked=words.marked, interval=words.interval, anchor=words.anchor, number=words.number, bytes=size,
        )  # fmt: skip
        self.env = env
        self.mathematics = f'<link rel="preload" href="{manifest.url("stix-two-math.woff2")}" as="font" type="font/woff2" crossorigin>'

    def fragment(self, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        return HTMLResponse(self.text(name, **values), status)

    def text(self, name: str, **values: Any) -> str:
        return self.env.get_template(name).render(now=now_ms(), **values)

    def page(self, request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
        theme = request.cookies.get("theme", "")
        enrolled = self.studio.enrolled
        text = self.env.get_template(name).render(
            now=now_ms(),
            path=request.url.path,
            theme=theme if theme in THEMES[1:] else "",
            enrolled=enrolled,
            notice=self.studio.guest.notice("page"),
            due=self.studio.reviews(0).due if enrolled else 0,
            **values,
        )
        if "<math" in text:  # its face is fetched beside the style sheet, and so is there when the first formula is set
            text = text.replace('<link rel="stylesheet"', f'{self.mathematics}\n<link rel="stylesheet"', 1)
        return HTMLResponse(text, status)

    def error(self, request: Request, status: int, text: str, nearest: tuple[str, ...] = (), kind: str = "") -> HTMLResponse:
        """An error in the look of every page; if even that fails, the bare sentence."""
        title = {404: "Not here", 403: "Refused", 500: "Something broke", 507: "The disk refuses"}.get(status, "That cannot be done")
        try:
            links = [(words.url(kind, one), one) for one in nearest] if kind else []
            return self.page(request, "error.html", status, title=title, text=text, links=links, code=status)
        except Exception:
            return HTMLResponse(f"<!doctype html><title>{title}</title><p>{Markup.escape(text)}</p>", status)


def diff_lines(diff: str) -> list[tuple[str, str]]:
    """The lines of a unified diff, each with its class; the two file names are left out."""
    lines = diff.splitlines()
    kind = {"+": "plus", "-": "minus", "@": "at"}
    return [(kind.get(line[:1], ""), line) for line in lines if not line.startswith(("+++", "---"))]
