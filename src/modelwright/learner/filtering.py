"""The filter that runs along with every answer: what it moves of the learner and of the skills that the answer was about.

An extended Kalman filter on log-odds (Glicko's idea, with the variance as the uncertainty) for the learner's ability and an offset for
each skill, counts, and running means of what went better or worse than the exercise's difficulty led to expect. See `tracing` for what is
made of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from modelwright.learner.fsrs import DAY
from modelwright.learner.traces import Repeats, SkillTrace

if TYPE_CHECKING:
    from modelwright.learner.state import State
    from modelwright.learner.tracing import Exercise, Prior

# Log-odds of success at an exercise of middling or unknown difficulty: 7 in 10, as in the data that the weights know.
STANDARD: Final = 0.85

# How much of a running mean is the newest answer's: on a skill, of the learner as a whole.
NEW_FAST: Final = 0.6
NEW_MIDDLE: Final = 0.3
NEW_SLOW: Final = 0.1
NEW_ALL_FAST: Final = 0.4
NEW_ALL_SLOW: Final = 0.1
NEW_ALL_LONG: Final = 0.03

# Practice that does not help, by the criterion of Beck and Gong (2013): not three right in a row within ten tries. The second bar is for
# those who get three in a row and do not get there all the same.
THREE: Final = 3
TRIES: Final = 10
SITTINGS: Final = 6
SITTING: Final = DAY // 2  # milliseconds: answers that lie no further apart are one sitting


def kept_of_placement(trace: SkillTrace) -> float:
    """How much of what a placement said still stands, from 1 towards 0 as answers come."""
    worth = trace.told_worth
    return worth / (worth + trace.right + trace.wrong - trace.told_after) if worth else 0.0


def grown(variance: float, drift: float, since: int, now: int, ceiling: float) -> float:
    """A variance after time without answers: what was known grows stale."""
    if not since or now <= since or variance >= ceiling:
        return variance
    variance += drift * (now - since) / DAY
    return variance if variance < ceiling else ceiling


def observe(
    state: State, skills: list[tuple[str, SkillTrace]], right: float, weight: float, at: int, exercise: Exercise, prior: Prior
) -> None:
    """One answer (0 to 1 right, with a weight) to an exercise on these skills moves everything that it informs."""
    ease, expected, _ = exercise
    ability_variance = grown(state.ability_variance, prior.drift_ability, state.last_at, at, prior.ability)
    total = spread = 0.0
    for _, trace in skills:
        trace.variance = grown(trace.variance, prior.drift_skill, trace.answered_at, at, prior.skill)
        spread += trace.variance
        total += trace.offset
        if trace.told_worth:
            total += kept_of_placement(trace) * (trace.told - STANDARD)
    share = 1 / len(skills)
    x = ease + state.ability + total * share
    p = 1 / (1 + math.exp(-x)) if x > -700 else 0.0
    # One step of an extended Kalman filter on (ability, each skill's offset), their covariance left out.
    slope = p * (1 - p) * weight
    shrink = 1 / (1 + slope * (ability_variance + spread * share * share))
    step = weight * shrink * (right - p)
    shrink *= slope
    state.ability += ability_variance * step
    state.ability_variance = ability_variance - ability_variance * ability_variance * shrink + prior.taught_ability
    step *= share
    shrink *= share * share
    left = right - expected
    won = right >= 0.5
    counts = weight >= 0.5
    count = state.count = state.count + 1
    fast, middle, slow = NEW_FAST * weight, NEW_MIDDLE * weight, NEW_SLOW * weight
    right_part = right * weight
    wrong_part = weight - right_part
    for id, trace in skills:
        variance = trace.variance
        trace.offset += variance * step
        trace.variance = variance - variance * variance * shrink + prior.taught_skill
        before = trace.fast
        trace.fast = before + fast * (left - before)
        before = trace.middle
        trace.middle = before + middle * (left - before)
        before = trace.slow
        trace.slow = before + slow * (left - before)
        trace.right += right_part
        trace.wrong += wrong_part
        if counts:
            trace.streak = in_a_row(trace.streak, won)
            if at - trace.answered_at > SITTING:
                trace.sittings += 1
            if trace.streak >= THREE:
                trace.tries = 0
                if trace.sittings < SITTINGS:
                    trace.stuck_at = 0
            else:
                trace.tries += 1
            if not trace.stuck_at and (trace.tries >= TRIES or trace.sittings >= SITTINGS):
                trace.stuck_at = at
        if not trace.counted_at:
            state.met += 1
        trace.counted_at = count
        if at > trace.answered_at:
            trace.answered_at = at
        if state.latest == id:
            state.run += 1
        else:
            state.latest, state.run = id, 1
    state.answers += weight
    state.rights += right_part
    sign = 2 * right - 1
    fast, slow = NEW_ALL_FAST * weight, NEW_ALL_SLOW * weight
    before = state.fast
    state.fast = before + fast * (sign - before)
    before = state.slow
    state.slow = before + slow * (sign - before)
    before = state.fast_left
    state.fast_left = before + fast * (left - before)
    before = state.slow_left
    state.slow_left = before + slow * (left - before)
    before = state.long_left
    state.long_left = before + NEW_ALL_LONG * weight * (left - before)
    if counts:
        state.streak = in_a_row(state.streak, won)


def repeated(state: State, repeats: Repeats, right: bool) -> None:
    """The answer that `observe` was just told of was to this very exercise."""
    count = state.count
    if repeats.answers:
        state.again += 1
        repeats.answers += 1
        if right:
            state.again_right += 1
            repeats.right += 1
        repeats.streak = in_a_row(repeats.streak, right)
        repeats.run = repeats.run + 1 if repeats.counted_at == count - 1 else 1
    else:
        repeats.answers = repeats.run = 1
        if right:
            repeats.right = repeats.streak = 1
        else:
            repeats.right, repeats.streak = 0, -1
    repeats.counted_at = count


def in_a_row(streak: int, right: bool) -> int:
    """Rights (positive) or wrongs (negative) one after another, with one more answer."""
    if right:
        return streak + 1 if streak > 0 else 1
    return streak - 1 if streak < 0 else -1
