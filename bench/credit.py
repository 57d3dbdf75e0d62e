"""Credit through encompassing edges, measured: reviews for each skill retained, against FSRS for each skill on its own.

Run: python bench/credit.py [--seeds 4] [--days 1095] [world …]

A learner goes through the plan, one skill after another at the world's pace, and reviews what is due. Both arms are given the same person
(the same memory, the same days away, the same seed), learn the same skills on the same days, and in truth every task, new or review, in
either arm uses the parts that the world says it uses. Only what is believed and what is chosen differ:

plain    FSRS-6 as it comes, one memory for each skill, each reviewed by itself when it falls to 0.9.
credit   the program's own: `Folder` shares each answer among the memories that had a part in it, and the planner's `regained` picks the
         task. Reviewed at four wishes for retention; what is reported stands where as large a share is retained in truth as by plain FSRS.

Retained means true recall of at least 0.8 on a day, on the average over the days. Intervals are 1.96 standard errors over seeds.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from modelwright.curriculum import Curriculum, load
from modelwright.learner import State, memory
from modelwright.learner.folding import Folder
from modelwright.learner.fsrs import DAY
from modelwright.learner.planning import HELD, comes_anyway, regained, urgency
from modelwright.learner.tracing import default_tracer
from worlds import START, WORLDS, Truth, World, table

RETAINED = 0.8
PLAIN = 0.9
WISHES = (0.88, 0.91, 0.94, 0.96)


@dataclass(frozen=True)
class Kept:
    """reviews: a year, for each skill retained. share: of skills retained. recall: its true mean. believed: its mean as believed."""

    reviews: float
    share: float
    recall: float
    believed: float


class Plain:
    """Every skill on its own."""

    def __init__(self, curriculum: Curriculum, truth: Truth, wish: float) -> None:
        self.folder = Folder(curriculum, State(retention=wish), default_tracer())
        self.truth, self.wish = truth, wish
        self.known: list[str] = []

    def learn(self, skill: str, at: int) -> None:
        self.folder.skill_fsrs.review(self.folder.skill(skill).memory, 3, at)

    def believed(self, skill: str, at: int) -> tuple[float, bool]:
        """Recall, and whether it is due."""
        fsrs, kept = self.folder.skill_fsrs, self.folder.skill(skill).memory
        return fsrs.smooth_retrievability(kept, at), fsrs.due(kept, self.wish) <= at

    def review(self, day: int, at: int, tonight: list[str]) -> int:
        """Whatever is due. `tonight`: the skills that are learned today, after it. Returns how many tasks it took."""
        due = [skill for skill in self.known if self.believed(skill, at)[1]]
        for skill in due:
            right = self.truth.attempt(skill, day)
            self.folder.skill_fsrs.review(self.folder.skill(skill).memory, 3 if right else 1, at)
        return len(due)


class Credit(Plain):
    """The program's."""

    def learn(self, skill: str, at: int) -> None:
        self.folder.taught([skill], at)
        self.folder.credit(self.folder.inner(skill, True), 1.0, at)

    def believed(self, skill: str, at: int) -> tuple[float, bool]:
        kept = memory(self.folder.curriculum, self.folder.state, skill, at)
        assert kept is not None
        return kept.retrievability, kept.due_at <= at

    def review(self, day: int, at: int, tonight: list[str]) -> int:
        ix = self.folder.index
        anyway = {inner: w for skill in tonight for inner, w in ix.contains[skill]}
        urgent: dict[str, float] = {}
        due: set[str] = set()

        def look(skill: str) -> None:
            recall, now = self.believed(skill, at)
            urgent[skill] = urgency(recall, self.wish)
            (due.add if now and not comes_anyway(anyway, skill, recall) else due.discard)(skill)

        for skill in self.known:
            look(skill)
        tasks = 0
        while due:
            worst = max(due, key=lambda s: (urgent[s], s))
            able = [worst, *(outer for outer, w in ix.inside.get(worst, ()) if outer in urgent and w >= HELD)]
            task = max(able, key=lambda s: regained(((s, 1.0), *ix.contains[s]), urgent))
            self.folder.practised(task, 3 if self.truth.attempt(task, day) else 1, 1.0, at)
            tasks += 1
            for skill in (task, *(inner for inner, _ in ix.contains[task] if inner in urgent)):
                look(skill)
            due.discard(task)
        return tasks


