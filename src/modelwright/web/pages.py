"""The pages: each handler asks the studio for one view and hands it to one template.

A GET never records anything, so that a prefetch or a reload is harmless; what a person does is a POST, which works as a plain form
and, where HTMX is there, changes only its own part of the page.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from modelwright.curriculum import AnswerError, render_math
from modelwright.curriculum.markup import may_link
from modelwright.errors import ModelwrightError
from modelwright.grading.verdict import rows
from modelwright.studio import Studio, Unknown
from modelwright.studio import views as v
from modelwright.web import pictures, words
from modelwright.web.edge import policy
from modelwright.web.render import THEMES, Renderer, now_ms

MOST_SECONDS = 1800.0  # a page left open overnight was not eight hours of study
Sitting = Literal["tonight", "all"]  # through which of the cards one goes
CardName = Annotated[str, Query(max_length=200)]
EVENINGS = (20, 40, 60, 90, 120)


class Change(BaseModel):
    """`base`: the text that was changed into `text`, read from the file whose sha this is."""

    text: str = Field(max_length=2_000_000)
    base: str = Field(max_length=2_000_000)
    sha: str


class Handed(BaseModel):
    text: str = Field(max_length=2_000_000)


def since(started: int) -> float | None:
    """Seconds that a form was open; None if it does not say when it was made, in milliseconds since 1970."""
    return min(max(0, now_ms() - started), int(1000 * MOST_SECONDS)) / 1000 if started > 0 else None


def moment(text: str) -> int:
    """The milliseconds that a form's own field says; 0 where it says nothing of the kind."""
    return int(text) if len(text) <= 20 and text.isdecimal() else 0


def partial(request: Request) -> bool:
    return request.headers.get("hx-request") == "true"


def back(url: str) -> RedirectResponse:
    return RedirectResponse(url, 303)


def own_path(then: str) -> str:
    """Where a form asks to be led afterwards, if that is a page of the studio."""
    return then if then.startswith("/") and may_link(then) else "/"


def router(studio: Studio, look: Renderer) -> APIRouter:
    pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
    _who(pages, studio, look)
    _road(pages, studio, look)
    _work(pages, studio, look)
    _labs(pages, studio, look)
    return pages


