"""Memory, measured on a real review log: what FSRS-6 loses there with its defaults and fitted, beside simple baselines.

Run: python bench/memory.py   (the log is `data/sr/review_log.csv` in the folder that MODELWRIGHT_DATA names)
"""

from __future__ import annotations

import csv
import datetime as dt
import math
import os
from pathlib import Path

import numpy as np

from modelwright.journal import events as e
from modelwright.journal.events import Event
from modelwright.learner.fitting import _fit, _gather, _losses
from modelwright.learner.fsrs import default_parameters
from worlds import table

DATA = Path(os.environ.get("MODELWRIGHT_DATA", Path(__file__).parents[2] / "shared")) / "data"


def main() -> None:
    path = DATA / "sr/review_log.csv"
    if not path.is_file():
        print(f"\nmemory: skipped, {path} is not here (set MODELWRIGHT_DATA)")
        return
    with path.open() as file:
        rows = sorted((r["review_time"], r["card_id"], int(r["review_rating"])) for r in csv.DictReader(file))
    log = [
        Event(
            id=f"{n:032x}", at=round(dt.datetime.fromisoformat(text).timestamp() * 1000),
            data=e.CardReviewed(card=card, skill="a/b", rating=rating, seconds=5),  # type: ignore[arg-type]
        )
        for n, (text, card, rating) in enumerate(rows)
    ]  # fmt: skip
    reviews = _gather(log)
    scored = reviews.scored_cn
    rights = (reviews.rating_cn > 1)[scored].astype(float)
    at = reviews.at_cn[scored]
    order = np.argsort(at)
    moving, losses = 0.8, []
    for right in rights[order]:
        losses.append(-math.log(moving if right else 1 - moving))
        moving = min(max(moving + 0.02 * (right - moving), 0.02), 0.98)
    rate = rights.mean()
    constant = -(rate * math.log(rate) + (1 - rate) * math.log(1 - rate))
    ours = _losses(default_parameters(), reviews)[scored]
    border = np.quantile(reviews.at_cn[reviews.there_cn], 0.8)
    held = scored & (reviews.at_cn > border)
    fitted = _losses(_fit(reviews, scored & (reviews.at_cn <= border)), reviews)[held]
    before = _losses(default_parameters(), reviews)[held]
    error = float((before - fitted).std() / math.sqrt(held.sum()))
    head = ["log loss, reviews a day or more apart", "all", "last fifth"]
    rows_out = [
        ["constant", f"{constant:.4f}", ""],
        ["moving average", f"{np.mean(losses):.4f}", ""],
        ["FSRS-6, defaults", f"{ours.mean():.4f}", f"{before.mean():.4f}"],
        ["fitted to the first four fifths", "", f"{fitted.mean():.4f}"],
    ]
    table(f"Memory: {len(rows):,} reviews by one person, {int(scored.sum()):,} scored", head, rows_out)
    wins = before.mean() - fitted.mean() > error
    print(f"gain of the fit {before.mean() - fitted.mean():+.4f}, standard error {error:.4f}: {'used' if wins else 'not used'}")


if __name__ == "__main__":
    main()
