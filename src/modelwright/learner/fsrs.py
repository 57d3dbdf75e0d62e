"""FSRS-6 in plain numbers: how long a memory will last, and what a review does to it.

The algorithm is the Free Spaced Repetition Scheduler of Jarrett Ye and contributors, in the version that the `fsrs` package
implements; its default parameters and bounds are taken from the package at hand. The package copies an object and two dates for
every review, which is too slow to fold a long journal, so the same arithmetic stands here on floats and milliseconds. A property
test holds the two equal to 1e-9 over random histories. There is no fuzzing: the same history must give the same state.

Legend: S stability in days (the time after which recall is 90% likely), D difficulty from 1 to 10, R retrievability.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

DAY: Final = 86_400_000  # milliseconds
MINUTE: Final = 60_000
LEARNING: Final = 1  # fsrs.State's own numbers
REVIEW: Final = 2
RELEARNING: Final = 3
LONGEST: Final = 36_500  # days
SHORTEST: Final = 0.001
STABLEST: Final = 1e9  # days: parameters at their bounds would let same-day reviews double a stability until no number holds it


@dataclass(slots=True)
class Trace:
    """The memory of one card or one skill.

    phase: 0 before the first review, then LEARNING, REVIEW or RELEARNING. step: within the learning steps.
    last: when it was last reviewed (for skills also: when a review that did the same good would have been).
    due: of a learning step, in milliseconds; in REVIEW it follows from S and the wished retention, see `Fsrs.due`.
    """

    phase: int = 0
    step: int = 0
    stability: float = 0.0
    difficulty: float = 0.0
    last: int = 0
    due: int = 0
    reviews: int = 0
    lapses: int = 0


class Fsrs:
    """One set of parameters. `steps` gives new and forgotten cards their minutes-long steps; skills have none."""

    def __init__(self, parameters: Sequence[float], steps: bool = True) -> None:
        w = self.w = tuple(parameters)
        self.learning = (MINUTE, 10 * MINUTE) if steps else ()
        self.relearning = (10 * MINUTE,) if steps else ()
        self.decay = -w[20]
        self.inverse_decay = 1 / self.decay
        self.factor = 0.9 ** (1 / self.decay) - 1
        self.easy_difficulty = w[4] - math.exp(w[5] * 3) + 1
        self.forget_divisor = math.exp(w[17] * w[18])
        self.same_day_power = -w[19]
        self.recall_power, self.recall_gain = -w[9], w[10]
        self.reverts, self.stays = w[7] * self.easy_difficulty, 1 - w[7]
        # What depends on the rating alone: the initial values, the step of difficulty, the factors of a review.
        self.first_stability = (0.0, *(max(w[rating - 1], SHORTEST) for rating in (1, 2, 3, 4)))
        self.first_difficulty = (0.0, *(_bounded(w[4] - math.exp(w[5] * (rating - 1)) + 1) for rating in (1, 2, 3, 4)))
        self.harder = (0.0, *(-(w[6] * (rating - 3)) / 9.0 for rating in (1, 2, 3, 4)))
        self.same_day = (0.0, *(math.exp(w[17] * (rating - 3 + w[18])) for rating in (1, 2, 3, 4)))
        recall = math.exp(w[8])
        self.recalled = (0.0, 0.0, recall * w[15], recall, recall * w[16])

    def retrievability(self, trace: Trace, now: int) -> float:
        """The probability of recall, as `fsrs` gives it: whole days since the last review count."""
        if trace.phase == 0:
            return 0.0
        recalled: float = (1 + self.factor * max(0, (now - trace.last) // DAY) / trace.stability) ** self.decay
        return recalled

    def smooth_retrievability(self, trace: Trace, now: int) -> float:
        """The same curve without the steps at midnight: for drawing and for ranking."""
        if trace.phase == 0:
            return 0.0
        recalled: float = (1 + self.factor * max(0.0, (now - trace.last) / DAY) / trace.stability) ** self.decay
        return recalled

    def interval_scale(self, retention: float) -> float:
        """Days of interval for each day of stability, at a wished probability of recall."""
        scale: float = (retention ** (1 / self.decay) - 1) / self.factor
        return scale

    def interval(self, stability: float, retention: float) -> int:
        days: int = round((stability / self.factor) * (retention ** (1 / self.decay) - 1))
        return min(max(days, 1), LONGEST)

    def due(self, trace: Trace, retention: float) -> int:
        if trace.phase == REVIEW:
            return trace.last + self.interval(trace.stability, retention) * DAY
        return trace.due

    def review(self, trace: Trace, rating: int, at: int) -> float:
        """Change the trace by a review with rating 1 to 4 at this moment.

        Returns the probability of recall that stood against it, or -1 for a first review or one within a day of the last, which say
        little about memory.
        """
        r = -1.0
        phase = trace.phase
        if phase == 0:
            phase = trace.phase = LEARNING
            trace.stability = self.first_stability[rating]
            trace.difficulty = self.first_difficulty[rating]
        else:
            s, d = trace.stability, trace.difficulty
            days = (at - trace.last) // DAY
            if days < 1:
                trace.stability = self._same_day(s, rating)
            else:
                r = (1 + self.factor * days / s) ** self.decay
                s = s * self.growth(s, d, r, rating) if rating > 1 else self._forgotten(s, d, r)
                trace.stability = s if s < STABLEST else STABLEST
            d = self.reverts + self.stays * (d + (10.0 - d) * self.harder[rating])
            trace.difficulty = 1.0 if d < 1.0 else 10.0 if d > 10.0 else d
        trace.reviews += 1
        trace.last = at
        if phase == REVIEW:
            if rating == 1:
                trace.lapses += 1
                if self.relearning:
                    trace.phase, trace.step, trace.due = RELEARNING, 0, at + self.relearning[0]
        else:
            self._move(trace, rating, at)
        return r

    def growth(self, s: float, d: float, r: float, rating: int) -> float:
        """The factor of stability by a review that was remembered, a day or more after the last."""
        factor: float = 1 + self.recalled[rating] * (11 - d) * s**self.recall_power * (math.exp((1 - r) * self.recall_gain) - 1)
        return factor

    def _same_day(self, s: float, rating: int) -> float:
        increase = self.same_day[rating] * s**self.same_day_power
        if rating > 1 and increase < 1.0:
            return s
        s *= increase
        return SHORTEST if s < SHORTEST else STABLEST if s > STABLEST else s

    def _forgotten(self, s: float, d: float, r: float) -> float:
        w = self.w
        after = w[11] * d ** -w[12] * ((s + 1) ** w[13] - 1) * math.exp((1 - r) * w[14])
        s /= self.forget_divisor
        if after < s:
            s = after
        return s if s > SHORTEST else SHORTEST

    def _move(self, trace: Trace, rating: int, at: int) -> None:
        """The phase and the due time of what is within its steps."""
        steps = self.learning if trace.phase == LEARNING else self.relearning
        if not steps or (trace.step >= len(steps) and rating > 1) or rating == 4 or (rating == 3 and trace.step + 1 == len(steps)):
            trace.phase, trace.step, trace.due = REVIEW, 0, 0
            return
        if rating == 1:
            trace.step = 0
            wait = float(steps[0])
        elif rating == 2:
            if trace.step > 0:
                wait = float(steps[trace.step])
            else:
                wait = steps[0] * 1.5 if len(steps) == 1 else (steps[0] + steps[1]) / 2
        else:
            trace.step += 1
            wait = float(steps[trace.step])
        trace.due = at + int(wait)

    # What skills need beyond cards: part of a review's good, and doubt

    def credit(self, trace: Trace, weight: float, at: int) -> float:
        """Practice that held `weight` (0 to 1) of this skill: that part of what a good review would have done.

        Stability moves by that power of a review's factor, and the last review moves so that the lost part of recall shrinks by it;
        difficulty stays. The idea is that of fractional implicit repetition (J. Skycak, The Math Academy Way, 2024).
        Returns the logarithm of the factor.
        """
        if weight <= 0 or not trace.phase:
            return 0.0
        s, last, grown = trace.stability, trace.last, 0.0
        days = (at - last) / DAY
        r = (1 + self.factor * days / s) ** self.decay if days > 0 else 1.0
        growth = self.growth(s, trace.difficulty, r, 3) if days >= 1 else self.same_day[3] * s**self.same_day_power
        if growth > 1:
            grown = weight * math.log(growth)
            s *= math.exp(grown)
            s = trace.stability = s if s < STABLEST else STABLEST
        if weight < 1:
            at -= int(((r + weight * (1 - r)) ** self.inverse_decay - 1) / self.factor * s * DAY)
        if at > last:
            trace.last = at
        return grown

    def doubt(self, trace: Trace, weight: float) -> None:
        """A failure at something that this skill is made of (`weight` of it): it may be gone sooner than it seemed."""
        if trace.phase:
            s = trace.stability * (1 - 0.35 * weight)
            trace.stability = s if s > SHORTEST else SHORTEST


def _bounded(difficulty: float) -> float:
    return 1.0 if difficulty < 1.0 else 10.0 if difficulty > 10.0 else difficulty


@cache
def default_parameters() -> tuple[float, ...]:
    """Those of the installed `fsrs`, fitted by its authors on some hundred million reviews."""
    from fsrs.scheduler import DEFAULT_PARAMETERS

    return tuple(DEFAULT_PARAMETERS)


@cache
def scheduler(parameters: tuple[float, ...] = (), steps: bool = True) -> Fsrs:
    """The arithmetic for these parameters (none: the defaults)."""
    return Fsrs(parameters or default_parameters(), steps)
