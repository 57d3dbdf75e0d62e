"""The forecast, measured: do true finish dates fall inside the intervals, and how wide are these?

Run: python bench/forecast.py [worlds] [new] [crowd] [still] [--lives 200] [--paths 500] [--jobs 2]   (none named: worlds and new)

`worlds`: seven worlds of simulated lives on the real plan (see `worlds.py`; effort is gamma-distributed, hours follow each world's own
week, none of it the model's). The model's priors were chosen while looking at lives of these worlds, by their coverage; the lives
measured here come from other seeds. `new`: three worlds that were written later; what they showed led to the trend along the plan and to
hours that grow, nothing else. `crowd`: people drawn from wide ranges, none of any world. Each life is asked at 5, 20 and 50% of its work.
`still`: how far the middle moves in ten evenings of an hour, in lives of the steady world, and by 60 days away at each of those moments.
Beside it the same for somebody who knows how paces are drawn in that world, and this learner's hours a week to come: whoever learns a pace
from work that takes by chance what it takes cannot move less.
Seeds are fixed; ± is one binomial standard error.
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from modelwright.curriculum import Curriculum, load
from modelwright.curriculum.models import Chapter, Resource
from modelwright.journal import events as e
from modelwright.journal.events import Event
from modelwright.learner import State, fold, forecast
from modelwright.learner.fsrs import DAY
from worlds import SLOW, START, WEEK, WORLDS, table

SEEDS = 19_000_000  # the priors were chosen on seeds below
ASKED = (0.05, 0.2, 0.5)
LEVELS = (("50%", "q25", "q75"), ("80%", "q10", "q90"), ("95%", "q025", "q975"))


@lru_cache(maxsize=1)
def one_chapter_a_skill() -> Curriculum:
    """The real plan, its skills and hours, with one chapter for each skill: what a forecast sees of work, without the content."""
    curriculum = load()
    stages = []
    for stage in curriculum.stages.values():
        modules = []
        for m in stage.modules:
            scale = math.sqrt(m.hours.low * m.hours.high) / sum(s.hours for s in m.skills)
            chapters = tuple(Chapter(number=n, title=s.title, hours=s.hours * scale, skills=(s.id,)) for n, s in enumerate(m.skills))
            book = Resource(
                id=f"{m.id}/book", title="-", kind="book", role="main", why="-", free=True, link="https://e.org", chapters=chapters
            )
            modules.append(m.model_copy(update={"resources": (book,), "lessons": (), "problems": (), "labs": (), "cards": (), "items": ()}))
        stages.append(stage.model_copy(update={"modules": tuple(modules)}))
    return Curriculum(curriculum.folder, stages, curriculum.projects.values(), [], "bench")


# People


@dataclass(frozen=True)
class Person:
    """module, piece: draws of own hours by the plan's. week(past): hours of the next week by those wished for. upkeep(done): a share."""

    wish: float
    keeps: float
    module: Callable[[str], float]
    piece: Callable[[], float]
    project: float
    week: Callable[[list[float]], float]
    upkeep: Callable[[float], float]


def of_world(world: int, rng: np.random.Generator) -> Person:
    w = (*WORLDS, SLOW)[world]
    wish, slow = float(rng.choice([4.0, 6.0, 8.0, 12.0])), float(rng.gamma(9, 1 / 9))
    return Person(
        wish, float(rng.uniform(0.7, 1.1)), lambda m: float(rng.uniform(0.75, 1.3)) * w.effort(m) * slow,
        lambda: float(rng.gamma(3, 1 / 3)), slow, lambda past: w.week(rng, past), lambda done: min(0.5, w.upkeep * (0.5 + done)),
    )  # fmt: skip


