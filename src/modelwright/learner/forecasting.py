"""When will it be done: a distribution of dates, drawn by Monte Carlo, never one date.

Each path draws how long the work will truly take (for the learner as a whole, for each module, for each skill, around the plan's hours
and the learner's own pace so far), how many hours each coming week will have (around the hours really kept, with weeks that resemble
their neighbours and with breaks), and what keeping old skills costs on the way. Buehler, Griffin and Ross (1994) is why own past weeks
weigh more than the hours wished for. It knows nothing of holidays, of a change of job, or of skills not in the plan.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from modelwright.learner import wording as say
from modelwright.learner.beliefs import chosen_book, learned, mastery
from modelwright.learner.fsrs import DAY
from modelwright.learner.index import index
from modelwright.learner.state import State

if TYPE_CHECKING:
    from modelwright.curriculum import Curriculum

WEEK = 7 * DAY
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
LONGEST_WEEKS = 1040  # twenty years; what has not ended by then ends there

# Beliefs before the learner has shown anything, as standard deviations of logarithms.
PERSON = 0.30  # how people differ from the plan's middle
MODULE = 0.25  # how one module differs for one person
SKILL = 0.50  # how one skill differs
WORK = 0.55  # how one piece of work differs from what was expected of it
KEPT = 0.80  # hours really kept, of hours wished for: the middle
KEPT_SPREAD = 0.35
WISH_WEEKS = 4.0  # the wish counts like this many weeks of own past
HALF_LIFE = 16.0  # weeks after which a past week counts half
WEEK_SPREAD = 0.45  # one week to the next
ALIKE = 0.5  # how much a week resembles the one before it
BREAK_CHANCE = 0.03  # a week, of beginning one
BREAK_WEEKS = 2.5  # the mean length of one
UPKEEP = 0.9 / 60  # hours a week to keep one learned skill, falling as memories grow longer
UPKEEP_MOST = 0.3  # of a week's hours


@dataclass(frozen=True, slots=True)
class Quantiles:
    """Dates in milliseconds UTC: the 80% interval is q10 to q90."""

    q025: int
    q10: int
    q25: int
    q50: int
    q75: int
    q90: int
    q975: int


@dataclass(frozen=True, slots=True)
class FanPoint:
    """Of the paths at this date, the share of the plan's hours that is done, at each quantile."""

    at: int
    q025: float
    q10: float
    q25: float
    q50: float
    q75: float
    q90: float
    q975: float


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Anything left as None stays as it is."""

    hours_per_week: float | None = None
    skipped: tuple[str, ...] | None = None
    books: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """stages: stage id -> when it ends; a stage that is done ends now. hours_left: the middle of the work that remains, upkeep apart.

    chance: of meeting the learner's deadline, None without one. hours_a_week: the middle of what a week is expected to have.
    """

    finish: Quantiles
    stages: dict[str, Quantiles]
    fan: tuple[FanPoint, ...]
    sentence: str
    hours_left: float
    hours_a_week: float
    done: float
    chance: float | None = None


def forecast(
    curriculum: Curriculum, state: State, now: int, seed: int = 0, paths: int = 2000, what_if: WhatIf | None = None, words: bool = True
) -> Forecast:
    """The distribution of finish dates. The same arguments give the same answer; `words` False leaves the sentence out."""
    what_if = what_if or WhatIf()
    work = _work(curriculum, state, now, what_if)
    rng = np.random.default_rng(seed)
    need_ps = _draw_work(work, state, rng, paths)  # hours to the end of each stage, cumulated
    hours_wish = state.hours_per_week if what_if.hours_per_week is None else what_if.hours_per_week
    middle, spread = hours_belief(state, now, hours_wish, state.hours_per_week)
    total_p = need_ps[:, -1]
    weeks = int(min(LONGEST_WEEKS, max(8.0, float(np.quantile(total_p, 0.99)) / max(middle, 0.05) * math.exp(2 * spread) * 1.4 + 12)))
    cum_pw = _draw_weeks(middle, spread, weeks, work, total_p, rng, paths)
    ends_ps = _crossings(cum_pw, need_ps)
    finish_ms = now + ends_ps * WEEK
    stages = {id: _quantiles(finish_ms[:, n], work.left[n] <= 0, now) for n, id in enumerate(work.stages)}
    finish = _quantiles(finish_ms[:, -1], work.left.sum() <= 0, now)
    done = work.done_hours / max(work.done_hours + float(work.left.sum()), 1e-9)
    fan = _fan(cum_pw, total_p, done, now, finish)
    end = deadline_ms(state.deadline)
    chance = float(np.mean(finish_ms[:, -1] <= end)) if end is not None else None
    sentence = ""
    if words:
        wish = WhatIf(hours_wish + 1, what_if.skipped, what_if.books)
        sooner = forecast(curriculum, state, now, seed, max(200, paths // 4), wish, words=False) if work.left.sum() > 0 else None
        sentence = _sentence(finish, sooner, now, state, float(work.left.sum()))
    return Forecast(finish, stages, fan, sentence, float(np.median(total_p)), middle, done, chance)


@dataclass(frozen=True)
class _Work:
    """left: expected hours to go by stage. hours: by skill, whose module and stage stand beside. spread: of each module's own range."""

    stages: list[str]
    left: np.ndarray
    hours: np.ndarray
    module: np.ndarray
    stage: np.ndarray
    spread: np.ndarray
    kinds: np.ndarray
    extra: np.ndarray  # projects' hours by stage
    done_hours: float
    learned: int
    skills: int


