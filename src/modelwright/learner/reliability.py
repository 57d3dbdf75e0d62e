"""How well does this program know me? Its own predictions, held against what the learner then did.

The state keeps a reliability table while it folds: each answer is predicted before it is believed, so every row is a true forecast.
After the first two thousand one in sixteen is scored.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from modelwright.learner import wording as say
from modelwright.learner.folding import SCORED_ALL
from modelwright.learner.state import State
from modelwright.learner.traces import BINS, Table

FEW = 30  # predictions below which nothing is concluded from them


@dataclass(frozen=True, slots=True)
class Bin:
    """Predictions between low and high: how many, their mean, and the share that came true.

    at_least, at_most: the share's 95% interval, after Wilson (1927).
    """

    low: float
    high: float
    n: int
    predicted: float
    came: float
    at_least: float
    at_most: float


@dataclass(frozen=True, slots=True)
class Reliability:
    """error: the expected calibration error, the mean distance of the bins from the diagonal. loss: mean log loss. brier: mean square.

    baseline: the log loss of always saying the learner's own average. by_chance: the calibration error that a perfect forecaster would
    show on as many predictions, by luck alone.
    """

    n: int
    bins: tuple[Bin, ...]
    error: float
    loss: float
    brier: float
    baseline: float
    sentence: str
    by_chance: float = 0.0


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
        Bin(k / BINS, (k + 1) / BINS, count, table.predicted[k] / count, table.came[k] / count, *_wilson(table.came[k], count))
        for k, count in enumerate(table.count)
        if count
    )
    if not n:
        return Reliability(0, (), 0.0, 0.0, 0.0, 0.0, f"There are no {what} to judge by yet.")
    error = sum(b.n * abs(b.predicted - b.came) for b in bins) / n
    rate = min(max(sum(table.came) / n, 1e-6), 1 - 1e-6)
    baseline = -(rate * math.log(rate) + (1 - rate) * math.log(1 - rate))
    said, came = sum(table.predicted) / n, sum(table.came) / n
    # The mean distance of a mean of n throws from its expectation is sqrt(2 / pi) of its standard deviation.
    by_chance = sum(math.sqrt(2 / math.pi * b.n * b.predicted * (1 - b.predicted)) for b in bins) / n
    if n < FEW:
        sentence = f"Only {say.number(n)} {what} so far: too few to judge by."
    else:
        lean = "about right" if abs(said - came) < 0.04 else "too hopeful" if said > came else "too cautious"
        well = "right" if what == "answers" else "recalled"
        whose = f"{n:,} of your {what}" if n >= SCORED_ALL else f"your {n:,} {what}"
        sentence = f"Of {whose} it expected {said:.0%} to be {well}, and {came:.0%} were: on the whole {lean}."
    return Reliability(n, bins, error, table.loss / n, table.squared / n, baseline, sentence, by_chance)


def _wilson(came: float, n: int, z: float = 1.96) -> tuple[float, float]:
    share = came / n
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)
