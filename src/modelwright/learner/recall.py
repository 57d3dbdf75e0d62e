"""What one answer says about several memories.

An answer to a task is one bit about everything that the task holds: the skill asked about, and the skills inside it. FSRS says how a
memory fades and what a review does to it, but not how to share one bit among many, nor how sure its number is. So each skill's
stability is believed as a lognormal: FSRS's number is its median, `spread` the variance of its logarithm. An answer moves these beliefs
by how much each could have had a part in it (one step of an extended Kalman filter, the answer's own slope in each stability), and then
each memory gets FSRS's growth or loss in the part in which it is likely to have been used rightly, or to have failed. With one skill and no
doubt it is FSRS itself. It is not a model of difficulty: FSRS's own stays where the first answer put it.
Noisy-and models of one answer on several skills go back to Junker and Sijtsma (2001); credit in parts to Skycak (2024).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from modelwright.learner.fsrs import DAY, SHORTEST, STABLEST, Fsrs, Trace

if TYPE_CHECKING:
    from modelwright.learner.traces import SkillTrace

SLIP: Final = 0.04  # wrong although all of it was there
GUESS: Final = 0.08  # right although some of it was not
SURE: Final = 1 - GUESS - SLIP
FIRST_SPREAD: Final = 0.4  # of a memory that was just made
DRIFT: Final = 0.09  # how far FSRS's growth may be wrong: the variance that a growth by e leaves behind
MOST: Final = 0.95  # of a review's good, for what was practised inside other things
DOUBT: Final = 0.2  # how much less sure a failure at something inside it leaves it
SUREST: Final = 0.02
WIDEST: Final = 2.0
FAINT: Final = 0.02  # shares below this are not followed
CAUTION: Final = 0.5  # how many standard deviations below the middle a memory is trusted
KEPT: Final = 0.3  # of its stability, by a skill that failed: it is relearned, not learned anew, where FSRS speaks of cards
FALL: Final = math.log(KEPT)


def trusted(stability: float, spread: float) -> float:
    """The stability to count on, given how sure it is."""
    return stability * math.exp(-CAUTION * math.sqrt(spread))


def answered(fsrs: Fsrs, parts: list[tuple[SkillTrace, float]], right: bool, weight: float, at: int) -> list[tuple[SkillTrace, float]]:
    """Move the beliefs about a task's parts, each with how much of it the task holds, and take away what failed.

    Returns each with how much of it was used rightly, which the caller has to credit. Credit that they owe must have been paid.
    """
    decay, factor = fsrs.decay, fsrs.factor
    seen = []
    every = 1.0  # of all parts: the chance that none is in the way
    for trace, held in parts:
        kept = trace.memory
        x = (at - kept.last) / DAY
        x = factor * x / kept.stability if x > 0 else 0.0
        r = (1 + x) ** decay
        free = 1 - held + held * r
        every *= free
        seen.append((trace, kept, held, r, -decay * x * r / (1 + x), free))
    p = GUESS + SURE * every
    noise = p * (1 - p)
    for trace, _, held, _, slope, free in seen:
        slope *= SURE * every / free * held
        noise += slope * slope * trace.spread
    chance = p if right else 1 - p
    step = weight * ((1.0 if right else 0.0) - p) / noise
    rightly = []
    for trace, kept, held, r, slope, free in seen:
        sure = SURE * every / free  # and with GUESS, the chance of a right answer if this part is there
        there, gone = (GUESS + sure, GUESS) if right else (1 - GUESS - sure, 1 - GUESS)
        spread = trace.spread
        gain = spread * slope * sure * held
        s = kept.stability * math.exp(gain * step)
        kept.stability = SHORTEST if s < SHORTEST else STABLEST if s > STABLEST else s
        spread -= gain * gain * weight / noise
        trace.spread = spread if spread > SUREST else SUREST
        part = weight * held / chance
        rightly.append((trace, part * r * there))
        failed = part * (1 - r) * gone
        if failed > FAINT:
            lose(trace, failed, at)
    return rightly


def lose(trace: SkillTrace, failed: float, at: int) -> None:
    """It failed, in this part; the answer was seen, so in this part the memory begins anew."""
    kept = trace.memory
    s = kept.stability * math.exp(FALL * failed)
    kept.stability = s if s > SHORTEST else SHORTEST
    at -= int((1 - failed) * (at - kept.last))
    if at > kept.last:
        kept.last = at
    kept.reviews += 1
    if failed >= 0.5:
        kept.lapses += 1
    spread = trace.spread + FALL * FALL * failed * (1 - failed + DRIFT)
    trace.spread = spread if spread < WIDEST else WIDEST


def used(kept: Trace, spread: float, share: float, fsrs: Fsrs, at: int) -> float:
    """It was used rightly, in this part: FSRS's growth in the part. Returns the new spread: it may also not have been used at all."""
    if share <= FAINT:
        return spread
    grown = fsrs.credit(kept, share, at)
    spread += grown * grown * ((1 + DRIFT) / share - 1)
    return spread if spread < WIDEST else WIDEST


def paid(kept: Trace, spread: float, owed: float, fsrs: Fsrs, at: int) -> float:
    """What a sitting's credit adds up to, at the most nearly a review of its own. Returns the new spread."""
    return used(kept, spread, owed if owed < MOST else MOST, fsrs, at)
