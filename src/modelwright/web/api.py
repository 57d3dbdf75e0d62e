"""The studio as JSON, under /api, described by OpenAPI: the same methods and the same views as the pages, for scripts and editors.

Bodies come in as Pydantic models, views go out as they are (msgspec writes a dataclass faster than anything converts it). An error is
`{"detail": one sentence}`, with `nearest` where an id was wrong.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from fastapi.responses import Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from modelwright.studio import Studio
from modelwright.studio import views as v

Slug = Annotated[str, Path(max_length=100, pattern=r"^[a-z0-9-]+$")]
Seed = Annotated[int, Field(ge=0, le=2**53)]
Name = Annotated[str, Field(max_length=200)]
Seconds = Annotated[float | None, Field(default=None, ge=0, le=86_400)]


class Body(BaseModel):
    """Unknown fields are refused, so that a misspelt one is an error and not a silent loss."""

    model_config = ConfigDict(extra="forbid")


class Problem(BaseModel):
    detail: str
    nearest: list[str] = []


class Health(BaseModel):
    name: Literal["modelwright"] = "modelwright"
    version: str


class Enrolment(Body):
    name: Annotated[str, Field(min_length=1, max_length=80)]
    hours_per_week: Annotated[float, Field(gt=0, le=100)]
    background: dict[Name, Annotated[int, Field(ge=0, le=3)]] = {}
    deadline: Annotated[str | None, Field(max_length=10)] = None


class Goals(Body):
    """Only what is given changes; a deadline of "" takes it away."""

    name: Annotated[str | None, Field(max_length=80)] = None
    hours_per_week: Annotated[float | None, Field(gt=0, le=100)] = None
    deadline: Annotated[str | None, Field(max_length=10)] = None
    minutes_per_day: Annotated[int | None, Field(ge=5, le=720)] = None
    books: dict[Name, Name] | None = None
    skipped: list[Name] | None = None
    retention: Annotated[float | None, Field(ge=0.7, le=0.97)] = None


class Finished(Body):
    seconds: Seconds = None
    answers: Annotated[list[Annotated[str, Field(max_length=20_000)]], Field(max_length=10)] = []


class Checked(Body):
    """`seed`: of the question shown. `text`: a choice's number, numbers in order, an output, a formula. `show` asks for the answer."""

    seed: Seed
    text: Annotated[str, Field(max_length=2000)] = ""
    show: bool = False


class OwnAnswer(Body):
    text: Annotated[str, Field(min_length=1, max_length=20_000)]
    mark: v.Mark = ""


class Mark(Body):
    target: Name
    on: bool = True


class Answered(Body):
    seed: Seed
    text: Annotated[str, Field(max_length=2000)]
    seconds: Seconds = None
    attempt: Annotated[int | None, Field(ge=1, le=1000)] = None
    example: bool = False


class Wanted(Body):
    seed: Seed
    example: bool = False


class Wished(Body):
    """`target`: any id, or `cards`. It is done first this evening, not before tomorrow, or as the plan has it."""

    target: Annotated[str, Field(min_length=1, max_length=200)]
    wish: v.Wish


class Said(BaseModel):
    said: str


class Rated(Body):
    card: Name
    rating: Literal[1, 2, 3, 4]
    seconds: Annotated[float, Field(ge=0, le=86_400)] = 0.0


class Question(Body):
    """`text`: the number of a choice, the lines' numbers in order, or a formula; "" says "I do not know"."""

    item: Name
    text: Annotated[str, Field(max_length=400)] = ""
    seconds: Seconds = None
    setting: Literal["placement", "exam", "chapter", "verify"] = "placement"
    seed: Seed | None = None


class File(Body):
    """`sha`: of the file that this replaces; if that has changed meanwhile, nothing is written and the answer is 409."""

    text: Annotated[str, Field(max_length=2_000_000)]
    sha: Annotated[str | None, Field(max_length=100)] = None


class HandedIn(Body):
    text: Annotated[str | None, Field(max_length=2_000_000)] = None


class Asked(Body):
    confirm: bool = False


class Chapter(Body):
    resource: Name
    number: Annotated[int, Field(ge=0, le=10_000)]
    hours: Annotated[float | None, Field(ge=0, le=1000)] = None
    done: bool = True
    again: bool = False


