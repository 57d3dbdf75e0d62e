"""Everything that can happen to a learner, as typed and versioned events: the journal's only vocabulary.

An event is immutable and never edited. Changing what a kind of event means takes a new version of it and an upgrade from the
old one in `upgrades.py`; a field that old events lack gets a default. `docs/events.md` is the catalogue for people.
Ids inside events are curriculum ids (see `modelwright.curriculum.models`).

Every field has bounds, so that nothing that comes in (an export made elsewhere, a file that someone wrote) can hold a number or a text
that no fold, page or terminal was made for. They are wide: whatever this program ever wrote lies inside them. What a type cannot say
(a date that exists, parameters inside FSRS's own bounds) is in `checks.py`.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

Rating = Literal[1, 2, 3, 4]  # again, hard, good, easy: FSRS's own
ItemKind = Literal["choose", "predict", "find-fault", "order", "compute", "code"]

Id = Annotated[str, Meta(max_length=200)]
EventId = Annotated[str, Meta(min_length=32, max_length=32)]
Name = Annotated[str, Meta(max_length=200, pattern=r"\A[^<>\x00\r\n]*\Z")]  # signs commits
Learner = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\A[^\x00-\x1f\x7f]*\Z")]
Date = Annotated[str, Meta(max_length=10)]
Line = Annotated[str, Meta(max_length=4000)]
Text = Annotated[str, Meta(max_length=100_000)]
Moment = Annotated[int, Meta(ge=0, le=7_258_118_400_000)]  # milliseconds since 1970 UTC, until 2200
Foreseen = Annotated[int, Meta(ge=0, le=64_060_588_800_000)]  # the same, until the year 4000: a forecast may lie far ahead
Offset = Annotated[int, Meta(ge=-26 * 60, le=26 * 60)]  # minutes east of UTC
Seconds = Annotated[float, Meta(ge=0, le=1e9)]
Hours = Annotated[float, Meta(ge=0, le=10_000)]
WeekHours = Annotated[float, Meta(ge=0, le=168)]
Count = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Share = Annotated[float, Meta(ge=0, le=1)]
Loss = Annotated[float, Meta(ge=-1000, le=1000)]
Figure = Annotated[float, Meta(ge=-1e18, le=1e18)]
Skills = Annotated[list[Id], Meta(max_length=1000)]
Quantile = Annotated[str, Meta(max_length=20)]
Quantiles = Annotated[dict[Quantile, Foreseen], Meta(max_length=50)]
Shares = Annotated[dict[Quantile, Annotated[float, Meta(ge=-1, le=2)]], Meta(max_length=50)]
# Seconds since 1970 (until 2200) and ratings, by turns: two numbers for each review.
Pairs = Annotated[list[Annotated[int, Meta(ge=0, le=7_258_118_400)]], Meta(max_length=200_000)]


class Data(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", omit_defaults=True, gc=False):
    """What happened. The tag `kind` names the type; `upgrades.CURRENT` says which version of it is written.

    Values without cycles: the garbage collector need not walk a million of them (`gc=False`).
    """


class Enrolled(Data, frozen=True, tag="enrolled"):
    name: Name
    hours_per_week: WeekHours
    background: Annotated[
        dict[Id, Annotated[int, Meta(ge=0, le=3)]], Meta(max_length=1000)
    ] = {}  # module id -> self-report, 0 (new to me) to 3 (I could teach it)
    deadline: Date | None = None  # ISO date


class GoalsChanged(Data, frozen=True, tag="goals-changed"):
    """Only what changed is set."""

    name: Name | None = None
    hours_per_week: WeekHours | None = None
    deadline: Date | None = None  # ISO date; "" takes the deadline away
    minutes_per_day: Annotated[int, Meta(ge=0, le=1440)] | None = None
    books: Annotated[dict[Id, Id], Meta(max_length=1000)] | None = None  # module id -> chosen resource id
    skipped: Skills | None = None  # optional modules left out
    retention: Share | None = None  # desired probability of recall, 0.7 to 0.97


class Placed(Data, frozen=True, tag="placed"):
    """The outcome of a placement: per skill, the probability that the learner has it, and how it was found."""

    skills: Annotated[dict[Id, Share], Meta(max_length=10_000)]
    by: Literal["test", "self-report"]
    questions: Count = 0


class ItemAnswered(Data, frozen=True, tag="item-answered"):
    """An item of the placement bank, in a placement, a chapter's check or a module's exam."""

    item: Id
    skills: Skills
    right: bool
    seconds: Seconds
    item_kind: ItemKind
    difficulty: Annotated[float, Meta(ge=-100, le=100)]
    setting: Literal["placement", "chapter", "exam", "verify"]
    chosen: Line | None = None
    misconception: Line | None = None


class LessonOpened(Data, frozen=True, tag="lesson-opened"):
    lesson: Id


class LessonFinished(Data, frozen=True, tag="lesson-finished"):
    lesson: Id
    seconds: Seconds
    answers: Annotated[list[Text], Meta(max_length=1000)] = []  # what the learner wrote to the closing questions


class Checked(Data, frozen=True, tag="checked"):
    """An answer to a question inside a lesson's text; `target` is `lesson#check`, `attempt` counts those of one sitting."""

    target: Id
    skills: Skills
    right: bool
    answer: Line = ""
    attempt: Count = 1
    misconception: Line | None = None
    solution_shown: bool = False
    source: Id = ""  # the item or problem that the question came from; "" where it stands in the lesson
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    item_kind: ItemKind = "choose"
    difficulty: Annotated[float, Meta(ge=-100, le=100)] = 2.0