def _who(pages: APIRouter, studio: Studio, look: Renderer) -> None:
    @pages.get("/")
    def today(request: Request, minutes: Annotated[int | None, Query(ge=5, le=600)] = None) -> Response:
        if not studio.enrolled:
            return back("/enrol")
        view = studio.today(minutes)
        at = next((index for index, step in enumerate(view.steps) if not step.done), None)
        others = [step for index, step in enumerate(view.steps) if not step.done and index != at and step.target]
        choices = [v.Link("module", module.id, module.title) for module in studio.curriculum.modules.values()]
        return look.page(
            request, "today.html", view=view, at=at, others=others, choices=choices, evenings=EVENINGS, place=studio.placement_open
        )

    @pages.get("/why")
    def why(request: Request, target: Annotated[str, Query(max_length=200)]) -> Response:
        answer = studio.why_not(target)
        return look.fragment("_why.html", why=answer) if partial(request) else look.page(request, "why.html", why=answer)

    @pages.post("/why")
    def choose(target: Annotated[str, Form(max_length=200)], wish: Annotated[v.Wish, Form()]) -> Response:
        studio.choose(target, wish)
        return back("/")

    @pages.get("/enrol")
    def enrol_form(request: Request) -> Response:
        if studio.enrolled:
            return back("/")
        return door(request, 200, "", {})

    def door(request: Request, status: int, problem: str, given: dict[str, str]) -> Response:
        outline = tuple(studio.curriculum.stages.values())
        apart = {key.removeprefix("module:") for key, value in given.items() if key.startswith("module:") and value}
        return look.page(request, "enrol.html", status, stages=outline, problem=problem, given=given, apart=apart)

    @pages.post("/enrol")
    async def enrol(request: Request) -> Response:
        form = await request.form()
        given = {key: str(value) for key, value in form.items()}
        outline = studio.curriculum.stages.values()
        try:
            hours = float(given.get("hours", "7").replace(",", "."))
            known = {stage.id: int(given.get(f"stage:{stage.id}", "0")) for stage in outline}
            said = {m.id: int(given.get(f"module:{m.id}") or known[stage.id]) for stage in outline for m in stage.modules}
            background = said if any(said.values()) else {}  # "new to me" everywhere is where the form begins: it says nothing
            await asyncio.to_thread(studio.enrol, given.get("name", "").strip(), hours, background, given.get("deadline") or None)
        except ValueError:
            return door(request, 422, "Hours a week is a number, like 7 or 3.5.", given)
        except ModelwrightError as error:
            return door(request, 422, str(error), given)
        return back("/")

    @pages.get("/settings")
    def settings(request: Request, saved: bool = False) -> Response:
        return look.page(
            request,
            "settings.html",
            view=studio.settings(),
            saved=saved,
            problem="",
            themes=THEMES,
            chosen=request.cookies.get("theme", "system"),
        )

    @pages.post("/settings")
    async def change(request: Request) -> Response:
        form = await request.form()
        given = {key: str(value) for key, value in form.items()}
        view = await asyncio.to_thread(studio.settings)
        try:
            kept = set(form.getlist("keep"))
            await asyncio.to_thread(
                lambda: studio.change_goals(
                    name=given["name"].strip() or None,
                    hours_per_week=float(given["hours"].replace(",", ".")),
                    minutes_per_day=int(given["minutes"]),
                    deadline=given.get("deadline", ""),
                    retention=int(given["retention"]) / 100,
                    # What was not changed stays the default path's, and goes with it.
                    books={
                        choice.module.id: book
                        for choice in view.books
                        if (book := given.get(f"book:{choice.module.id}", choice.chosen)) != choice.chosen
                    },
                    skipped=[link.id for link, _ in view.optional if link.id not in kept],
                )
            )
        except (KeyError, ValueError):
            problem = "Hours, minutes and retention are numbers; nothing was changed."
        except ModelwrightError as error:
            problem = str(error)
        else:
            answer = back("/settings?saved=1")
            theme = given.get("theme", "system")
            answer.set_cookie("theme", theme if theme in THEMES else "system", max_age=63_072_000, samesite="strict", httponly=True)
            return answer
        return look.page(
            request, "settings.html", 422, view=view, saved=False, problem=problem, themes=THEMES, chosen=given.get("theme", "system")
        )

    @pages.get("/api")
    def offers(request: Request) -> Response:
        """The API for people: each operation in a line, read off its own description."""
        spec = request.app.openapi()
        lines = [
            (method.upper(), path, one.get("description") or one["summary"])
            for path, ways in spec["paths"].items()
            for method, one in ways.items()
        ]
        return look.page(request, "api.html", lines=lines)

    @pages.post("/curriculum")
    def know_curriculum(then: Annotated[str, Form(max_length=500)] = "/") -> Response:
        """What a curriculum from elsewhere can do was read."""
        studio.guest.acknowledge("page")
        return back(own_path(then))

    @pages.get("/terms")
    def terms(request: Request) -> Response:
        return look.page(request, "terms.html", terms=studio.terms())

    @pages.get("/notes")
    def notes(request: Request) -> Response:
        return look.page(request, "notes.html", view=studio.jottings())

    @pages.get("/notes.md")
    def notes_as_markdown() -> Response:
        headers = {"Content-Disposition": 'attachment; filename="modelwright-notes.md"'}
        return Response(studio.jottings().markdown, media_type="text/markdown; charset=utf-8", headers=headers)

    @pages.post("/note")
    def note(
        request: Request,
        target: Annotated[str, Form(max_length=200)],
        text: Annotated[str, Form(max_length=20_000)] = "",
        then: Annotated[str, Form()] = "/",
    ) -> Response:
        studio.note(target, text)
        if partial(request):
            response = HTMLResponse("Kept." if text.strip() else "Removed.")
            response.headers["HX-Trigger"] = "beside"  # the lesson's column shows it
            return response
        return back(own_path(then))


