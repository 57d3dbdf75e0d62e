"""The pages of placement, of a module's exam and of the check after a chapter: one question at a time, and at the end what came of it.

A GET shows the question that is being asked and records nothing. An answer is a POST; sent twice it counts once, because only the
question of the moment can be answered: the second time, the page simply shows the next one.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, Response

from modelwright.studio import Studio
from modelwright.studio import views as v
from modelwright.studio.errors import NotYet
from modelwright.web.pages import back, partial, since
from modelwright.web.render import Renderer

Item = Annotated[str, Form(max_length=200)]
Text = Annotated[str, Form(max_length=400)]
Started = Annotated[int, Form()]
Seed = Annotated[int | None, Form(ge=0, le=2**31 - 1)]


def router(studio: Studio, look: Renderer) -> APIRouter:
    pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

    def answered(item: str, text: str, started: int, skip: str, setting: str, seed: int | None) -> v.ItemAnswerView | None:
        """None where there is nothing to say: the question was answered already, or nothing was given."""
        if not skip and not text.strip():
            return None
        try:
            return studio.answer_item(item, "" if skip else text, since(started), setting, seed)
        except NotYet:
            return None

    @pages.get("/placement")
    def placement(request: Request) -> Response:
        return look.page(request, "placement.html", view=studio.placement(), said=None, given="")

    @pages.post("/placement")
    def answer(request: Request, item: Item, text: Text = "", started: Started = 0, skip: str = Form(""), seed: Seed = None) -> Response:
        said = answered(item, text, started, skip, "placement", seed)
        given = text if said is not None and not said.understood else ""
        if partial(request):
            return look.fragment("_placement.html", view=studio.placement(), said=said, given=given)
        return look.page(request, "placement.html", view=studio.placement(), said=said, given=given)

    @pages.post("/placement/finish")
    def finish(request: Request) -> Response:
        try:
            view = studio.finish_placement()
        except NotYet:  # the form was sent again: it is done
            return back("/")
        return look.page(request, "placed.html", view=view)

    @pages.get("/exam/{module}")
    def exam(request: Request, module: str) -> Response:
        return look.page(request, "exam.html", view=studio.exam(module), said=None, given="")

    @pages.post("/exam/{module}")
    def exam_answer(
        request: Request, module: str, item: Item, text: Text = "", started: Started = 0, skip: str = Form(""), seed: Seed = None
    ) -> Response:
        said = answered(item, text, started, skip, "exam", seed)
        given = text if said is not None and not said.understood else ""
        if partial(request):
            return look.fragment("_exam.html", view=studio.exam(module), said=said, given=given)
        return look.page(request, "exam.html", view=studio.exam(module), said=said, given=given)

    @pages.get("/check/{resource:path}/{number}")
    def check(request: Request, resource: str, number: int) -> Response:
        return look.page(request, "chapter_check.html", view=studio.chapter_check(resource, number), said=None, given="")

    @pages.post("/check/{resource:path}/{number}")
    def check_answer(
        request: Request,
        resource: str,
        number: int,
        item: Item,
        text: Text = "",
        started: Started = 0,
        skip: str = Form(""),
        seed: Seed = None,
    ) -> Response:
        asked = studio.chapter_check(resource, number).question
        said = answered(item, text, started, skip, "chapter", seed) if asked is not None and asked.id == item else None
        view, given = studio.chapter_check(resource, number), text if said is not None and not said.understood else ""
        if partial(request):
            return look.fragment("_chapter_check.html", view=view, said=said, given=given)
        return look.page(request, "chapter_check.html", view=view, said=said, given=given)

    return pages
