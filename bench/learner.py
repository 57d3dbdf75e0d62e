"""The learner room, measured: memory on a real review log, credit through encompassing edges, the forecast's coverage, and time.

Run: python bench/learner.py [memory] [credit] [forecast] [time]   (none named: all)

The simulated learners live in six worlds whose workings are not those that the program infers with: memory is a stretched
exponential with a half-life (not FSRS's power law), practice of a whole either uses a part or does not (no fractions), effort is
gamma-distributed and by kind of person (not lognormal), hours follow each world's own week (not an autoregression). Seeds are fixed.
"""

from __future__ import annotations

import csv
import datetime as dt
import math
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from modelwright.curriculum import Curriculum, load
from modelwright.curriculum.models import Chapter, Resource
from modelwright.journal import events as e
from modelwright.journal.events import Event
from modelwright.learner import State, fold, forecast, memory, session
from modelwright.learner.fitting import _fit, _gather, _losses
from modelwright.learner.folding import Folder
from modelwright.learner.fsrs import DAY, default_parameters
from modelwright.learner.tracing import default_tracer

DATA = Path(os.environ.get("MODELWRIGHT_DATA", Path(__file__).parents[2] / "shared")) / "data"
START = 1_767_225_600_000 + 18 * 3_600_000
WEEK = 7 * DAY
RETAINED = 0.8  # true recall from which a skill counts as retained
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


def table(title: str, head: list[str], rows: list[list[str]]) -> None:
    widths = [max(len(row[k]) for row in [head, *rows]) for k in range(len(head))]
    print(f"\n{title}")
    for row in [head, *rows]:
        print("  ".join(cell.ljust(w) if k == 0 else cell.rjust(w) for k, (cell, w) in enumerate(zip(row, widths, strict=True))))


# Memory on a real log


def measure_memory() -> None:
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


# Credit through encompassing edges


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
    sys.path.insert(0, str(Path(__file__).parent))
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
    wanted = sys.argv[1:] or ["memory", "credit", "forecast", "time"]
    curriculum = load()
    parts: dict[str, Callable[[], None]] = {
        "memory": measure_memory,
        "credit": lambda: measure_credit(curriculum),
        "forecast": lambda: measure_forecast(curriculum),
        "time": lambda: measure_time(curriculum),
    }
    for name in wanted:
        if name not in parts:
            sys.exit(f"{name!r} is not measured here: choose from {', '.join(parts)}.")
        parts[name]()


if __name__ == "__main__":
    main()
