"""FSRS parameters for one learner: fitted to their own reviews, and kept only if they predict reviews that were held out better.

The fit is maximum a posteriori: log loss on reviews a day or more after the last (same-day reviews shape the memory but are not
scored: they say more about the minutes between than about memory), with the published defaults as the prior, so that few reviews
move little.
Reviews that another program kept of other cards take part in the fit; where there are enough of this program's cards, only these are
held out, since it is their forgetting that has to be foretold.
The `fsrs` package's own optimizer has no prior and takes minutes where this takes seconds; on the review log of its tests both lose to
the defaults on held-out reviews, and then nothing is changed.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from modelwright.journal.events import CardReviewed, Event, MemoryFitted, ReviewsImported
from modelwright.learner.fsrs import DAY, default_parameters

LEAST = 400  # scored reviews before a fit is worth trying
HELD_OUT = 0.2  # of the time-ordered reviews, the last
PRIOR = 0.35  # standard deviation of each parameter around its default, as a share of its range's square root of width
DEEPEST = 64  # reviews of one card that are followed


@dataclass(frozen=True)
class _Reviews:
    """Cards by their reviews in order, padded. days: whole days since the card's last review. scored: a day or more apart.

    own: the card is of this program.
    """

    rating_cn: np.ndarray
    days_cn: np.ndarray
    at_cn: np.ndarray
    there_cn: np.ndarray
    own_c: np.ndarray

    @property
    def scored_cn(self) -> np.ndarray:
        return self.there_cn & (self.days_cn >= 1)


@dataclass(frozen=True, slots=True)
class Fit:
    """What came of one attempt. reviews: scored, a day or more after the card's last. before, after: mean log loss on those held out.

    margin: the standard error of their difference, which the gain has to exceed. parameters: the fitted ones, where they won.
    needed: how many scored reviews an attempt takes; below it nothing was tried and held_out is 0.
    """

    reviews: int
    held_out: int = 0
    before: float = 0.0
    after: float = 0.0
    margin: float = 0.0
    parameters: tuple[float, ...] = ()
    needed: int = LEAST

    @property
    def tried(self) -> bool:
        return self.held_out > 0

    @property
    def won(self) -> bool:
        return bool(self.parameters)

    def event(self, current: Sequence[float] = ()) -> MemoryFitted:
        """The attempt as the journal keeps it: with the parameters that hold from now on."""
        return MemoryFitted(
            parameters=[round(float(p), 6) for p in (self.parameters or current)],
            reviews=self.reviews,
            loss_before=self.before,
            loss_after=self.after,
            won=self.won,
            margin=self.margin,
            held_out=self.held_out,
        )


def fit_memory(events: Iterable[Event], current: Sequence[float] = ()) -> MemoryFitted | None:
    """The event to append when a fit wins on held-out reviews by more than one standard error; None when the present parameters stay."""
    fit = try_fit(events, current)
    return fit.event(current) if fit.won else None


def try_fit(events: Iterable[Event], current: Sequence[float] = ()) -> Fit:
    """Fits, and says how that fared on reviews held out: the last fifth of this program's, or of all where there are too few of these."""
    reviews = _gather(events)
    scored = reviews.scored_cn
    count = int(scored.sum())
    if count < LEAST:
        return Fit(count)
    own = scored & reviews.own_c[:, None]
    judged = own if int(own.sum()) >= LEAST else scored
    border = np.quantile(reviews.at_cn[reviews.there_cn if judged is scored else judged], 1 - HELD_OUT)
    held = judged & (reviews.at_cn > border)
    train = scored & ~held & (reviews.at_cn <= border if judged is scored else True)
    if int(held.sum()) < LEAST // 5:
        return Fit(count)
    now = tuple(current) or default_parameters()
    fitted = _fit(reviews, train)
    before, after = _losses(now, reviews)[held], _losses(fitted, reviews)[held]
    gain = before - after
    margin = float(gain.std() / math.sqrt(len(gain)))
    won = float(gain.mean()) > margin
    whole = _fit(reviews, scored) if won else ()
    return Fit(count, len(gain), float(before.mean()), float(after.mean()), margin, tuple(whole))


