"""When will it be done: a distribution of dates, drawn by Monte Carlo, never one date.

Each path draws how long the work will truly take (for the learner as a whole, for each module, for each skill, around the plan's hours
and the learner's own pace so far) and how many hours each coming week will have (around the hours really had, with weeks that resemble
their neighbours and with breaks). What keeping old skills costs on the way is in the pace, which counts every hour that was logged.
Buehler, Griffin and Ross (1994) is why own past weeks weigh more than the hours wished for. It knows nothing of holidays, of a change
of job, or of skills that are not in the plan.
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

# Beliefs before the learner has shown anything. Those of spread are standard deviations of logarithms.
PERSON = 0.30  # how the hours that a person needs differ from the plan's middle
MODULE = 0.25  # how one module differs for one person, when others are judged by it …
MODULE_AHEAD = 0.17  # … and when it still lies ahead: half of that is in the belief about the person already
PIECE = 0.60  # how one skill's hours differ from the plan's
PROJECT = 0.25  # how a stage's projects do
DRIFT = 0.04  # how the future differs from a past that is known exactly
OVERHEAD = 0.10  # how much more than timed work a plan costs, in reviews and detours
PACE_HOURS = 6.0  # the plan's own guess of a pace counts like this many timed hours
DONE_HOURS = 5.0  # and what is expected of finished work like this many hours of it
UPKEEP = 0.08  # of all hours, for keeping what was learned …
UPKEEP_HOURS = 20.0  # … which counts like this many own hours
UPKEEP_GROWS = 2.0  # at most: there is more and more to keep
KEPT = 0.75  # hours really had, of hours wished for, free weeks counted in
KEPT_SPREAD = 0.35
KEEN = 0.12  # how much more the first weeks have than those that follow …
KEEN_WEEKS = 10.0  # … fading over this many
HALF_LIFE = 26.0  # weeks after which a past week counts half
BLOCK = 4  # weeks that are taken together to see how much a learner's hours vary
BLOCK_SPREAD = 0.25  # how such blocks vary for most people
HOURS_DRIFT = 0.05  # how coming months differ from a past that is known exactly
ALIKE = 0.3  # how much a week resembles the one before it
WEEK_SPREAD = 0.4  # one week to the next
BREAK_CHANCE = 0.015  # a week, of beginning one
BREAK_WEEKS = 2.0  # the mean length of one


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
    need_ps = _draw_work(work, state, rng, paths)  # own hours to the end of each stage, cumulated
    hours_wish = state.hours_per_week if what_if.hours_per_week is None else what_if.hours_per_week
    middle, spread = hours_belief(state, now, hours_wish, state.hours_per_week)
    total_p = need_ps[:, -1]
    weeks = int(min(LONGEST_WEEKS, max(8.0, float(np.quantile(total_p, 0.99)) / max(middle, 0.05) * math.exp(2 * spread) * 1.4 + 12)))
    cum_pw = _draw_weeks(middle, spread, weeks, rng, paths)
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
    """left: the plan's hours to go, by stage. hours: by skill, whose module and stage stand beside."""

    stages: list[str]
    left: np.ndarray
    hours: np.ndarray
    module: np.ndarray
    stage: np.ndarray
    modules: int
    extra: np.ndarray  # projects' hours by stage
    done_hours: float
    worked_hours: float  # the part of them that the learner worked for here, not brought along
    worked_skills: float
    worked_modules: float  # how many modules that work lies in, small parts counting less


