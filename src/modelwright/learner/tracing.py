"""Mastery: how likely the learner is to succeed at a new exercise on a skill, and how sure that is.

Two parts. A small filter (`filtering`) runs along with every answer: the learner's ability, an offset for each skill, counts and running
means of what went better or worse than the exercise's difficulty led to expect. A network then reads these numbers, which know nothing
of the particular skill, and says the log-odds of success: the inputs of PFA (Pavlik, Cen and Koedinger 2009) and Best-LR (Gervet,
Koedinger, Schneider and Mitchell 2020) and some more. It works on the first day for skills that no data set has seen, and it is asked
only when somebody wants to know, so that a long journal folds fast. What no public data can teach (lessons, prerequisites, help, days
away) is a few stated terms on top.

It does not model slips and guesses apart, and it knows nothing of what an answer said. Additions, products and quotients are all that
inputs and network are made of, in a fixed order, so that one exercise asked of alone and a thousand together give the same bits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, lru_cache, reduce
from importlib import resources
from operator import add
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from modelwright.learner.errors import LearnerError
from modelwright.learner.filtering import STANDARD, kept_of_placement
from modelwright.learner.fsrs import DAY
from modelwright.learner.state import State
from modelwright.learner.traces import Repeats, SkillTrace

if TYPE_CHECKING:
    import numpy as np

INPUTS = (
    "ease",  # log-odds of success of learners at large on this exercise, less STANDARD; 0 where it is unknown
    "sure",  # how well that is known: n / (n + 10) after n answers of others
    "ability",
    "ability_variance",
    "offset",
    "variance",
    "answers_1",  # n / (n + 1) of n answers on the skill, n / (n + 4), n / (n + 20)
    "answers_4",
    "answers_20",
    "right_2",
    "right_10",
    "wrong_2",
    "wrong_10",
    "share",  # (right + 1) / (answers + 2)
    "rights_in_a_row",  # n / (n + 2) on the skill
    "wrongs_in_a_row",
    "last",  # 1 or -1: the last answer on the skill; 0 without one
    "fast",  # running means on the skill of what came less what its ease led to expect
    "middle",
    "slow",
    "all_last",  # and of the learner on anything: the last answer; running means of 1 and -1
    "all_fast",
    "all_slow",
    "all_fast_left",  # running means of what came less what was expected
    "all_slow_left",
    "all_long_left",
    "all_10",  # n / (n + 10), n / (n + 100) of all answers
    "all_100",
    "all_share",
    "run",  # n / (n + 3) of the answers on this skill one after another until now
    "gap_10",  # n / (n + 10), n / (n + 100) of the answers since the last on this skill; 1 where it is new
    "gap_100",
    "seen",  # n / (n + 1) of answers to this very exercise
    "seen_right",  # 1 or -1: the last of them
    "met",  # n / (n + 10) of the skills answered
    "seen_share",  # 2 (right + 1) / (n + 2) - 1 of the answers to this very exercise
    "seen_now",  # 1 / n, the last of them being n answers ago
    "seen_run",  # n / (n + 2) of them one after another until now
    "seen_wrong",  # n / (n + 1) of the last of them, wrong in a row
    "level",  # the share of right answers less LEVEL, as if 20 at LEVEL had come before
    "level_again",  # of answers to exercises that came again alone, less LEVEL_AGAIN, as if 5 had come before
)
LEVEL = 0.7  # of right answers, in most data that the weights know; and where the very exercise had been answered before
LEVEL_AGAIN = 0.6
PER_LEVEL = 0.4  # log-odds that one level of stated difficulty (1 to 5) takes
MIDDLING = 2.5
KIND_EASE = {"choose": 0.5, "predict": 0.1, "find-fault": 0.0, "order": 0.1, "compute": 0.0, "code": -0.3}
STATED_SURE = 0.3  # an author's word on difficulty is worth about four answers
AS_GOOD_AS = (1.5, 4.0)  # answers that a placement from self-report, from a test, is worth


class Exercise(NamedTuple):
    """What is known of an exercise beforehand. ease: log-odds of success of learners at large; expected: the same as a probability.

    sure: as in INPUTS.
    """

    ease: float
    expected: float
    sure: float = 0.0


@lru_cache(maxsize=4096)
def exercise(kind: str, difficulty: float) -> Exercise:
    """An exercise of the curriculum, by its kind and the difficulty that its author states."""
    ease = STANDARD + KIND_EASE.get(kind, 0.0) - PER_LEVEL * (difficulty - MIDDLING)
    return Exercise(ease, sigmoid(ease), STATED_SURE)


class Prior(msgspec.Struct, frozen=True):
    """Variances of the log-odds that adapt: at the start, by how much each grows in a day, and with an answer (which teaches, too)."""

    ability: float = 0.5
    skill: float = 1.0
    drift_ability: float = 0.0005
    drift_skill: float = 0.002
    taught_ability: float = 0.0
    taught_skill: float = 0.0


class Stated(msgspec.Struct, frozen=True):
    """What no data set at hand can teach, in log-odds; set by hand, and said so.

    untaught: before a lesson, a chapter or an answer. prerequisites: of the mean offset of those that have answers.
    echo, doubt: of log(1 + successes at what contains the skill), of log(1 + failures at what it is made of). hints: of the running mean
    of help taken. tempo: of the running mean of log(time taken / expected). away: of log(1 + days since the last answer).
    """

    untaught: float = -1.0
    prerequisites: float = 0.25
    echo: float = 0.35
    doubt: float = -0.35
    hints: float = -0.5
    tempo: float = -0.15
    away: float = -0.12


class Weights(msgspec.Struct, frozen=True):
    """The file `weights.json`.

    inputs: names in INPUTS (a file may use fewer). layers: each (one row of weights for each input of the layer, biases); between
    them x / (1 + |x|); the last has one output. provenance: where they come from, for a person.
    """

    schema: int
    provenance: dict[str, str]
    inputs: list[str]
    layers: list[tuple[list[list[float]], list[float]]]
    prior: Prior = Prior()
    stated: Stated = Stated()


class Tracer:
    """Weights made ready."""

    def __init__(self, weights: Weights) -> None:
        unknown = [name for name in weights.inputs if name not in INPUTS]
        layers = weights.layers
        wide = [len(weights.inputs), *(len(bias) for _, bias in layers)]
        fits = all(len(rows) == n and all(len(row) == m for row in rows) for (rows, _), n, m in zip(layers, wide, wide[1:], strict=False))
        if weights.schema != 2 or unknown or not layers or wide[-1] != 1 or not fits:
            raise LearnerError(
                f"These mastery weights cannot be used (schema {weights.schema}, unknown inputs {unknown}, layers {wide}): "
                "fit them again with bench/tracing.py of this version."
            )
        self.prior = weights.prior
        self.stated = weights.stated
        self.provenance = weights.provenance
        self.inputs = tuple(weights.inputs)
        place = dict(zip(weights.inputs, layers[0][0], strict=True))
        first = [place.get(name, [0.0] * wide[1]) for name in INPUTS]
        self.layers = [(first, layers[0][1]), *layers[1:]]
        self._arrays: list[tuple[np.ndarray, np.ndarray]] = []  # the layers once more, made when many rows are asked about together

    def logit(self, row: Sequence[float]) -> float:
        """The network on one row of inputs."""
        x = list(row)
        for n, (rows, bias) in enumerate(self.layers):
            if n:
                x = [v / (1 + abs(v)) for v in x]
            live = [(v, weights) for v, weights in zip(x, rows, strict=True) if v]
            x = [reduce(add, [v * weights[m] for v, weights in live], b) for m, b in enumerate(bias)]
        return x[0]

    # n: rows; i, m: what goes into a layer and comes out of it.
    def logits(self, rows: Sequence[Sequence[float]] | np.ndarray) -> list[float]:
        """The network on many rows; the same bits as `logit` on each, because sums are taken in the same order and never fused."""
        if len(rows) < 4:
            return [self.logit(row) for row in rows]
        import numpy as np

        arrays = self._arrays
        if not arrays:
            arrays += [(np.array(weights), np.array(bias)) for weights, bias in self.layers]
        result: list[float] = []
        for start in range(0, len(rows), 512):
            x_in = np.ascontiguousarray(np.asarray(rows[start : start + 512], dtype=np.float64).T)
            for layer, (weights_im, bias_m) in enumerate(arrays):
                if layer:
                    x_in = x_in / (1 + np.abs(x_in))
                total_mn = np.empty((len(bias_m), x_in.shape[1]))
                total_mn[:] = bias_m[:, None]
                part_mn = np.empty_like(total_mn)
                for x_n, weights_m in zip(x_in, weights_im, strict=True):
                    total_mn += np.multiply(weights_m[:, None], x_n, out=part_mn)
                x_in = total_mn
            result += x_in[0].tolist()
        return result


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


def inputs(state: State, id: str, trace: SkillTrace, exercise: Exercise, repeats: Repeats | None = None) -> list[float]:
    """What the network reads of one skill and one exercise, in the order of INPUTS. repeats: the answers to this very exercise."""
    ease, _, sure = exercise
    right, wrong, streak, total, all_streak, met = trace.right, trace.wrong, trace.streak, state.answers, state.streak, state.met
    n = right + wrong
    if trace.counted_at:
        gap = state.count - trace.counted_at
        gap_10, gap_100 = gap / (gap + 10), gap / (gap + 100)
    else:
        gap_10 = gap_100 = 1.0
    run = state.run if state.latest == id else 0
    seen = seen_right = seen_share = seen_now = seen_run = seen_wrong = 0.0
    if repeats is not None and repeats.answers:
        times, last, since = repeats.answers, repeats.streak, state.count - repeats.counted_at
        seen, seen_right = times / (times + 1), 1.0 if last > 0 else -1.0
        seen_share, seen_now = 2 * (repeats.right + 1) / (times + 2) - 1, 1 / (since + 1)
        seen_run = 0.0 if since else repeats.run / (repeats.run + 2)
        seen_wrong = last / (last - 1) if last < 0 else 0.0
    return [
        ease - STANDARD,
        sure,
        state.ability,
        state.ability_variance,
        trace.offset,
        trace.variance,
        n / (n + 1),
        n / (n + 4),
        n / (n + 20),
        right / (right + 2),
        right / (right + 10),
        wrong / (wrong + 2),
        wrong / (wrong + 10),
        (right + 1) / (n + 2),
        streak / (streak + 2) if streak > 0 else 0.0,
        streak / (streak - 2) if streak < 0 else 0.0,
        1.0 if streak > 0 else -1.0 if streak else 0.0,
        trace.fast,
        trace.middle,
        trace.slow,
        1.0 if all_streak > 0 else -1.0 if all_streak else 0.0,
        state.fast,
        state.slow,
        state.fast_left,
        state.slow_left,
        state.long_left,
        total / (total + 10),
        total / (total + 100),
        (state.rights + 1) / (total + 2),
        run / (run + 3),
        gap_10,
        gap_100,
        seen,
        seen_right,
        met / (met + 10),
        seen_share,
        seen_now,
        seen_run,
        seen_wrong,
        (state.rights - LEVEL * total) / (total + 20),
        (state.again_right - LEVEL_AGAIN * state.again) / (state.again + 5),
    ]


def prerequisite_level(state: State, prerequisites: Sequence[str]) -> float:
    """Mean offset of those prerequisites that have been answered: are they better or worse than the learner's other skills?"""
    total, n = 0.0, 0
    known = state.skills
    for skill in prerequisites:
        trace = known.get(skill)
        if trace is not None and trace.answered_at:
            total += trace.offset
            n += 1
    return total / n if n else 0.0


