"""The pages of competitions: the list, a board with a place to hand in, and what closing one shows. The same stands in the API."""

from __future__ import annotations

import threading
from typing import Annotated

from fastapi import APIRouter, Form, Request, UploadFile
from fastapi.responses import HTMLResponse, Response

from modelwright.errors import ModelwrightError
from modelwright.studio import Studio
from modelwright.studio import views as v
from modelwright.web.api import PROBLEMS, give
from modelwright.web.pages import back, partial
from modelwright.web.render import Renderer

LARGEST_ENTRY = 20 << 20
Number = Annotated[str, Form(max_length=60)]
Note = Annotated[str, Form(max_length=4000)]


class NoNumber(ModelwrightError):
    """A validation that is no number."""


def router(studio: Studio, look: Renderer) -> APIRouter:
    pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    def page(request: Request, id: str, status: int = 200, came: v.EntryView | None = None, problem: str = "", note: str = "") -> Response:
        view = studio.competition(id)
        return look.page(request, "competition.html", status, view=view, came=came, problem=problem, note=note)

    @pages.get("/arena")
    def arena(request: Request) -> Response:
        return look.page(request, "arena.html", lines=studio.competitions())

    @pages.get("/arena/{id}")
    def competition(request: Request, id: str) -> Response:
        if partial(request):
            return look.fragment("_board.html", view=studio.competition(id))
        return page(request, id)

    @pages.post("/arena/{id}/begin")
    def begin(id: str) -> Response:
        studio.begin_competition(id)
        threading.Thread(target=_measured, args=(studio, id), daemon=True, name=f"ghosts of {id}").start()
        return back(f"/arena/{id}")

    @pages.post("/arena/{id}/enter")
    def enter(request: Request, id: str, file: UploadFile, validation: Number = "", note: Note = "") -> Response:
        if not file.filename:
            return page(request, id, 422, problem="Choose a file first: a .csv, a .py or an .ipynb.", note=note)
        try:
            came = studio.enter(id, file.filename, file.file.read(LARGEST_ENTRY + 1), _number(validation), note)
        except ModelwrightError as error:
            return page(request, id, 422, problem=str(error), note=note)
        return page(request, id, came=came)

    @pages.post("/arena/{id}/close")
    def close(request: Request, id: str) -> Response:
        try:
            studio.close_competition(id)
        except ModelwrightError as error:
            return page(request, id, 422, problem=str(error))
        return back(f"/arena/{id}#private")

    @pages.post("/arena/{id}/write-up")
    def write_up(request: Request, id: str) -> Response:
        place = studio.write_up(id)
        return page(request, id, note=f"Write it in {place}.")

    return pages


def _measured(studio: Studio, id: str) -> None:
    """In a thread of its own: a page does not wait for the baselines. What fails is tried again at the next beginning."""
    try:
        studio.measure_ghosts(id)
    except ModelwrightError:
        return


def _number(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text.replace(",", "."))
    except ValueError:
        raise NoNumber(f"Your own validation is a number; {text.strip()[:30]!r} is none.") from None


def api(studio: Studio) -> APIRouter:
    routes = APIRouter(prefix="/api", tags=["studio"], responses=PROBLEMS)

    @routes.get("/competitions", response_model=list[v.CompetitionLine])
    def competitions() -> Response:
        """Every competition, and how far the learner is in it."""
        return give(studio.competitions())

    @routes.get("/competitions/{id}", response_model=v.CompetitionView)
    def competition(id: str) -> Response:
        """The task, its public board, and after closing the private one."""
        return give(studio.competition(id))

    @routes.post("/competitions/{id}/begin", response_model=v.CompetitionView)
    def begin(id: str) -> Response:
        """Lays the data, the statement and a first program out in the workshop. Runs nothing."""
        return give(studio.begin_competition(id))

    @routes.post("/competitions/{id}/enter", response_model=v.EntryView)
    def enter(id: str, file: UploadFile, validation: Annotated[float | None, Form()] = None, note: Note = "") -> Response:
        """Hands in a CSV, a program or a notebook, as a form's `file`. What cannot be scored is not recorded."""
        return give(studio.enter(id, file.filename or "entry", file.file.read(LARGEST_ENTRY + 1), validation, note))

    @routes.post("/competitions/{id}/close", response_model=v.CompetitionView)
    def close(id: str) -> Response:
        """Opens the private board, for good."""
        return give(studio.close_competition(id))

    return routes
