"""A hole that is filled: what is recorded of it, and what it is worth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import running_lesson
from modelwright.journal import events as e
from modelwright.studio import Studio, Unknown

LESSON, HOLE, SKILL = running_lesson.LESSON, "newton-step", "tiny-maths/doubling"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with Studio.open(tmp_path / "home", running_lesson.build(tmp_path / "course")) as opened:
        opened.enrol("Ada", 7)
        yield opened


def holes(studio: Studio) -> list[e.Faded]:
    return [event.data for _, event in studio.journal.events() if isinstance(event.data, e.Faded)]


def test_a_right_line_is_recorded_once_in_a_sitting_and_ticked(studio: Studio) -> None:
    assert not studio.fill(LESSON, HOLE, "curvature(x)").right
    assert not studio.fill(LESSON, HOLE, "1 / (0").right
    assert holes(studio) == []
    assert not next(line for line in studio.lesson(LESSON).contents if line.kind == "faded").done
    assert studio.fill(LESSON, HOLE, "curvature(x) ** -1", hints=1).right
    assert studio.fill(LESSON, HOLE, "1 / curvature(x)").right
    assert holes(studio) == [e.Faded(target=f"{LESSON}#{HOLE}", skills=[SKILL], line="curvature(x) ** -1", hints=1)]
    assert next(line for line in studio.lesson(LESSON).contents if line.kind == "faded").done


def test_it_hardly_weighs_once_the_line_was_shown(tmp_path: Path) -> None:
    course = running_lesson.build(tmp_path / "course")

    def evidence(hints: int) -> float:
        with Studio.open(tmp_path / f"home-{hints}", course) as studio:
            studio.enrol("Ada", 7)
            assert studio.fill(LESSON, HOLE, "1 / curvature(x)", hints).right
            with studio._desk() as desk:
                return desk.state.skills[SKILL].echo

    alone, hinted, shown = evidence(0), evidence(2), evidence(3)
    assert 1 > alone > hinted > shown > 0


def test_there_are_two_hints_and_then_the_line(studio: Studio) -> None:
    helps = studio.hole_help(LESSON, HOLE, 3)
    assert [help.left for help in helps] == [2, 1, 0]
    assert "1 / curvature(x)" in helps[2].text
    assert "1 / curvature(x)" not in helps[0].text + helps[1].text
    with pytest.raises(Unknown, match="newton-step"):
        studio.hole_help(LESSON, "newton", 1)
