"""Everything that is concluded about a learner, and nothing else: the value that `fold` builds from the journal.

It is a cache, never a record: delete it and the fold brings it back byte for byte. All of it is numbers and ids, so that folding
is fast and `canonical` is the same text for the same history on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from modelwright.learner.errors import LearnerError
from modelwright.learner.fsrs import Trace
from modelwright.learner.traces import LabTrace, Pace, ProblemTrace, ProjectTrace, Repeats, SkillTrace, Table

MONDAY = 3  # the days from a Monday to 1 January 1970, a Thursday: weeks begin on Mondays

SCHEMA = 8


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


@dataclass
class State:
    """All of it. What is worked out from a state and kept with it (`vars`) is no part of it: neither compared, written nor copied.

    answers, rights: weighted. count: answers as such. recalls: reviews of cards a day or more after the last. met: skills answered.
    latest, run: the skill of the last answer, and how many answers it had one after another. fast, slow: running means of 1 and -1 over
    about the last 2 and the last 10 answers; fast_left, slow_left, long_left: of what came less what was expected, the last over about
    30. streak: as of a skill, on anything. again, again_right: answers to an exercise that had been answered before, and the right ones.
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
    again: int = 0
    again_right: int = 0
    skills: dict[str, SkillTrace] = field(default_factory=dict)
    cards: dict[str, Trace] = field(default_factory=dict)
    labs: dict[str, LabTrace] = field(default_factory=dict)
    problems: dict[str, ProblemTrace] = field(default_factory=dict)
    items: dict[str, Repeats] = field(default_factory=dict)
    lessons: dict[str, int] = field(default_factory=dict)  # lesson -> when it was finished
    opened: dict[str, int] = field(default_factory=dict)  # lesson -> when it was opened
    chapters: dict[str, int] = field(default_factory=dict)  # "resource#number" -> when it was read
    reread: dict[str, int] = field(default_factory=dict)  # lesson or chapter -> how often it was read after the first time
    reached: dict[str, float] = field(default_factory=dict)  # chapter -> of one that was begun, the share that was read
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
    suspended: dict[str, int] = field(default_factory=dict)  # card -> since when it is not asked
    introduced: int = 0  # cards that were met for the first time on `introduced_day`, in the learner's time
    introduced_day: int = 0
    chosen_day: int = 0  # the day, in the learner's time, of which the next two speak
    anyway: list[str] = field(default_factory=list)  # targets that the learner chose to do first and has not done, the latest first
    put_off: list[str] = field(default_factory=list)  # what is not to come on that day
    # Work is logged at its end. As `weeks`: what was worked in a week and logged later, less what was logged in it and worked before.
    carried: dict[int, float] = field(default_factory=dict)
    piece_day: int = 0  # the last day on which work on something new was logged; as in `days`

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
