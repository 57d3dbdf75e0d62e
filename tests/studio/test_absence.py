"""Who comes back after a month or more is told what became of what they knew, and has a light evening."""

from __future__ import annotations

import tiny_curriculum as tiny
from modelwright.studio import Studio
from turned_clock import Clock


def test_today_meets_an_absence_with_what_became_of_what_was_known_and_fewer_minutes(studio: Studio, clock: Clock) -> None:
    studio.finish_lesson(tiny.LESSON)
    for seed in range(1, 9):
        question = studio.problem(tiny.PROBLEM, seed).question
        studio.answer(tiny.PROBLEM, seed, str(2 * int(question.split()[-1].rstrip("$?"))))
    usual = studio.settings().minutes_per_day
    clock.pass_(days=60)
    studio.today()  # looking is not working: the absence lasts until something was done
    tonight = studio.today()
    assert tonight.back is not None
    assert tonight.back.days >= 58
    assert "You were away for" in tonight.back.told
    assert tonight.title == "Good to have you back"
    assert sum(step.minutes for step in tonight.steps) <= usual / 2
    clock.pass_(days=1)
    studio.answer(tiny.PROBLEM, 20, "1")
    clock.pass_(days=20)
    assert studio.today().back is None
