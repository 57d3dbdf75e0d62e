"""What predictions are worth: a metric, how sure one can be of it, and whether one entry is really better than another."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from modelwright.curriculum.author_code import author_code
from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from modelwright.arena.material import Material
    from modelwright.curriculum.models import Competition

RESAMPLES = 400
INTERVAL = (2.5, 97.5)  # percentiles of the bootstrap
UNBELIEVABLE = 4.0  # standard errors better than the ideal: by luck once in 30,000 entries

Metric = Callable[["NDArray[Any]", "NDArray[Any]"], float]


class Undefined(ModelwrightError):
    """The metric has no value on these predictions."""


@dataclass(frozen=True)
class Score:
    """A metric's value, with the 95% interval of the bootstrap over rows (Efron and Tibshirani 1993, chapter 13)."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Measured:
    """A metric's value on some rows, and draws: (RESAMPLES,) its values on rows drawn from them with replacement."""

    value: float
    draws: NDArray[np.float64]

    @property
    def score(self) -> Score:
        low, high = np.nanpercentile(self.draws, INTERVAL)
        return Score(self.value, float(low), float(high))


@dataclass(frozen=True)
class Difference:
    """How much better (above 0, whichever way the metric runs) one entry is than another on the same rows; `sure`: 0 lies outside."""

    value: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        return not self.low <= 0 <= self.high


def metric_of(competition: Competition) -> Metric:
    """The competition's metric as a function of (truth, predictions). Raises Undefined where there is no such thing."""
    name = competition.metric.name
    if name == "metric.py":
        own: Metric = author_code(competition.folder / name).score
        return own
    import sklearn.metrics

    function: Metric | None = getattr(sklearn.metrics, name, None)
    if not callable(function):
        raise Undefined(f"scikit-learn has no metric called {name}.")
    return function


def measure(competition: Competition, material: Material, predictions: NDArray[Any], *, public: bool) -> Measured:
    """The metric on the public rows, or on the private ones, and on RESAMPLES draws of as many of them. Raises Undefined.

    The draws are the same for every entry, so that entries pair up.
    """
    rows = np.flatnonzero(material.public == public)
    metric = metric_of(competition)
    value = _measured(competition, material.truth[rows], predictions[rows], metric)
    rng = np.random.default_rng([competition.seed, public])
    draws = np.full(RESAMPLES, math.nan)
    for i in range(RESAMPLES):
        drawn = rows[rng.integers(len(rows), size=len(rows))]
        try:
            draws[i] = _measured(competition, material.truth[drawn], predictions[drawn], metric)
        except Undefined:
            continue  # a draw with one class only, of rows that have both
    return Measured(value, draws)


def score(competition: Competition, material: Material, predictions: NDArray[Any], *, public: bool) -> Score:
    """The score on the public rows, or on the private ones. Raises Undefined."""
    return measure(competition, material, predictions, public=public).score


def difference(competition: Competition, one: Measured, other: Measured) -> Difference:
    """How much better `one` is than `other`, both measured on the same rows."""
    sign = 1 if competition.metric.higher_is_better else -1
    low, high = np.nanpercentile(sign * (one.draws - other.draws), INTERVAL)
    return Difference(sign * (one.value - other.value), float(low), float(high))


def leaked(competition: Competition, material: Material, predictions: NDArray[Any]) -> str:
    """Why these predictions cannot have been made without the labels, as a sentence; empty where they can.

    Where the ideal is known (what an oracle of the process, but not of its noise, would say), nothing honest beats it by more than luck:
    the difference on the private rows is held against its own standard error. Where it is not, a bound of the author's stands in.
    """
    if material.ideal is not None:
        sign = 1 if competition.metric.higher_is_better else -1
        one, ideal = (measure(competition, material, values, public=False) for values in (predictions, material.ideal))
        gains = sign * (one.draws - ideal.draws)
        gain, error = float(np.nanmean(gains)), float(np.nanstd(gains))
        if gain > UNBELIEVABLE * max(error, 1e-12) and gain > 1e-9:
            return "It does better than anyone could who knew how the data came about, so it has seen labels that it should not have."
        return ""
    if competition.beyond_belief is not None:
        value = _measured(competition, material.truth, predictions, metric_of(competition))
        better = value > competition.beyond_belief if competition.metric.higher_is_better else value < competition.beyond_belief
        if better:
            return "It does better than anything that learned within this budget can, so it has seen the text that it should predict."
    return ""


def _measured(competition: Competition, truth: NDArray[Any], predictions: NDArray[Any], metric: Metric) -> float:
    import sklearn

    # What is passed was looked at when the entry was read; and what scikit-learn says of a metric without a value is said below.
    with warnings.catch_warnings(), sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        warnings.simplefilter("ignore")
        try:
            value = float(metric(truth, predictions))
        except ValueError as error:
            raise Undefined(f"The {competition.metric.title} has no value on this entry: {error}") from error
    if not math.isfinite(value):
        raise Undefined(f"The {competition.metric.title} of this entry is not a finite number.")
    return value
