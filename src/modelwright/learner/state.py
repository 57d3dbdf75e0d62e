"""Everything that is concluded about a learner, and nothing else: the value that `fold` builds from the journal.

It is a cache, never a record: delete it and the fold brings it back byte for byte. All of it is numbers and ids, so that folding
is fast and `canonical` is the same text for the same history on any machine. They are plain classes with slots, because the fold sets
some thirty of their attributes for every event.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from modelwright.learner.errors import LearnerError
from modelwright.learner.fsrs import Trace

SCHEMA = 5
BINS = 10


@dataclass(slots=True)
class SkillTrace:
    """What is known of one skill. Counts are weighted: an answer after a hint is less than one.

    right, wrong: answers. fast, middle, slow: running means, over about the last 2, 3 and 10 answers, of what came less what the
    exercise's difficulty led to expect. streak: rights (positive) or wrongs (negative) in a row. counted_at: which answer of the learner
    the last one was. offset, variance: how much easier this skill is to this learner than their ability says, and how sure that is.
    echo: successes at things that contain this skill. doubt: failures at things it is made of. hints: a running mean of help
    taken. tempo: running mean of log(time / expected time). told: the log-odds that a placement gave, worth so many answers (0: there
    was none), after so many had been given.
    """

    right: float = 0.0
    wrong: float = 0.0
    fast: float = 0.0
    middle: float = 0.0
    slow: float = 0.0
    streak: int = 0
    counted_at: int = 0
    offset: float = 0.0
    variance: float = 1.0
    echo: float = 0.0
    doubt: float = 0.0
    hints: float = 0.0
    tempo: float = 0.0
    told: float = 0.0
    told_worth: float = 0.0
    told_after: float = 0.0
    answered_at: int = 0
    taught_at: int = 0  # the first lesson or chapter on it
    passed_at: int = 0  # the last lab passed, or problem answered rightly
    placed: float = -1.0  # the probability that placement gave, -1 without
    placed_by_test: bool = False
    misconception: str = ""  # the last one seen, until the skill is answered rightly
    memory: Trace = field(default_factory=Trace)
    owed: float = 0.0  # credit from things that contain it, not yet paid into `memory`; when the first and the last of it came
    owed_from: int = 0
    owed_at: int = 0
    spread: float = 0.4  # the variance of the logarithm of the memory's stability: how far it may be from what `memory` says


@dataclass(slots=True)
class LabTrace:
    tried_at: int = 0
    tries: int = 0
    best: float = 0.0  # the largest share of checks passed
    passed_at: int = 0
    hints: int = 0
    solution: bool = False  # seen before the pass
    since_best: int = 0  # submissions since the last progress
    hours: float = 0.0  # until the first pass


@dataclass(slots=True)
class ProblemTrace:
    answered: int = 0
    right: int = 0
    last_at: int = 0
    last_right: bool = False


@dataclass(slots=True)
class ItemTrace:
    answered: int = 0
    right: int = 0
    last_at: int = 0


@dataclass(slots=True)
class ProjectTrace:
    milestones: list[int] = field(default_factory=list)
    hours: float = 0.0
    last_at: int = 0
    done_at: int = 0


@dataclass(slots=True)
class Pace:
    """Of one kind of work: how often, and the sums that its pace is estimated from.

    taken, expected: the hours of the `times` pieces of work that could be timed, and what the curriculum expected of them.
    hours: all hours of this kind.
    """

    times: int = 0
    taken: float = 0.0
    expected: float = 0.0
    hours: float = 0.0


@dataclass(slots=True)
class Foretold:
    """A weekly snapshot of the forecast. finish, stages: quantiles of dates by name. done: the share of the plan that was done then.

    ahead: in so many weeks, the share that would be done, by quantile.
    """

    at: int
    finish: dict[str, int] = field(default_factory=dict)
    stages: dict[str, dict[str, int]] = field(default_factory=dict)
    done: float = -1.0
    ahead: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(slots=True)
class Table:
    """A reliability table: per tenth of predicted probability, how many, their sum, and how many came true."""

    count: list[int] = field(default_factory=lambda: [0] * BINS)
    predicted: list[float] = field(default_factory=lambda: [0.0] * BINS)
    came: list[float] = field(default_factory=lambda: [0.0] * BINS)
    loss: float = 0.0
    squared: float = 0.0


@dataclass
class State:
    """All of it. What is worked out from a state and kept with it (`vars`) is no part of it: neither compared, written nor copied.

    answers, rights: weighted. count: answers as such. recalls: reviews of cards a day or more after the last. met: skills answered.
    latest, run: the skill of the last answer, and how many answers it had one after another. fast, slow: running means of 1 and -1 over
    about the last 2 and the last 10 answers; fast_left, slow_left, long_left: of what came less what was expected, the last over about
    30. streak: as of a skill, on anything.
    """

    schema: int = SCHEMA
    events: int = 0
    first_at: int = 0
    last_at: int = 0
    tz: int = 0
    enrolled_at: int = 0
    hours_per_week: float = 5.0
    minutes_per_day: int = 60
    deadline: str = ""
    background: dict[str, int] = field(default_factory=dict)
    books: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    retention: float = 0.9
    parameters: list[float] = field(default_factory=list)  # FSRS fitted to this learner; empty: the defaults
    ability: float = 0.0
    ability_variance: float = 0.5
    answers: float = 0.0
    rights: float = 0.0
    count: int = 0
    recalls: int = 0
    met: int = 0
    latest: str = ""
    run: int = 0
    streak: int = 0
    fast: float = 0.0
    slow: float = 0.0
    fast_left: float = 0.0
    slow_left: float = 0.0
    long_left: float = 0.0
    skills: dict[str, SkillTrace] = field(default_factory=dict)
    cards: dict[str, Trace] = field(default_factory=dict)
    labs: dict[str, LabTrace] = field(default_factory=dict)
    problems: dict[str, ProblemTrace] = field(default_factory=dict)
    items: dict[str, ItemTrace] = field(default_factory=dict)
    lessons: dict[str, int] = field(default_factory=dict)  # lesson -> when it was finished
    opened: dict[str, int] = field(default_factory=dict)  # lesson -> when it was opened
    chapters: dict[str, int] = field(default_factory=dict)  # "resource#number" -> when it was read
    projects: dict[str, ProjectTrace] = field(default_factory=dict)
    pace: dict[str, Pace] = field(default_factory=dict)  # kind of work -> pace
    weeks: dict[int, float] = field(default_factory=dict)  # weeks since 1970 in the learner's time -> hours
    days: dict[int, float] = field(default_factory=dict)  # days since 1970 in the learner's time -> hours; the last 400 days
    mastery_table: Table = field(default_factory=Table)
    memory_table: Table = field(default_factory=Table)  # cards, a day or more after the last review
    placed_questions: int = 0
    forecasts: list[Foretold] = field(default_factory=list)
    module_hours: dict[str, float] = field(default_factory=dict)  # module -> hours of work on it: lessons, chapters, problems, labs
    # As `weeks`: of these, the hours that no module's new work claims: cards, questions, elsewhere.
    upkeep: dict[int, float] = field(default_factory=dict)

    def canonical(self) -> bytes:
        """The state as JSON: byte-identical for equal histories, since every table keeps the order in which things first happened."""
        return _ENCODER.encode(self)

    @staticmethod
    def restore(data: bytes) -> State:
        """The state from `canonical`. Raises LearnerError where it is not one, or is of another schema: then fold the journal again."""
        try:
            state = msgspec.json.decode(data, type=State)
        except msgspec.DecodeError as error:
            raise LearnerError(f"This is not a kept state ({error}): delete it, and it is made again from the journal.") from None
        if state.schema != SCHEMA:
            raise LearnerError(
                f"This kept state is of schema {state.schema}, and this Modelwright makes {SCHEMA}: "
                "delete it, and it is made again from the journal."
            )
        return state

    def copy(self) -> State:
        return _PACKED.decode(_PACK.encode(self))


# Stateless and immutable; building them costs more than using them.
_ENCODER = msgspec.json.Encoder()
_PACK = msgspec.msgpack.Encoder()
_PACKED = msgspec.msgpack.Decoder(State)
