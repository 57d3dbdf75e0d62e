"""The learner room, measured: the forecast's coverage, and time.

Run: python bench/learner.py [forecast] [time]   (none named: both)
"""

from __future__ import annotations

import math
import platform
import sys
import time
from collections.abc import Callable

import numpy as np

from modelwright.curriculum import Curriculum, load
from modelwright.curriculum.models import Chapter, Resource
from modelwright.journal import events as e
from modelwright.journal.events import Event
from modelwright.learner import fold, forecast, session
from modelwright.learner.fsrs import DAY
from worlds import START, WEEK, WORLDS, World, table

# The forecast's coverage


def one_chapter_a_skill(curriculum: Curriculum) -> Curriculum:
    """The real plan, its skills and hours, with one chapter for each skill: what a forecast sees of work, without the content."""
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


def life(curriculum: Curriculum, world: World, seed: int) -> tuple[list[Event], list[float], int]:
    """A learner from the first evening to the last: their events, the share of the work done at each, and when the plan was done."""
    rng = np.random.default_rng(seed)
    wish = float(rng.choice([4.0, 6.0, 8.0, 12.0]))
    person = float(rng.gamma(9, 1 / 9))
    work: list[tuple[e.Data, float]] = []
    for module in curriculum.modules.values():
        own = float(rng.uniform(0.75, 1.3)) * world.effort(module.id) * person
        for chapter in module.resources[0].chapters:
            hours = chapter.hours * own * float(rng.gamma(3, 1 / 3))
            work.append((e.ChapterRead(resource=module.resources[0].id, chapter=chapter.number, hours=hours), hours))
        last = list(curriculum.stages[module.stage].modules)[-1].id == module.id
        for project in curriculum.projects.values() if last else ():
            if project.stage == module.stage:
                hours = float(rng.uniform(project.hours.low, project.hours.high)) * person
                work.append((e.ProjectEntry(project=project.id, done=True, hours=hours), hours))
    total = sum(hours for _, hours in work)
    events = [Event(id="0" * 32, at=START, data=e.Enrolled(name="A", hours_per_week=wish))]
    shares, done, week, at, left = [0.0], 0.0, 0, START, 0.0
    past: list[float] = []
    keeps = float(rng.uniform(0.7, 1.1))
    for data, hours in work:
        need = hours
        while need > left:
            need -= left
            past.append(world.week(rng, past))
            has = past[-1] * wish * keeps
            upkeep = min(0.5, world.upkeep * (0.5 + done / total)) * has
            left, week = has - upkeep, len(past)
            if upkeep:
                events.append(Event(id="0" * 32, at=START + (week - 1) * WEEK + DAY, data=e.TimeLogged(hours=upkeep, what="reviews")))
                shares.append(done / total)
            if week > 1500:
                break
        left -= need
        done += hours
        used = 1 - left / max(past[-1] * wish * keeps, 1e-9)
        at = START + (week - 1) * WEEK + int(min(max(used, 0.2), 0.98) * WEEK)
        events.append(Event(id="0" * 32, at=at, data=data))
        shares.append(done / total)
    return events, shares, at


def measure_forecast(curriculum: Curriculum, learners: int = 80, paths: int = 400) -> None:
    course = one_chapter_a_skill(curriculum)
    low, high = (sum(getattr(m.hours, k) for m in course.modules.values()) for k in ("low", "high"))
    rows = []
    for w, world in enumerate(WORLDS):
        hits: dict[float, list[bool]] = {0.05: [], 0.2: [], 0.5: []}
        below: list[bool] = []
        widths: list[float] = []
        for n in range(learners):
            events, shares, finish = life(course, world, 1000 * w + n)
            wish = events[0].data.hours_per_week  # type: ignore[union-attr]
            state, seen = None, 0
            for share, found in hits.items():
                cut = next(k for k, s in enumerate(shares) if s >= share) + 1
                state = fold(course, events[seen:cut], state)
                seen = cut
                q = forecast(course, state, events[cut - 1].at, seed=n, paths=paths, words=False).finish
                found.append(q.q10 <= finish <= q.q90)
                if share == 0.5:
                    below.append(finish < q.q50)
                    widths.append((q.q90 - q.q10) / ((high - low) / wish * WEEK))
        rows.append([world.name, *(f"{np.mean(h):.2f}" for h in hits.values()), f"{np.mean(below):.2f}", f"{np.median(widths):.2f}"])
    head = ["world", "at 5%", "at 20%", "at 50%", "earlier than middle", "width / plan's range"]
    error = math.sqrt(0.8 * 0.2 / learners)
    table(f"Share of true finish dates inside the 80% interval, {learners} learners a world (standard error {error:.2f})", head, rows)


# Time


def measure_time(curriculum: Curriculum) -> None:
    from journal import history

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
    ]
    print(f"\nCPU seconds on {platform.machine()}, Python {platform.python_version()}; the peer sorts 300,000 floats in {peer:.3f} s")
    for what, seconds, wish in rows:
        print(f"{what:<40}{seconds:>8.4f} s{seconds / peer:>9.2f} of the peer   wished: {wish} s")


def main() -> None:
    wanted = sys.argv[1:] or ["forecast", "time"]
    curriculum = load()
    parts: dict[str, Callable[[], None]] = {
        "forecast": lambda: measure_forecast(curriculum),
        "time": lambda: measure_time(curriculum),
    }
    for name in wanted:
        if name not in parts:
            sys.exit(f"{name!r} is not measured here: choose from {', '.join(parts)}.")
        parts[name]()


if __name__ == "__main__":
    main()