class Stop(Body):
    """How far a chapter was read: a share of it, or its last section that was."""

    resource: Name
    number: Annotated[int, Field(ge=0, le=10_000)]
    share: Annotated[float | None, Field(gt=0, lt=1)] = None
    section: Annotated[int | None, Field(ge=1, le=1000)] = None
    place: Annotated[str, Field(max_length=200)] = ""
    hours: Annotated[float | None, Field(ge=0, le=1000)] = None


class Note(Body):
    target: Name
    text: Annotated[str, Field(max_length=20_000)]


class Time(Body):
    hours: Annotated[float, Field(gt=0, le=24)]
    what: Annotated[str, Field(min_length=1, max_length=500)]
    target: Annotated[str | None, Field(max_length=200)] = None


class Sha(BaseModel):
    sha: str


class Graded(BaseModel):
    """`verdict` is grading's own schema, versioned in its field `schema`."""

    verdict: dict[str, Any]
    changed: list[v.SkillChange]
    committed: bool
    remark: str
    others: list[v.OtherWay]
    next: v.Step | None


PROBLEMS: dict[int | str, dict[str, Any]] = {
    status: {"model": Problem, "description": text}
    for status, text in {
        403: "The request comes from elsewhere.",
        404: "No such thing; `nearest` says what may have been meant.",
        409: "Not now: nobody is enrolled, the file has changed, or the solution was not asked for explicitly.",
        413: "Too large.",
        422: "It cannot be done as it stands.",
        507: "The disk or the folder refuses.",
    }.items()
}


def give(view: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(view), status, media_type="application/json")


def router(studio: Studio) -> APIRouter:
    api = APIRouter(prefix="/api", tags=["studio"], responses=PROBLEMS)
    _who(api, studio)
    _road(api, studio)
    _work(api, studio)
    _questions(api, studio)
    _labs(api, studio)
    return api


def _who(api: APIRouter, studio: Studio) -> None:
    @api.get("/health")
    def health() -> Health:
        """Says that it is a studio that answers here."""
        from modelwright import __version__

        return Health(version=__version__)

    @api.get("/status", response_model=v.StatusView)
    def status() -> Response:
        """Where the learner stands, in numbers."""
        return give(studio.status())

    @api.post("/enrol", response_model=v.SettingsView)
    def enrol(body: Enrolment) -> Response:
        """Begins. Doing it again replaces name, hours, background and deadline; nothing learned is lost."""
        return give(studio.enrol(body.name, body.hours_per_week, body.background, body.deadline))

    @api.get("/settings", response_model=v.SettingsView)
    def settings() -> Response:
        return give(studio.settings())

    @api.patch("/settings", response_model=v.SettingsView)
    def change(body: Goals) -> Response:
        return give(studio.change_goals(**body.model_dump(exclude_unset=True)))

    @api.get("/events", response_class=StreamingResponse, responses={200: {"content": {"application/x-ndjson": {}}}})
    def events() -> StreamingResponse:
        """The whole journal, an event a line: what `modelwright journal import` reads."""

        def lines() -> Iterator[bytes]:
            with tempfile.TemporaryFile() as spool:
                studio.journal.export(spool)
                spool.seek(0)
                while chunk := spool.read(262_144):
                    yield chunk

        name = 'attachment; filename="modelwright-journal.jsonl"'
        return StreamingResponse(lines(), media_type="application/x-ndjson", headers={"Content-Disposition": name})


