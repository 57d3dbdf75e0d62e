"""The pages of what the program knows of its learner: how well its chances have held, the forgetting curve of their own, and Anki's files.

What an upload brings is the studio's business. The same two things stand in the API.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, UploadFile
from fastapi.responses import HTMLResponse, Response

from modelwright.errors import ModelwrightError
from modelwright.studio import Studio
from modelwright.studio import views as v
from modelwright.web import pictures
from modelwright.web.api import give
from modelwright.web.edge import LARGEST_UPLOAD
from modelwright.web.pages import back
from modelwright.web.render import Renderer

ModuleName = Annotated[str, Query(max_length=100)]
PACKAGE = "application/octet-stream"


def router(studio: Studio, look: Renderer) -> APIRouter:
    pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    def anki_page(request: Request, status: int = 200, came: v.AnkiImported | None = None, problem: str = "") -> Response:
        modules = [v.Link("module", m.id, m.title) for m in studio.curriculum.modules.values() if m.cards]
        cards, most = len(studio.curriculum.cards), LARGEST_UPLOAD // 1_000_000
        return look.page(request, "anki.html", status, came=came, problem=problem, modules=modules, cards=cards, most=most)

    def known_page(request: Request, fitted: bool = False, said: v.FitView | None = None) -> Response:
        view = studio.knowing()
        drawn = {"answers": pictures.reliability(view.calibration.answers), "recall": pictures.reliability(view.calibration.recall)}
        return look.page(request, "known.html", view=view, drawn=drawn, dates=studio.fared().sentence, fitted=fitted, said=said)

    @pages.get("/known")
    def known(request: Request, fitted: bool = False) -> Response:
        return known_page(request, fitted)

    @pages.post("/known/refit")
    def refit(request: Request) -> Response:
        fit = studio.refit()
        return back("/known?fitted=1#curve") if fit.tried else known_page(request, said=fit)

    @pages.get("/anki")
    def anki(request: Request) -> Response:
        return anki_page(request)

    @pages.post("/anki")
    def bring(request: Request, file: UploadFile) -> Response:
        if not file.filename:
            return anki_page(request, 422, problem="Choose a file first: one that Anki's File, Export made.")
        try:
            return anki_page(request, came=received(studio, file))
        except ModelwrightError as error:
            return anki_page(request, 422, problem=str(error))

    @pages.get("/anki/cards.apkg")
    def cards(module: ModuleName = "", everything: bool = False) -> Response:
        return package(studio, module, everything)

    return pages


def received(studio: Studio, file: UploadFile) -> v.AnkiImported:
    """The upload as a file in a folder of ours, under what is harmless of its name, read, and thrown away."""
    given = (file.filename or "").replace("\\", "/").rpartition("/")[2]
    name = re.sub(r"[^\w.-]", "_", given)[-100:].lstrip(".") or "upload"
    with tempfile.TemporaryDirectory(prefix="modelwright-anki-") as folder:
        kept = Path(folder) / name
        with open(kept, "wb") as out:
            shutil.copyfileobj(file.file, out)
        return studio.import_anki(kept, name)


def package(studio: Studio, module: str, everything: bool) -> Response:
    with tempfile.TemporaryDirectory(prefix="modelwright-anki-") as folder:
        file = Path(folder) / "cards.apkg"
        studio.export_anki(file, module or None, everything)
        data = file.read_bytes()
    name = f"modelwright-{module}.apkg" if module else "modelwright.apkg"
    return Response(data, media_type=PACKAGE, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def api(studio: Studio) -> APIRouter:
    from modelwright.web.api import PROBLEMS

    routes = APIRouter(prefix="/api", tags=["studio"], responses=PROBLEMS)

    @routes.get("/knowing", response_model=v.KnowingView)
    def knowing() -> Response:
        """How well the program knows its learner: its chances of answers and of recall, against what came."""
        return give(studio.knowing())

    @routes.post("/refit", response_model=v.FitView)
    def refit() -> Response:
        """Fits the forgetting curve to the learner's own reviews; it is used only if it foretells better. Takes seconds."""
        return give(studio.refit())

    @routes.post("/anki/import", response_model=v.AnkiImported)
    def bring(file: UploadFile) -> Response:
        """An Anki package, collection or review log, as a form's `file`. The same again adds nothing."""
        return give(received(studio, file))

    @routes.get("/anki/export", response_class=Response, responses=_binary())
    def export(module: ModuleName = "", everything: bool = False) -> Response:
        """The cards as an Anki package: those of what was taught, or `everything`; of one module, or of all."""
        return package(studio, module, everything)

    return routes


def _binary() -> dict[int | str, dict[str, Any]]:
    return {200: {"content": {PACKAGE: {"schema": {"type": "string", "format": "binary"}}}}}
