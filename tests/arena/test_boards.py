"""Boards: order, ties, what does not count, and what closing says of whom to believe."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.arena import Line, Material, Score, board, difference, measure, score, shake_up
from modelwright.curriculum.models import Competition


def line(name: str, value: float | None, *, ghost: bool = False, validation: float | None = None, at: int = 0) -> Line:
    return Line(name, name, None if value is None else Score(value, value, value), ghost, at, validation)


values = st.lists(st.one_of(st.none(), st.floats(-10, 10)), max_size=12)


@given(values, st.booleans(), st.randoms(use_true_random=False))
def test_a_rank_is_how_many_are_better_and_no_order_of_coming_changes_it(scores: list[float | None], higher: bool, random: object) -> None:
    lines = [line(str(i), value) for i, value in enumerate(scores)]
    shuffled = list(lines)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    stands = board(shuffled, higher_is_better=higher)
    for one in lines:
        rank = stands.rank(one.name)
        if one.score is None:
            assert rank is None
        else:
            better = sum(
                other.score is not None and (other.score.value > one.score.value) == higher and other.score.value != one.score.value
                for other in lines
            )
            assert rank == better + 1
    assert len(stands.lines) == len(lines)


def test_closing_says_whom_it_would_have_been_right_to_believe() -> None:
    public = [line("ghost", 0.5, ghost=True), line("lucky", 0.30, validation=0.45, at=1), line("sound", 0.40, validation=0.38, at=2)]
    private = [line("ghost", 0.5, ghost=True), line("lucky", 0.48), line("sound", 0.39)]
    shake = shake_up(public, private, higher_is_better=False)
    assert shake.best is not None
    assert shake.best.line.name == "sound"
    assert shake.trusting_the_board is not None
    assert (shake.trusting_the_board.line.name, shake.trusting_the_board.private_rank) == ("lucky", 2)
    assert shake.trusting_validation is not None
    assert shake.trusting_validation.line.name == "sound"
    assert [move.line.name for move in shake.moves] == ["sound", "lucky", "ghost"]


def test_a_difference_is_sure_only_where_the_rows_are_enough(coins: Competition, drawn: Material) -> None:
    assert drawn.ideal is not None
    half, ideal = np.full(len(drawn.ids), 0.5), drawn.ideal

    def better(one: np.ndarray, other: np.ndarray):
        return difference(coins, *(measure(coins, drawn, values, public=True) for values in (one, other)))

    gained = better(ideal, half)
    assert gained.value > 0
    assert gained.sure
    assert better(half, ideal).value == pytest.approx(-gained.value)
    assert not better(np.clip(ideal + 0.003, 0, 1), ideal).sure


def test_the_interval_holds_the_score_of_other_rows_about_as_often_as_it_says(coins: Competition, drawn: Material) -> None:
    assert drawn.ideal is not None
    rng, inside = np.random.default_rng(0), 0
    for _ in range(40):
        again = Material(
            drawn.train, drawn.test, drawn.ids, (rng.random(len(drawn.ids)) < drawn.ideal).astype(int), drawn.ideal, drawn.public, ""
        )
        interval = score(coins, again, drawn.ideal, public=True)
        expected = -np.mean(drawn.ideal * np.log(drawn.ideal) + (1 - drawn.ideal) * np.log(1 - drawn.ideal))
        inside += interval.low <= expected <= interval.high
    assert inside >= 33
