"""Seven worlds of simulated learners, whose workings are not those that the program infers with. Shared by the measurements; itself none.

Memory is a stretched exponential with a half-life (not FSRS's power law), practice of a whole either uses a part or does not (no
fractions), effort is gamma-distributed and by kind of person (not lognormal), hours follow each world's own week (not an
autoregression). Whoever draws from a world brings a seed.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from modelwright.curriculum import Curriculum
from modelwright.learner.fsrs import DAY

START = 1_767_225_600_000 + 18 * 3_600_000
WEEK = 7 * DAY
MATHEMATICS = ("linear-algebra", "calculus", "probability")
CODE = ("python", "algorithms", "hands-on-ml", "practical-nlp", "large-scale-ml", "ai-systems-design")


@dataclass(frozen=True)
class World:
    """away(day): whether that day is without study. pace: skills a day. half_life: days after learning, by module. effort: hours taken by
    hours planned, by module. week(rng, n): hours of the n-th week by hours wished for."""

    name: str
    away: Callable[[int], bool]
    pace: Callable[[int], int]
    half_life: Callable[[str], float]
    guess: float
    effort: Callable[[str], float]
    week: Callable[[np.random.Generator, list[float]], float]
    upkeep: float
    rights: tuple[float, float] | None = (
        None  # of answers, at first and from the 120th evening on, whatever is asked; None: as they know it
    )


def _onoff(rng: np.random.Generator, past: list[float]) -> float:
    """Weeks of plenty and weeks of little, each likely to be followed by its like."""
    on = past[-1] > 0.6 if past else True
    on = on if rng.random() < 0.7 else not on
    return float(rng.uniform(1.0, 1.7) if on else rng.uniform(0.05, 0.4))


def _quits(rng: np.random.Generator, past: list[float]) -> float:
    """Stops for one to ten weeks, about twice a year."""
    if past and past[-1] == 0:
        return 0.0 if rng.random() < 0.8 else float(rng.uniform(0.6, 1.1))
    return 0.0 if rng.random() < 0.04 else float(rng.uniform(0.6, 1.1))


def _steady(rng: np.random.Generator, past: list[float]) -> float:
    return float(rng.uniform(0.65, 1.0))


def _tiring(rng: np.random.Generator, past: list[float]) -> float:
    """Keen at first, then settling; a free week now and then."""
    return 0.0 if rng.random() < 0.06 else float(rng.uniform(0.5, 0.9) + 0.5 * math.exp(-len(past) / 10))


WORLDS = (
    World("steady", lambda d: False, lambda d: int(d % 3 == 0), lambda m: 18.0, 0.05, lambda m: 1.0, _steady, 0.08),
    World("bursty", lambda d: d % 7 < 4, lambda d: 1, lambda m: 18.0, 0.05, lambda m: 1.1, _onoff, 0.08),
    World("quits and returns", lambda d: d % 160 > 115, lambda d: int(d % 2 == 0), lambda m: 18.0, 0.05, lambda m: 1.0, _quits, 0.12),
    World("fast, forgets", lambda d: False, lambda d: int(d % 2 == 0), lambda m: 7.0, 0.05, lambda m: 0.6, _steady, 0.22),
    World(
        "programmer, weak in mathematics", lambda d: d % 7 == 6, lambda d: int(d % 3 == 0),
        lambda m: 9.0 if m in MATHEMATICS else 40.0 if m in CODE else 18.0, 0.05,
        lambda m: 1.5 if m in MATHEMATICS else 0.5 if m in CODE else 1.0, _tiring, 0.08,
    ),
    World("guesser", lambda d: d % 7 == 0, lambda d: int(d % 3 == 0), lambda m: 14.0, 0.35, lambda m: 1.25, _tiring, 0.15),
)  # fmt: skip


# Right in 45 of 100 answers at first and in 75 after 120 evenings, however long they practise: whom a plan may hold at one place for ever.
SLOW = World("slow to come", lambda d: False, lambda d: int(d % 4 == 0), lambda m: 18.0, 0.05, lambda m: 1.4, _steady, 0.1, (0.45, 0.75))


class Truth:
    """How this learner's memory really works, in a world: half-lives in days, a stretched exponential, parts used or not used."""

    def __init__(self, curriculum: Curriculum, contains: dict[str, tuple[tuple[str, float], ...]], world: World, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.world = world
        noise = self.rng
        # What really is practised inside a whole differs from what the author thought.
        self.inside = {s: [(i, min(1.0, w * noise.uniform(0.6, 1.3))) for i, w in inner] for s, inner in contains.items()}
        self.half = {s: world.half_life(k.module) * float(noise.uniform(0.6, 1.5)) for s, k in curriculum.skills.items()}
        self.last: dict[str, int] = {}

    def recall(self, skill: str, day: int) -> float:
        return math.exp(-math.log(2) * ((day - self.last[skill]) / self.half[skill]) ** 0.8)

    def use(self, skill: str, day: int) -> bool:
        """Try to recall; whatever happens, the answer is seen."""
        r = self.recall(skill, day)
        right = self.rng.random() < 0.98 * r
        self.half[skill] *= 1.02 + 10 * (1 - r) if right else max(0.45, 4 / self.half[skill])
        self.half[skill] = min(self.half[skill], 3000.0)
        self.last[skill] = day
        return right

    def attempt(self, skill: str, day: int) -> bool:
        """A task on a skill: it and the parts of it that the task happens to need."""
        right = self.use(skill, day)
        for inner, w in self.inside.get(skill, ()):
            if inner in self.last and self.rng.random() < w:
                right &= self.use(inner, day)
        return right or self.rng.random() < self.world.guess


def table(title: str, head: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    print(f"\n{title}")
    for row in [head, *rows]:
        print("  ".join(cell.ljust(w) if k == 0 else cell.rjust(w) for k, (cell, w) in enumerate(zip(row, widths, strict=True))))