def _road(pages: APIRouter, studio: Studio, look: Renderer) -> None:
    @pages.get("/plan")
    def plan(request: Request) -> Response:
        horizon = studio.horizon() if studio.enrolled else None
        place = studio.enrolled and studio.can_place
        return look.page(request, "plan.html", view=studio.plan(), place=place, horizon=horizon)

    @pages.get("/skills")
    def skills(request: Request, stage: Annotated[str, Query(max_length=200)] = "") -> Response:
        """The whole map, or one stage of it with every skill's name."""
        view = studio.skill_map()
        chosen = next((link for link in view.stages if link.id == stage), None)
        if stage and chosen is None:
            raise Unknown("stage", stage, tuple(studio.curriculum.nearest("stage", stage)))
        here = set(studio.next().skills)
        nodes = [node for node in view.nodes if chosen is None or node.stage == chosen.id]
        return look.page(
            request, "skills.html", view=view, stage=chosen, here=here, total=len(nodes),
            known=sum(node.standing in ("known", "fading") for node in nodes), fading=sum(node.standing == "fading" for node in nodes),
            drawn=pictures.stage_map(view, chosen.id) if chosen else None, tiles=() if chosen else pictures.stage_tiles(view),
            modules_here={node.module for node in nodes if node.id in here},
        )  # fmt: skip

    @pages.get("/skills/table")
    def skill_table(request: Request) -> Response:
        view = studio.skill_map()
        groups = [(module, [node for node in view.nodes if node.module == module.id]) for module in view.modules]
        return look.page(request, "skill_table.html", groups=groups)

    @pages.get("/skill/{module}/{slug}")
    def skill(request: Request, module: str, slug: str) -> Response:
        view = studio.skill(f"{module}/{slug}")
        drawn = pictures.forgetting(view.curve, now_ms()) if view.curve else None
        return look.page(request, "skill.html", view=view, drawn=drawn)

    @pages.get("/module/{module}")
    def module(request: Request, module: str) -> Response:
        return look.page(request, "module.html", view=studio.module(module), exam=studio.enrolled and studio.has_questions(module))

    @pages.get("/module/{module}/resources")
    def resources(module: str) -> Response:
        """A module's reading list, for the plan, which would be long with all of them."""
        return look.fragment("_resources.html", resources=studio.module(module).resources)

    @pages.get("/library")
    def library(
        request: Request,
        kind: Annotated[str, Query(max_length=40)] = "",
        module: Annotated[str, Query(max_length=200)] = "",
        free: bool = False,
        mine: bool = False,
    ) -> Response:
        view = studio.library(kind, module, free, mine)
        return look.page(request, "library.html", view=view, kind=kind, module=module, free=free, mine=mine)

    @pages.get("/resource/{resource:path}")
    def resource(request: Request, resource: str) -> Response:
        return look.page(request, "resource.html", view=studio.resource(resource))

    def row(request: Request, book: v.ResourceView, number: int) -> Response:
        """A chapter's line of its book, after something was said of it."""
        if not partial(request):
            return back(words.url("chapter", f"{book.id}#{number}"))
        line = next(chapter for chapter in book.chapters if chapter.number == number)
        return look.fragment("_chapter.html", resource=book, chapter=line, swapped=True)

    @pages.post("/chapter")
    def chapter(
        request: Request,
        resource: Annotated[str, Form(max_length=200)],
        number: Annotated[int, Form(ge=0, le=10_000)],
        done: Annotated[str, Form()] = "",
        again: bool = Form(False),
    ) -> Response:
        return row(request, studio.read_chapter(resource, number, done=bool(done) or again, again=again), number)

    @pages.post("/chapter/stop")
    def stop_chapter(
        request: Request,
        resource: Annotated[str, Form(max_length=200)],
        number: Annotated[int, Form(ge=0, le=10_000)],
        section: Annotated[str, Form(max_length=8)] = "",
        share: Annotated[str, Form(max_length=8)] = "",
        place: Annotated[str, Form(max_length=200)] = "",
    ) -> Response:
        """How far a chapter was read: its last section, or so many in a hundred of it."""
        part = int(section) if section.isdecimal() else None
        percent = share.strip().rstrip("%").strip()
        return row(request, studio.stop_chapter(resource, number, int(percent) / 100 if percent.isdecimal() else None, part, place), number)

    @pages.get("/workshop")
    def workshop(request: Request) -> Response:
        return look.page(request, "workshop.html", competitions=bool(studio.curriculum.competitions), view=studio.labs())