def of_crowd(rng: np.random.Generator) -> Person:
    """Someone drawn from wide ranges: weeks of three kinds, breaks or none, keen at first or not, drifting or not, fields alike or not."""
    from modelwright.learner.placement import FIELDS

    slow = float(np.exp(rng.normal(0, rng.uniform(0.2, 0.5))))
    uneven = float(rng.choice([0.0, 0.2, 0.4]))
    fields = {m: f for f, (_, names) in enumerate(FIELDS.items()) for m in names}
    by_field = np.exp(rng.normal(0, uneven, len(FIELDS)))
    varied, loose = float(rng.uniform(0.08, 0.3)), float(rng.uniform(0.3, 0.8))
    kind, spread, alike = int(rng.integers(3)), float(rng.uniform(0.08, 0.6)), float(rng.uniform(0, 0.7))
    rare = 0.0 if rng.random() < 0.35 else float(min(rng.exponential(0.025), 0.12))
    lasts = float(rng.uniform(1.0, 7.0))
    keen, fades = (0.0, 1.0) if rng.random() < 0.5 else (float(rng.uniform(0.1, 0.9)), float(rng.uniform(4, 26)))
    drift = 0.0 if rng.random() < 0.5 else float(rng.uniform(0.03, 0.2)) / math.sqrt(52)
    summer = float(rng.choice([1.0, 1.0, 0.6]))
    kept, grows = float(rng.uniform(0.02, 0.22)), float(rng.uniform(0.1, 1.5))
    now = {"level": 0.0, "noise": 0.0, "on": 1.0, "away": 0.0}

    def week(past: list[float]) -> float:
        n = len(past)
        now["level"] += float(rng.normal(0, drift)) if drift else 0.0
        now["noise"] = alike * now["noise"] + math.sqrt(1 - alike**2) * float(rng.normal())
        if rng.random() < 0.25:
            now["on"] = float(rng.random() < 0.6)
        now["away"] = max(0.0, now["away"] - 1)
        if now["away"] == 0 and rare and rng.random() < rare:
            now["away"] = float(rng.geometric(1 / lasts)) + 1
        if now["away"] >= 1 and rare:
            return 0.0
        base = 0.75 * math.exp(now["level"]) * (1 + keen * math.exp(-n / fades)) * (summer if 26 <= n % 52 < 34 else 1.0)
        if kind == 0:
            return base * float(rng.gamma(1 / spread**2, spread**2))
        if kind == 1:
            return base * math.exp(spread * now["noise"] - spread**2 / 2)
        return base * float(rng.uniform(1.1, 1.5) if now["on"] else rng.uniform(0.1, 0.6))

    return Person(
        float(rng.choice([3.0, 5.0, 7.0, 10.0, 14.0])), float(rng.uniform(0.6, 1.3)),
        lambda m: slow * float(by_field[fields.get(m, 0)] * np.exp(rng.normal(0, varied))),
        lambda: float(np.exp(rng.normal(-(loose**2) / 2, loose))), slow, week, lambda done: min(0.5, kept * (grows + done)),
    )  # fmt: skip


def _terms(rng: np.random.Generator, past: list[float]) -> float:
    """Term times: twelve full weeks, four of little; all of the long summer at half."""
    n = len(past) % 52
    return float(rng.uniform(0.8, 1.1) * (0.5 if 30 <= n < 42 else 0.25 if n % 16 >= 12 else 1.0))


def _grows(rng: np.random.Generator, past: list[float]) -> float:
    """Begins with little and finds more time over the first year; one week in fifteen is free."""
    return 0.0 if rng.random() < 1 / 15 else float(rng.triangular(0.5, 0.8, 1.2) * (1 - 0.55 * math.exp(-len(past) / 25)))


def _shifts(rng: np.random.Generator, past: list[float]) -> float:
    """Two weeks of late shifts, two of early ones; once a year six weeks of nothing."""
    n = len(past)
    return 0.0 if n % 52 in range(20, 26) and n > 30 else float(rng.exponential(0.35) if n % 4 < 2 else rng.normal(1.2, 0.2))


NEW = ("term times", "slow starter", "shift worker")


