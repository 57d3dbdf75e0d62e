"""Everything that can happen to a learner, as typed and versioned events: the journal's only vocabulary.

An event is immutable and never edited. Changing what a kind of event means takes a new version of it and an upgrade from the
old one in `upgrades.py`; a field that old events lack gets a default. `docs/events.md` is the catalogue for people.
Ids inside events are curriculum ids (see `modelwright.curriculum.models`).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Rating = Literal[1, 2, 3, 4]  # again, hard, good, easy: FSRS's own
ItemKind = Literal["choose", "predict", "find-fault", "order", "compute", "code"]


class Data(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True, gc=False):
    """What happened. The tag `kind` names the type; `upgrades.CURRENT` says which version of it is written.

    Values without cycles: the garbage collector need not walk a million of them (`gc=False`).
    """


class Enrolled(Data, frozen=True, tag="enrolled"):
    name: str
    hours_per_week: float
    background: dict[str, int] = {}  # module id -> self-report, 0 (new to me) to 3 (I could teach it)
    deadline: str | None = None  # ISO date


class GoalsChanged(Data, frozen=True, tag="goals-changed"):
    """Only what changed is set."""

    name: str | None = None
    hours_per_week: float | None = None
    deadline: str | None = None  # ISO date; "" takes the deadline away
    minutes_per_day: int | None = None
    books: dict[str, str] | None = None  # module id -> chosen resource id
    skipped: list[str] | None = None  # optional modules left out
    retention: float | None = None  # desired probability of recall, 0.7 to 0.97


class Placed(Data, frozen=True, tag="placed"):
    """The outcome of a placement: per skill, the probability that the learner has it, and how it was found."""

    skills: dict[str, float]
    by: Literal["test", "self-report"]
    questions: int = 0


class ItemAnswered(Data, frozen=True, tag="item-answered"):
    """An item of the placement bank, in a placement, a chapter's check or a module's exam."""

    item: str
    skills: list[str]
    right: bool
    seconds: float
    item_kind: ItemKind
    difficulty: float
    setting: Literal["placement", "chapter", "exam", "verify"]
    chosen: str | None = None
    misconception: str | None = None


class LessonOpened(Data, frozen=True, tag="lesson-opened"):
    lesson: str


class LessonFinished(Data, frozen=True, tag="lesson-finished"):
    lesson: str
    seconds: float
    answers: list[str] = []  # what the learner wrote to the closing questions


class ChapterRead(Data, frozen=True, tag="chapter-read"):
    resource: str
    chapter: int
    hours: float
    done: bool = True  # False takes the tick away


class ProblemAnswered(Data, frozen=True, tag="problem-answered"):
    problem: str
    seed: int
    skills: list[str]
    answer: str
    right: bool
    seconds: float
    attempt: int = 1
    misconception: str | None = None
    solution_shown: bool = False


class CardReviewed(Data, frozen=True, tag="card-reviewed"):
    """`source`: the program in which the card was reviewed, "" for this one. A review from elsewhere takes its place by its time."""

    card: str
    skill: str
    rating: Rating
    seconds: float
    source: str = ""


class LabSubmitted(Data, frozen=True, tag="lab-submitted"):
    """The verdict is the whole of `modelwright.grading.Verdict` as JSON, in its own schema version, without long outputs."""

    lab: str
    skills: list[str]
    passed: bool
    checks_passed: int
    checks_total: int
    seconds: float  # the learner's time since the last submission or opening, at most 30 minutes of it
    source_sha256: str
    verdict: dict[str, Any]


class HintTaken(Data, frozen=True, tag="hint-taken"):
    lab: str
    number: Literal[1, 2, 3]


class SolutionSeen(Data, frozen=True, tag="solution-seen"):
    target: str  # a lab or a problem
    after_pass: bool


class ProjectEntry(Data, frozen=True, tag="project-entry"):
    project: str
    milestone: int | None = None
    done: bool = False
    text: str = ""
    hours: float = 0.0


class CompetitionEntry(Data, frozen=True, tag="competition-entry"):
    competition: str
    public_score: float
    private_score: float | None = None
    note: str = ""


class RunFinished(Data, frozen=True, tag="run-finished"):
    """One training of the forge."""

    run: str
    recipe: str
    seconds: float
    metrics: dict[str, float]
    parts: dict[str, str] = {}


class NoteWritten(Data, frozen=True, tag="note-written"):
    target: str  # any id: a resource, a lesson, a skill
    text: str


class TimeLogged(Data, frozen=True, tag="time-logged"):
    """Work done away from the program: a lecture watched, a book read on the train."""

    hours: float
    what: str
    target: str | None = None


class ForecastMade(Data, frozen=True, tag="forecast-made"):
    """What the forecast said at the end of a week, so that it can be held against what came: dates as milliseconds UTC."""

    finish: dict[str, int] = {}  # "q10", "q50", … -> when the whole plan ends
    stages: dict[str, dict[str, int]] = {}  # stage id -> the same
    done: float = -1.0  # the share of the plan's hours that was done then; below 0 where it was not noted
    ahead: dict[str, dict[str, float]] = {}  # "4", "8", "12" weeks on -> "q10", "q50", … -> the share that would be done


class MemoryFitted(Data, frozen=True, tag="memory-fitted"):
    """FSRS parameters were fitted to this learner's own reviews: those in use from here on.

    They are the fitted ones only where these won on reviews held out; else those in use until now (empty: the defaults).
    """

    parameters: list[float]
    reviews: int = 0
    loss_before: float = 0.0  # log loss on the reviews held out, with the parameters in use until now
    loss_after: float = 0.0  # the same, with the fitted ones
    won: bool = True
    margin: float = 0.0  # the standard error of the difference, which the gain has to exceed
    held_out: int = 0


class ReviewsImported(Data, frozen=True, tag="reviews-imported"):
    """What another program knew of the learner's memory beyond this one's cards: material for `memory-fitted`, and nothing else.

    A card is known by a hash of its number there, never by its text. Its reviews are flat pairs: the time in seconds since 1970 and the
    rating (1 to 4), in order.
    """

    source: str
    file: str
    reviews: int  # answers in the file that were given to cards of others
    cards: dict[str, list[int]] = {}


Event_ = (
    Enrolled | GoalsChanged | Placed | ItemAnswered | LessonOpened | LessonFinished | ChapterRead | ProblemAnswered | CardReviewed
    | LabSubmitted | HintTaken | SolutionSeen | ProjectEntry | CompetitionEntry | RunFinished | NoteWritten | TimeLogged
    | ForecastMade | MemoryFitted | ReviewsImported
)  # fmt: skip


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One entry of the journal.

    id: UUIDv7 as 32 hexadecimal digits: unique across machines, and sorted by time.
    at: milliseconds since 1970 UTC. tz: the learner's minutes east of UTC then, so that "that evening" can be said later.
    learner: whose it is ("me" on a machine of one's own). version: of this kind's meaning, see `upgrades.CURRENT`.
    """

    id: str
    at: int
    tz: int = 0
    learner: str = "me"
    version: int = 1
    data: Event_