class Faded(Data, frozen=True, tag="faded"):
    """The hole of a faded example was filled rightly; `target` is `lesson#block`. `hints` were seen before: 3 is the line itself."""

    target: Id
    skills: Skills
    line: Line
    hints: Annotated[int, Meta(ge=0, le=3)] = 0


class AnswerMarked(Data, frozen=True, tag="answer-marked"):
    """A closing question, `lesson#closing-1`, answered in the learner's own words, and what they then thought of it."""

    target: Id
    skills: Skills
    answer: Line
    mark: Literal["", "right", "partly", "not"] = ""  # "": the author's answer was seen, and nothing said yet


class PassageMarked(Data, frozen=True, tag="passage-marked"):
    """A paragraph of a lesson was marked, or (`on` false) its mark taken away. `quote` is how it begins: texts change."""

    target: Id
    quote: Line
    on: bool = True


class ChapterRead(Data, frozen=True, tag="chapter-read"):
    resource: Id
    chapter: Annotated[int, Meta(ge=0, le=100_000)]
    hours: Hours
    done: bool = True  # False takes the tick away
    again: bool = False  # it was read once more in the same sitting; a tick in a later one says that by itself


class ChapterStopped(Data, frozen=True, tag="chapter-stopped"):
    """A chapter was read up to a place in it: `share` of the whole, `place` in the learner's words or the section's title."""

    resource: Id
    chapter: Annotated[int, Meta(ge=0, le=100_000)]
    share: Share
    hours: Hours
    place: Line = ""


class ProblemAnswered(Data, frozen=True, tag="problem-answered"):
    problem: Id
    seed: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    skills: Skills
    answer: Line
    right: bool
    seconds: Seconds
    attempt: Count = 1
    misconception: Line | None = None
    solution_shown: bool = False
    example: bool = False  # an example of the same kind, worked out, stood beside it


class CardReviewed(Data, frozen=True, tag="card-reviewed"):
    """`source`: the program in which the card was reviewed, "" for this one. A review from elsewhere takes its place by its time.

    anew: the card had been forgotten on purpose before this review; what was remembered of it no longer counts.
    """

    card: Id
    skill: Id
    rating: Rating
    seconds: Seconds
    source: Id = ""
    anew: bool = False


class CardEdited(Data, frozen=True, tag="card-edited"):
    """The learner's own words on a card, in place of the author's; both empty: the author's stand again."""

    card: Id
    ask: Line = ""
    answer: Line = ""


class CardSuspended(Data, frozen=True, tag="card-suspended"):
    """A card is not asked any more, or (`on` false) is again. What is remembered of it stays."""

    card: Id
    on: bool = True


class LabSubmitted(Data, frozen=True, tag="lab-submitted"):
    """The verdict is the whole of `modelwright.grading.Verdict` as JSON, in its own schema version, without long outputs."""

    lab: Id
    skills: Skills
    passed: bool
    checks_passed: Count
    checks_total: Count
    seconds: Seconds  # the learner's time since the last submission or opening, at most 30 minutes of it
    source_sha256: Id
    verdict: Annotated[dict[str, Any], Meta(max_length=200)]


class HintTaken(Data, frozen=True, tag="hint-taken"):
    """`number` counts the hints taken on this lab; `which` says which of the author's three it was (0: the one of that number)."""

    lab: Id
    number: Literal[1, 2, 3]
    which: Literal[0, 1, 2, 3] = 0


class SolutionSeen(Data, frozen=True, tag="solution-seen"):
    target: Id  # a lab or a problem
    after_pass: bool


class ProjectEntry(Data, frozen=True, tag="project-entry"):
    project: Id
    milestone: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    done: bool = False
    text: Text = ""
    hours: Hours = 0.0


class CompetitionEntry(Data, frozen=True, tag="competition-entry"):
    """What was handed in, and its public score. `entry` names it for its competition: the beginning of the file's SHA-256.

    data: the digest of what it was scored on. low, high: the 95% interval of the bootstrap. private_score: where a competition tells it at
    once; the program's own come with `competition-closed`. set_aside: why it does not count, "" where it does.
    """

    competition: Id
    public_score: Figure
    private_score: Figure | None = None
    note: Text = ""
    entry: Id = ""
    file: Line = ""
    form: Literal["", "csv", "program", "notebook"] = ""
    validation: Figure | None = None  # what the learner's own validation gave
    low: Figure | None = None
    high: Figure | None = None
    data: Id = ""
    set_aside: Line = ""


