"""Whatever the journal's bounds let in: the fold takes it, in parts as at once, and every question about the state is answered."""

from __future__ import annotations

import math

import pytest
from course import DAY, START, course
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from anything import data_of, event, events
from modelwright.journal.events import Event
from modelwright.journal.upgrades import KINDS, kind_of
from modelwright.learner import State, due_cards, fold, forecast, hours_logged, mastery, memory, session, standing

COURSE = course()
IDS = [*COURSE.modules, *COURSE.skills, *COURSE.lessons, *COURSE.labs, *COURSE.problems, *COURSE.cards, *COURSE.resources, *COURSE.projects]
QUICK = settings(
    max_examples=40, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate), suppress_health_check=list(HealthCheck)
)


def answers(state: State, now: int) -> None:
    """Every question that the learner room answers, and each answer a number."""
    assert session(COURSE, state, now, 45).title
    due_cards(COURSE, state, now)
    hours_logged(COURSE, state, now)
    for skill in COURSE.skills:
        estimate = mastery(COURSE, state, skill, now)
        assert 0 <= estimate.p <= 1
        assert math.isfinite(estimate.sd)
        kept = memory(COURSE, state, skill, now)
        assert kept is None or (0 <= kept.retrievability <= 1 and math.isfinite(kept.stability_days))
        standing(COURSE, state, skill, now)
    q = forecast(COURSE, state, now, paths=20).finish
    assert now <= q.q10 <= q.q90


@QUICK
@given(history=events(IDS, 40), cut=st.integers(0, 40), now=st.sampled_from([START, START + 400 * DAY, 7_258_118_400_000]))
def test_any_events_within_the_bounds_fold_in_parts_as_at_once_and_answer_every_question(history: list[Event], cut: int, now: int) -> None:
    whole = fold(COURSE, history)
    half = State.restore(fold(COURSE, history[:cut]).canonical())
    assert fold(COURSE, history[cut:], half).canonical() == whole.canonical()
    answers(whole, now)


@pytest.mark.parametrize("kind", KINDS, ids=kind_of)
def test_each_kind_alone_at_its_extremes(kind: type) -> None:
    @settings(QUICK, max_examples=8)
    @given(st.lists(data_of(kind, IDS), min_size=1, max_size=6), st.sampled_from([0, START, 7_258_118_400_000]))
    def try_it(many: list[dict], at: int) -> None:
        state = fold(COURSE, [event(n, data, at, 0) for n, data in enumerate(many)])
        assert State.restore(state.canonical()).canonical() == state.canonical()
        answers(state, START)

    try_it()