def _road(api: APIRouter, studio: Studio) -> None:
    @api.get("/today", response_model=v.Today)
    def today(minutes: Annotated[int | None, Query(ge=5, le=720)] = None) -> Response:
        """This evening's list."""
        return give(studio.today(minutes))

    @api.get("/next", response_model=v.Step)
    def next_() -> Response:
        """The one thing to do now, and why."""
        return give(studio.next())

    @api.get("/why-not", response_model=v.WhyNot)
    def why_not(target: Annotated[str, Query(max_length=200)]) -> Response:
        """Why something is not next, and whether it can be done anyway or put off."""
        return give(studio.why_not(target))

    @api.post("/chosen", response_model=Said)
    def choose(body: Wished) -> Said:
        """Something else this evening than what the plan says."""
        return Said(said=studio.choose(body.target, body.wish))

    @api.get("/forecast", response_model=v.ForecastView)
    def forecast() -> Response:
        """When stages and the whole plan will be done, as distributions of dates."""
        return give(studio.forecast())

    @api.get("/plan", response_model=v.PlanView)
    def plan() -> Response:
        return give(studio.plan())

    @api.get("/modules/{module}", response_model=v.ModuleView)
    def module(module: Slug) -> Response:
        return give(studio.module(module))

    @api.get("/skills", response_model=v.SkillMap)
    def skills() -> Response:
        """The skill graph, in topological order."""
        return give(studio.skill_map())

    @api.get("/skills/{module}/{slug}", response_model=v.SkillView)
    def skill(module: Slug, slug: Slug) -> Response:
        return give(studio.skill(f"{module}/{slug}"))

    @api.get("/library", response_model=v.LibraryView)
    def library(
        kind: Annotated[str, Query(max_length=40)] = "",
        module: Annotated[str, Query(max_length=200)] = "",
        free: bool = False,
        mine: bool = False,
    ) -> Response:
        """All resources, or those of a kind or a module, those that cost nothing, those that the learner reads, has begun or noted."""
        return give(studio.library(kind, module, free, mine))

    @api.post("/chapters", response_model=v.ResourceView)
    def chapter(body: Chapter) -> Response:
        """Ticks a chapter off, or takes the tick away; `again` where it was read once more in the same sitting."""
        return give(studio.read_chapter(body.resource, body.number, body.hours, body.done, body.again))

    @api.post("/notes", response_model=v.NoteView)
    def note(body: Note) -> Response:
        return give(studio.note(body.target, body.text))

    @api.post("/time", status_code=204)
    def log_time(body: Time) -> Response:
        """Work done away from the program."""
        studio.log_time(body.hours, body.what, body.target)
        return Response(status_code=204)

    @api.get("/search", response_model=list[v.Found])
    def search(q: Annotated[str, Query(max_length=200)], limit: Annotated[int, Query(ge=1, le=100)] = 20) -> Response:
        return give(studio.search(q, limit))