def _work(curriculum: Curriculum, state: State, now: int, what_if: WhatIf) -> _Work:
    """What is left to do, skill by skill, in hours of the plan."""
    skipped = state.skipped if what_if.skipped is None else list(what_if.skipped)
    ix = index(curriculum)
    stages = list(curriculum.stages)
    hours, module_of, stage_of, spread, kinds = [], [], [], [], []
    done = 0.0
    known = 0
    modules = list(curriculum.modules.values())
    for n, m in enumerate(modules):
        spread.append(max(0.15, math.log(m.hours.high / m.hours.low) / (2 * 1.2816)) if m.hours.high > m.hours.low else 0.15)
        if m.id in skipped or not m.skills:
            continue
        scale = math.sqrt(m.hours.low * m.hours.high) * _book_factor(curriculum, state, m.id, what_if) / sum(s.hours for s in m.skills)
        for s in m.skills:
            whole = s.hours * scale
            share = _share_done(curriculum, state, s.id, now)
            known += share >= 1
            done += whole * share
            hours.append(whole * (1 - share))
            module_of.append(n)
            stage_of.append(stages.index(m.stage))
            kinds.append(0 if not ix.practised.get(s.id, False) else 1)
    extra = np.zeros(len(stages))
    for project in curriculum.projects.values():
        if project.stage in stages:
            trace = state.projects.get(project.id)
            whole = math.sqrt(project.hours.low * project.hours.high)
            part = 1.0 if trace and trace.done_at else min(0.9, (trace.hours / whole) if trace else 0.0)
            extra[stages.index(project.stage)] += whole * (1 - part)
            done += whole * part
    hours_s = np.array(hours, dtype=np.float64)
    stage_s = np.array(stage_of, dtype=np.intp)
    left = np.bincount(stage_s, weights=hours_s, minlength=len(stages)) + extra if len(hours_s) else extra.copy()
    return _Work(
        stages,
        left,
        hours_s,
        np.array(module_of, dtype=np.intp),
        stage_s,
        np.array(spread),
        np.array(kinds),
        extra,
        done,
        known,
        len(hours),
    )


def _book_factor(curriculum: Curriculum, state: State, module: str, what_if: WhatIf) -> float:
    """A chosen book that is longer or shorter than the main one moves the module's hours by half of the difference."""
    chosen = (what_if.books or {}).get(module) or chosen_book(curriculum, state, module)
    main = next((r for r in curriculum.modules[module].resources if r.role == "main" and r.chapters), None)
    other = curriculum.resources.get(chosen or "")
    if main is None or other is None or not other.chapters or other.id == main.id:
        return 1.0
    ratio = sum(ch.hours for ch in other.chapters) / sum(ch.hours for ch in main.chapters)
    return 0.5 + 0.5 * min(max(ratio, 0.3), 3.0)


def _share_done(curriculum: Curriculum, state: State, skill: str, now: int) -> float:
    """How much of the work on a skill lies behind the learner, 0 to 1."""
    if learned(curriculum, state, skill, now):
        trace = state.skills.get(skill)
        return 1.0 if trace is not None or index(curriculum).teaches.get(skill) else 0.0
    trace = state.skills.get(skill)
    if trace is None:
        return 0.0
    share = 0.35 if trace.taught_at else 0.0
    if trace.answered_at or trace.placed >= 0:
        share += 0.5 * max(0.0, mastery(curriculum, state, skill, now).p - 0.35) / 0.5
    return min(share, 0.9)