class CompetitionClosed(Data, frozen=True, tag="competition-closed"):
    """The learner opened the private board: what each entry scored there, by its name. Later entries no longer compete."""

    competition: Id
    data: Id
    scores: Annotated[dict[Id, Figure], Meta(max_length=10_000)]


class RunFinished(Data, frozen=True, tag="run-finished"):
    """One training of the forge."""

    run: Id
    recipe: Line
    seconds: Seconds
    metrics: Annotated[dict[Id, Figure], Meta(max_length=10_000)]
    parts: Annotated[dict[Id, Line], Meta(max_length=10_000)] = {}


class NoteWritten(Data, frozen=True, tag="note-written"):
    target: Id  # any id: a resource, a lesson, a skill; a paragraph as `lesson#p-…`
    text: Text
    quote: Line = ""  # of a note beside a paragraph: how that begins


class Chosen(Data, frozen=True, tag="chosen"):
    """What the learner wished of the evening instead of the plan's word. It holds for that day of theirs, and no longer.

    targets: ids as a step names them, `resource#number` for a chapter and `cards` for the cards; a skill or a module stands for all that
    is about it. wish: do them first, not today, or as the plan has it (which takes either back).
    """

    targets: Annotated[list[Id], Meta(max_length=50)]
    wish: Literal["now", "not-tonight", "as-planned"]


class TimeLogged(Data, frozen=True, tag="time-logged"):
    """Work done away from the program: a lecture watched, a book read on the train."""

    hours: Hours
    what: Line
    target: Id | None = None


class ForecastMade(Data, frozen=True, tag="forecast-made"):
    """What the forecast said at the end of a week, so that it can be held against what came: dates as milliseconds UTC."""

    finish: Quantiles = {}  # "q10", "q50", … -> when the whole plan ends
    stages: Annotated[dict[Id, Quantiles], Meta(max_length=1000)] = {}  # stage id -> the same
    done: Annotated[float, Meta(ge=-1, le=2)] = -1.0  # the share of the plan's hours that was done then; below 0 where it was not noted
    ahead: Annotated[
        dict[Quantile, Shares], Meta(max_length=1000)
    ] = {}  # "4", "8", "12" weeks on -> "q10", "q50", … -> the share that would be done


class MemoryFitted(Data, frozen=True, tag="memory-fitted"):
    """FSRS parameters were fitted to this learner's own reviews: those in use from here on.

    They are the fitted ones only where these won on reviews held out; else those in use until now (empty: the defaults).
    """

    parameters: Annotated[list[float], Meta(max_length=21)]
    reviews: Count = 0
    loss_before: Loss = 0.0  # log loss on the reviews held out, with the parameters in use until now
    loss_after: Loss = 0.0  # the same, with the fitted ones
    won: bool = True
    margin: Loss = 0.0  # the standard error of the difference, which the gain has to exceed
    held_out: Count = 0


class ReviewsImported(Data, frozen=True, tag="reviews-imported"):
    """What another program knew of the learner's memory beyond this one's cards: material for `memory-fitted`, and nothing else.

    A card is known by a hash of its number there, never by its text. Its reviews are flat pairs: the time in seconds since 1970 and the
    rating (1 to 4), in order.
    """

    source: Id
    file: Line
    reviews: Count  # answers in the file that were given to cards of others
    cards: Annotated[dict[Id, Pairs], Meta(max_length=200_000)] = {}


class ImportUndone(Data, frozen=True, tag="import-undone"):
    """These entries of the journal no longer count: the import that brought them was taken back. They stand where they stood.

    what: an import, or the rating of a card that the learner took back at once, which no later import brings to life again.
    `again`: they count again, because they were imported once more. The last such word on an entry is the one that holds, wherever in the
    journal it stands. One event names at most `MOST_NAMED` entries; an import of more takes several.
    """

    events: Annotated[list[EventId], Meta(max_length=5000)]
    again: bool = False
    what: Literal["import", "rating"] = "import"


MOST_NAMED = 5000

Event_ = (
    Enrolled | GoalsChanged | Placed | ItemAnswered | LessonOpened | LessonFinished | Checked | Faded | AnswerMarked
    | PassageMarked
    | ChapterRead | ChapterStopped | ProblemAnswered | CardReviewed | CardEdited | CardSuspended
    | LabSubmitted | HintTaken | SolutionSeen | ProjectEntry | CompetitionEntry
    | CompetitionClosed | RunFinished | NoteWritten | Chosen | TimeLogged
    | ForecastMade | MemoryFitted | ReviewsImported | ImportUndone
)  # fmt: skip


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One entry of the journal.

    id: UUIDv7 as 32 hexadecimal digits: unique across machines, and sorted by time.
    at: milliseconds since 1970 UTC. tz: the learner's minutes east of UTC then, so that "that evening" can be said later.
    learner: whose it is ("me" on a machine of one's own). version: of this kind's meaning, see `upgrades.CURRENT`.
    """

    id: str
    at: Moment
    tz: Offset = 0
    learner: Learner = "me"
    version: int = 1
    data: Event_