def _work(api: APIRouter, studio: Studio) -> None:
    @api.get("/lessons/{module}/{slug}", response_model=v.LessonView)
    def lesson(module: Slug, slug: Slug) -> Response:
        return give(studio.lesson(f"{module}/{slug}"))

    @api.post("/lessons/{module}/{slug}/open", response_model=v.LessonView)
    def open_lesson(module: Slug, slug: Slug) -> Response:
        return give(studio.open_lesson(f"{module}/{slug}"))

    @api.post("/lessons/{module}/{slug}/check/{check}", response_model=v.CheckView)
    def check(module: Slug, slug: Slug, check: Slug, body: Checked) -> Response:
        return give(studio.check(f"{module}/{slug}", check, body.text, body.seed, body.show))

    @api.post("/lessons/{module}/{slug}/answer/{question}", response_model=v.ClosingView)
    def answer_closing(module: Slug, slug: Slug, question: Slug, body: OwnAnswer) -> Response:
        return give(studio.answer_closing(f"{module}/{slug}", question, body.text, body.mark))

    @api.get("/terms", response_model=list[v.Term])
    def terms() -> Response:
        return give(studio.terms())

    @api.get("/notes", response_model=v.Jottings)
    def jottings() -> Response:
        return give(studio.jottings())

    @api.post("/marks", response_model=v.Passage | None)
    def mark(body: Mark) -> Response:
        return give(studio.mark(body.target, body.on))

    @api.post("/lessons/{module}/{slug}/finish", response_model=v.LessonEnd)
    def finish_lesson(module: Slug, slug: Slug, body: Finished) -> Response:
        return give(studio.finish_lesson(f"{module}/{slug}", body.seconds, body.answers))

    @api.get("/problems/{module}/{slug}", response_model=v.ProblemView)
    def problem(module: Slug, slug: Slug, seed: Annotated[int | None, Query(ge=0, le=2**53)] = None) -> Response:
        """A question; without a seed, the one begun last or a new one."""
        return give(studio.problem(f"{module}/{slug}", seed))

    @api.get("/problems/{module}/{slug}/example", response_model=v.ExampleView)
    def example(module: Slug, slug: Slug, seed: Annotated[int, Query(ge=0, le=2**53)]) -> Response:
        """A problem like the one of this seed, with other numbers, worked out; an answer beside it says `example`."""
        return give(studio.example(f"{module}/{slug}", seed))

    @api.get("/problems", response_model=v.ProblemBlock)
    def problems(
        of: Annotated[list[Name], Query(min_length=1, max_length=12)],
        marks: Annotated[str, Query(max_length=12)] = "",
        example: bool = False,
    ) -> Response:
        """A block of problems: the next of them, or what it showed once each has its mark (r: right at the first answer, w: not)."""
        return give(studio.problems(of, marks, example))

    @api.post("/problems/{module}/{slug}/answer", response_model=v.AnswerView)
    def answer(module: Slug, slug: Slug, body: Answered) -> Response:
        return give(studio.answer(f"{module}/{slug}", body.seed, body.text, body.seconds, body.attempt, body.example))

    @api.post("/problems/{module}/{slug}/solution", response_model=v.SolutionView)
    def show_solution(module: Slug, slug: Slug, body: Wanted) -> Response:
        return give(studio.show_solution(f"{module}/{slug}", body.seed, body.example))

    @api.get("/reviews", response_model=v.ReviewQueue)
    def reviews(limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Response:
        return give(studio.reviews(limit))

    @api.post("/reviews", response_model=v.ReviewQueue)
    def review(body: Rated) -> Response:
        """1 again, 2 hard, 3 good, 4 easy; what is left comes back."""
        return give(studio.review(body.card, body.rating, body.seconds))


def _questions(api: APIRouter, studio: Studio) -> None:
    @api.get("/placement", response_model=v.PlacementView)
    def placement() -> Response:
        """The question that tells most now, and what the answers say so far."""
        return give(studio.placement())

    @api.post("/placement/finish", response_model=v.PlacedView)
    def finish() -> Response:
        """The plan believes what was found; without any answer, the self-report stands."""
        return give(studio.finish_placement())

    @api.get("/exams/{module}", response_model=v.ExamView)
    def exam(module: Slug) -> Response:
        """A module's exam: the question of the moment, or how it ended."""
        return give(studio.exam(module))

    @api.post("/chapters/stop", response_model=v.ResourceView)
    def stop_chapter(body: Stop) -> Response:
        """Keeps how far a chapter was read."""
        return give(studio.stop_chapter(body.resource, body.number, body.share, body.section, body.place, body.hours))

    @api.get("/chapters/check", response_model=v.ChapterCheck)
    def check(resource: Annotated[str, Query(max_length=200)], number: Annotated[int, Query(ge=0, le=10_000)]) -> Response:
        """Up to three questions on a chapter."""
        return give(studio.chapter_check(resource, number))

    @api.post("/questions/answer", response_model=v.ItemAnswerView)
    def answer_item(body: Question) -> Response:
        """In a placement or an exam, only the question of the moment can be answered; in a chapter's check, give its `seed`."""
        return give(studio.answer_item(body.item, body.text, body.seconds, body.setting, body.seed))


def _labs(api: APIRouter, studio: Studio) -> None:
    @api.get("/labs/{module}/{slug}", response_model=v.LabView)
    def lab(module: Slug, slug: Slug) -> Response:
        return give(studio.lab(f"{module}/{slug}", begin=False))

    @api.put("/labs/{module}/{slug}/file", response_model=Sha)
    def save(module: Slug, slug: Slug, body: File) -> Sha:
        return Sha(sha=studio.save(f"{module}/{slug}", body.text, body.sha))

    @api.post("/labs/{module}/{slug}/submit", response_model=Graded)
    def submit(module: Slug, slug: Slug, body: HandedIn) -> Response:
        """Grades the file in the workshop, or `text`, which is saved there first. Answers when all checks have ended."""
        return give(studio.hand_in(f"{module}/{slug}", source=body.text))

    @api.get("/labs/{module}/{slug}/ask", response_model=v.AskingView)
    def ask(module: Slug, slug: Slug) -> Response:
        """A question for people elsewhere, made from the last verdict; 409 where there is nothing to ask."""
        return give(studio.asking(f"{module}/{slug}"))

    @api.post("/labs/{module}/{slug}/hint", response_model=v.HintView)
    def hint(module: Slug, slug: Slug) -> Response:
        return give(studio.hint(f"{module}/{slug}"))

    @api.post("/labs/{module}/{slug}/solution", response_model=v.CodeView)
    def solution(module: Slug, slug: Slug, body: Asked) -> Response:
        """After a pass, or with `confirm`, which the journal keeps."""
        return give(studio.solution(f"{module}/{slug}", body.confirm))

    @api.post("/labs/{module}/{slug}/reset", response_model=v.LabView)
    def reset(module: Slug, slug: Slug) -> Response:
        return give(studio.reset(f"{module}/{slug}"))
