"""Code on a page, run: the blocks of a lesson and the file of a lab, as a page and as JSON. Nothing of it is recorded.

A run may take as long as its limits, so it has threads of its own and holds up no page; a stop comes in beside it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import JSONResponse, Response
from pydantic import Field

from modelwright.studio import Studio
from modelwright.studio import views as v
from modelwright.web.api import PROBLEMS, Body, Slug, give
from modelwright.web.pages import back, partial
from modelwright.web.render import Renderer

Token = Annotated[str, Field(max_length=64, description="what a stop is to call this run")]
Code = Annotated[str, Field(max_length=200_000)]


class Blocks(Body):
    """The code of the lesson's first blocks as it stands on the page; the last of them is the one to run."""

    cells: Annotated[list[Code], Field(min_length=1, max_length=60)]
    token: Token = ""


class Script(Body):
    """`text`: the file as it stands in the editor (None: as it lies in the workshop). `line`: what to run after it."""

    text: Annotated[str | None, Field(max_length=2_000_000)] = None
    line: Annotated[str, Field(max_length=20_000)] = ""
    token: Token = ""


class Stop(Body):
    token: Token


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="run")


def router(studio: Studio, look: Renderer) -> APIRouter:
    pages = APIRouter(include_in_schema=False)
    runners = _threads()

    async def shown(run: Callable[[], v.RunView]) -> Response:
        ran = await asyncio.get_running_loop().run_in_executor(runners, run)
        html = await asyncio.to_thread(look.text, "_ran.html", ran=ran)
        return JSONResponse({"html": html, "status": ran.status, "seconds": ran.seconds})

    @pages.post("/lesson/{module}/{slug}/run")
    async def run_block(module: Slug, slug: Slug, body: Blocks) -> Response:
        return await shown(lambda: studio.run_block(f"{module}/{slug}", body.cells, body.token))

    @pages.post("/lesson/{module}/{slug}/faded/{block}")
    async def fill(
        request: Request,
        module: Slug,
        slug: Slug,
        block: Slug,
        line: Annotated[str, Form(max_length=4000)] = "",
        hints: Annotated[int, Form(ge=0, le=3)] = 0,
    ) -> Response:
        lesson, text = f"{module}/{slug}", line.replace("\r\n", "\n")

        def judge() -> Any:
            return studio.fill(lesson, block, text, hints)

        filled = await asyncio.get_running_loop().run_in_executor(runners, judge)
        if partial(request):
            view = await asyncio.to_thread(studio.lesson, lesson) if filled.right else None
            return look.fragment("_lesson_faded_said.html", filled=filled, view=view)
        return back(f"/lesson/{lesson}#ask-{block}")

    @pages.get("/lesson/{module}/{slug}/faded/{block}/help")
    def help_with(module: Slug, slug: Slug, block: Slug, number: Annotated[int, Query(ge=1, le=3)] = 1) -> Response:
        hints = studio.hole_help(f"{module}/{slug}", block, number)
        here = f"/lesson/{module}/{slug}/faded/{block}"
        return look.fragment("_lesson_faded_help.html", hints=hints, here=here, block={"id": block})

    @pages.get("/lesson/{module}/{slug}/frames/{number}")
    def frames(module: Slug, slug: Slug, number: int) -> Response:
        return give(studio.frames(f"{module}/{slug}", number))

    @pages.post("/lab/{module}/{slug}/execute")
    async def run_lab(module: Slug, slug: Slug, body: Script) -> Response:
        return await shown(lambda: studio.run_lab(f"{module}/{slug}", body.text, body.line, body.token))

    @pages.post("/lesson/{module}/{slug}/stop")
    @pages.post("/lab/{module}/{slug}/stop")
    def stop(module: Slug, slug: Slug, body: Stop) -> Response:
        studio.stop(f"{module}/{slug}", body.token)
        return Response(status_code=204)

    return pages


def api(studio: Studio) -> APIRouter:
    routes = APIRouter(prefix="/api", tags=["studio"], responses=PROBLEMS)
    runners = _threads()

    async def told(run: Callable[[], Any]) -> Response:
        return give(await asyncio.get_running_loop().run_in_executor(runners, run))

    @routes.post("/lessons/{module}/{slug}/run", response_model=v.RunView)
    async def run_block(module: Slug, slug: Slug, body: Blocks) -> Response:
        """Runs the last of `cells` after the others, isolated; nothing is recorded."""
        return await told(lambda: studio.run_block(f"{module}/{slug}", body.cells, body.token))

    @routes.post("/labs/{module}/{slug}/execute", response_model=v.RunView)
    async def run_lab(module: Slug, slug: Slug, body: Script) -> Response:
        """Runs the file as a script and then a line, isolated, without grading them; nothing is recorded."""
        return await told(lambda: studio.run_lab(f"{module}/{slug}", body.text, body.line, body.token))

    return routes
