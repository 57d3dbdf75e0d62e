"""The time worked: from one sign of work to the next, and not while something else is open."""

from __future__ import annotations

from pathlib import Path

import pytest

import tiny_curriculum as tiny
from modelwright.journal import events as e
from modelwright.studio import Studio
from modelwright.studio.sitting import Sitting
from turned_clock import Clock

MINUTE = 60_000


@pytest.fixture
def sitting(tmp_path: Path) -> Sitting:
    return Sitting(tmp_path / "run" / "opened.json")


def test_an_hour_of_typing_is_an_hour(sitting: Sitting) -> None:
    sitting.open("lab", 0)
    for minute in range(10, 61, 10):
        sitting.work("lab", minute * MINUTE)
    assert sitting.spent("lab", 61 * MINUTE, otherwise=0) == 61 * 60


def test_who_went_away_is_counted_half_an_hour_and_no_more(sitting: Sitting) -> None:
    sitting.open("lab", 0)
    assert sitting.spent("lab", 300 * MINUTE, otherwise=0) == 30 * 60


def test_while_something_else_is_open_the_time_is_not_the_labs(sitting: Sitting) -> None:
    sitting.open("lab", 0)
    sitting.open("lesson", 5 * MINUTE)
    sitting.open("lab", 25 * MINUTE)
    assert sitting.spent("lab", 27 * MINUTE, otherwise=0) == 7 * 60
    assert sitting.spent("lesson", 27 * MINUTE, otherwise=0) == 20 * 60


def test_what_was_recorded_begins_again(sitting: Sitting) -> None:
    sitting.open("lab", 0)
    sitting.open("lab", 9 * MINUTE, again=True)
    assert sitting.spent("lab", 10 * MINUTE, otherwise=0) == 60


def test_what_was_never_opened_is_not_known_and_a_broken_file_is_no_trouble(sitting: Sitting) -> None:
    assert sitting.spent("lab", 0, otherwise=7.5) == 7.5
    sitting.open("lab", 0)
    for text in ("", "[]", '{"lab": 5}', '{"lab": [1, "x"]}'):
        sitting.file.write_text(text)
        assert sitting.spent("lab", MINUTE, otherwise=7.5) == 60


@pytest.mark.parametrize("minutes", [31, 61])
def test_looking_at_an_open_lab_takes_nothing_from_the_time_worked(studio: Studio, clock: Clock, minutes: int) -> None:
    """A page that is open asks every two seconds what has changed; its reader types now and then."""
    begun = clock()
    sha = studio.lab(tiny.LAB).sha
    for minute in range(1, minutes + 1):
        clock.now = begun + minute * MINUTE
        studio.lab(tiny.LAB, begin=False)
        if minute % 10 == 0:
            sha = studio.save(tiny.LAB, f"# minute {minute}\n", sha)
    studio.hand_in(tiny.LAB, source=tiny.WRONG)
    (event,) = [event.data for _, event in studio.journal.events() if isinstance(event.data, e.LabSubmitted)]
    assert event.seconds == minutes * 60
