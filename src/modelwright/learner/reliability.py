"""How well does this program know me? Its own predictions, held against what the learner then did.

The state keeps a reliability table while it folds: each answer is predicted before it is believed, so every row is a true forecast.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from modelwright.learner import wording as say
from modelwright.learner.state import BINS, State, Table


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions between low and high: how many, their mean, and the share that came true."""

    low: float
    high: float
    n: int
    predicted: float
    came: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """error: the expected calibration error, the mean distance of the bins from the diagonal. loss: mean log loss. brier: mean square.

    baseline: the log loss of always saying the learner's own average.
    """

    n: int
    bins: tuple[Bin, ...]
    error: float
    loss: float
    brier: float
    baseline: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """answers: to exercises, by mastery. recall: of cards a day or more after the last review, by memory."""

    answers: Reliability
    recall: Reliability


def calibration(state: State) -> Calibration:
    return Calibration(_reliability(state.mastery_table, "answers"), _reliability(state.memory_table, "reviews"))


def _reliability(table: Table, what: str) -> Reliability:
    n = sum(table.count)
    bins = tuple(
        Bin(k / BINS, (k + 1) / BINS, count, table.predicted[k] / count, table.came[k] / count)
        for k, count in enumerate(table.count)
        if count
    )
    if not n:
        return Reliability(0, (), 0.0, 0.0, 0.0, 0.0, f"There are no {what} to judge by yet.")
    error = sum(b.n * abs(b.predicted - b.came) for b in bins) / n
    rate = min(max(sum(table.came) / n, 1e-6), 1 - 1e-6)
    baseline = -(rate * math.log(rate) + (1 - rate) * math.log(1 - rate))
    said, came = sum(table.predicted) / n, sum(table.came) / n
    if n < 30:
        sentence = f"Only {say.number(n)} {what} so far: too few to judge by."
    else:
        lean = "about right" if abs(said - came) < 0.04 else "too hopeful" if said > came else "too cautious"
        sentence = f"Of your {n:,} {what} it expected {said:.0%} to be right, and {came:.0%} were: {lean}."
    return Reliability(n, bins, error, table.loss / n, table.squared / n, baseline, sentence)