def of_new(which: int, rng: np.random.Generator) -> Person:
    """Effort: alike everywhere; less and less, as one learns to learn; and by fits, some modules three times as hard as others."""
    wish, slow = float(rng.choice([5.0, 7.0, 9.0])), float(np.exp(rng.normal(0, 0.3)))
    modules = list(one_chapter_a_skill().modules)
    learns = lambda m: 1.3 - 0.6 * modules.index(m) / len(modules)
    module = (lambda m: slow, lambda m: slow * learns(m), lambda m: slow * float(rng.choice([0.6, 0.9, 1.8])))[which]
    week = (_terms, _grows, _shifts)[which]
    return Person(
        wish, float(rng.uniform(0.6, 1.0)), module, lambda: float(rng.weibull(1.6) / 0.897), slow, lambda past: max(0.0, week(rng, past)),
        lambda done: (0.05, 0.1 * done, 0.2 * math.sqrt(done))[which],
    )  # fmt: skip


def life(person: Person, rng: np.random.Generator) -> tuple[list[Event], list[float], int]:
    """From the first evening to the last: the events, the share of the work done at each, and when the plan was done."""
    course = one_chapter_a_skill()
    work: list[tuple[e.Data, float]] = []
    for module in course.modules.values():
        own = person.module(module.id)
        for chapter in module.resources[0].chapters:
            hours = chapter.hours * own * person.piece()
            work.append((e.ChapterRead(resource=module.resources[0].id, chapter=chapter.number, hours=hours), hours))
        last = list(course.stages[module.stage].modules)[-1].id == module.id
        for project in course.projects.values() if last else ():
            if project.stage == module.stage:
                hours = float(rng.uniform(project.hours.low, project.hours.high)) * person.project
                work.append((e.ProjectEntry(project=project.id, done=True, hours=hours), hours))
    total = sum(hours for _, hours in work)
    events = [Event(id="0" * 32, at=START, data=e.Enrolled(name="A", hours_per_week=person.wish))]
    shares, done, week, at, left = [0.0], 0.0, 0, START, 0.0
    past: list[float] = []
    for data, hours in work:
        need = hours
        while need > left:
            need -= left
            past.append(person.week(past))
            has = past[-1] * person.wish * person.keeps
            upkeep = person.upkeep(done / total) * has
            left, week = has - upkeep, len(past)
            if upkeep:
                events.append(Event(id="0" * 32, at=START + (week - 1) * WEEK + DAY, data=e.TimeLogged(hours=upkeep, what="reviews")))
                shares.append(done / total)
            if week > 1500:
                break
        left -= need
        done += hours
        used = 1 - left / max(past[-1] * person.wish * person.keeps, 1e-9)
        at = START + (week - 1) * WEEK + int(min(max(used, 0.2), 0.98) * WEEK)
        events.append(Event(id="0" * 32, at=at, data=data))
        shares.append(done / total)
    return events, shares, at


# Asked


@dataclass(frozen=True)
class Said:
    """What was forecast at one moment of one life, and what came. Widths by the plan's own range at the hours wished for."""

    asked: float
    inside: tuple[bool, ...]  # of the 50, 80 and 95% interval
    earlier: bool  # than the middle
    width: float
    at_own_hours: float  # the same by the plan's range at the hours a week that were really had
    loss: float  # pinball, over all quantiles, by the time that was left


def plan_range(course: Curriculum) -> float:
    """Hours between the low and the high end that the plan itself gives: its modules and projects."""
    return sum(x.hours.high - x.hours.low for x in (*course.modules.values(), *course.projects.values()))


def lived(who: int, seed: int) -> tuple[list[tuple[float, State, int]], int, float]:
    """(asked, state, now) for each moment, when the plan was done, the hours wished for.

    who: the number of a world (the seventh is `SLOW`), of a new one from 100 on, -1 for the crowd.
    """
    rng = np.random.default_rng(seed)
    person = of_crowd(rng) if who < 0 else of_new(who - 100, rng) if who >= 100 else of_world(who, rng)
    events, shares, finish = life(person, rng)
    state, seen, moments = None, 0, []
    for share in ASKED:
        cut = next(k for k, s in enumerate(shares) if s >= share) + 1
        state = fold(one_chapter_a_skill(), events[seen:cut], state)
        seen = cut
        moments.append((share, state, events[cut - 1].at))
    return moments, finish, person.wish


