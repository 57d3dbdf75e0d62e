"""Credit through encompassing edges, measured: reviews for each skill retained, against FSRS for each skill on its own.

Run: python bench/credit.py
"""

from __future__ import annotations

import numpy as np

from modelwright.curriculum import Curriculum, load
from modelwright.learner import State, memory
from modelwright.learner.folding import Folder
from modelwright.learner.fsrs import DAY
from modelwright.learner.tracing import default_tracer
from worlds import START, WORLDS, Truth, World, table

RETAINED = 0.8  # true recall from which a skill counts as retained


def reviews_needed(curriculum: Curriculum, world: World, credit: bool, retention: float, days: int, seed: int) -> tuple[float, float]:
    """(reviews a year for each skill retained, share of skills retained), reviewing what is due and learning one skill after another."""
    folder = Folder(curriculum, State(retention=retention), default_tracer())
    ix = folder.index
    truth = Truth(curriculum, ix.contains, world, seed)
    fsrs = folder.skill_fsrs
    waiting = list(curriculum.order)
    known: list[str] = []
    reviews = 0
    recalls: list[float] = []
    retained = 0.0
    for day in range(days):
        at = START + day * DAY
        if not world.away(day):
            need = {}
            for s in known:
                kept = memory(curriculum, folder.state, s, at)
                if kept is not None and kept.due_at <= at:
                    need[s] = 1 - kept.retrievability
            while need:
                if credit:
                    near = set(need)
                    for s in need:
                        near.update(o for o, _ in ix.inside.get(s, ()) if o in folder.state.skills and o in truth.last)

                    def gain(task: str, need: dict[str, float] = need) -> float:
                        return need.get(task, 0.0) + sum(need[i] * w for i, w in ix.contains[task] if i in need)

                    task = max(sorted(near), key=gain)
                else:
                    task = next(iter(need))
                right = truth.attempt(task, day)
                reviews += 1
                if credit:
                    folder.practised(task, 3 if right else 1, 1.0, at)
                    for i, w in ix.contains[task]:
                        if i in need:
                            need[i] *= 1 - w
                            if need[i] <= 1 - retention:
                                del need[i]
                else:
                    fsrs.review(folder.skill(task).memory, 3 if right else 1, at)
                need.pop(task, None)
            for _ in range(world.pace(day)):
                if waiting:
                    skill = waiting.pop(0)
                    truth.last[skill] = day
                    for inner, w in truth.inside.get(skill, ()):
                        if inner in truth.last and truth.rng.random() < w:
                            truth.use(inner, day)
                    if credit:
                        folder.taught([skill], at)
                        folder.credit(ix.contains[skill], 1.0, at)
                    else:
                        fsrs.review(folder.skill(skill).memory, 3, at)
                    known.append(skill)
        if day % 5 == 4 and known:
            now = [truth.recall(s, day) for s in known]
            recalls.append(float(np.mean(np.array(now) >= RETAINED)))
            retained += 5 * float(np.sum(np.array(now) >= RETAINED))
    return reviews / max(retained, 1e-9) * 365, float(np.mean(recalls))


def measure_credit(curriculum: Curriculum, days: int = 1095) -> None:
    rows, ratios = [], []
    for n, world in enumerate(WORLDS):
        plain, recall = reviews_needed(curriculum, world, False, 0.9, days, n)
        # The wish at which ours retains as many, between two that bracket it.
        tried = [(r, *reviews_needed(curriculum, world, True, r, days, n)) for r in (0.86, 0.9, 0.93, 0.96)]
        kept = [t[2] for t in tried]
        ours = float(np.interp(recall, sorted(kept), [t[1] for t in sorted(tried, key=lambda t: t[2])]))
        inside = min(kept) <= recall <= max(kept)
        ratios.append(ours / plain)
        rows.append(
            [world.name, f"{recall:.3f}", f"{plain:.2f}", f"{ours:.2f}", f"{ours / plain:.2f}{'' if inside else ' (recall outside)'}"]
        )
    head = ["world", "share retained", "plain FSRS", "with credit", "ratio"]
    table(f"Reviews a year for each retained skill, with the same share retained, {len(curriculum.skills)} skills, {days} days", head, rows)
    print(f"median ratio {np.median(ratios):.2f}, worst {max(ratios):.2f}")


if __name__ == "__main__":
    measure_credit(load())
