"""What is believed of a learner now, asked of the state: mastery, memory, where a skill stands, cards that are due, hours.

Mastery and memory are two numbers on purpose: one may have understood a thing and forgotten it, or remember the words and not be able to
use them. Everything here is a function of (curriculum, state, now).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from modelwright.curriculum import UnknownId
from modelwright.curriculum.effort import taught_by_lessons
from modelwright.learner.filtering import grown
from modelwright.learner.fsrs import DAY, REVIEW, scheduler
from modelwright.learner.index import index
from modelwright.learner.recall import paid, trusted
from modelwright.learner.state import State
from modelwright.learner.traces import SkillTrace
from modelwright.learner.tracing import Tracer, default_tracer, prerequisite_level, sigmoid, standard_level

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modelwright.curriculum import Curriculum

WEEK = 7 * DAY
MASTERED = 0.8  # the probability of success from which a right answer makes a skill count as learned …
ENOUGH = 0.9  # … once this many answers (weighted) stand behind it
IN_A_ROW = 8  # … or so many right answers one after another, whatever came before them
LOST = 0.72  # the probability below which a wrong answer takes that back …
HALF = 0.25  # of the answers of somebody who half has a skill, those that are right without a guess
SURE = 1.2  # log-odds against that person, by a skill's own answers, from which they are more than luck: two formulas, or two choices …
BELIED = -0.7  # … and below which a wrong answer takes back what was learned, whatever else speaks for it …
PROOF, LEAST_PROOF = 3.0, -0.8  # … of at most so much, and of no less, since what is lost is taught anew
BADLY = -0.2  # … where the skill's own last answers (their running mean over three) came so much worse than their difficulty explains
PLACED = 0.75
FADED = 0.8  # recall below this is called fading; cards have their own, finer goal

Standing = Literal["locked", "open", "learning", "known", "fading"]


@dataclass(frozen=True, slots=True)
class Mastery:
    """p: the probability of success at a new exercise of middling difficulty, sd: its uncertainty; attempts: answers, weighted."""

    p: float
    sd: float
    attempts: float


@dataclass(frozen=True, slots=True)
class Memory:
    """retrievability: the probability of recall now. due_at: when it falls to the learner's goal."""

    retrievability: float
    due_at: int
    stability_days: float


@dataclass(frozen=True, slots=True)
class DueCard:
    card: str
    due_at: int
    retrievability: float
    new: bool


@dataclass(frozen=True, slots=True)
class Hours:
    """by_week: (Monday, milliseconds UTC of the learner's own midnight; hours), oldest first. by_kind: lesson, lab, card …"""

    total: float
    this_week: float
    by_week: tuple[tuple[int, float], ...]
    by_kind: dict[str, float]


def mastery(curriculum: Curriculum, state: State, skill: str, now: int, tracer: Tracer | None = None) -> Mastery:
    _known(curriculum, skill)
    tracer = tracer or default_tracer()
    trace = state.skills.get(skill)
    if trace is None:
        trace = SkillTrace(variance=tracer.prior.skill)
    around = prerequisite_level(state, index(curriculum).prerequisites[skill])
    p = sigmoid(standard_level(state, skill, trace, around, now, tracer))
    variance = grown(trace.variance, tracer.prior.drift_skill, trace.answered_at, now, tracer.prior.skill)
    ability = grown(state.ability_variance, tracer.prior.drift_ability, state.last_at, now, tracer.prior.ability)
    return Mastery(p, p * (1 - p) * math.sqrt(variance + ability), trace.right + trace.wrong)


def memory(curriculum: Curriculum, state: State, skill: str, now: int) -> Memory | None:
    """None for what was never learned."""
    _known(curriculum, skill)
    trace = state.skills.get(skill)
    if trace is None or trace.memory.phase == 0:
        return None
    fsrs = scheduler((), False)
    kept, spread = replace(trace.memory), trace.spread
    if trace.owed:
        spread = paid(kept, spread, trace.owed, fsrs, trace.owed_at)
    kept.stability = trusted(kept.stability, spread)
    return Memory(fsrs.smooth_retrievability(kept, now), fsrs.due(kept, state.retention), kept.stability)


def learned(curriculum: Curriculum, state: State, skill: str) -> bool:
    """Whether the plan may build on this skill: a fact that the fold keeps, with its date. See `Folder.judge` for how it comes and goes.

    Forgetting is the memory's affair: what was learned stays learned, and comes back as a review.
    """
    if not index(curriculum).teaches.get(skill, False):
        return True  # nothing in the program teaches it, so nothing may wait for it
    return learned_at(state, skill) > 0


def learned_at(state: State, skill: str) -> int:
    """When a skill came to count as learned, in milliseconds UTC; 0 while it does not, and for what nothing in the program teaches."""
    trace = state.skills.get(skill)
    return trace.learned_at if trace is not None else 0


