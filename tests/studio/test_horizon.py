"""How far it is: the plan's own range at the learner's hours stands first, and agrees with the first forecast."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwright.curriculum import load
from modelwright.studio import Studio
from turned_clock import Clock

WEEK = 7 * 86_400_000


@pytest.mark.parametrize("hours", [4.0, 7.0, 12.0])
def test_the_first_forecast_and_the_plans_own_range_overlap_and_the_range_is_in_words(tmp_path: Path, clock: Clock, hours: float) -> None:
    with Studio.open(tmp_path / "home", load().folder, now=clock) as studio:
        studio.enrol("Ada", hours)
        horizon, forecast = studio.horizon(), studio.forecast()
        plan = studio.plan()
        assert (horizon.hours_low, horizon.hours_high) == (pytest.approx(plan.hours_low), pytest.approx(plan.hours_high))
        assert f"{round(horizon.hours_low)} to {round(horizon.hours_high)} hours: at your {hours:g} hours a week" in horizon.sentence
        now = clock()
        low, high = now + horizon.hours_low / hours * WEEK, now + horizon.hours_high / hours * WEEK
        assert low <= forecast.finish.q50, "nobody is done before the plan's shortest way"
        assert forecast.finish.q10 <= high, "what is said first and what is drawn behind it must not exclude one another"


def test_at_the_beginning_the_next_milestone_is_named_and_later_the_year(studio: Studio, clock: Clock) -> None:
    tonight = studio.today()
    assert tonight.horizon is not None
    assert tonight.horizon.early
    assert tonight.horizon.milestone is not None
    assert tonight.horizon.milestone_sentence == "10 to 20 hours, 2 to 3 weeks at your 6 hours a week."
    for _ in range(6):
        studio.log_time(2, "work")
        clock.pass_(days=1)
    assert not studio.horizon().early
    assert studio.horizon().sentence.startswith("What is left of the plan is")


def test_the_next_milestone_is_the_module_that_tonight_works_on(tmp_path: Path, clock: Clock) -> None:
    """Who does not program begins with Python, though the plan lists another module first."""
    with Studio.open(tmp_path / "home", load().folder, now=clock) as studio:
        studio.enrol("Ada", 7)
        tonight = studio.today()
        assert tonight.horizon is not None
        assert tonight.horizon.milestone is not None
        assert tonight.horizon.milestone.id == "python" == tonight.steps[0].target.split("/")[0]