def _work(pages: APIRouter, studio: Studio, look: Renderer) -> None:
    @pages.get("/lesson/{module}/{slug}")
    def lesson(request: Request, module: str, slug: str) -> Response:
        nonce = secrets.token_urlsafe(16)
        answer = look.page(request, "lesson.html", view=studio.lesson(f"{module}/{slug}"), end=None, nonce=nonce)
        answer.headers["Content-Security-Policy"] = policy(nonce)
        return answer

    @pages.post("/lesson/{module}/{slug}/open")
    def open_lesson(module: str, slug: str) -> Response:
        if studio.enrolled:  # the page says it by itself when it is looked at, and a lesson may be looked at by anybody
            studio.open_lesson(f"{module}/{slug}")
        studio.warm_blocks()
        return Response(status_code=204)

    @pages.post("/lesson/{module}/{slug}/finish")
    async def finish_lesson(request: Request, module: str, slug: str) -> Response:
        form = await request.form()
        answers = [str(value)[:20_000] for value in form.getlist("answer")]
        end = await asyncio.to_thread(studio.finish_lesson, f"{module}/{slug}", since(moment(str(form.get("started", "")))), answers)
        view = await asyncio.to_thread(studio.lesson, f"{module}/{slug}")
        if partial(request):
            return look.fragment("_finished.html", view=view, end=end, path=request.url.path)
        return look.page(request, "lesson.html", view=view, end=end)

    @pages.post("/lesson/{module}/{slug}/check/{check}")
    def check(
        request: Request,
        module: str,
        slug: str,
        check: str,
        seed: Annotated[int, Form(ge=0, le=2**53)],
        text: Annotated[str, Form(max_length=2000)] = "",
        show: bool = Form(False),
    ) -> Response:
        """An answer to a question inside the text; `show` asks for it instead."""
        answered = studio.check(f"{module}/{slug}", check, text, seed, show)
        view = studio.lesson(f"{module}/{slug}")
        if partial(request):
            return look.fragment("_lesson_asked.html", view=view, check=answered, contents=True)
        blocks = tuple(replace(block, check=answered) if block.kind == "check" and block.id == check else block for block in view.blocks)
        return look.page(request, "lesson.html", view=replace(view, blocks=blocks), end=None)

    @pages.post("/lesson/{module}/{slug}/answer/{question}")
    def answer_closing(
        request: Request,
        module: str,
        slug: str,
        question: str,
        text: Annotated[str, Form(max_length=20_000)] = "",
        mark: v.Mark = Form(""),
    ) -> Response:
        closing = studio.answer_closing(f"{module}/{slug}", question, text, mark)
        if partial(request):
            view = studio.lesson(f"{module}/{slug}")
            number = [other.id for other in view.closing].index(closing.id) + 1
            return look.fragment("_lesson_closing.html", view=view, question=closing, number=number, contents=True)
        return back(f"/lesson/{module}/{slug}#ask-{question}")

    @pages.get("/lesson/{module}/{slug}/beside")
    def beside(module: str, slug: str) -> Response:
        return look.fragment("_lesson_beside.html", view=studio.lesson(f"{module}/{slug}"))

    @pages.post("/mark")
    def mark(request: Request, target: Annotated[str, Form(max_length=200)], on: bool = Form(True), then: str = Form("/notes")) -> Response:
        studio.mark(target, on)
        if partial(request):
            return Response(status_code=204, headers={"HX-Trigger": "beside"})
        return back(own_path(then))

    @pages.get("/problem/{module}/{slug}")
    def problem(request: Request, module: str, slug: str, seed: Annotated[int | None, Query(ge=0, le=2**53)] = None) -> Response:
        view = studio.problem(f"{module}/{slug}", seed)
        if seed is None:  # so that a reload shows the same numbers
            return back(f"/problem/{module}/{slug}?seed={view.seed}")
        return look.page(request, "problem.html", view=view, answer=None, solution=None)

    @pages.get("/problem/{module}/{slug}/read")
    def preview(module: str, slug: str, text: Annotated[str, Query(max_length=600)] = "") -> Response:
        """How the answer is read so far, before it is handed in."""
        return HTMLResponse(read_as(text))

    @pages.post("/problem/{module}/{slug}")
    def answer(
        request: Request,
        module: str,
        slug: str,
        seed: Annotated[int, Form(ge=0, le=2**53)],
        text: Annotated[str, Form(max_length=2000)] = "",
        started: Annotated[int, Form()] = 0,
    ) -> Response:
        said = studio.answer(f"{module}/{slug}", seed, text, since(started))
        if partial(request):
            return look.fragment(
                "_answer.html",
                answer=said,
                solution=said.solution,
                problem=f"{module}/{slug}",
                seed=seed,
                step=studio.next_tonight() if said.right else None,
            )
        return look.page(request, "problem.html", view=studio.problem(f"{module}/{slug}", seed), answer=said, solution=said.solution)

    @pages.get("/problems")
    def problems(
        request: Request,
        of: Annotated[str, Query(max_length=2000)],
        marks: Annotated[str, Query(max_length=12)] = "",
        example: bool = False,
    ) -> Response:
        """A block of problems, where it stands."""
        block = studio.problems(of.split(","), marks, example)
        return look.page(request, "problems.html", block=block, with_example=example, answer=None, solution=None, last=None)

    @pages.get("/problems/read")
    def read_answer(text: Annotated[str, Query(max_length=600)] = "") -> Response:
        return HTMLResponse(read_as(text))

    @pages.post("/problems")
    def answer_in_block(
        request: Request,
        of: Annotated[str, Form(max_length=2000)],
        seed: Annotated[int, Form(ge=0, le=2**53)],
        marks: Annotated[str, Form(max_length=12)] = "",
        text: Annotated[str, Form(max_length=2000)] = "",
        started: Annotated[int, Form()] = 0,
        example: bool = Form(False),
        show: bool = Form(False),
    ) -> Response:
        """An answer inside a block, which goes on by itself after a right one; `show` asks for the solution instead."""
        kinds = of.split(",")
        before = studio.problems(kinds, marks, example)
        if before.problem is None:
            return back(words.block_url(kinds, marks, example))
        answer, solution = None, None
        if show:
            solution = studio.show_solution(before.problem.id, seed, example)
            marks += "w"
        else:
            answer = studio.answer(before.problem.id, seed, text, since(started), example=example)
            marks += ("r" if answer.attempt == 1 else "w") if answer.right else ""
            solution = answer.solution
        block = studio.problems(kinds, marks, example)
        if answer is not None and not answer.right:
            block = replace(block, problem=studio.problem(before.problem.id, seed))
        shown: dict[str, Any] = {"block": block, "with_example": example, "answer": answer, "solution": solution, "last": before.problem}
        if not partial(request):
            return look.page(request, "problems.html", **shown)
        response = look.fragment("_problems.html", **shown)
        response.headers["HX-Replace-Url"] = words.block_url(kinds, marks, example)
        return response

    @pages.post("/problem/{module}/{slug}/solution")
    def solution(request: Request, module: str, slug: str, seed: Annotated[int, Form(ge=0, le=2**53)]) -> Response:
        shown = studio.show_solution(f"{module}/{slug}", seed)
        if partial(request):
            return look.fragment("_answer.html", answer=None, solution=shown, problem=f"{module}/{slug}", seed=seed, step=None)
        return look.page(request, "problem.html", view=studio.problem(f"{module}/{slug}", seed), answer=None, solution=shown)

    @pages.get("/review")
    def review(request: Request, show: bool = False, share: Sitting = "tonight", first: CardName = "") -> Response:
        queue = studio.reviews(1, share, first)
        return look.page(request, "review.html", show=show, suspended=studio.suspended_cards(), first=first, **sitting(queue, share))

    def sitting(queue: v.ReviewQueue, share: v.Share) -> dict[str, Any]:
        return {"queue": queue, "share": share, "step": None if queue.first else studio.next_tonight()}

    def on(request: Request, queue: v.ReviewQueue, share: v.Share, first: str = "") -> Response:
        """The next card: in its place on the page, or as a page where there are no scripts."""
        if partial(request):
            return look.fragment("_card.html", show=False, swapped=True, first=first, **sitting(queue, share))
        asked = {"share": share} | ({"first": first} if first else {})
        return back("/review" if asked == {"share": "tonight"} else f"/review?{urlencode(asked)}")

    @pages.post("/review/undo")
    def undo(request: Request, share: Annotated[Sitting, Form()] = "tonight") -> Response:
        queue = studio.undo_review(share)
        return on(request, queue, share, queue.first.id if queue.first else "")

    @pages.post("/review/edit")
    def edit(
        request: Request,
        card: Annotated[str, Form(max_length=200)],
        ask: Annotated[str, Form(max_length=4000)] = "",
        answer: Annotated[str, Form(max_length=4000)] = "",
        share: Annotated[Sitting, Form()] = "tonight",
    ) -> Response:
        studio.edit_card(card, ask, answer)
        return on(request, studio.reviews(1, share, card), share, card)

    @pages.post("/review/suspend")
    def suspend(
        request: Request,
        card: Annotated[str, Form(max_length=200)],
        off: Annotated[bool, Form()] = False,
        share: Annotated[Sitting, Form()] = "tonight",
    ) -> Response:
        studio.suspend_card(card, not off)
        return on(request, studio.reviews(1, share), share)

    @pages.post("/review")
    def rate(
        request: Request,
        card: Annotated[str, Form(max_length=200)],
        rating: Annotated[int, Form(ge=1, le=4)],
        started: Annotated[int, Form()] = 0,
        share: Annotated[Sitting, Form()] = "tonight",
    ) -> Response:
        return on(request, studio.review(card, rating, since(started) or 0.0, share), share)