def read_through(curriculum: Curriculum, state: State, skill: str) -> bool:
    """Whether a skill that nothing practises was taught, and nothing is left to read for it."""
    trace = state.skills.get(skill)
    return (
        trace is not None
        and trace.taught_at > 0
        and not index(curriculum).practised.get(skill, True)
        and not lessons_left(curriculum, state, skill)
        and not reading_left(curriculum, state, skill)
    )


def needed_first(curriculum: Curriculum, state: State, skills: Sequence[str], now: int) -> list[str]:
    """These skills in the order in which to ask about them: those in doubt first, then what is likeliest to be forgotten."""

    def need(skill: str) -> tuple[bool, float]:
        kept = memory(curriculum, state, skill, now)
        return learned(curriculum, state, skill), kept.retrievability if kept else 0.0

    return sorted((s for s in skills if s in curriculum.skills), key=need)


def placed_well(trace: SkillTrace) -> bool:
    return trace.placed >= PLACED and trace.wrong < 1.0


def lessons_left(curriculum: Curriculum, state: State, skill: str) -> list[str]:
    return [lesson for lesson in curriculum.teaching(skill, "lesson") if lesson not in state.lessons]


def reading_left(curriculum: Curriculum, state: State, skill: str) -> list[tuple[str, int]]:
    """What is to be read for a skill that has no lesson: the chapters of the chosen book (else of any) that serve it and are unread."""
    if curriculum.teaching(skill, "lesson"):
        return []
    places = curriculum.chapters(skill)
    book = chosen_book(curriculum, state, curriculum.skills[skill].module)
    chosen = [place for place in places if place[0] == book] or [place for place in places if place[0] == (places[0][0] if places else "")]
    left = [place for place in chosen if f"{place[0]}#{place[1]}" not in state.chapters]
    if len(left) == len(chosen) and any(f"{r}#{n}" in state.chapters for r, n in places):
        return []  # another book has served it
    return left


def chosen_book(curriculum: Curriculum, state: State, module: str) -> str | None:
    """The book that the learner reads in a module: their choice ("" is none, where lessons teach everything), else the default path's."""
    chosen = state.books.get(module)
    if chosen in curriculum.resources or (chosen == "" and taught_by_lessons(curriculum, module)):
        return chosen or None
    return index(curriculum).default_books[module]


def standing(curriculum: Curriculum, state: State, skill: str, now: int) -> Standing:
    """Where a skill stands, in one word."""
    _known(curriculum, skill)
    trace = state.skills.get(skill)
    if learned(curriculum, state, skill):
        kept = memory(curriculum, state, skill, now)
        return "fading" if kept is not None and kept.retrievability < FADED else "known"
    if trace is not None and trace.begun_at:
        return "learning"
    return "locked" if missing(curriculum, state, skill) else "open"


def missing(curriculum: Curriculum, state: State, skill: str) -> list[str]:
    """The skill's own prerequisites that are not learned yet; those that were left out do not count."""
    return [
        p
        for p in index(curriculum).prerequisites[skill]
        if not learned(curriculum, state, p) and not curriculum.skills[p].left_out(state.skipped)
    ]


def due_cards(curriculum: Curriculum, state: State, now: int) -> list[DueCard]:
    """Cards whose time has come, the most pressing first, then new cards of what has been taught, in the curriculum's order.

    Steps of minutes come first; of the rest those that are likeliest to be recalled still, so that a backlog is saved where it can be.
    """
    fsrs = scheduler(tuple(state.parameters))
    steps: list[DueCard] = []
    later: list[DueCard] = []
    new: list[DueCard] = []
    scale = fsrs.interval_scale(state.retention)
    for id, card in curriculum.cards.items():
        if id in state.suspended:
            continue
        trace = state.cards.get(id)
        if trace is None or trace.phase == 0:
            skill = state.skills.get(card.skill)
            if skill is not None and skill.taught_at:
                new.append(DueCard(id, skill.taught_at, 0.0, True))
        elif trace.phase == REVIEW:
            if trace.last + 0.98 * trace.stability * scale * DAY - DAY > now:
                continue  # far from due: spare the exact arithmetic
            due = fsrs.due(trace, state.retention)
            if due <= now:
                later.append(DueCard(id, due, fsrs.smooth_retrievability(trace, now), False))
        elif trace.due <= now:
            steps.append(DueCard(id, trace.due, fsrs.smooth_retrievability(trace, now), False))
    steps.sort(key=lambda d: d.due_at)
    later.sort(key=lambda d: (-d.retrievability, d.card))
    return steps + later + new


def hours_logged(curriculum: Curriculum, state: State, now: int) -> Hours:
    offset = state.tz * 60_000
    monday = 3 * DAY
    by_week = tuple((week * WEEK - monday - offset, hours) for week, hours in sorted(state.weeks.items()))
    this_week = state.weeks.get((now + offset + monday) // WEEK, 0.0)
    by_kind = {kind: pace.hours for kind, pace in sorted(state.pace.items())}
    return Hours(sum(state.weeks.values()), this_week, by_week, by_kind)


def _known(curriculum: Curriculum, skill: str) -> None:
    if skill not in curriculum.skills:
        raise UnknownId("skill", skill, curriculum.nearest("skill", skill))
