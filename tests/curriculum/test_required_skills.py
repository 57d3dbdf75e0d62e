"""What is required of an optional module stays in the plan of someone who leaves the module out, and the rest of it goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwright.curriculum import Curriculum, load
from modelwright.journal import events as e
from modelwright.journal.events import Event
from modelwright.learner import State, fold, forecast, why_not
from modelwright.learner.planning import Planner

DAY = 86_400_000
START = 1_767_225_600_000 + 18 * 3_600_000  # Thursday 1 January 2026, 18:00 UTC
FIELD = "reinforcement-learning"


@pytest.fixture(scope="module")
def plan() -> Curriculum:
    return load(Path(__file__).parents[2] / "curriculum")


def knows_all_else(plan: Curriculum, leaves_out: list[str]) -> State:
    """Someone who knows the whole plan apart from reinforcement learning, and leaves modules out."""
    known = {s.id: 0.97 for s in plan.skills.values() if s.module != FIELD}
    happened = (
        e.Enrolled(name="Ada", hours_per_week=7),
        e.GoalsChanged(skipped=leaves_out),
        e.Placed(skills=known, by="test", questions=60),
        *(e.ProjectEntry(project=project, done=True, hours=10) for project in plan.projects),
    )
    return fold(plan, [Event(id=f"{n:032x}", at=START + n, data=data) for n, data in enumerate(happened)])  # type: ignore[arg-type]


def test_who_leaves_out_reinforcement_learning_still_meets_the_policy_gradient_and_no_bandits(plan):
    state = knows_all_else(plan, [FIELD])
    planner = Planner(plan, state, START + DAY)
    assert planner.frontier == [f"{FIELD}/policy-gradient", f"{FIELD}/verifiable-rewards"]
    assert any(f"{FIELD}/policy-gradient" in step.skills for step in planner.session(60).steps)
    assert "You left out" not in why_not(plan, state, START + DAY, f"{FIELD}/policy-gradient").reason
    assert "You left out" in why_not(plan, state, START + DAY, f"{FIELD}/q-learning").reason


def test_the_hours_of_what_is_required_stay_in_the_forecast(plan):
    whole = forecast(plan, knows_all_else(plan, []), START + DAY, paths=400).hours_left
    left = forecast(plan, knows_all_else(plan, [FIELD]), START + DAY, paths=400).hours_left
    skills = plan.modules[FIELD].skills
    assert left / whole == pytest.approx(sum(s.hours for s in skills if s.required) / sum(s.hours for s in skills), rel=0.1)
