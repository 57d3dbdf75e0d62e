"""What predictions are worth: a metric, how sure one can be of it, and whether one entry is really better than another."""

from __future__ import annotations

import importlib.util
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

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
        spec = importlib.util.spec_from_file_location("modelwright_metric", competition.folder / "metric.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        own: Metric = module.score
        return own
    import sklearn.metrics

    function: Metric | None = getattr(sklearn.metrics, name, None)
    if not callable(function):
        raise Undefined(f"scikit-learn has no metric called {name}.")
    return function


def point(competition: Competition, material: Material, predictions: NDArray[Any], *, public: bool) -> float:
    """The metric alone, without its interval. Raises Undefined."""
    rows = material.public == public
    return _measured(competition, material.truth[rows], predictions[rows])


def score(competition: Competition, material: Material, predictions: NDArray[Any], *, public: bool) -> Score:
    """The score on the public rows, or on the private ones. Raises Undefined."""
    value = point(competition, material, predictions, public=public)
    low, high = np.nanpercentile(resampled(competition, material, predictions, public=public), INTERVAL)
    return Score(value, float(low), float(high))


def resampled(competition: Competition, material: Material, predictions: NDArray[Any], *, public: bool) -> NDArray[np.float64]:
    """(RESAMPLES,) the metric on rows drawn with replacement; the draws are the same for every entry, so that entries pair up."""
    rows = np.flatnonzero(material.public == public)
    rng = np.random.default_rng([competition.seed, public])
    metric = metric_of(competition)
    values = np.full(RESAMPLES, math.nan)
    for i in range(RESAMPLES):
        drawn = rows[rng.integers(len(rows), size=len(rows))]
        try:
            values[i] = _measured(competition, material.truth[drawn], predictions[drawn], metric)
        except Undefined:
            continue  # a draw with one class only, of rows that have both
    return values


def difference(competition: Competition, material: Material, one: NDArray[Any], other: NDArray[Any], *, public: bool) -> Difference:
    """How much better `one` is than `other` on the same rows, drawn together. Raises Undefined."""
    sign = 1 if competition.metric.higher_is_better else -1
    value = sign * (point(competition, material, one, public=public) - point(competition, material, other, public=public))
    drawn = sign * (resampled(competition, material, one, public=public) - resampled(competition, material, other, public=public))
    low, high = np.nanpercentile(drawn, INTERVAL)
    return Difference(value, float(low), float(high))


def leaked(competition: Competition, material: Material, predictions: NDArray[Any]) -> str:
    """Why these predictions cannot have been made without the labels, as a sentence; empty where they can.

    Where the ideal is known (what an oracle of the process, but not of its noise, would say), nothing honest beats it by more than luck:
    the difference on the private rows is held against its own standard error. Where it is not, a bound of the author's stands in.
    """
    if material.ideal is not None:
        sign = 1 if competition.metric.higher_is_better else -1
        drawn = sign * (
            resampled(competition, material, predictions, public=False) - resampled(competition, material, material.ideal, public=False)
        )
        gain, error = float(np.nanmean(drawn)), float(np.nanstd(drawn))
        if gain > UNBELIEVABLE * max(error, 1e-12) and gain > 1e-9:
            return "It does better than anyone could who knew how the data came about, so it has seen labels that it should not have."
        return ""
    if competition.beyond_belief is not None:
        value = _measured(competition, material.truth, predictions)
        better = value > competition.beyond_belief if competition.metric.higher_is_better else value < competition.beyond_belief
        if better:
            return "It does better than anything that learned within this budget can, so it has seen the text that it should predict."
    return ""


def _measured(competition: Competition, truth: NDArray[Any], predictions: NDArray[Any], metric: Metric | None = None) -> float:
    import sklearn

    # What is passed was looked at when the entry was read; and what scikit-learn says of a metric without a value is said below.
    with warnings.catch_warnings(), sklearn.config_context(assume_finite=True, skip_parameter_validation=True):
        warnings.simplefilter("ignore")
        try:
            value = float((metric or metric_of(competition))(truth, predictions))
        except ValueError as error:
            raise Undefined(f"The {competition.metric.title} has no value on this entry: {error}") from error
    if not math.isfinite(value):
        raise Undefined(f"The {competition.metric.title} of this entry is not a finite number.")
    return value