def three_years(curriculum: Curriculum, world: World, arm: type[Plain], wish: float, days: int, seed: int) -> Kept:
    truth = Truth(curriculum, Folder(curriculum, State(), default_tracer()).index.contains, world, seed)
    person = arm(curriculum, truth, wish)
    waiting = list(curriculum.order)
    tasks, retained = 0, 0.0
    shares, recalls, beliefs = [], [], []
    for day in range(days):
        at = START + day * DAY
        if not world.away(day):
            tonight, waiting = waiting[: world.pace(day)], waiting[world.pace(day) :]
            tasks += person.review(day, at, tonight)
            for skill in tonight:
                truth.last[skill] = day
                for inner, w in truth.inside.get(skill, ()):
                    if inner in truth.last and truth.rng.random() < w:
                        truth.use(inner, day)
                person.learn(skill, at)
                person.known.append(skill)
        if day % 5 == 4 and person.known:
            now = np.array([truth.recall(s, day) for s in person.known])
            shares.append(float(np.mean(now >= RETAINED)))
            recalls.append(float(now.mean()))
            beliefs.append(float(np.mean([person.believed(s, at)[0] for s in person.known])))
            retained += 5 * float(np.sum(now >= RETAINED))
    return Kept(tasks / max(retained, 1e-9) * 365, float(np.mean(shares)), float(np.mean(recalls)), float(np.mean(beliefs)))


def where(tried: list[Kept], of: str, as_good_as: float) -> tuple[float, bool]:
    """The reviews where `of` is as large, between two wishes; and whether it lies between them at all (else at the nearest of them)."""
    tried = sorted(tried, key=lambda kept: getattr(kept, of))
    values = [getattr(kept, of) for kept in tried]
    return float(np.interp(as_good_as, values, [kept.reviews for kept in tried])), values[0] <= as_good_as <= values[-1]


def main() -> None:
    parser = argparse.ArgumentParser(description="Reviews for each skill retained, with credit and without.")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--days", type=int, default=1095)
    parser.add_argument("worlds", nargs="*", help="beginnings of their names; none: all")
    asked = parser.parse_args()
    curriculum = load()
    rows, middles = [], []
    for n, world in enumerate(WORLDS):
        if asked.worlds and not world.name.startswith(tuple(asked.worlds)):
            continue
        ratios, by_mean, plains, ours, beyond = [], [], [], [], False
        for seed in range(100 * n, 100 * n + asked.seeds):
            plain = three_years(curriculum, world, Plain, PLAIN, asked.days, seed)
            tried = [three_years(curriculum, world, Credit, wish, asked.days, seed) for wish in WISHES]
            needed, between = where(tried, "share", plain.share)
            beyond |= not between
            plains.append(plain)
            ours.append(needed)
            ratios.append(needed / plain.reviews)
            by_mean.append(where(tried, "recall", plain.recall)[0] / plain.reviews)
        middles.append(float(np.mean(ratios)))
        error = 1.96 * np.std(ratios, ddof=1) / np.sqrt(len(ratios)) if len(ratios) > 1 else float("nan")
        rows.append([
            world.name, f"{np.mean([p.share for p in plains]):.3f}", f"{np.mean([p.reviews for p in plains]):.2f}", f"{np.mean(ours):.2f}",
            f"{np.mean(ratios):.2f} ± {error:.2f}{' (not between two wishes)' if beyond else ''}", f"{np.mean(by_mean):.2f}",
            " ".join(f"{k.believed:.2f}/{k.recall:.2f}" for k in tried),
        ])  # fmt: skip
        print(f"  {world.name}: {middles[-1]:.2f}", flush=True)
    head = ["world", "share retained", "plain FSRS", "with credit", "ratio", "at equal mean recall", f"believed/true recall at {WISHES}"]
    table(f"Reviews a year for each skill retained, {len(curriculum.skills)} skills, {asked.days} days, {asked.seeds} seeds", head, rows)
    print(f"median ratio {np.median(middles):.2f}, worst {max(middles):.2f} (aimed at: 0.50 and 0.60)")


if __name__ == "__main__":
    main()
