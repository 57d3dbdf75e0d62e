"""Placement, measured: how many of the plan's skills are classified rightly after so many questions, against random order and a fixed test.

Run: python bench/placement.py [--learners 20] [--first 100] [--questions 25] [--known-world 2000000] [world …]

Six worlds of simulated learners, on the real skill graph. None is the prior that the inference draws from: there, a person is five
abilities with modules that depart from them; here, what is known comes from a history (walked in some order, left, forgotten by age and
use), without any ability. An answer slips in one of ten and is guessed in one of five, as the inference is told. All three ways of
asking are read by the same inference; only the choice of the next question differs. A bank is assumed that can ask of every skill.
Seeds are fixed; an interval is 1.96 standard errors over learners. The prior was looked at with learners below 100 only.

"said" is what a self-report alone gives, one of four levels for each module, and "said, then asked" the same questions after it. What
people say here lies between what they once met and what they still know, with a leaning of their own and much chance. How it correlates
with what they know is printed at the end; in language, self-assessments and tests do by .47 over 67 studies (Li and Zhang 2021, Language
Testing 38:2), across people and not also across modules.

`--known-world N` asks what could be reached at most: the same choice of questions, but the inference knows the world itself, from N sets
of skills drawn by that world's own workings and weighed by the answers. What it misses, no prior can find.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
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

    def walk(self, rng: np.random.Generator, n: int) -> np.ndarray:
        """When each skill is met, counted from 0: in the plan's order, with modules that overlap. One column for each of n learners."""
        order: np.ndarray = np.argsort(self.module[:, None] + rng.normal(0, 0.6, (self.n, n)), axis=0)
        return np.argsort(order, axis=0)

    def keep(self, want: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """What stays of it where most skills need their prerequisites; one column a learner."""
        known = np.zeros(want.shape, bool)
        for i in range(self.n):
            known[i] = want[i] & (known[self.parents[i]].all(0) | (rng.random(want.shape[1]) < GAP))
        return known


# Each world gives what was ever met, and what of it is still there, before gaps: (skills, n) both.
Lives = tuple[np.ndarray, np.ndarray]


def steady(plan: Plan, rng: np.random.Generator, n: int) -> Lives:
    """Walked the plan up to some point and kept it."""
    want = plan.walk(rng, n) < rng.integers(0, plan.n, n)
    return want, want


def bursty(plan: Plan, rng: np.random.Generator, n: int) -> Lives:
    """Learned some modules whole, mostly with what they rest on, and nothing of the others."""
    want = np.zeros((plan.n, n), bool)
    for learner in range(n):
        picked = {plan.modules[m] for m in rng.choice(len(plan.modules), rng.integers(2, 9), replace=False)}
        for module in sorted(picked):
            if rng.random() < 0.7:
                picked |= set(plan.needs[module])
        want[:, learner] = plan.inside(*picked)
    return want, want


def returning(plan: Plan, rng: np.random.Generator, n: int) -> Lives:
    """Walked, quit, lost the later part of each module, and came back to walk the beginning again."""
    met, far = plan.walk(rng, n), rng.integers(plan.n // 4, int(0.9 * plan.n), n)
    want = met < far
    for m in range(len(plan.modules)):
        inside = np.flatnonzero(plan.module == m)
        left = np.ceil(rng.beta(3, 1.5, n) * len(inside))
        want[inside] &= np.arange(len(inside))[:, None] < left
    return met < far, want | (met < rng.integers(0, far))


def forgetful(plan: Plan, rng: np.random.Generator, n: int) -> Lives:
    """Went fast and far; what nothing later used is gone after a time that differs by module."""
    met, far = plan.walk(rng, n), rng.integers(plan.n // 2, plan.n, n)
    want, age = met < far, (far - 1 - met) / plan.n
    lasts = np.exp(rng.normal(-1.2, 0.6, (len(plan.modules), n)))
    for i in range(plan.n - 1, -1, -1):
        uses = want[plan.children[i]].sum(0)
        want[i] &= age[i] <= lasts[plan.module[i]] * 2.0**uses * np.exp(rng.normal(0, 0.3, n))
    return met < far, want


def programmer(plan: Plan, rng: np.random.Generator, n: int) -> Lives:
    """Strong in code and systems, to near the end of each; of the mathematics only the first pages."""
    want = np.zeros((plan.n, n), bool)
    shares = [
        (8, 1, ("python", "algorithms", "large-scale-ml", "ai-systems-design")),
        (1, 8, ("linear-algebra", "calculus", "probability")),
    ]
    for high, low, names in shares:
        for name in names:
            inside = np.flatnonzero(plan.inside(name))
            want[inside] = np.arange(len(inside))[:, None] < np.floor(rng.beta(high, low, n) * len(inside))
    return want, want


def guesser(plan: Plan, rng: np.random.Generator, n: int) -> Lives:
    """Knows one skill in twenty, and is right now and then all the same."""
    want = rng.random((plan.n, n)) < 0.05
    return want, want


WORLDS: dict[str, Callable[[Plan, np.random.Generator, int], Lives]] = {
    "steady": steady, "bursty": bursty, "quitting and returning": returning, "fast, poor retention": forgetful,
    "programmer, weak in mathematics": programmer, "guesser": guesser,
}  # fmt: skip


class KnownWorld(Placement):
    """An inference that knows the world: sets of skills drawn by its own workings, weighed by the answers."""

    def __init__(self, curriculum: Curriculum, known_sn: np.ndarray) -> None:
        super().__init__(curriculum, sets=512)
        self.known_sn = known_sn

    def _draw(self, answers: Sequence[Answered]) -> tuple[np.ndarray, np.ndarray]:
        log_w = np.zeros(self.known_sn.shape[1], np.float32)
        for i, (yes, no) in self._odds(answers).items():
            log_w += np.where(self.known_sn[i], np.log(yes), np.log(no)).astype(np.float32)
        total = np.cumsum(np.exp(log_w - log_w.max(), dtype=np.float64))
        n = 8192
        chosen = np.minimum(np.searchsorted(total / total[-1], (np.arange(n) + 0.5) / n), len(total) - 1)
        return self.known_sn[:, chosen].astype(np.float32), np.full(n, 1 / n, np.float32)


def most(plan: Plan, curriculum: Curriculum, name: str, learners: range, questions: int, sets: int) -> str:
    """How many skills of this world's learners are classified rightly by who knows the world."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), 999_999_999])
    drawn = [plan.keep(WORLDS[name](plan, rng, 20_000)[1], rng) for _ in range(0, sets, 20_000)]
    knowing, curves = KnownWorld(curriculum, np.concatenate(drawn, axis=1)), []
    for learner in learners:
        curves.append(best(plan, knowing, person(plan, name, learner)[1], np.random.default_rng([1, learner]), questions))
    ends = [c[max(c)] for c in curves]
    after = reached(curves)
    return f"{shown_mean(ends)}, {GOAL:.0%} after {after if after else f'> {questions}'}"


def person(plan: Plan, name: str, learner: int) -> tuple[np.ndarray, np.ndarray]:
    """What this learner ever met, and what they know."""
    rng = np.random.default_rng([zlib.crc32(name.encode()), learner])
    met, want = WORLDS[name](plan, rng, 1)
    return met[:, 0], plan.keep(want, rng)[:, 0]


def says(plan: Plan, met: np.ndarray, known: np.ndarray, rng: np.random.Generator) -> dict[str, int]:
    """Module by module: 0 (new to me) to 3 (I could teach it). One in five is said without a thought."""
    leaning, said = rng.uniform(-0.12, 0.12), {}
    for m, module in enumerate(plan.modules):
        inside = plan.module == m
        felt = (known[inside].mean() + met[inside].mean()) / 2 + leaning + rng.triangular(-0.6, 0, 0.6)
        level = int(np.searchsorted([0.12, 0.5, 0.85], felt))
        said[module] = int(rng.integers(4)) if rng.random() < 0.2 else level
    return said


def shown_mean(ends: Sequence[float]) -> str:
    return f"{np.mean(ends):.3f} ± {1.96 * np.std(ends, ddof=1) / len(ends) ** 0.5 if len(ends) > 1 else 0:.3f}"


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
    ask.add_argument("--learners", type=int, default=20, help="in each world")
    ask.add_argument("--first", type=int, default=100, help="the first learner's number")
    ask.add_argument("--known-world", type=int, default=0, metavar="SETS", help="also what could be reached at most")
    ask.add_argument("--questions", type=int, default=25)
    given = ask.parse_args()
    curriculum = load()
    plan = Plan(curriculum)
    placement = Placement(curriculum)
    nothing = placement.believe([], ()).skills
    print(f"{plan.n} skills, {given.learners} learners a world, slip {SLIP}, guess {GUESS}; {platform.processor() or platform.machine()}\n")
    head = f"{'world':32} {'known':>6} {'unasked':>8} {f'best, {given.questions} q':>14} {'random, 25 q':>14} {'fixed, 25 q':>14}"
    head += f" {'said':>14} {f'then {given.questions} q':>14}"
    print(head + f"   {GOAL:.0%} after: best, random, fixed; said and asked")
    total, asked, missed, slow = 0.0, 0, [], []
    levels: list[int] = []
    shares: list[float] = []
    for name in WORLDS:
        if given.worlds and not any(word in name for word in given.worlds):
            continue
        curves: dict[str, list[dict[int, float]]] = {"best": [], "random": [], "fixed": [], "said": []}
        share, unasked, alone = [], [], []
        learners = range(given.first, given.first + given.learners)
        for learner in learners:
            met, known = person(plan, name, learner)
            share.append(known.mean())
            unasked.append(np.mean([(nothing[s] > 0.5) == known[i] for i, s in enumerate(plan.order)]))
            began = time.process_time()
            curves["best"].append(best(plan, placement, known, np.random.default_rng([1, learner]), given.questions))
            total, asked = total + time.process_time() - began, asked + len(curves["best"][-1])
            shuffled = iter(np.random.default_rng([2, learner]).permutation(plan.n).tolist())
            look = partial(in_order, plan=plan, placement=placement, known=known)
            curves["random"].append(look(shuffled, rng=np.random.default_rng([1, learner])))
            curves["fixed"].append(look(fixed(plan.n), rng=np.random.default_rng([1, learner])))
            report = says(plan, met, known, np.random.default_rng([3, zlib.crc32(name.encode()), learner]))
            reported = Placement(curriculum, report)
            alone.append(score(plan, reported, [], known))
            curves["said"].append(best(plan, reported, known, np.random.default_rng([1, learner]), given.questions))
            levels += [report[m] for m in plan.modules]
            shares += [float(known[plan.module == m].mean()) for m in range(len(plan.modules))]
        ends = {
            "best": [c[max(c)] for c in curves["best"]],
            "random": [c[25] for c in curves["random"]],
            "fixed": [c[25] for c in curves["fixed"]],
            "alone": alone,
            "said": [c[max(c)] for c in curves["said"]],
        }
        cells = [shown_mean(e) for e in ends.values()]
        after = {way: reached(c) for way, c in curves.items()}
        shown = [str(after[way]) if after[way] else f"> {given.questions if way in ('best', 'said') else max(LOOKS)}" for way in after]
        row = f"{name:32} {np.mean(share):6.2f} {np.mean(unasked):8.3f} " + " ".join(f"{cell:>14}" for cell in cells)
        print(f"{row}   {', '.join(shown[:3])}; {shown[3]}", flush=True)
        if given.known_world:
            print(f"{'  at most':32} {'':15} {most(plan, curriculum, name, learners, given.questions, given.known_world)}", flush=True)
        if np.mean(ends["best"]) < REACH:
            missed.append(name)
        if after["best"] is None or (after["random"] or max(LOOKS) + 1) < 2 * after["best"]:
            slow.append(name)
    print(f"\nWhat was said of a module and the share of it that is known correlate with {np.corrcoef(levels, shares)[0, 1]:.2f}.")
    print(f"A question costs {1000 * total / max(asked, 1):.0f} ms of processor time, belief and choice together.")
    print(f"{REACH:.0%} after {given.questions} questions: {'in every world' if not missed else 'not in ' + ', '.join(missed)}.")
    print(f"Half of random order's questions to {GOAL:.0%}, or fewer: {'in every world' if not slow else 'not in ' + ', '.join(slow)}.")
    return 1 if missed or slow else 0


if __name__ == "__main__":
    sys.exit(main())