def stated_terms(stated: Stated, trace: SkillTrace, around: float, now: int) -> float:
    """What is added to the network's log-odds: see `Stated`. `around` is `prerequisite_level`."""
    total = stated.prerequisites * around
    answered = trace.answered_at
    if answered:
        total += stated.hints * trace.hints + stated.tempo * trace.tempo
        if now > answered:
            total += stated.away * math.log1p((now - answered) / DAY)
    if not trace.taught_at and not trace.told_worth:
        total += stated.untaught / (1 + trace.right + trace.wrong)
    if trace.echo:
        total += stated.echo * math.log1p(trace.echo)
    if trace.doubt:
        total += stated.doubt * math.log1p(trace.doubt)
    return total


def level(net: float, terms: float, exercise: Exercise, trace: SkillTrace) -> float:
    """Log-odds of success: the network and the stated terms, and what a placement said as far as it still stands."""
    kept = kept_of_placement(trace)
    return kept * (trace.told + exercise[0] - STANDARD) + (1 - kept) * net + terms


def standard_level(state: State, id: str, trace: SkillTrace, around: float, now: int, tracer: Tracer) -> float:
    """Log-odds at the exercise that `mastery` speaks of: one to compute, of middling difficulty, not seen before."""
    known = _standard(state, tracer)
    net = known.get(id) if trace.counted_at else known[""]
    if net is None:  # a trace that is not (or no longer) the state's own
        net = tracer.logit(inputs(state, id, trace, exercise("compute", MIDDLING)))
    return level(net, stated_terms(tracer.stated, trace, around, now), exercise("compute", MIDDLING), trace)


def _standard(state: State, tracer: Tracer) -> dict[str, float]:
    """The network on the standard exercise for every skill with answers, and under "" for any other, worked out once for a state."""
    kept = vars(state).get("_standard")
    stamp = (tracer, state.events, state.count)
    if kept is None or kept[0] != stamp:
        asked = exercise("compute", MIDDLING)
        ids = ["", *(id for id, trace in state.skills.items() if trace.counted_at)]
        blank = SkillTrace(variance=tracer.prior.skill)
        rows = [inputs(state, id, state.skills[id] if id else blank, asked) for id in ids]
        kept = vars(state)["_standard"] = (stamp, dict(zip(ids, tracer.logits(rows), strict=True)))
    return kept[1]
