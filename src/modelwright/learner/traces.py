"""What is remembered of one skill, lab, problem or kind of work: the numbers that the fold sets.

Plain classes with slots, because the fold sets some thirty of their attributes for every event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from modelwright.learner.fsrs import Trace

BINS: Final = 10
SAT: Final = 12  # days with one thing that are remembered


@dataclass(slots=True)
class SkillTrace:
    """What is known of one skill. Counts are weighted: an answer after a hint is less than one.

    right, wrong: answers. fast, middle, slow: running means, over about the last 2, 3 and 10 answers, of what came less what the
    exercise's difficulty led to expect. streak: rights (positive) or wrongs (negative) in a row. counted_at: which answer of the learner
    the last one was. offset, variance: how much easier this skill is to this learner than their ability says, and how sure that is.
    echo: successes at things that contain this skill. doubt: failures at things it is made of. hints: a running mean of help
    taken. tempo: running mean of log(time / expected time). told: the log-odds that a placement gave, worth so many answers (0: there
    was none), after so many had been given. learned_at: when it came to count as learned, 0 while it does not; proven: whether answers,
    or every lab on it, stand behind that, and not a placement or reading alone. tries: answers since three in a row were last right.
    sittings: days with an answer, half a day apart. stuck_at: when practice was first seen not to help (0: it helps). filled_at: when the
    hole of an example was filled. proof: log-odds, by its answers alone, of somebody who has the skill against somebody who half has it
    and guesses. lost: how often answers took back what answers had shown. once: when it first came to count as learned, which nothing
    takes back. sat: the last days with an answer, since 1970 in the learner's time.
    """

    right: float = 0.0
    wrong: float = 0.0
    fast: float = 0.0
    middle: float = 0.0
    slow: float = 0.0
    streak: int = 0
    tries: int = 0
    sittings: int = 0
    stuck_at: int = 0
    filled_at: int = 0
    once: int = 0
    proof: float = 0.0
    lost: int = 0
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
    begun_at: int = 0  # the first work on it: read, practised, or asked about other than to find out what is known
    passed_at: int = 0  # the last lab passed, or problem answered rightly
    placed: float = -1.0  # the probability that placement gave, -1 without
    placed_by_test: bool = False
    learned_at: int = 0
    proven: bool = False
    misconception: str = ""  # the last one seen, until the skill is answered rightly
    memory: Trace = field(default_factory=Trace)
    owed: float = 0.0  # credit from things that contain it, not yet paid into `memory`; when the first and the last of it came
    owed_from: int = 0
    owed_at: int = 0
    spread: float = 0.4  # the variance of the logarithm of the memory's stability: how far it may be from what `memory` says
    sat: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Repeats:
    """Answers to one very exercise, with the same numbers where a problem draws new ones; each counts as one.

    answers: while there are none, the rest says nothing. streak: rights (positive) or wrongs (negative) in a row. counted_at: which
    answer of the learner the last one was. run: how many of the last ones came with nothing else in between.
    """

    answers: int = 0
    right: int = 0
    streak: int = 0
    counted_at: int = 0
    run: int = 0


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
    sat: list[int] = field(default_factory=list)  # the last days on which it was handed in, since 1970 in the learner's time


@dataclass(slots=True)
class ProblemTrace:
    """seed: of the numbers that were asked last; repeats: the answers with these very numbers."""

    answered: int = 0
    right: int = 0
    last_at: int = 0
    seed: int = -1
    repeats: Repeats = field(default_factory=Repeats)
    sat: list[int] = field(default_factory=list)  # the last days on which it was answered, since 1970 in the learner's time


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
class Table:
    """A reliability table: per tenth of predicted probability, how many, their sum, and how many came true."""

    count: list[int] = field(default_factory=lambda: [0] * BINS)
    predicted: list[float] = field(default_factory=lambda: [0.0] * BINS)
    came: list[float] = field(default_factory=lambda: [0.0] * BINS)
    loss: float = 0.0
    squared: float = 0.0


def sat_on(days: list[int], day: int) -> None:
    """Note a day with something, of which the last `SAT` are remembered; an older one that comes late is passed over."""
    if not days or day > days[-1]:
        days.append(day)
        if len(days) > SAT:
            del days[0]
