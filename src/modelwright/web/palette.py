"""Find anything: before a word is typed, what there is to do and what was done lately; after it, whatever has the words.

The same answer fills the dialog behind Ctrl+K and stands on a page of its own, for browsers without scripts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from modelwright.studio import Studio
from modelwright.studio import views as v
from modelwright.web import words
from modelwright.web.pages import partial
from modelwright.web.render import ROOMS, Renderer

PAGES = (
    ("/forecast", "When will I be done?"),
    ("/placement", "Find what I know already"),
    ("/known", "How well does this program know me?"),
    ("/skills/table", "The skill map as a table"),
    ("/arena", "Competitions"),
    ("/notes", "All notes and marks"),
    ("/terms", "Words of the field"),
    ("/anki", "Cards from Anki and to it"),
    ("/groups", "What else can be installed"),
    ("/api", "The API, for scripts"),
)
LATELY, TYPED, IN_FULL = 5, 12, 40


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to choose. `aside`: what stands small at its end; `key`: what does the same from any page; `text`: a passage, or none."""

    title: str
    href: str
    aside: str = ""
    key: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    lines: tuple[Line, ...]


def router(studio: Studio, look: Renderer) -> APIRouter:
    pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @pages.get("/find")
    def find(request: Request, q: Annotated[str, Query(max_length=200)] = "") -> Response:
        groups = found(studio, q, TYPED if partial(request) else IN_FULL) if q.strip() else offered(studio)
        if partial(request):
            return look.fragment("_found.html", groups=groups, q=q)
        return look.page(request, "find.html", groups=groups, q=q)

    return pages


def offered(studio: Studio) -> list[Group]:
    """What may be chosen before anything is typed."""
    if not studio.enrolled:
        return [Group("Go to", (Line("Enrol", "/enrol"),))]
    step, due = studio.next_tonight(), studio.reviews(0).due
    now = [Line(f"Begin: {step.title}", words.step_url(step), words.minutes(step.minutes))] if step is not None else []
    if due and (step is None or step.kind != "review"):
        now.append(Line("Review", "/review", f"{due} due"))
    lately = tuple(_link(link) for link in studio.lately(LATELY))
    return [group for group in (Group("Tonight", tuple(now)), Group("Lately", lately), Group("Go to", _places(studio))) if group.lines]


def found(studio: Studio, q: str, limit: int) -> list[Group]:
    """The pages whose names have the words, and the things that the studio finds."""
    starts = [re.compile(r"\b" + re.escape(word)) for word in re.findall(r"[^\W_]+", q.lower())]
    places = tuple(line for line in _places(studio) if starts and all(start.search(line.title.lower()) for start in starts))
    things = tuple(_link(thing.link, thing.where, thing.text) for thing in studio.search(q, limit))
    return [group for group in (Group("Go to", places), Group("Found", things)) if group.lines]


def _places(studio: Studio) -> tuple[Line, ...]:
    rooms = tuple(Line(name, href, key=f"g {key}") for href, name, key in ROOMS)
    return rooms + tuple(Line(name, href) for href, name in PAGES if href != "/placement" or studio.can_place)


def _link(link: v.Link, where: str = "", text: str = "") -> Line:
    kind = words.KINDS.get(link.kind, link.kind)
    return Line(link.title, words.url(link.kind, link.id), f"{kind} · {where}" if where else kind, text=text)
