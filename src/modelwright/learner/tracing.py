"""Mastery: how likely the learner is to succeed at a new exercise on a skill, and how sure that is.

One logistic model whose inputs know nothing of the particular skill (counts, recency, difficulty, help taken, the skills around
it), so that it works on the first day for skills that no data set has seen, in the line of PFA (Pavlik, Cen and Koedinger 2009)
and Best-LR (Gervet, Koedinger, Schneider and Mitchell 2020). Its weights are a small file. On top stand two numbers that adapt to the
learner, their ability and an offset for the skill, moved after each answer by one step of an extended Kalman filter: Glicko's idea,
with the variance as the uncertainty. It does not model slips and guesses apart, and it knows nothing of what an answer said.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from importlib import resources
from operator import mul

import msgspec

from modelwright.learner.errors import LearnerError
from modelwright.learner.state import SkillTrace, State

HOUR, DAY = 3_600_000, 86_400_000
FAST, SLOW = 0.6, 0.9  # how much of a running mean stays after an answer

FEATURES = (
    "bias",  # 1
    "right",  # log(1 + right answers on the skill)
    "wrong",  # log(1 + wrong answers on the skill)
    "all_right",  # log(1 + right answers of the learner on anything)
    "all_wrong",
    "fast",  # running means of +1 and -1 on the skill
    "slow",
    "all_fast",  # and of the learner on anything
    "all_slow",
    "rights_in_a_row",  # log(1 + n) on the skill
    "wrongs_in_a_row",
    "day",  # log(1 + answers on the skill, fading within a day, a week, a month)
    "week",
    "month",
    "away",  # log(1 + days since the last answer on the skill); 0 without one
    "new",  # 1 where the skill was never answered
    "difficulty",  # stated difficulty less 2.5
    "choose",  # the kind of exercise; `compute` is the base
    "predict",
    "find_fault",
    "order",
    "code",
    "prerequisites",  # mean log-odds of the prerequisites that have answers
    "taught",  # 1 after a lesson or a chapter on it
    "echo",  # log(1 + successes at things that contain the skill)
    "doubt",  # log(1 + failures at things it is made of)
    "hints",  # running mean of help taken
    "tempo",  # running mean of log(time taken / expected)
)
KINDS = {"choose": 0, "predict": 1, "find-fault": 2, "order": 3, "code": 4}
STANDARD = ("compute", 2.5)  # the exercise that `mastery` speaks of


class Prior(msgspec.Struct, frozen=True):
    """Variances of the log-odds that adapt: at the start, and by how much each grows in a day; the share of an echo or a doubt."""

    ability: float = 0.5
    skill: float = 1.0
    drift_ability: float = 0.0005
    drift_skill: float = 0.002


class Weights(msgspec.Struct, frozen=True):
    """The file `weights.json`.

    features: names in FEATURES (a file may use fewer). layers: one layer is a logistic regression; more are tanh layers with one
    output. Each layer is (rows of weights, biases). provenance: where they come from, for a person.
    """

    schema: int
    provenance: dict[str, str]
    features: list[str]
    layers: list[tuple[list[list[float]], list[float]]]
    prior: Prior = Prior()


class Tracer:
    """Weights made ready: a linear model is one dot product in the order of FEATURES."""

    def __init__(self, weights: Weights) -> None:
        unknown = [name for name in weights.features if name not in FEATURES]
        if weights.schema != 1 or unknown or not weights.layers:
            raise LearnerError(
                f"These mastery weights cannot be used (schema {weights.schema}, unknown inputs {unknown}): "
                "fit them again with bench/tracing.py of this version."
            )
        self.prior = weights.prior
        self.provenance = weights.provenance
        place = [FEATURES.index(name) for name in weights.features]
        first, bias = weights.layers[0]
        rows = []
        for row in first:
            full = [0.0] * len(FEATURES)
            for position, value in zip(place, row, strict=True):
                full[position] = value
            rows.append(full)
        self._first = rows
        self._bias = list(bias)
        self._rest = weights.layers[1:]
        self._line = (rows[0][0] + bias[0], *rows[0][1:]) if not self._rest else ()

    def logit(self, inputs: Sequence[float]) -> float:
        if not self._rest:
            return sum(map(mul, self._first[0], inputs)) + self._bias[0]
        x = [math.tanh(sum(map(mul, row, inputs)) + b) for row, b in zip(self._first, self._bias, strict=True)]
        for rows, bias in self._rest[:-1]:
            x = [math.tanh(sum(map(mul, row, x)) + b) for row, b in zip(rows, bias, strict=True)]
        rows, bias = self._rest[-1]
        return sum(map(mul, rows[0], x)) + bias[0]

    def level(self, state: State, trace: SkillTrace, prerequisites: float, kind: str, difficulty: float, now: int) -> float:
        """`logit` of `features`; for a linear model without the detour over a list, because a long journal asks a million times."""
        w = self._line
        if not w:
            return self.logit(features(state, trace, prerequisites, kind, difficulty, now))
        log1p = math.log1p
        rights = state.rights
        answered = trace.answered_at
        total = (
            w[0] + w[3] * log1p(rights) + w[4] * log1p(state.answers - rights) + w[7] * state.fast + w[8] * state.slow
            + w[16] * (difficulty - 2.5) + w[22] * prerequisites + w[26] * trace.hints + w[27] * trace.tempo
        )  # fmt: skip
        place = KINDS.get(kind)
        if place is not None:
            total += w[17 + place]
        if answered:
            days = (now - answered) / DAY
            if days < 0.0:
                days = 0.0
            streak = trace.streak
            total += (
                w[1] * log1p(trace.right) + w[2] * log1p(trace.wrong) + w[5] * trace.fast + w[6] * trace.slow + w[14] * log1p(days)
                + w[11] * log1p(trace.day * math.exp(-days)) + w[12] * log1p(trace.week * math.exp(-days / 7))
                + w[13] * log1p(trace.month * math.exp(-days / 30)) + (w[9] * log1p(streak) if streak > 0 else w[10] * log1p(-streak))
            )  # fmt: skip
        else:
            total += w[15]
        if trace.taught_at:
            total += w[23]
        if trace.echo:
            total += w[24] * log1p(trace.echo)
        if trace.doubt:
            total += w[25] * log1p(trace.doubt)
        return total


def load_weights(data: bytes) -> Tracer:
    try:
        return Tracer(msgspec.json.decode(data, type=Weights))
    except msgspec.DecodeError as error:
        raise LearnerError(f"These mastery weights cannot be read ({error}): fit them again with bench/tracing.py.") from None


@cache
def default_tracer() -> Tracer:
    """The weights that come with the program."""
    return load_weights(resources.files("modelwright.learner").joinpath("weights.json").read_bytes())


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def logit(p: float) -> float:
    p = min(max(p, 1e-4), 1 - 1e-4)
    return math.log(p / (1 - p))


def features(state: State, trace: SkillTrace, prerequisites: float, kind: str, difficulty: float, now: int) -> list[float]:
    """The inputs for one skill and one exercise, in the order of FEATURES."""
    log1p = math.log1p
    answered = trace.answered_at
    if answered:
        days = max(0.0, (now - answered) / DAY)
        day, week, month = trace.day * math.exp(-days), trace.week * math.exp(-days / 7), trace.month * math.exp(-days / 30)
        away, new = log1p(days), 0.0
    else:
        day = week = month = away = 0.0
        new = 1.0
    streak = trace.streak
    kinds = [0.0] * 5
    place = KINDS.get(kind)
    if place is not None:
        kinds[place] = 1.0
    return [
        1.0,
        log1p(trace.right),
        log1p(trace.wrong),
        log1p(state.rights),
        log1p(state.answers - state.rights),
        trace.fast,
        trace.slow,
        state.fast,
        state.slow,
        log1p(streak) if streak > 0 else 0.0,
        log1p(-streak) if streak < 0 else 0.0,
        log1p(day),
        log1p(week),
        log1p(month),
        away,
        new,
        difficulty - 2.5,
        *kinds,
        prerequisites,
        1.0 if trace.taught_at else 0.0,
        log1p(trace.echo),
        log1p(trace.doubt),
        trace.hints,
        trace.tempo,
    ]


def prerequisite_level(state: State, prerequisites: Sequence[str]) -> float:
    """Mean log-odds of those prerequisites that have been answered."""
    total, n = 0.0, 0
    for skill in prerequisites:
        trace = state.skills.get(skill)
        if trace is not None and trace.answered_at:
            total += trace.level
            n += 1
    return total / n if n else 0.0


def grown(variance: float, drift: float, since: int, now: int, ceiling: float) -> float:
    """A variance after time without answers: what was known grows stale."""
    if not since or now <= since or variance >= ceiling:
        return variance
    variance += drift * (now - since) / DAY
    return variance if variance < ceiling else ceiling


def observe(trace: SkillTrace, right: float, weight: float, at: int) -> None:
    """Count one answer (0 to 1 right, with a weight) on a skill."""
    sign = 2 * right - 1
    if trace.answered_at:
        days = (at - trace.answered_at) / DAY
        if days < 0.0:
            days = 0.0
        trace.day = trace.day * math.exp(-days) + weight
        trace.week = trace.week * math.exp(-days / 7) + weight
        trace.month = trace.month * math.exp(-days / 30) + weight
    else:
        trace.day = trace.week = trace.month = weight
    trace.right += right * weight
    trace.wrong += (1 - right) * weight
    keep = 1 - (1 - FAST) * weight
    trace.fast = keep * trace.fast + (1 - keep) * sign
    keep = 1 - (1 - SLOW) * weight
    trace.slow = keep * trace.slow + (1 - keep) * sign
    if weight >= 0.5:
        streak = trace.streak
        if right >= 0.5:
            trace.streak = streak + 1 if streak > 0 else 1
        else:
            trace.streak = streak - 1 if streak < 0 else -1
    if at > trace.answered_at:
        trace.answered_at = at
