"""The learner room's time: folding a history, building an evening, drawing a forecast, against a peer in the same run.

Run: python bench/learner.py
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable

import numpy as np

from modelwright.curriculum import load
from modelwright.journal import events as e
from modelwright.journal.events import Event
from modelwright.learner import fold, forecast, session
from modelwright.learner.fsrs import DAY
from worlds import START


def main() -> None:
    from journal import history

    curriculum = load()
    events = [Event(id="0" * 32, at=at, data=data) for at, data in history(curriculum, 100_000)]
    clock = time.process_time

    def best(work: Callable[[], object], times: int) -> float:
        found = []
        for _ in range(times):
            start = clock()
            work()
            found.append(clock() - start)
        return min(found)

    rng = np.random.default_rng(0)
    numbers = rng.random(300_000).tolist()
    peer = best(lambda: sorted(numbers), 5)
    state = fold(curriculum, events)
    now = events[-1].at + DAY
    fresh = fold(curriculum, [Event(id="0" * 32, at=START, data=e.Enrolled(name="A", hours_per_week=7))])
    rows = [
        ("fold 100,000 events", best(lambda: fold(curriculum, events), 3), 1.5),
        ("fold one event onto a full state", best(lambda: fold(curriculum, events[-1:], state), 20), 0.05),
        ("an evening, full state", best(lambda: session(curriculum, state, now, 60), 10), 0.05),
        ("an evening, new learner", best(lambda: session(curriculum, fresh, START, 60), 10), 0.05),
        ("forecast, 2,000 paths, new learner", best(lambda: forecast(curriculum, fresh, START, words=False), 5), 0.3),
        ("the same with its sentence", best(lambda: forecast(curriculum, fresh, START), 5), 0.3),
        ("the same, full state", best(lambda: forecast(curriculum, state, now), 5), 0.3),
    ]
    print(f"\nCPU seconds on {platform.machine()}, Python {platform.python_version()}; the peer sorts 300,000 floats in {peer:.3f} s")
    for what, seconds, wish in rows:
        print(f"{what:<40}{seconds:>8.4f} s{seconds / peer:>9.2f} of the peer   wished: {wish} s")


if __name__ == "__main__":
    main()
