"""Placement, measured: how many of the plan's skills are classified rightly after so many questions, against random order and a fixed test.

Run: python bench/placement.py [--learners 6] [--questions 25] [world …]

Six worlds of simulated learners, on the real skill graph. None is the prior that the inference draws from: there, a person is five
abilities with modules that depart from them; here, what is known comes from a history (walked in some order, left, forgotten by age and
use), without any ability. An answer slips in one of ten and is guessed in one of five, as the inference is told. All three ways of
asking are read by the same inference; only the choice of the next question differs. A bank is assumed that can ask of every skill.
Seeds are fixed; an interval is 1.96 standard errors over learners.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from functools import partial

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from modelwright.curriculum import Curriculum, load
from modelwright.learner.placement import GUESS, SLIP, Answered, Placement

GAP = 0.1  # in these worlds: how often someone keeps a skill although a prerequisite of it is missing
LOOKS = (1, 2, 3, 5, 8, 10, 12, 15, 20, 25, 30, 40, 50, 60, 80)  # after how many questions the orders that do not adapt are looked at
GOAL, REACH = 0.90, 0.93


class Plan:
    """The graph as arrays."""

    def __init__(self, curriculum: Curriculum) -> None:
        self.order = curriculum.order
        self.n = len(self.order)
        at = {skill: i for i, skill in enumerate(self.order)}
        self.parents = [[at[p] for p in curriculum.skills[s].prerequisites] for s in self.order]
        self.children: list[list[int]] = [[] for _ in self.order]
        for i, parents in enumerate(self.parents):
            for p in parents:
                self.children[p].append(i)
        self.modules = list(curriculum.modules)
        self.needs = {m.id: m.prerequisites for m in curriculum.modules.values()}
        self.module = np.array([self.modules.index(s.split("/")[0]) for s in self.order])

    def inside(self, *names: str) -> np.ndarray:
        return np.isin(self.module, [self.modules.index(m) for m in names if m in self.modules])

    def walk(self, rng: np.random.Generator) -> np.ndarray:
        """The skills in the order in which someone meets them: the plan's, with modules that overlap."""
        return np.argsort(self.module + rng.normal(0, 0.6, self.n))

    def keep(self, want: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """What stays of it where most skills need their prerequisites."""
        known = np.zeros(self.n, bool)
        for i in range(self.n):
            known[i] = want[i] and (all(known[p] for p in self.parents[i]) or rng.random() < GAP)
        return known


def steady(plan: Plan, rng: np.random.Generator) -> np.ndarray:
    """Walked the plan up to some point and kept it."""
    want = np.zeros(plan.n, bool)
    want[plan.walk(rng)[: rng.integers(0, plan.n)]] = True
    return want


def bursty(plan: Plan, rng: np.random.Generator) -> np.ndarray:
    """Learned some modules whole, mostly with what they rest on, and nothing of the others."""
    picked = {plan.modules[m] for m in rng.choice(len(plan.modules), rng.integers(2, 9), replace=False)}
    for module in sorted(picked):
        if rng.random() < 0.7:
            picked |= set(plan.needs[module])
    return plan.inside(*picked)


def returning(plan: Plan, rng: np.random.Generator) -> np.ndarray:
    """Walked, quit, lost the later part of each module, and came back to walk the beginning again."""
    order, want = plan.walk(rng), np.zeros(plan.n, bool)
    far = rng.integers(plan.n // 4, int(0.9 * plan.n))
    want[order[:far]] = True
    for m in range(len(plan.modules)):
        inside = np.flatnonzero(plan.module == m)
        want[inside[int(np.ceil(rng.beta(3, 1.5) * len(inside))) :]] = False
    want[order[: rng.integers(0, far)]] = True
    return want


def forgetful(plan: Plan, rng: np.random.Generator) -> np.ndarray:
    """Went fast and far; what nothing later used is gone after a time that differs by module."""
    order, want = plan.walk(rng), np.zeros(plan.n, bool)
    far = rng.integers(plan.n // 2, plan.n)
    want[order[:far]] = True
    age = np.zeros(plan.n)
    age[order[:far]] = np.arange(far)[::-1] / plan.n
    lasts = np.exp(rng.normal(-1.2, 0.6, len(plan.modules)))
    for i in range(plan.n - 1, -1, -1):
        uses = sum(want[j] for j in plan.children[i])
        if want[i] and age[i] > lasts[plan.module[i]] * 2.0**uses * np.exp(rng.normal(0, 0.3)):
            want[i] = False
    return want


def programmer(plan: Plan, rng: np.random.Generator) -> np.ndarray:
    """Strong in code and systems, to near the end of each; of the mathematics only the first pages."""
    want = np.zeros(plan.n, bool)
    shares = [
        (8, 1, ("python", "algorithms", "large-scale-ml", "ai-systems-design")),
        (1, 8, ("linear-algebra", "calculus", "probability")),
    ]
    for high, low, names in shares:
        for name in names:
            inside = np.flatnonzero(plan.inside(name))
            want[inside[: int(rng.beta(high, low) * len(inside))]] = True
    return want


def guesser(plan: Plan, rng: np.random.Generator) -> np.ndarray:
    """Knows one skill in twenty, and is right now and then all the same."""
    return rng.random(plan.n) < 0.05


WORLDS: dict[str, Callable[[Plan, np.random.Generator], np.ndarray]] = {
    "steady": steady, "bursty": bursty, "quitting and returning": returning, "fast, poor retention": forgetful,
    "programmer, weak in mathematics": programmer, "guesser": guesser,
}  # fmt: skip


def answer(plan: Plan, known: np.ndarray, i: int, rng: np.random.Generator) -> Answered:
    return Answered(plan.order[i], bool(rng.random() < (1 - SLIP if known[i] else GUESS)))


def score(plan: Plan, placement: Placement, answers: list[Answered], known: np.ndarray) -> float:
    skills = placement.believe(answers, ()).skills
    return float(np.mean([(skills[s] > 0.5) == known[i] for i, s in enumerate(plan.order)]))


def best(plan: Plan, placement: Placement, known: np.ndarray, rng: np.random.Generator, questions: int) -> dict[int, float]:
    """The next question is the one that leaves the fewest skills wrongly classified."""
    at, answers, right = {s: i for i, s in enumerate(plan.order)}, [], {}
    belief = placement.believe([])
    for count in range(1, questions + 1):
        if belief.next is None:
            break
        answers.append(answer(plan, known, at[belief.next], rng))
        belief = placement.believe(answers)
        right[count] = float(np.mean([(belief.skills[s] > 0.5) == known[i] for i, s in enumerate(plan.order)]))
    return right


def in_order(order: Iterator[int], plan: Plan, placement: Placement, known: np.ndarray, rng: np.random.Generator) -> dict[int, float]:
    answers, right = [], {}
    for count in range(1, max(LOOKS) + 1):
        answers.append(answer(plan, known, next(order), rng))
        if count in LOOKS:
            right[count] = score(plan, placement, answers, known)
    return right


def fixed(n: int) -> Iterator[int]:
    """The same skills for everyone, spread over the plan."""
    return iter([int((k * 0.6180339887 % 1) * n) for k in range(1, n + 1)])


def reached(curves: list[dict[int, float]]) -> int | None:
    """From which question on the mean over learners stays at the goal."""
    first = None
    for count in sorted(curves[0]):
        good = np.mean([c[count] for c in curves if count in c]) >= GOAL
        first = (first or count) if good else None
    return first


def main() -> int:
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("worlds", nargs="*", help="a word of a world's name; none: all")
    ask.add_argument("--learners", type=int, default=6, help="in each world")
    ask.add_argument("--questions", type=int, default=25)
    given = ask.parse_args()
    curriculum = load()
    plan = Plan(curriculum)
    placement = Placement(curriculum)
    nothing = placement.believe([], ()).skills
    print(f"{plan.n} skills, {given.learners} learners a world, slip {SLIP}, guess {GUESS}; {platform.processor() or platform.machine()}\n")
    head = f"{'world':32} {'known':>6} {'unasked':>8} {f'best, {given.questions} q':>14} {'random, 25 q':>14} {'fixed, 25 q':>14}"
    print(head + f"   {GOAL:.0%} after: best, random, fixed")
    total, asked, missed, slow = 0.0, 0, [], []
    for name, world in WORLDS.items():
        if given.worlds and not any(word in name for word in given.worlds):
            continue
        curves: dict[str, list[dict[int, float]]] = {"best": [], "random": [], "fixed": []}
        share, unasked = [], []
        for learner in range(given.learners):
            rng = np.random.default_rng([zlib.crc32(name.encode()), learner])
            known = plan.keep(world(plan, rng), rng)
            share.append(known.mean())
            unasked.append(np.mean([(nothing[s] > 0.5) == known[i] for i, s in enumerate(plan.order)]))
            began = time.process_time()
            curves["best"].append(best(plan, placement, known, np.random.default_rng([1, learner]), given.questions))
            total, asked = total + time.process_time() - began, asked + len(curves["best"][-1])
            shuffled = iter(np.random.default_rng([2, learner]).permutation(plan.n).tolist())
            look = partial(in_order, plan=plan, placement=placement, known=known)
            curves["random"].append(look(shuffled, rng=np.random.default_rng([1, learner])))
            curves["fixed"].append(look(fixed(plan.n), rng=np.random.default_rng([1, learner])))
        ends = {
            "best": [c[max(c)] for c in curves["best"]],
            "random": [c[25] for c in curves["random"]],
            "fixed": [c[25] for c in curves["fixed"]],
        }
        cells = [f"{np.mean(e):.3f} ± {1.96 * np.std(e, ddof=1) / len(e) ** 0.5 if len(e) > 1 else 0:.3f}" for e in ends.values()]
        after = {way: reached(c) for way, c in curves.items()}
        shown = [str(after[way]) if after[way] else f"> {given.questions if way == 'best' else max(LOOKS)}" for way in after]
        print(
            f"{name:32} {np.mean(share):6.2f} {np.mean(unasked):8.3f} {cells[0]:>14} {cells[1]:>14} {cells[2]:>14}   {', '.join(shown)}",
            flush=True,
        )
        if np.mean(ends["best"]) < REACH:
            missed.append(name)
        if after["best"] is None or (after["random"] or max(LOOKS) + 1) < 2 * after["best"]:
            slow.append(name)
    print(f"\nA question costs {1000 * total / max(asked, 1):.0f} ms of processor time, belief and choice together.")
    print(f"{REACH:.0%} after {given.questions} questions: {'in every world' if not missed else 'not in ' + ', '.join(missed)}.")
    print(f"Half of random order's questions to {GOAL:.0%}, or fewer: {'in every world' if not slow else 'not in ' + ', '.join(slow)}.")
    return 1 if missed or slow else 0


if __name__ == "__main__":
    sys.exit(main())