def _work(curriculum: Curriculum, state: State, now: int, what_if: WhatIf) -> _Work:
    """What is left to do, skill by skill, in hours of the plan."""
    skipped = state.skipped if what_if.skipped is None else list(what_if.skipped)
    stages = list(curriculum.stages)
    hours, module_of, stage_of = [], [], []
    done = worked = worked_skills = 0.0
    by_module = np.zeros(len(curriculum.modules))
    modules = list(curriculum.modules.values())
    for n, m in enumerate(modules):
        if m.id in skipped or not m.skills:
            continue
        scale = math.sqrt(m.hours.low * m.hours.high) * _book_factor(curriculum, state, m.id, what_if) / sum(s.hours for s in m.skills)
        for s in m.skills:
            whole = s.hours * scale
            share = _share_done(curriculum, state, s.id, now)
            done += whole * share
            trace = state.skills.get(s.id)
            if trace is not None and (trace.taught_at or trace.answered_at):
                worked += whole * share
                worked_skills += share
                by_module[n] += whole * share
            hours.append(whole * (1 - share))
            module_of.append(n)
            stage_of.append(stages.index(m.stage))
    extra = np.zeros(len(stages))
    for project in curriculum.projects.values():
        if project.stage in stages:
            entry = state.projects.get(project.id)
            whole = math.sqrt(project.hours.low * project.hours.high)
            part = 1.0 if entry and entry.done_at else min(0.9, (entry.hours / whole) if entry else 0.0)
            extra[stages.index(project.stage)] += whole * (1 - part)
            done += whole * part
            worked += whole * part
    hours_s = np.array(hours, dtype=np.float64)
    stage_s = np.array(stage_of, dtype=np.intp)
    left = np.bincount(stage_s, weights=hours_s, minlength=len(stages)) + extra if len(hours_s) else extra.copy()
    return _Work(
        stages,
        left,
        hours_s,
        np.array(module_of, dtype=np.intp),
        stage_s,
        len(modules),
        extra,
        done,
        worked,
        worked_skills,
        float(by_module.sum() ** 2 / (by_module**2).sum()) if worked_skills else 0.0,
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


def pace_belief(state: State, work: _Work) -> tuple[float, float]:
    """The logarithm of own hours needed for an hour of the plan (above 0: slower), and its standard deviation.

    First from the pieces of work that were timed, each kind against what the curriculum expected of it; then, as finished work adds up,
    from all hours that were logged for it. Work in few modules says little about the others. Keeping what was learned takes more as
    there is more of it.
    """
    taken = expected = 0.0
    for kind in ("lesson", "chapter", "lab"):
        pace = state.pace.get(kind)
        if pace is not None:
            taken += pace.taken
            expected += pace.expected
    pieces = sum(p.times for kind, p in state.pace.items() if kind in ("lesson", "chapter", "lab"))
    timed = math.log((taken + PACE_HOURS) / (expected + PACE_HOURS)) * (1.0 if work.worked_modules else 0.5) + OVERHEAD
    hours = sum(state.weeks.values())
    own = math.log((hours + DONE_HOURS * math.exp(timed)) / (work.worked_hours + DONE_HOURS))
    seen = work.worked_skills + 0.2 * pieces
    modules = max(work.worked_modules, 1.0 if pieces else 0.0)
    known = 1 / (MODULE**2 / modules + 2 * PIECE**2 / seen) if modules and seen else 0.0
    prior = 1 / PERSON**2
    mean = (prior * OVERHEAD + known * own) / (prior + known)
    upkeep = sum(p.hours for kind, p in state.pace.items() if kind in ("card", "item", "elsewhere"))
    share = min((upkeep + UPKEEP * UPKEEP_HOURS) / (hours + UPKEEP_HOURS), 0.5)
    done = work.done_hours / max(work.done_hours + float(work.left.sum()), 1e-9)
    grows = min(UPKEEP_GROWS, math.sqrt((1 + done) / max(done, 0.01)))
    mean += math.log((1 - share) / (1 - min(share * grows, 0.6)))
    return mean, math.sqrt(1 / (prior + known) + DRIFT**2)


def hours_belief(state: State, now: int, wish: float, wished_so_far: float | None = None) -> tuple[float, float]:
    """The mean of the hours that a coming week will have, free weeks counted in, and the standard deviation of its logarithm as a belief.

    Own past weeks against the wish, which people keep in part. How sure they make it is seen from blocks of weeks, because work is often
    logged in lumps, a chapter at its end.
    """
    if wished_so_far is None:
        wished_so_far = wish
    guess = max(wish, 0.25) * KEPT
    this_week = (now + state.tz * 60_000 + 3 * DAY) // WEEK
    first = ((state.enrolled_at or state.first_at or now) + state.tz * 60_000 + 3 * DAY) // WEEK
    first = max(first, this_week - 156)
    if this_week <= first:
        return guess, math.sqrt(KEPT_SPREAD**2 + HOURS_DRIFT**2)
    hours = np.array([state.weeks.get(week, 0.0) for week in range(first, this_week)])
    weights = 0.5 ** (np.arange(len(hours), 0, -1) / HALF_LIFE)
    own = max(float((weights * hours).sum() / weights.sum()), 0.05 * guess)
    blocks = np.array_split(np.arange(len(hours)), max(1, len(hours) // BLOCK))
    levels = np.array([hours[b].mean() for b in blocks]) / own
    sizes = np.array([weights[b].sum() for b in blocks])
    n = float(sizes.sum() ** 2 / (sizes**2).sum()) * min(1.0, len(hours) / BLOCK)
    spread2 = (float((sizes / sizes.mean() * (levels - 1) ** 2).sum()) + 2 * BLOCK_SPREAD**2) / (len(blocks) + 1)
    # A wish that was changed (a what-if, or new circumstances) moves own past weeks along with it.
    moved = own * max(wish, 0.25) / max(wished_so_far, 0.25) * (1 - KEEN * math.exp(-len(hours) / KEEN_WEEKS))
    prior, known = 1 / KEPT_SPREAD**2, n / spread2
    mean = (prior * math.log(guess) + known * math.log(moved)) / (prior + known)
    return math.exp(mean), math.sqrt(1 / (prior + known) + HOURS_DRIFT**2)


def _draw_work(work: _Work, state: State, rng: np.random.Generator, paths: int) -> np.ndarray:
    """(paths, stages): own hours until the end of each stage, from now."""
    mean, sd = pace_belief(state, work)
    person_p = rng.normal(mean, sd, paths)
    module_pm = rng.normal(-(MODULE_AHEAD**2) / 2, MODULE_AHEAD, (paths, work.modules))
    stage_ps = np.zeros((paths, len(work.stages)))
    for m in range(work.modules):
        mine = work.module == m
        hours = work.hours[mine]
        whole = hours.sum()
        if whole <= 0:
            continue
        # The sum over a module's skills of lognormal factors is nearly lognormal: its mean and spread are enough (Fenton 1960).
        cv2 = (math.exp(PIECE**2) - 1) * float((hours**2).sum()) / whole**2
        own = math.sqrt(math.log1p(cv2))
        stage_ps[:, work.stage[mine][0]] += whole * np.exp(person_p + module_pm[:, m] + rng.normal(-(own**2) / 2, own, paths))
    if work.extra.any():
        stage_ps += work.extra * np.exp(person_p[:, None] + rng.normal(-(PROJECT**2) / 2, PROJECT, stage_ps.shape))
    return np.cumsum(stage_ps, axis=1)


def _draw_weeks(middle: float, spread: float, weeks: int, rng: np.random.Generator, paths: int) -> np.ndarray:
    """(paths, weeks): hours had by the end of each week."""
    free = BREAK_CHANCE * BREAK_WEEKS / (1 + BREAK_CHANCE * BREAK_WEEKS)
    level_p = rng.normal(math.log(max(middle, 0.05) / (1 - free)) - WEEK_SPREAD**2 / 2, spread, paths).astype(np.float32)
    noise_pw = rng.standard_normal((paths, weeks), dtype=np.float32)
    noise_pw[:, 1:] *= WEEK_SPREAD * math.sqrt(1 - ALIKE**2)
    noise_pw[:, 0] *= WEEK_SPREAD
    for w in range(1, weeks):
        noise_pw[:, w] += ALIKE * noise_pw[:, w - 1]
    noise_pw += level_p[:, None]
    hours_pw = np.exp(noise_pw, out=noise_pw)
    path, week = np.nonzero(rng.random((paths, weeks), dtype=np.float32) < BREAK_CHANCE)
    lengths = rng.geometric(1 / BREAK_WEEKS, len(path))
    for ahead in range(int(lengths.max(initial=0))):
        on = (lengths > ahead) & (week + ahead < weeks)
        hours_pw[path[on], week[on] + ahead] = 0.0
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