def asked(moments: list[tuple[float, State, int]], finish: int, wish: float, seed: int, paths: int) -> list[Said]:
    course = one_chapter_a_skill()
    said = []
    for share, state, now in moments:
        q = forecast(course, state, now, seed=seed, paths=paths, words=False).finish
        inside = tuple(getattr(q, low) <= finish <= getattr(q, high) for _, low, high in LEVELS)
        loss = sum(
            max(p * (finish - at), (p - 1) * (finish - at))
            for p, at in zip((0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975), (q.q025, q.q10, q.q25, q.q50, q.q75, q.q90, q.q975), strict=True)
        ) / (finish - now)
        width = (q.q90 - q.q10) / WEEK / plan_range(course)
        had = sum(state.weeks.values()) / max((now - START) / WEEK, 1)
        said.append(Said(share, inside, finish < q.q50, width * wish, width * had, loss))
    return said


def one(job: tuple[int, int, int]) -> list[Said]:
    who, seed, paths = job
    return asked(*lived(who, seed), seed=seed, paths=paths)


def still(job: tuple[int, int]) -> tuple[float, float, list[float]]:
    """Of a steady life, in days: the mean move of the middle from ten evenings to the next, the same for who knows the world, and the move
    by 60 days away at each moment asked."""
    seed, paths = job
    rng = np.random.default_rng(seed)
    events, shares, finish = life(of_world(0, rng), rng)
    course = one_chapter_a_skill()
    middle = lambda state, now: forecast(course, state, now, paths=paths, words=False).finish.q50 / DAY
    moments = [next(k for k, s in enumerate(shares) if s >= a) for a in ASKED]
    state, seen, told, middles, away = fold(course, []), 0, 0, [], []
    for k, event in enumerate(events):
        hours = sum(state.weeks.values())
        if hours >= 10 * (told + 1):
            told = int(hours // 10)
            middles.append(middle(state, state.last_at))
        state, seen = fold(course, events[seen : k + 1], state), k + 1
        if k in moments:
            away.append(middle(state, event.at + 60 * DAY) - middle(state, event.at))
    return float(np.abs(np.diff(middles)).mean()), least_move(events, finish), away


# Of the steady world, in logarithms: the variances of a person's pace, of a module's and of a skill's hours, and the means of both.
PERSON, MODULE, SKILL = 0.1175, 0.0248, 0.3948
PACE_MEAN, SKILL_MEAN = -0.0444, -0.176


def least_move(events: list[Event], finish: int) -> float:
    """The mean move, in days, of the end that is expected by somebody who knows how paces are drawn in the steady world.

    They see each skill's own hours, and know the learner's hours a week to come. A person's pace and the modules' are normal in logarithms,
    nearly as drawn, so their mean is one linear solve.
    """
    course = one_chapter_a_skill()
    modules = list(course.modules)
    read = [event.data for event in events if isinstance(event.data, e.ChapterRead)]
    work = [(modules.index(d.resource.split("/")[0]), course.resources[d.resource].chapters[d.chapter].hours, d.hours) for d in read]
    rate = sum(own for *_, own in work) / ((finish - START) / DAY)
    left = np.bincount([m for m, *_ in work], [plan for _, plan, _ in work], len(modules))
    prior = PERSON + MODULE * np.eye(len(modules))
    logs: dict[int, list[float]] = {}
    done, told, ends = 0.0, 0, []
    for m, plan, own in work:
        logs.setdefault(m, []).append(math.log(own / plan) - SKILL_MEAN - PACE_MEAN)
        left[m] -= plan
        done += own
        if done >= 10 * (told + 1):
            told = int(done // 10)
            at = list(logs)
            noise = np.diag([SKILL / len(logs[k]) for k in at])
            pace = np.linalg.solve(prior[np.ix_(at, at)] + noise, prior[at]).T @ np.array([np.mean(logs[k]) for k in at])
            ends.append((done + float((left * np.exp(pace + PACE_MEAN)).sum())) / rate)
    return float(np.abs(np.diff(ends)).mean())


def share(found: list[bool]) -> str:
    p = float(np.mean(found))
    return f"{p:.3f} ±{math.sqrt(max(p * (1 - p), 0.01) / len(found)):.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("groups", nargs="*", help="worlds, new, crowd, still; none named: worlds and new")
    parser.add_argument("--lives", type=int, default=200, help="in each world")
    parser.add_argument("--paths", type=int, default=500, help="of each forecast; a learner sees 2,000")
    parser.add_argument("--jobs", type=int, default=2)
    wanted = parser.parse_args()
    every = {
        "worlds": [(w.name, n) for n, w in enumerate((*WORLDS, SLOW))], "new": [(name, 100 + n) for n, name in enumerate(NEW)],
        "crowd": [("crowd", -1)],
    }  # fmt: skip
    if unknown := set(wanted.groups) - {*every, "still"}:
        parser.error(f"there are no people called {', '.join(sorted(unknown))}; there are {', '.join(every)} and still.")
    if "still" in wanted.groups:
        with ProcessPoolExecutor(wanted.jobs) as pool:
            lives = list(pool.map(still, [(SEEDS + 90_000 + n, wanted.paths) for n in range(wanted.lives)]))
        away = np.array([moves for *_, moves in lives])
        head = ["", "ten evenings", "who knows the world", *(f"60 days away at {a:.0%}" for a in ASKED)]
        moves = np.array([move for *move, _ in lives])
        rows = [
            [name, *(f"{v:.1f}" for v in of(moves, axis=0)), *(f"{v:.0f}" for v in of(away, axis=0))]
            for name, of in (("mean", np.mean), ("middle", np.median), ("most", np.max))
        ]
        table(f"Days by which the middle moves, {wanted.lives} steady lives", head, rows)
        if set(wanted.groups) == {"still"}:
            return
    groups = [pair for name in wanted.groups or ("worlds", "new") if name != "still" for pair in every[name]]
    rows, levels = [], []
    with ProcessPoolExecutor(wanted.jobs) as pool:
        for name, who in groups:
            jobs = [(who, SEEDS + 10_000 * (who + 2) + n, wanted.paths) for n in range(wanted.lives)]
            said = [s for life_ in pool.map(one, jobs, chunksize=4) for s in life_]
            at = {share_: [s for s in said if s.asked == share_] for share_ in ASKED}
            row = [
                name,
                *(share([s.inside[1] for s in at[a]]) for a in ASKED),
                *(f"{np.mean([s.earlier for s in at[a]]):.2f}" for a in ASKED),
            ]
            row += [f"{np.median([s.width for s in at[a]]):.2f}" for a in ASKED]
            rows.append([*row, f"{np.median([s.at_own_hours for s in at[0.5]]):.2f}", f"{np.mean([s.loss for s in said]):.4f}"])
            levels.append([name, *(f"{np.mean([s.inside[k] for s in at[a]]):.2f}" for a in ASKED for k in (0, 2))])
    course = one_chapter_a_skill()
    head = ["", *(f"at {a:.0%}" for a in ASKED), *("earlier" for _ in ASKED), *("width" for _ in ASKED), "at own hours", "loss"]
    table(f"True finish dates inside the 80% interval, {wanted.lives} lives each", head, rows)
    print(
        "earlier: than the middle. width: of the 80% interval, median, by the plan's own range, which is "
        f"{plan_range(course):.0f} hours between its low and high end, at the hours a week wished for; in the next column, at halfway, "
        "at those really had. loss: pinball, by the time left."
    )
    table("Inside the 50% and the 95% interval", ["", *(f"{name} at {a:.0%}" for a in ASKED for name in ("50%", "95%"))], levels)


if __name__ == "__main__":
    main()
