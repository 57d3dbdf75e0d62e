"""When will I be done: the forecast with other choices, how past forecasts fared, and the plan as a calendar. Pages and API.

Asking what would be changes nothing, so it is a GET: a form that works as a link, and, where HTMX is there, redraws its picture only.
"""

from __future__ import annotations

import math
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from modelwright.errors import ModelwrightError
from modelwright.studio import Studio
from modelwright.studio import views as v
from modelwright.studio.calendar import EVENING, MOST_WEEKS
from modelwright.web import pictures
from modelwright.web.api import give
from modelwright.web.pages import partial
from modelwright.web.render import Renderer

Weeks = Annotated[int, Query(ge=1, le=MOST_WEEKS)]
At = Annotated[str, Query(max_length=8, pattern=r"^\d\d:\d\d$")]
CALENDAR = {"content": {"text/calendar": {"schema": {"type": "string"}}}, "description": "An iCalendar file (RFC 5545)."}


def router(studio: Studio, look: Renderer) -> APIRouter:
    pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    @pages.get("/forecast")
    def forecast(request: Request) -> Response:
        problem, view = "", None
        settings = studio.settings()
        try:
            view = _asked(studio, settings, request)
        except ModelwrightError as error:
            problem = str(error)
        then = view.then if view else studio.forecast()
        given: dict[str, Any] = {"then": then, "stands": view.stands if view and view.changed else None, "problem": problem}
        given["horizon"] = studio.horizon()
        given["sentence"] = view.sentence if view else then.sentence
        if partial(request):
            return look.fragment("_when.html", **given)
        past = studio.fared()
        given.update(settings=settings, past=past, said=pictures.said(past.said), view=view, standing=studio.status())
        return look.page(request, "forecast.html", 422 if problem else 200, **given)

    @pages.get("/plan.ics")
    def calendar(weeks: Weeks = 8, at: At = EVENING) -> Response:
        return _calendar(studio, weeks, at)

    return pages


def _asked(studio: Studio, settings: v.SettingsView, request: Request) -> v.WhatIfView | None:
    """What the form asks for; None where it was not sent."""
    given = request.query_params
    if "hours" not in given:
        return None
    try:
        hours = float(given["hours"].replace(",", "."))
    except ValueError:
        hours = math.nan
    kept = set(given.getlist("keep"))
    skipped = [link.id for link, _ in settings.optional if link.id not in kept] if "modules" in given else None
    books = {c.module.id: given[f"book:{c.module.id}"] for c in settings.books if f"book:{c.module.id}" in given}
    return studio.what_if(hours, skipped, books)


def _calendar(studio: Studio, weeks: int, at: str) -> Response:
    head = {"Content-Disposition": 'attachment; filename="modelwright.ics"', "Cache-Control": "no-store"}
    return Response(studio.calendar(weeks, at), media_type="text/calendar; charset=utf-8", headers=head)


def api(studio: Studio) -> APIRouter:
    routes = APIRouter(prefix="/api", tags=["plan"])

    @routes.get("/forecast/what-if", response_model=v.WhatIfView)
    def what_if(
        hours: Annotated[float | None, Query(ge=0.5, le=80)] = None,
        skip: Annotated[list[str] | None, Query(max_length=50)] = None,
        book: Annotated[list[str] | None, Query(max_length=50, description="module=resource")] = None,
    ) -> Response:
        """The forecast with other hours a week, other books, or modules left out (`skip=none` takes all in), beside the one that stands."""
        skipped = None if skip is None else [module for module in skip if module != "none"]
        return give(studio.what_if(hours, skipped, dict(_pair(one) for one in book or ())))

    @routes.get("/forecast/fared", response_model=v.FaredView)
    def fared() -> Response:
        """What the weekly forecasts said, and how they fared."""
        return give(studio.fared())

    @routes.get("/plan.ics", response_class=Response, responses={200: CALENDAR})
    def calendar(weeks: Weeks = 8, at: At = EVENING) -> Response:
        """The sessions of the coming weeks and the likely ends of stages, for a calendar."""
        return _calendar(studio, weeks, at)

    return routes


def _pair(text: str) -> tuple[str, str]:
    module, _, book = text.partition("=")
    return module, book