def pace_belief(state: State) -> tuple[float, float]:
    """The logarithm of the learner's pace against the plan (above 0: slower), and its standard deviation."""
    precision, mean = 1 / PERSON**2, 0.0
    for kind in ("lesson", "chapter", "lab", "problem"):
        pace = state.pace.get(kind)
        if pace is None or not pace.times:
            continue
        average = pace.logs / pace.times
        # Pieces of one kind share a bias of the curriculum's own guesses: many of them never make it certain.
        variance = WORK**2 / pace.times + 0.15**2
        weight = 1 / variance if kind != "problem" else 0.3 / variance
        precision += weight
        mean += weight * average
    return mean / precision, math.sqrt(1 / precision)


def hours_belief(state: State, now: int, wish: float, wished_so_far: float | None = None) -> tuple[float, float]:
    """The median of the hours that a coming week will have, and the standard deviation of its logarithm as a belief.

    Own past weeks, breaks left to the breaks' own model, against the wish, which people keep in part.
    """
    if wished_so_far is None:
        wished_so_far = wish
    guess = max(wish, 0.25) * KEPT
    this_week = (now + state.tz * 60_000 + 3 * DAY) // WEEK
    start = (state.enrolled_at or state.first_at or now) + state.tz * 60_000 + 3 * DAY
    first = start // WEEK
    total = weight = squares = 0.0
    for week in range(max(first, this_week - 104), this_week):
        hours = state.weeks.get(week, 0.0)
        if hours < 0.25:
            continue
        w = 0.5 ** ((this_week - week) / HALF_LIFE)
        total += w * math.log(hours)
        weight += w
        squares += w * w
    if not weight:
        return guess, KEPT_SPREAD
    own = total / weight
    # A wish that was changed (a what-if, or new circumstances) moves own past weeks along with it.
    own += math.log(max(wish, 0.25) / max(wished_so_far, 0.25))
    n = weight * weight / squares if squares else 0.0
    share = n / (n + WISH_WEEKS)
    middle = math.exp(share * own + (1 - share) * math.log(guess))
    return middle, math.sqrt((1 - share) * KEPT_SPREAD**2 + WEEK_SPREAD**2 / max(n, 1.0) * share + 0.12**2)


def _draw_work(work: _Work, state: State, rng: np.random.Generator, paths: int) -> np.ndarray:
    """(paths, stages): hours until the end of each stage, from now."""
    mean, sd = pace_belief(state)
    person_p = rng.normal(mean, sd, paths)
    module_pm = rng.normal(0, 1, (paths, len(work.spread))) * np.minimum(work.spread, 0.6) * (MODULE / 0.3)
    stages = len(work.stages)
    stage_ps = np.zeros((paths, stages))
    if len(work.hours):
        # The sum over a module's skills of lognormal factors is nearly lognormal: its mean and spread are enough (Fenton 1960).
        for m in range(len(work.spread)):
            mine = work.module == m
            hours = work.hours[mine]
            whole = hours.sum()
            if whole <= 0:
                continue
            cv2 = (math.exp(SKILL**2) - 1) * float((hours**2).sum()) / whole**2
            own = math.sqrt(math.log1p(cv2))
            factor = np.exp(person_p + module_pm[:, m] + rng.normal(0, own, paths))
            stage_ps[:, work.stage[mine][0]] += whole * factor
    if work.extra.any():
        stage_ps += work.extra * np.exp(person_p[:, None] + rng.normal(0, 0.4, (paths, stages)))
    return np.cumsum(stage_ps, axis=1)


