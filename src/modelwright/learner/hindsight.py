"""How past forecasts have fared: what the weekly snapshots said, held against what came.

A finish date comes true once; whether the hours and the pace were foreseen shows every week. So each snapshot also says how much of the
plan would be done four, eight and twelve weeks later, and a later one says how much was. Between two snapshots the share done is taken
to have grown evenly. Forecasts of overlapping weeks are not independent: twenty of them are fewer than twenty trials.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass

from modelwright.learner.fsrs import DAY
from modelwright.learner.state import Foretold, State

WEEK = 7 * DAY
LONGEST_GAP = 5 * WEEK  # between two snapshots, beyond which it is not known what was done in between
INTERVALS = (("q25", "q75"), ("q10", "q90"), ("q025", "q975"))
SINCE = 0.02  # a share that fell by more than this was counted anew: a module was taken in, a placement was corrected


@dataclass(frozen=True, slots=True)
class Horizon:
    """Forecasts of the share done so many `weeks` later: how many there are, and how often what came lay inside each interval."""

    weeks: int
    n: int
    inside50: int
    inside80: int
    inside95: int
    below: int  # of the middle: less was done than foreseen


@dataclass(frozen=True, slots=True)
class StageFared:
    """A stage that has ended: of the forecasts made before, how many had its end inside their 80% interval."""

    stage: str
    ended_at: int
    n: int
    inside80: int


@dataclass(frozen=True, slots=True)
class Fared:
    horizons: tuple[Horizon, ...]
    stages: tuple[StageFared, ...]

    @property
    def n(self) -> int:
        return sum(h.n for h in self.horizons)


def fared(state: State, now: int, done: float) -> Fared:
    """`done`: the share of the plan that is done now."""
    told = [f for f in state.forecasts if f.done >= 0]
    times = [f.at for f in told] + [now]
    shares = [f.done for f in told] + [done]
    horizons = []
    for weeks in sorted({int(w) for f in told for w in f.ahead if w.isdigit()}):
        found: list[tuple[Mapping[str, float], float]] = []
        for f in told:
            came = _at(times, shares, f.at + weeks * WEEK)
            if str(weeks) in f.ahead and came is not None and came >= f.done - SINCE:
                found.append((f.ahead[str(weeks)], came))
        half, eight, most = (sum(_in(q, came, low, high) for q, came in found) for low, high in INTERVALS)
        if found:
            horizons.append(Horizon(weeks, len(found), half, eight, most, sum(came < q.get("q50", 0.0) for q, came in found)))
    return Fared(tuple(horizons), tuple(_stages(state.forecasts)))


def _in(q: Mapping[str, float], came: float, low: str, high: str) -> bool:
    return low in q and high in q and q[low] - 1e-9 <= came <= q[high] + 1e-9


def _at(times: list[int], shares: list[float], at: int) -> float | None:
    """The share that was done at a moment between two that are known."""
    after = bisect_left(times, at)
    if after == len(times):
        return None
    if times[after] == at or after == 0:
        return shares[after] if times[after] == at else None
    gap = times[after] - times[after - 1]
    if gap > LONGEST_GAP:
        return None
    return shares[after - 1] + (shares[after] - shares[after - 1]) * (at - times[after - 1]) / gap


def _stages(told: list[Foretold]) -> list[StageFared]:
    """A stage that is done is forecast to end at the very moment of asking; it ended between that snapshot and the one before."""
    ends: dict[str, tuple[int, int]] = {}
    for n, f in enumerate(told):
        for stage, said in f.stages.items():
            if said and len(set(said.values())) == 1 and stage not in ends and n:
                ends[stage] = (told[n - 1].at, f.at)
    fared = []
    for stage, (after, before) in ends.items():
        before_it = [q for f in told if f.at <= after and (q := f.stages.get(stage)) and "q10" in q and "q90" in q]
        if before_it:
            right = sum(q["q10"] <= before and after <= q["q90"] for q in before_it)
            fared.append(StageFared(stage, before, len(before_it), right))
    return fared
