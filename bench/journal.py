"""A million events: written, read, folded into a learner's state, against reading the same rows with the sqlite3 module alone.

Run: python bench/journal.py [EVENTS]. The history is generated (seed 0) over the real curriculum: ten years of a very busy learner.
Printed: seconds, microseconds an event, the ratio to the named peer in the same run, and the peak memory of the process that folds. The
fold runs three times, each in a new process: on a shared machine one run says as much of the neighbours as of the program. Once more it
runs without compiled code.
"""

from __future__ import annotations

import os
import platform
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from modelwright.curriculum import Curriculum, load
from modelwright.journal import Journal
from modelwright.journal import events as e
from modelwright.learner.compiled import found

START = 1_600_000_000_000
BATCH = 20_000
RUNS = 3


def history(curriculum: Curriculum, n: int, seed: int = 0) -> Iterator[tuple[int, e.Data]]:
    """(moment, what happened) of a learner who never rests; the mix is that of an evening: mostly cards and problems."""
    rng = random.Random(seed)
    skills = list(curriculum.skills)
    cards = [(card.id, card.skill) for card in curriculum.cards.values()] or [(f"{s}-{k}", s) for s in skills for k in range(4)]
    problems = [(p.id, list(p.skills), p.minutes) for p in curriculum.problems.values()] or [(s, [s], 2.0) for s in skills]
    labs = [(lab.id, list(lab.skills)) for lab in curriculum.labs.values()] or [(s, [s]) for s in skills]
    lessons = list(curriculum.lessons) or skills
    books = [(r.id, ch.number) for r in curriculum.resources.values() for ch in r.chapters]
    check = {"name": "test_rows", "claim": "every row sums to one", "status": "passed", "message": "", "seconds": 0.01}
    verdict = {"schema": 1, "status": "failed", "checks": [check] * 8, "seconds": 0.3}
    at = START
    yield at, e.Enrolled(name="A", hours_per_week=7)
    for _ in range(n - 1):
        at += int(rng.expovariate(1 / 300_000))
        kind = rng.random()
        if kind < 0.60:
            card, skill = rng.choice(cards)
            yield at, e.CardReviewed(card=card, skill=skill, rating=rng.choice((1, 3, 3, 3, 4)), seconds=rng.uniform(2, 20))  # type: ignore[arg-type]
        elif kind < 0.88:
            problem, of, minutes = rng.choice(problems)
            right = rng.random() < 0.75
            yield (
                at,
                e.ProblemAnswered(
                    problem=problem,
                    seed=rng.randrange(1 << 31),
                    skills=of,
                    answer="3/4",
                    right=right,
                    seconds=minutes * rng.uniform(20, 120),
                ),
            )
        elif kind < 0.93:
            lab, of = rng.choice(labs)
            passed = rng.random() < 0.3
            yield at, e.LabSubmitted(
                lab=lab, skills=of, passed=passed, checks_passed=8 if passed else rng.randrange(8), checks_total=8,
                seconds=rng.uniform(60, 1800), source_sha256="0" * 64, verdict=verdict,
            )  # fmt: skip
        elif kind < 0.97:
            yield at, e.LessonFinished(lesson=rng.choice(lessons), seconds=rng.uniform(300, 1500), answers=["because", "when it is square"])
        elif kind < 0.99 and books:
            book, number = rng.choice(books)
            yield at, e.ChapterRead(resource=book, chapter=number, hours=rng.uniform(0.5, 4))
        else:
            yield at, e.TimeLogged(hours=rng.uniform(0.2, 2), what="a lecture")


FOLD = """
import resource, sys, time
from modelwright.curriculum import load
from modelwright.journal import Journal
from modelwright.learner import fold
curriculum = load()
with Journal.open(sys.argv[1]) as journal:
    start, cpu = time.perf_counter(), time.process_time()
    state = fold(curriculum, journal.events())
    seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
    start = time.perf_counter()
    size = len(state.canonical())
print(seconds, cpu, time.perf_counter() - start, size, state.events, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def timed(work: object) -> float:
    start = time.perf_counter()
    work()  # type: ignore[operator]
    return time.perf_counter() - start


def main() -> None:
    n = int(sys.argv[1].replace("_", "")) if len(sys.argv) > 1 else 1_000_000
    curriculum = load()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        with Journal.open(path) as journal:

            def write() -> None:
                moments: list[int] = []
                items: list[e.Data] = []
                for at, item in history(curriculum, n):
                    moments.append(at)
                    items.append(item)
                    if len(items) == BATCH:
                        journal.append_many(items, at=moments)
                        moments, items = [], []
                journal.append_many(items, at=moments)

            def plain() -> None:
                with sqlite3.connect(path) as raw:
                    for _ in raw.execute("SELECT seq, body FROM journal_events WHERE learner = 'me' ORDER BY seq"):
                        pass

            wrote = timed(write)
            peer = timed(plain)
            read = timed(lambda: sum(1 for _ in journal.events()))
            verified = timed(journal.verify)
            last = journal.last_seq()
            one = timed(lambda: [journal.append(e.TimeLogged(hours=1, what="x")) for _ in range(200)]) / 200

        def fold(**environment: str) -> list[float]:
            command = [sys.executable, "-c", FOLD, str(path)]
            run = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **environment})
            return [float(x) for x in run.stdout.split()]

        runs = sorted(fold() for _ in range(RUNS))
        interpreted = fold(MODELWRIGHT_NATIVE="0")[0]
        (folded, cpu, canonical, size, events, memory), slowest = runs[0], runs[-1][0]
        disk = path.stat().st_size
    print(
        f"{last:,} events, {disk / 1e6:.0f} MB on disk; {platform.processor() or platform.machine()}, Python {platform.python_version()}, "
        f"the fold {'compiled' if found() else 'not compiled'}"
    )
    print(f"{'what':<44}{'s':>9}{'µs an event':>13}{'to peer':>9}")
    rows = (
        ("sqlite3 alone, rows only (the peer)", peer),
        ("journal.events, decoded", read),
        (f"fold from disk, the fastest of {RUNS}", folded),
        ("the same in CPU seconds", cpu),
        ("the slowest", slowest),
        ("the fold by Python alone", interpreted),
        ("journal.verify", verified),
        (f"append_many, {BATCH:,} a time", wrote),
    )
    for what, seconds in rows:
        print(f"{what:<44}{seconds:>9.2f}{seconds / n * 1e6:>13.2f}{seconds / peer:>9.1f}")
    print(f"{'one append, durable':<44}{one:>9.4f}")
    print(f"{'canonical bytes of the state':<44}{canonical:>9.4f}  {size / 1e3:.0f} kB after {events:,.0f} events")
    print(f"peak memory while folding {memory:.0f} MB (this process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB)")


if __name__ == "__main__":
    main()
