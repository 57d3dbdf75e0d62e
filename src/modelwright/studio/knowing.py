"""How well the program knows its learner: its forecasts of answers and of recall against what came, and what became of fitting the memory.

Nothing is concluded here that the learner room did not conclude; this module says it in words that need no statistics.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from modelwright.studio import views as v
from modelwright.studio.desk import Desk
from modelwright.studio.record import Fit as FitRecord
from modelwright.studio.record import Record

if TYPE_CHECKING:
    from modelwright.learner import Fit
    from modelwright.learner.reliability import Reliability

WEEK = 604_800_000
LEAST_NEW = 100  # reviews since the last attempt that make another worth while
SHOWN = 12


def calibration_view(desk: Desk) -> v.CalibrationView:
    from modelwright.learner import calibration

    found = calibration(desk.state)
    return v.CalibrationView(_reliability(found.answers, "answers"), _reliability(found.recall, "reviews"))


def _reliability(found: Reliability, what: str) -> v.ReliabilityView:
    from modelwright.learner.reliability import FEW

    return v.ReliabilityView(
        n=found.n,
        enough=found.n >= FEW,
        bins=tuple(v.ReliabilityBin(b.low, b.high, b.n, b.predicted, b.came, b.at_least, b.at_most) for b in found.bins),
        error=found.error,
        by_chance=found.by_chance,
        loss=found.loss,
        baseline=found.baseline,
        brier=found.brier,
        sentence=found.sentence,
        verdict=_verdict(found, what, found.n >= FEW),
    )


def _verdict(found: Reliability, what: str, enough: bool) -> str:
    """What the numbers mean, for someone who has never heard of calibration."""
    if not found.n:
        return "Until there are some, it goes by what holds for most people and says so by wide ranges."
    if not enough:
        return "With so few, luck outweighs everything: the picture below means little yet."
    off, luck = 100 * found.error, 100 * found.by_chance
    said = f"A single chance that it states is off by {off:.0f} in a hundred on average, where luck alone would look like {luck:.0f}: "
    said += "it can be taken at its word." if off <= 1.5 * luck else "take it with a grain of salt."
    gain = found.baseline - found.loss
    if gain > 0.005:
        said += f" It tells your easy {what} from your hard ones better than your average would."
    elif gain < -0.005:
        said += " Always naming your average would have served better so far."
    else:
        said += " It knows little more of them than your average."
    return said


def knowing_view(desk: Desk, now: int) -> v.KnowingView:
    record = desk.record
    return v.KnowingView(
        calibration=calibration_view(desk),
        own=bool(desk.state.parameters),
        fits=tuple(fit_of_record(fit) for fit in reversed(record.fits[-SHOWN:])),
        brought=tuple(v.BroughtView(b.at, b.source, b.file, b.reviews, b.kept) for b in reversed(record.brought[-SHOWN:])),
        reviews=record.reviewed,
        when_fitted=when_fitted(record, now),
    )


# Fitting the memory


def is_due(record: Record, now: int) -> bool:
    """Whether to try again by itself: once a week at most, and only when there is something new to learn from."""
    from modelwright.learner.fitting import LEAST

    material = record.reviewed + sum(brought.kept for brought in record.brought)
    if material < LEAST:
        return False
    if not record.fits:
        return True
    last = record.fits[-1]
    brought = sum(b.kept for b in record.brought if b.at > last.at)
    return now - last.at >= WEEK and record.reviewed - last.cards_seen + brought >= LEAST_NEW


def when_fitted(record: Record, now: int) -> str:
    from modelwright.learner.fitting import LEAST

    material = record.reviewed + sum(brought.kept for brought in record.brought)
    if not record.fits:
        if material < LEAST:
            return f"It tries from {LEAST} reviews a day or more apart on; {material:,} reviews are here so far."
        return "It tries when the studio starts the next time."
    return (
        f"It last tried on {day(record.fits[-1].at)}. It tries again when the studio starts, a week later at the soonest, once "
        f"{LEAST_NEW} new reviews are here."
    )


def day(at: int) -> str:
    """A date in words, in the machine's own zone."""
    when = time.localtime(at / 1000)
    return f"{when.tm_mday} {time.strftime('%B %Y', when)}"


def fit_view(fit: Fit, at: int) -> v.FitView:
    if not fit.tried:
        words = (
            f"A forgetting curve of your own is tried from {fit.needed} reviews on that come a day or more after the card's last; "
            f"there are {fit.reviews:,}. Until then the one that fits most people is used."
        )
        return v.FitView(at, False, False, fit.reviews, 0, 0.0, 0.0, 0.0, words)
    return _fit(at, fit.won, fit.reviews, fit.held_out, fit.before, fit.after, fit.margin)


def fit_of_record(fit: FitRecord) -> v.FitView:
    return _fit(fit.at, fit.won, fit.reviews, fit.held_out, fit.before, fit.after, 0.0)


def _fit(at: int, won: bool, reviews: int, held_out: int, before: float, after: float, margin: float) -> v.FitView:
    said = f"A forgetting curve was fitted to {reviews:,} of your reviews and tried on {held_out:,} that it had not seen. "
    numbers = f"log loss {after:.4f}, against {before:.4f}"
    if won:
        said += f"It foretold them better than the one in use ({numbers}, more than luck explains), so it is used from then on."
    elif after < before:
        said += f"It foretold them hardly better than the one in use ({numbers}; luck would explain that), so nothing was changed."
    else:
        said += f"It foretold them worse than the one in use ({numbers}), so nothing was changed."
    return v.FitView(at, True, won, reviews, held_out, before, after, margin, said)