def _gather(events: Iterable[Event]) -> _Reviews:
    cards: dict[str, list[tuple[int, int]]] = {}
    anew: dict[str, list[int]] = {}
    others: dict[str, dict[int, int]] = {}
    for event in events:
        if isinstance(event.data, CardReviewed):
            cards.setdefault(event.data.card, []).append((event.at, event.data.rating))
            if event.data.anew:
                anew.setdefault(event.data.card, []).append(event.at)
        elif isinstance(event.data, ReviewsImported):
            for card, flat in event.data.cards.items():
                seen = others.setdefault(f"{event.data.source}:{card}", {})
                seen.update((at * 1000, rating) for at, rating in zip(flat[::2], flat[1::2], strict=True))
    own = [life for card, history in cards.items() for life in _lives(history, anew.get(card, []))]
    histories = [*own, *(list(one.items()) for one in others.values())]
    deepest = min(max((len(r) for r in histories), default=0), DEEPEST)
    shape = (len(histories), deepest)
    rating, at, there = np.ones(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=bool)
    for n, history in enumerate(histories):
        history = sorted(history)[:deepest]
        at[n, : len(history)] = [a for a, _ in history]
        rating[n, : len(history)] = [r for _, r in history]
        there[n, : len(history)] = True
    days = np.zeros(shape, dtype=np.int64)
    days[:, 1:] = np.where(there[:, 1:], (at[:, 1:] - at[:, :-1]) // DAY, 0)
    return _Reviews(rating, days, at, there, np.arange(len(histories)) < len(own))


def _lives(history: list[tuple[int, int]], anew: list[int]) -> list[list[tuple[int, int]]]:
    """A card's reviews, parted where it had been forgotten on purpose: what came before says nothing of the memory after."""
    borders = [0, *sorted(anew), sys.maxsize]
    lives = [[(at, rating) for at, rating in history if begin <= at < end] for begin, end in itertools.pairwise(borders)]
    return [life for life in lives if life]


def _losses(w: Sequence[float], reviews: _Reviews) -> np.ndarray:
    """(cards, reviews): the log loss of each review under these parameters; 0 for a card's first."""
    w = tuple(float(x) for x in w)
    decay = -w[20]
    factor = 0.9 ** (1 / decay) - 1
    easy = w[4] - math.e ** (w[5] * 3) + 1
    r_cn, d_cn = reviews.rating_cn, reviews.days_cn
    s = np.maximum(np.array(w[:4])[r_cn[:, 0] - 1], 0.001)
    d = np.clip(w[4] - np.exp(w[5] * (r_cn[:, 0] - 1)) + 1, 1, 10)
    losses = np.zeros(r_cn.shape)
    for n in range(1, r_cn.shape[1]):
        alive = reviews.there_cn[:, n]
        if not alive.any():
            break
        g, days = r_cn[:, n], np.maximum(d_cn[:, n], 0)
        recall = (1 + factor * days / s) ** decay
        p = np.clip(recall, 1e-7, 1 - 1e-7)
        losses[:, n] = -np.where(g > 1, np.log(p), np.log1p(-p))
        increase = np.exp(w[17] * (g - 3 + w[18])) * s ** -w[19]
        same_day = s * np.where(g > 1, np.maximum(increase, 1), increase)
        forgot = np.minimum(
            w[11] * d ** -w[12] * ((s + 1) ** w[13] - 1) * np.exp((1 - recall) * w[14]), s / math.exp(w[17] * w[18])
        )  # fmt: skip
        bonus = np.where(g == 2, w[15], np.where(g == 4, w[16], 1.0))
        recalled = s * (1 + math.exp(w[8]) * (11 - d) * s ** -w[9] * (np.exp((1 - recall) * w[10]) - 1) * bonus)
        s_next = np.maximum(np.where(days < 1, same_day, np.where(g == 1, forgot, recalled)), 0.001)
        moved = d + (10 - d) * -(w[6] * (g - 3)) / 9
        d_next = np.clip(w[7] * easy + (1 - w[7]) * moved, 1, 10)
        s, d = np.where(alive, s_next, s), np.where(alive, d_next, d)
    return losses


def _fit(reviews: _Reviews, scored_cn: np.ndarray) -> tuple[float, ...]:
    from fsrs.scheduler import LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS
    from scipy.optimize import minimize

    start = np.array(default_parameters())
    low, high = np.array(LOWER_BOUNDS_PARAMETERS), np.array(UPPER_BOUNDS_PARAMETERS)
    # Initial stabilities are positive and wide: their prior is on the logarithm, the others' on the value.
    wide = np.arange(21) < 4
    scale = np.where(wide, 0.6, PRIOR * np.sqrt(np.maximum(np.abs(start), 0.05)) * 0.6)

    def unpack(x: np.ndarray) -> np.ndarray:
        values: np.ndarray = np.clip(np.where(wide, start * np.exp(np.clip(x * scale, -6, 6)), start + x * scale), low, high)
        return values

    def loss(x: np.ndarray) -> float:
        return float(_losses(unpack(x).tolist(), reviews)[scored_cn].sum() + 0.5 * (x * x).sum())

    found = minimize(loss, np.zeros(21), method="L-BFGS-B", options={"maxiter": 12, "eps": 1e-3})
    return tuple(float(v) for v in unpack(found.x))