def _draw_weeks(
    middle: float, spread: float, weeks: int, work: _Work, total_p: np.ndarray, rng: np.random.Generator, paths: int
) -> np.ndarray:
    """(paths, weeks): hours of new work done by the end of each week."""
    level_p = rng.normal(math.log(max(middle, 0.05)), spread, paths).astype(np.float32)
    noise_pw = rng.standard_normal((paths, weeks), dtype=np.float32)
    noise_pw *= WEEK_SPREAD * math.sqrt(1 - ALIKE**2)
    noise_pw[:, 0] /= math.sqrt(1 - ALIKE**2)
    for w in range(1, weeks):
        noise_pw[:, w] += ALIKE * noise_pw[:, w - 1]
    noise_pw += level_p[:, None]
    hours_pw = np.exp(noise_pw, out=noise_pw)
    starts_pw = rng.random((paths, weeks), dtype=np.float32) < BREAK_CHANCE
    path, week = np.nonzero(starts_pw)
    lengths = rng.geometric(1 / BREAK_WEEKS, len(path))
    for ahead in range(int(lengths.max(initial=0))):
        on = (lengths > ahead) & (week + ahead < weeks)
        hours_pw[path[on], week[on] + ahead] = 0.0
    # Upkeep: a share of each week, growing with what has been learned and easing as memories last longer.
    done_w = np.linspace(0, 1, weeks, dtype=np.float32)
    held_w = work.learned + (work.skills - work.learned) * np.minimum(1, done_w * weeks * middle / max(float(np.median(total_p)), 1.0))
    upkeep_w = (UPKEEP * held_w / (1 + np.arange(weeks) / 52)).astype(np.float32)
    hours_pw -= np.minimum(upkeep_w, UPKEEP_MOST * hours_pw)
    return np.cumsum(hours_pw, axis=1, out=hours_pw)


def _crossings(cum_pw: np.ndarray, need_ps: np.ndarray) -> np.ndarray:
    """(paths, stages): weeks, with their fraction, until each need is met; the last pace goes on where the weeks drawn end."""
    paths, weeks = cum_pw.shape
    ends = np.empty(need_ps.shape)
    rows = np.arange(paths)
    for s in range(need_ps.shape[1]):
        need = need_ps[:, s]
        at = (cum_pw < need[:, None].astype(np.float32)).sum(axis=1)
        inside = np.minimum(at, weeks - 1)
        before = np.where(inside > 0, cum_pw[rows, np.maximum(inside - 1, 0)], 0.0)
        step = np.maximum(cum_pw[rows, inside] - before, 1e-6)
        end = inside + np.clip((need - before) / step, 0, 1)
        beyond = at >= weeks
        mean = np.maximum(cum_pw[:, -1] / weeks, 1e-3)
        end[beyond] = (weeks + (need - cum_pw[:, -1]) / mean)[beyond]
        ends[:, s] = np.where(need <= 0, 0.0, np.minimum(end, LONGEST_WEEKS))
    return ends


def _quantiles(ms_p: np.ndarray, done: bool, now: int) -> Quantiles:
    if done:
        return Quantiles(*[now] * 7)
    return Quantiles(*(int(v) for v in np.quantile(ms_p, LEVELS)))


def _fan(cum_pw: np.ndarray, total_p: np.ndarray, done: float, now: int, finish: Quantiles) -> tuple[FanPoint, ...]:
    weeks = cum_pw.shape[1]
    last = min(weeks, math.ceil((finish.q975 - now) / WEEK) + 1)
    share = np.minimum(cum_pw[:, :last] / np.maximum(total_p, 1e-6)[:, None].astype(np.float32), 1.0)
    share.partition([int(q * (len(share) - 1)) for q in LEVELS], axis=0)
    rows = done + (1 - done) * share[[int(q * (len(share) - 1)) for q in LEVELS]]
    start = FanPoint(now, *[round(done, 5)] * 7)
    return (start, *(FanPoint(now + (w + 1) * WEEK, *(round(float(v), 5) for v in rows[:, w])) for w in range(last)))


def deadline_ms(deadline: str) -> int | None:
    """The end of the day of an ISO date, UTC; None without one, or where it is no date."""
    try:
        day = say.dt.datetime.fromisoformat(deadline[:10])
    except ValueError:
        return None
    return int((day - say.dt.datetime(1970, 1, 1)).total_seconds() * 1000) + DAY - 1


def _sentence(finish: Quantiles, sooner: Forecast | None, now: int, state: State, left: float) -> str:
    if left <= 0 or sooner is None:
        return "Everything in the plan is done."
    tz = state.tz
    far = finish.q10 - now > 20 * WEEK
    name = say.month if far else say.day
    text = f"Most likely {name(finish.q50, tz)}. Eight paths in ten end between {name(finish.q10, tz)} and {name(finish.q90, tz)}."
    if name(finish.q10, tz) == name(finish.q90, tz):
        text = f"Most likely {name(finish.q50, tz)}, and hardly later."
    weeks = round((finish.q50 - sooner.finish.q50) / WEEK)
    if weeks >= 1:
        text += f" One hour more a week brings it {say.count(weeks, 'week')} nearer."
    return text