def read_as(text: str) -> str:
    """A learner's formula as mathematics, or the sentence that says why it cannot be read."""
    if not text.strip():
        return ""
    from markupsafe import escape

    from modelwright.curriculum.formula import parse, read

    try:
        from sympy import latex

        listed = render_math(latex(_listed(parse(text))))
        if re.fullmatch(r"\s*-?[1-9]\d{0,2}(,\d{3})+\s*", text):  # the question decides, which is not known here
            return f"Read as {render_math(latex(read(text, commas='thousands').value))}, or where there are several parts as {listed}"
        return f"Read as {listed}"
    except AnswerError as error:
        return str(escape(str(error)))


def _listed(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _labs(pages: APIRouter, studio: Studio, look: Renderer) -> None:
    # Grading has its own threads: a slow submission must not hold up a page, nor a handful that hang another lab.
    graders = ThreadPoolExecutor(max_workers=32, thread_name_prefix="grade")

    def verdict(view: v.LabView, submission: v.Submission | None = None) -> str:
        return look.text("_verdict.html", view=view, submission=submission)

    @pages.get("/lab/{module}/{slug}")
    def lab(request: Request, module: str, slug: str) -> Response:
        nonce = secrets.token_urlsafe(16)
        answer = look.page(request, "lab.html", view=studio.lab(f"{module}/{slug}", begin=False), nonce=nonce)
        answer.headers["Content-Security-Policy"] = policy(nonce)
        return answer

    @pages.post("/lab/{module}/{slug}")
    async def hand_in_form(module: str, slug: str, source: Annotated[str | None, Form(max_length=2_000_000)] = None) -> Response:
        text = source.replace("\r\n", "\n") if source is not None else None
        await asyncio.get_running_loop().run_in_executor(graders, lambda: studio.hand_in(f"{module}/{slug}", source=text))
        return back(f"/lab/{module}/{slug}#verdict")

    @pages.post("/lab/{module}/{slug}/open")
    def open_lab(module: str, slug: str) -> Response:
        """The page is looked at: the file is there from now on, and the time worked runs."""
        return JSONResponse({"sha": studio.lab(f"{module}/{slug}").sha})

    @pages.get("/lab/{module}/{slug}/ask")
    def ask(request: Request, module: str, slug: str) -> Response:
        return look.page(request, "ask.html", view=studio.asking(f"{module}/{slug}"))

    @pages.get("/lab/{module}/{slug}/state")
    def state(module: str, slug: str, sha: str = "", graded: int = 0) -> Response:
        """What has changed since `sha` and since the verdict at `graded`: by another editor, or by `modelwright watch`."""
        view = studio.lab(f"{module}/{slug}", begin=False)
        told: dict[str, Any] = {"sha": view.sha, "graded": str(graded)}
        if studio.lab_file(view.id) is None:  # taken away, as by a checkout of another branch: the page keeps its text until it is back
            told["sha"] = sha
        elif view.sha != sha:
            told["source"] = view.source
        if view.verdict and view.verdict.at != graded:
            told |= {"graded": str(view.verdict.at), "html": verdict(view)}
        return JSONResponse(told)

    @pages.post("/lab/{module}/{slug}/save")
    def save(module: str, slug: str, body: Change) -> Response:
        saved = studio.save_change(f"{module}/{slug}", body.text, body.base, body.sha)
        if not saved.difference:
            return JSONResponse({"sha": saved.sha, "text": saved.text})
        return JSONResponse({"sha": saved.sha, "text": saved.text, "html": look.text("_clash.html", diff=saved.difference)}, 409)

    @pages.post("/lab/{module}/{slug}/run")
    async def run(module: str, slug: str, body: Handed) -> Response:
        """Grades a text that the page has saved, telling of each check as it ends. Closing the page does not stop it: the verdict is
        kept all the same. It writes nothing, since the file may be a newer one by then."""
        name = f"{module}/{slug}"
        return StreamingResponse(
            stream(lambda on_check: studio.hand_in(name, on_check, body.text, keep=False), name),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def stream(grade: Callable[[Callable[[Any], None]], v.Submission], name: str) -> AsyncIterator[str]:
        loop = asyncio.get_running_loop()
        queue: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

        def put(kind: str, value: Any) -> None:
            loop.call_soon_threadsafe(queue.put_nowait, (kind, value))

        def work() -> None:
            try:
                put("done", grade(lambda check: put("check", check)))
            except ModelwrightError as error:
                put("failed", str(error))
            except Exception as error:
                put("failed", f"Something in the studio broke: {type(error).__name__}. Your file is saved.")
                raise

        began = time.perf_counter()
        task = loop.run_in_executor(graders, work)
        task.add_done_callback(lambda done: done.exception())
        seen: list[Any] = []
        while True:
            kind, value = await queue.get()
            if kind == "check":
                seen.append(value)
                listed = rows(seen)
                place = len(listed) - 1
                yield sse("check", {"id": f"check-{place}", "html": look.text("_check.html", row=listed[place], index=place, hints=None)})
            elif kind == "failed":
                yield sse("failed", {"message": value})
                return
            else:
                view = await asyncio.to_thread(lambda: studio.lab(name, begin=False))
                graded = str(view.verdict.at) if view.verdict else "0"
                yield sse(
                    "done",
                    {"graded": graded, "html": verdict(view, value), "seconds": f"{time.perf_counter() - began:.2f}"},
                )
                return

    @pages.post("/lab/{module}/{slug}/hint")
    def hint(request: Request, module: str, slug: str) -> Response:
        studio.hint(f"{module}/{slug}")
        if partial(request):
            return look.fragment("_hints.html", view=studio.lab(f"{module}/{slug}", begin=False))
        return back(f"/lab/{module}/{slug}#hints")

    @pages.get("/lab/{module}/{slug}/diff")
    def diff(request: Request, module: str, slug: str) -> Response:
        view = studio.lab(f"{module}/{slug}", begin=False)
        return look.fragment("_diff.html", view=view) if partial(request) else look.page(request, "diff.html", view=view)

    @pages.post("/lab/{module}/{slug}/solution")
    def solution(request: Request, module: str, slug: str, confirm: Annotated[str, Form()] = "") -> Response:
        code = studio.solution(f"{module}/{slug}", confirm=bool(confirm))
        if partial(request):
            return look.fragment("_solution.html", code=code)
        return look.page(request, "solution.html", view=studio.lab(f"{module}/{slug}", begin=False), code=code)

    @pages.post("/lab/{module}/{slug}/reset")
    def reset(module: str, slug: str) -> Response:
        studio.reset(f"{module}/{slug}")
        return back(f"/lab/{module}/{slug}")


def sse(kind: str, data: dict[str, str]) -> str:
    return f"event: {kind}\ndata: {json.dumps(data)}\n\n"
