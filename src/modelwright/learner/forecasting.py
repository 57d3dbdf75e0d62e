"""When will it be done: a distribution of dates, drawn by Monte Carlo, never one date.

Each path draws how long the work will truly take and how many hours each coming week will have, from two beliefs that the learner's own
record moves. Pace: a person, their fields, their modules and a trend along the plan, normal in logarithms, so that a module that was walked
speaks for itself and in part for the others. Hours: a level that may wander, first weeks unlike those that follow, chance, and breaks as a
process of their own; how much of each is weighed by how well it would have foretold each past block of weeks from those before. What
keeping old skills costs grows with what there is to keep. Buehler, Griffin and Ross (1994) is why own past weeks weigh more than the hours
wished for. It knows nothing of holidays, of a change of job, or of skills that are not in the plan.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from modelwright.curriculum.effort import content_hours
from modelwright.learner import wording as say
from modelwright.learner.beliefs import chosen_book, learned
from modelwright.learner.fsrs import DAY
from modelwright.learner.index import index
from modelwright.learner.placement import FIELDS
from modelwright.learner.state import MONDAY, State

if TYPE_CHECKING:
    from modelwright.curriculum import Curriculum
    from modelwright.learner.traces import SkillTrace

WEEK = 7 * DAY
LEVELS = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
LONGEST_WEEKS = 1040  # twenty years; what has not ended by then ends there

# Beliefs before the learner has shown anything, found by a search on simulated lives (`bench/forecast.py`). Spreads of paces are of logs.
OVERHEAD = -0.03  # how much more than its hours the plan costs most people, as a logarithm
PERSON = 0.34  # how the hours that a person needs differ from that
FIELD = (0.0, 0.2, 0.4, 0.55)  # how one of the five fields differs for one person: how likely each is shown by the learner's modules
FIELD_ODDS = (0.5, 0.1, 0.2, 0.2)
MODULE = (0.12, 0.24, 0.38, 0.6)  # how one module differs from its field
MODULE_ODDS = (0.5, 0.35, 0.12, 0.03)
TREND = (0.0, 0.4)  # how much faster or slower the last module goes than the first, as one learns to learn or tires
TREND_ODDS = (0.85, 0.15)
PIECE = 0.58  # how one skill's hours differ from its module's
PROJECT = 0.25  # how a stage's projects do
FARTHEST = 12.0  # a count beyond so many times the plan's, or below that part, was logged wrongly
READ, PRACTISED = 0.35, 8.0  # of a skill's work, the reading; and right answers, from which hardly anything of it is left
LOOSE_HOURS = 1.0  # a module's count may miss so many hours, begun and not yet finished
DRIFT = 0.02  # how the future differs from a past that is known exactly
UPKEEP = 0.085  # of all hours, for keeping what was learned, halfway …
UPKEEP_HOURS = 8.0  # … which counts like this many own hours
UPKEEP_SPREAD = 0.3
UPKEEP_MOST = 0.2  # of all hours, and the share of the plan that is done: more is not needed to keep what there is, whatever was logged
UPKEEP_START = (0.5, 0.15)  # upkeep is to what it will be at the end as this (middle, spread) plus the share done is to this plus one
KEPT = ((0.69, 0.135), (1.0, 0.08), (1.3, 0.6))  # hours had in a week with any, of those wished for: most people, who keep to it, others.
KEPT_ODDS = (0.65, 0.2, 0.15)
AT_THEIR_WORD = (0.25, 0.65, 0.1)  # the same before a week is known: the first forecast is of the hours given, so that who keeps them …
AT_THEIR_WORD_WEEKS = 2.0  # … sees the plan's own years; as weeks come, their own say more, and this belief goes by e in so many
KEEN = ((0.0, 0.05), (0.42, 0.15), (-0.35, 0.2))  # what the first weeks have beyond those that follow, of hours wished for: nothing …
KEEN_ODDS = (0.69, 0.27, 0.04)  # … or much, as one begins keenly, or less, as one finds time by and by …
KEEN_WEEKS = (5.0, 10.0, 20.0)  # … fading over so many
LUMPS = (0.6, 1.6)  # chapters that may have been worked and not logged at the end of a block
BLOCKS = ((2, 24), (4, 64), (8, math.inf))  # so many weeks are taken together, of up to so many: work is often logged in lumps
UNLOGGED = 2.0  # a piece of work may be open for so many times the weeks that it takes at the hours wished for …
A_PIECE = 8.0  # … where it has so many hours, or those of the longest project of the stage
BLOCK = 4  # weeks for which it is said …
VARIES = (0.03, 0.06, 0.1, 0.16, 0.25, 0.4, 0.6, 0.9)  # … how their mean may vary around the level
VARIES_LIKELY = (0.12, 1.0)
SHIFTS = (0.0, 0.07, 0.15, 0.3)  # how far the level may have wandered after a year
SHIFTS_ODDS = (0.978, 0.016, 0.0045, 0.0015)
ALIKE = 0.7  # how much a week resembles the one before it: the correlation
DRAWN_IN = (0.62, 0.69)  # of the spread of each belief, pace and hours: simulated lives lie nearer to the middle than the whole of it says
LEAST = 0.15  # no path has a smaller part than this of the hours in the middle
LOOKS_BACK = 260  # weeks
LOOKS_LESS = 12  # weeks that are looked at to say that someone has less than they gave …
LIVED = 3  # … from so many on …
CLEARLY_LESS = 0.85  # … and below this part
FULL_WEEKS = 4  # from so many on, weeks at the ends of a break say nothing of the others
HALF_LIFE = 26.0  # weeks after which a past week's upkeep counts half
NO_BREAKS = 0.59  # of people who never take a break; the others take a week off now and then, or stay away for long
BREAKS_ODDS = (0.63, 0.37)  # of the others
BREAK = ((3.0, 50.0), (3.0, 90.0))  # one has begun so often, and has not, in so many weeks …
BREAK_STAYS = ((0.6, 5.0), (5.0, 1.4))  # … and went on, and ended, so often
ABSENCE = 4  # weeks away, from which somebody's only break may have been an accident, as befalls anybody once: it is believed …
ONCE, ONCE_WEEKS = 60.0, 8.0  # … to be one by these odds, spread over the weeks so far and over so many of its own
STAYS_MOST = 0.9  # no break is expected to last more than ten weeks, whatever the last ones did


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
    work = _work(curriculum, state, what_if)
    rng = np.random.default_rng(seed)
    need_ps = _draw_work(work, state, now, rng, paths)  # own hours to the end of each stage, cumulated
    hours_wish = state.hours_per_week if what_if.hours_per_week is None else what_if.hours_per_week
    rhythm = _rhythm(state, now, hours_wish, state.hours_per_week, rng, paths, work.piece)
    total_p = need_ps[:, -1]
    middle = float(np.median(rhythm.mean_p))
    weeks = int(min(LONGEST_WEEKS, max(8.0, float(np.quantile(total_p / np.maximum(rhythm.mean_p, 0.05), 0.985)) * 1.1 + 12)))
    cum_wp = _draw_weeks(rhythm, weeks, rng)
    ends_ps = _crossings(cum_wp, need_ps)
    finish_ms = now + ends_ps * WEEK
    stages = {id: _quantiles(finish_ms[:, n], work.left[n] <= 0, now) for n, id in enumerate(work.stages)}
    finish = _quantiles(finish_ms[:, -1], work.left.sum() <= 0, now)
    fan = _fan(cum_wp, total_p, _chapter(state), work, now, finish, rng)
    done = fan[0].q50
    end = deadline_ms(state.deadline)
    chance = float(np.mean(finish_ms[:, -1] <= end)) if end is not None else None
    sentence = ""
    if words:
        wish = WhatIf(hours_wish + 1, what_if.skipped, what_if.books)
        sooner = forecast(curriculum, state, now, seed, max(200, paths // 4), wish, words=False) if work.left.sum() > 0 else None
        sentence = _sentence(finish, sooner, now, state, float(work.left.sum())) + _kept_less(finish, middle, now, state)
    return Forecast(finish, stages, fan, sentence, float(np.median(total_p)), middle, done, chance)


@dataclass(frozen=True)
class _Work:
    """left: the plan's hours to go, by stage. hours: by skill, whose module and stage stand beside; a module may be `modules`: projects."""

    stages: list[str]
    left: np.ndarray
    hours: np.ndarray
    module: np.ndarray
    stage: np.ndarray
    extra: np.ndarray  # projects' hours by stage
    done_hours: float
    seen: tuple[_Seen, ...]
    fields: np.ndarray  # the field of each module, and of projects, which are their own
    piece: float  # hours of the longest piece of work of the stage at hand, which is logged at its end


@dataclass(frozen=True)
class _Seen:
    """A module that was worked on: the logarithm of own hours by the plan's, and its variance by chance."""

    module: int
    pace: float
    variance: float


def _work(curriculum: Curriculum, state: State, what_if: WhatIf) -> _Work:
    """What is left to do, skill by skill, in hours of the plan."""
    skipped = state.skipped if what_if.skipped is None else list(what_if.skipped)
    stages = list(curriculum.stages)
    hours, module_of, stage_of = [], [], []
    done = 0.0
    worked: dict[int, list[float]] = {}
    modules = list(curriculum.modules.values())
    for n, m in enumerate(modules):
        if not m.skills:
            continue
        scale = math.sqrt(m.hours.low * m.hours.high) * _book_factor(curriculum, state, m.id, what_if) / sum(s.hours for s in m.skills)
        for s in m.skills:
            if s.left_out(skipped):
                continue
            whole = s.hours * scale
            share = _share_done(curriculum, state, s.id)
            done += whole * share
            trace = state.skills.get(s.id)
            if share and trace is not None and _worked_on(curriculum, s.id, trace):
                worked.setdefault(n, []).append(whole * share)
            hours.append(whole * (1 - share))
            module_of.append(n)
            stage_of.append(stages.index(m.stage))
    seen = [_seen(n, state.module_hours.get(modules[n].id, 0.0), pieces, PIECE) for n, pieces in worked.items()]
    extra = np.zeros(len(stages))
    finished: list[float] = []
    finished_in = 0.0
    longest = np.full(len(stages), A_PIECE)
    for project in curriculum.projects.values():
        if project.stage in stages:
            entry = state.projects.get(project.id)
            whole = math.sqrt(project.hours.low * project.hours.high)
            part = 1.0 if entry and entry.done_at else min(0.9, (entry.hours / whole) if entry else 0.0)
            n = stages.index(project.stage)
            extra[n] += whole * (1 - part)
            if part < 1:
                longest[n] = max(longest[n], project.hours.high)
            done += whole * part
            if entry and entry.done_at and entry.hours:
                finished.append(whole)
                finished_in += entry.hours
    seen.append(_seen(len(modules), finished_in, finished, PROJECT))
    fields = [next((i for i, names in enumerate(FIELDS.values()) if m.id in names), 0) for m in modules] + [len(FIELDS)]
    hours_s = np.array(hours, dtype=np.float64)
    stage_s = np.array(stage_of, dtype=np.intp)
    left = np.bincount(stage_s, weights=hours_s, minlength=len(stages)) + extra if len(hours_s) else extra.copy()
    return _Work(
        stages, left, hours_s, np.array(module_of, dtype=np.intp), stage_s, extra, done, tuple(s for s in seen if s), np.array(fields),
        next((float(longest[n]) for n in range(len(stages)) if left[n] > 0), A_PIECE),
    )  # fmt: skip


def _seen(module: int, took: float, pieces: list[float], spread: float) -> _Seen | None:
    """What the hours spent on a module say, given the plan's hours of the pieces of it that are done."""
    whole = sum(pieces)
    if took <= 0 or whole <= 0:
        return None
    chance = spread**2 * sum(p * p for p in pieces) / whole**2
    ratio = min(max(took / whole, 1 / FARTHEST), FARTHEST)
    return _Seen(module, math.log(ratio) + chance / 2, chance + (LOOSE_HOURS / whole) ** 2)


def _book_factor(curriculum: Curriculum, state: State, module: str, what_if: WhatIf) -> float:
    """How much longer a module is with the learner's book than with the default path's, by the minutes that its content states."""
    books = what_if.books or {}
    chosen = (books[module] or None) if module in books else chosen_book(curriculum, state, module)
    default = index(curriculum).default_books[module]
    if chosen == default:
        return 1.0
    usual = content_hours(curriculum, module, default)
    return min(max(content_hours(curriculum, module, chosen) / usual, 0.3), 3.0) if usual else 1.0


def _share_done(curriculum: Curriculum, state: State, skill: str) -> float:
    """How much of the work on a skill lies behind the learner, 0 to 1: a matter of what was done on it, which no answer elsewhere moves."""
    trace = state.skills.get(skill)
    if learned(curriculum, state, skill):
        return 1.0 if trace is not None or index(curriculum).teaches.get(skill) else 0.0
    if trace is None:
        return 0.0
    if _worked_on(curriculum, skill, trace):
        return READ * (trace.taught_at > 0) + (0.9 - READ) * min(trace.right / PRACTISED, 1.0)
    return 0.5 * max(0.0, trace.placed - 0.35) / 0.5 if trace.placed >= 0 else 0.0


def _worked_on(curriculum: Curriculum, skill: str, trace: SkillTrace) -> bool:
    """Whether hours went into a skill itself: it was read about, or it is learned by practice alone and was practised."""
    if trace.taught_at:
        return True
    alone = not curriculum.teaching(skill, "lesson") and not curriculum.chapters(skill)
    return alone and trace.right + trace.wrong > 0


def _paces(work: _Work, rng: np.random.Generator, paths: int) -> np.ndarray:
    """(paths, modules and projects): the logarithm of own hours for an hour of the plan, given what was seen.

    A person, their five fields, each module and a trend along the plan add up; how much each differs for this person is weighed by what
    was seen.
    A module that was worked on is known by itself as far as it goes, and the others lean on it.
    """
    n = len(work.fields)
    same_field = (work.fields[:, None] == work.fields[None, :]).astype(float)
    place = np.append(np.linspace(0, 1, n - 1), 0.5) if n > 1 else np.zeros(n)  # projects lie all along
    along = np.outer(place, place)
    at = np.array([s.module for s in work.seen], dtype=np.intp)
    pace = np.array([s.pace for s in work.seen]) - OVERHEAD
    noise = np.diag([s.variance for s in work.seen])
    cells, weights = [], []
    spreads = [list(zip(values, odds, strict=True)) for values, odds in ((FIELD, FIELD_ODDS), (MODULE, MODULE_ODDS), (TREND, TREND_ODDS))]
    for (field, field_odds), (module, module_odds), (trend, trend_odds) in product(*spreads):
        prior = PERSON**2 + field**2 * same_field + module**2 * np.eye(n) + trend**2 * along
        weight = math.log(field_odds * module_odds * trend_odds)
        mean, cov = np.zeros(n), prior
        if len(at):
            seen = prior[np.ix_(at, at)] + noise
            gain = np.linalg.solve(seen, prior[at]).T
            mean, cov = gain @ pace, prior - gain @ prior[at]
            weight -= 0.5 * (pace @ np.linalg.solve(seen, pace) + np.linalg.slogdet(seen)[1])
        cells.append((mean, np.linalg.cholesky(cov + 1e-9 * np.eye(n))))
        weights.append(weight)
    counts = rng.multinomial(paths, _shares(weights))
    pace_pm = np.concatenate(
        [mean + DRAWN_IN[0] * rng.standard_normal((k, n)) @ root.T for (mean, root), k in zip(cells, counts, strict=True) if k]
    )
    rng.shuffle(pace_pm)
    return OVERHEAD + pace_pm + rng.normal(0, DRIFT, (paths, 1))


def _shares(logs: list[float] | np.ndarray) -> np.ndarray:
    weights = np.exp(np.asarray(logs) - np.max(logs))
    shares: np.ndarray = weights / weights.sum()
    return shares


def _draw_work(work: _Work, state: State, now: int, rng: np.random.Generator, paths: int) -> np.ndarray:
    """(paths, stages): own hours until the end of each stage, from now, with what keeping the old costs on the way."""
    pace_pm = _paces(work, rng, paths)
    stage_ps = np.zeros((paths, len(work.stages)))
    for m in np.unique(work.module):
        mine = work.module == m
        hours = work.hours[mine]
        whole = hours.sum()
        if whole <= 0:
            continue
        # The sum over a module's skills of lognormal factors is nearly lognormal: its mean and spread are enough (Fenton 1960).
        cv2 = (math.exp(PIECE**2) - 1) * float((hours**2).sum()) / whole**2
        own = math.sqrt(math.log1p(cv2))
        stage_ps[:, work.stage[mine][0]] += whole * np.exp(pace_pm[:, m] + rng.normal(-(own**2) / 2, own, paths))
    if work.extra.any():
        stage_ps += work.extra * np.exp(pace_pm[:, -1:] + rng.normal(-(PROJECT**2) / 2, PROJECT, stage_ps.shape))
    whole_h = work.done_hours + float(work.left.sum())
    done = work.done_hours / max(whole_h, 1e-9)
    share_p = min(_upkeep(state, now, done), UPKEEP_MOST + done) * np.exp(
        rng.normal(0, UPKEEP_SPREAD / (1 + sum(state.weeks.values()) / UPKEEP_HOURS), paths)
    )
    start_p = np.exp(rng.normal(math.log(UPKEEP_START[0]), UPKEEP_START[1], paths))
    middle_s = done + (np.cumsum(work.left) - work.left / 2) / max(whole_h, 1e-9)
    share_ps = np.minimum(share_p[:, None] * (start_p[:, None] + middle_s) / (start_p[:, None] + done), 0.6)
    return np.cumsum(stage_ps / (1 - share_ps), axis=1)


def _upkeep(state: State, now: int, done: float) -> float:
    """The share of the hours that keeping what was learned takes by now: that of past weeks, grown as what there is to keep has grown."""
    this_week, start = _week(state, now), UPKEEP_START[0]
    whole = sum(state.weeks.values())
    kept, total, until = UPKEEP * UPKEEP_HOURS * (start + done) / (start + 0.5), UPKEEP_HOURS, 0.0
    for week, hours in sorted(state.weeks.items()):
        until += hours
        weight = 0.5 ** ((this_week - week) / HALF_LIFE)
        kept += weight * state.upkeep.get(week, 0.0)
        total += weight * hours * (start + done * until / whole) / (start + done)
    return min(kept / total, 0.5)


def _week(state: State, at: int) -> int:
    return (at + state.tz * 60_000 + MONDAY * DAY) // WEEK


@dataclass(frozen=True)
class _Rhythm:
    """One draw a path. level, keen: hours a week, and what the weeks after the first have beyond it, fading over `fades`. varies: of
    blocks, by the level. shifts: of the level in a year. begins, stays: the chances of a break. mean: expected hours of a week."""

    level_p: np.ndarray
    keen_p: np.ndarray
    fades_p: np.ndarray
    varies_p: np.ndarray
    shifts_p: np.ndarray
    begins_p: np.ndarray
    stays_p: np.ndarray
    mean_p: np.ndarray


def _rhythm(
    state: State, now: int, wish: float, wished_so_far: float, rng: np.random.Generator, paths: int, piece: float = A_PIECE
) -> _Rhythm:
    """What a learner's own weeks say of those to come.

    Weeks without any work are breaks, and their own process. The others are a level that may wander, a keenness that fades, and chance.
    How much of each is weighed on a grid by a Kalman filter over blocks of weeks, and each path draws from what is left likely. Work is
    logged at its end: its hours count to the weeks in which they were worked, as far as that can be told; what a block lacks for the rest
    the next one has; and what was worked since the last piece of work, of at most about `piece` hours, is not known yet.
    """
    scale = max(wish, 0.25) / max(wished_so_far, 0.25)  # other wishes move own past weeks along with them
    wished = max(wished_so_far, 0.25)
    last = _week(state, now) - 1
    first = _week(state, state.enrolled_at or state.first_at or now)
    first += first < last  # the first week is hardly ever whole
    begin = max(first, last - LOOKS_BACK)
    hours = np.array([max(state.weeks.get(week, 0.0) + state.carried.get(week, 0.0), 0.0) for week in range(begin, last + 1)])
    worked = hours > 0
    rest = ~worked
    known = _known(state, begin, last, UNLOGGED * piece / wished)
    # A break begins and ends within a week: what the weeks at its ends lack is part of it, and says nothing of full weeks.
    full = worked.copy()
    full[1:] &= worked[:-1]
    full[:-1] &= worked[1:]
    if full.sum() < FULL_WEEKS:
        full = worked.copy()
    edges = worked & ~full & (known >= 1)
    full &= known > 0
    weeks = np.flatnonzero(full) + begin - first
    size = next(s for s, most in BLOCKS if len(weeks) < most)
    blocks = np.array_split(np.arange(len(weeks)), max(1, len(weeks) // size)) if len(weeks) else []
    totals = [float(hours[full][b].sum()) for b in blocks]
    typical = float(hours[full].sum() / known[full].sum()) if len(weeks) else wished
    known = known[full]
    axes = np.meshgrid(range(len(KEPT)), range(len(KEEN)), KEEN_WEEKS, LUMPS, VARIES, range(len(SHIFTS)), indexing="ij")
    kind, first_weeks, fade, lump, vary, wander = (g.ravel() for g in axes)
    shift = np.array(SHIFTS)[wander]
    word = math.exp(-len(weeks) / AT_THEIR_WORD_WEEKS)
    kept_odds = word * np.array(AT_THEIR_WORD) + (1 - word) * np.array(KEPT_ODDS)
    odds = np.log(kept_odds[kind] * np.array(KEEN_ODDS)[first_weeks] * np.array(SHIFTS_ODDS)[wander])
    odds = odds - 0.5 * ((np.log(vary) - math.log(VARIES_LIKELY[0])) / VARIES_LIKELY[1]) ** 2
    backlog = lump * _chapter(state)
    mean, cov = np.zeros((len(fade), 4)), np.zeros((len(fade), 4, 4))
    kept, keenness = wished * np.array(KEPT)[kind], wished * np.array(KEEN)[first_weeks]
    mean[:, 0], mean[:, 1], mean[:, 3] = kept[:, 0], keenness[:, 0], backlog
    cov[:, 0, 0], cov[:, 1, 1], cov[:, 3, 3] = kept[:, 1] ** 2, keenness[:, 1] ** 2, backlog**2
    before = 0.0
    for b, total in zip(blocks, totals, strict=True):
        middle = float(weeks[b].mean())
        cov[:, 0, 0] += (shift * typical) ** 2 * (middle - before) / 52
        before = middle
        keen = (known[b][:, None] * np.exp(-weeks[b][:, None] / fade)).sum(axis=0)
        span = float(known[b].sum())
        x = np.stack([np.full(len(fade), span), keen, np.ones(len(fade)), -np.ones(len(fade))], axis=1)
        px = np.einsum("gij,gj->gi", cov, x)
        variance = np.einsum("gi,gi->g", x, px) + (vary * typical) ** 2 * BLOCK * span * _together(len(b)) / _together(BLOCK)
        miss = total - (mean * x).sum(axis=1)
        gain = px / variance[:, None]
        mean = mean + gain * miss[:, None]
        cov = cov - gain[:, :, None] * px[:, None, :]
        odds = odds - 0.5 * (np.log(variance) + miss**2 / variance)
        # What is begun and not logged by now is the next block's gain; what will be begun by its end is not known.
        mean[:, 2], mean[:, 3] = mean[:, 3], backlog
        cov[:, 2, :], cov[:, :, 2] = cov[:, 3, :], cov[:, :, 3]
        cov[:, 2, 2] = cov[:, 3, 3]
        cov[:, 3, :], cov[:, :, 3], cov[:, 3, 3] = 0.0, 0.0, backlog**2
    mean, cov = mean[:, :2], cov[:, :2, :2].copy()
    cov[:, 0, 0] += (shift * typical) ** 2 * max(0.0, last + 1 - first - before) / 52
    if blocks:  # they resemble their neighbours, too, and so say less of the level than as many that do not
        more = (_together(math.inf) - _together(size)) / _together(BLOCK)
        cov[:, 0, 0] += more * (vary * typical) ** 2 * BLOCK / (len(weeks) + BLOCK)
    cell = np.repeat(np.arange(len(fade)), rng.multinomial(paths, _shares(odds)))
    rng.shuffle(cell)
    root = np.linalg.cholesky(cov + 1e-12 * wished**2 * np.eye(2))
    drawn = mean[cell] + DRAWN_IN[1] * np.einsum("pij,pj->pi", root[cell], rng.standard_normal((paths, 2)))
    level_p = np.maximum(drawn[:, 0], LEAST * max(float(np.median(drawn[:, 0])), LEAST * wished))
    keen_p = np.maximum(drawn[:, 1] * np.exp(-max(last + 1 - first, 0) / fade[cell]), -0.5 * level_p)
    lacking = max(0.0, float((1 - hours[edges] / typical).sum()))
    begins_p, stays_p = _breaks(rest, lacking, rng, paths)
    free_p = begins_p / (begins_p + 1 - stays_p)
    return _Rhythm(level_p * scale, keen_p * scale, fade[cell], vary[cell], shift[cell], begins_p, stays_p, level_p * scale * (1 - free_p))


def _known(state: State, begin: int, last: int, most: float) -> np.ndarray:
    """Of each week, the part whose hours are known.

    What was worked since the last piece of new work is logged when the next one ends. Weeks that have only upkeep after it are taken
    for those of an open piece, for at most so many.
    """
    known = np.ones(max(last + 1 - begin, 0))
    week, day = divmod(state.piece_day + MONDAY, 7)
    if state.piece_day and last - most <= week <= last:
        known[max(week - begin, 0) :] = 0.0
        if week >= begin:
            known[week - begin] = (day + 1) / 7
    return known


def _breaks(rest: np.ndarray, lacking: float, rng: np.random.Generator, paths: int) -> tuple[np.ndarray, np.ndarray]:
    """The chances, one a path, that a break begins in a week after work, and that it goes on after a week of it.

    rest: whether each past week was without work. lacking: weeks of rest in the weeks beside those. A long absence that is the only break
    may have been an accident and say nothing of what will come; one that comes again is a habit.
    """
    worked = ~rest
    begun, unbroken = float((rest[1:] & worked[:-1]).sum()), float((worked[1:] & worked[:-1]).sum())
    stayed, ended = float((rest[1:] & rest[:-1]).sum()) + lacking, float((worked[1:] & rest[:-1]).sum())
    counts = [(0.0, begun, unbroken, stayed, ended)]
    edges = np.flatnonzero(np.diff(np.concatenate(([0], rest.astype(np.int8), [0]))))
    runs = edges.reshape(-1, 2)
    if len(runs) == 1 and runs[0, 1] - runs[0, 0] >= ABSENCE:
        start, end = (int(edge) for edge in runs[0])
        log = math.log(ONCE / len(rest)) + (end - start - 1) * math.log(1 - 1 / ONCE_WEEKS) - math.log(ONCE_WEEKS)
        went_on = max(stayed - (end - start - 1) - lacking, 0.0)
        counts.append((log, max(begun - (start > 0), 0.0), unbroken + 1, went_on, max(ended - (end < len(rest)), 0.0)))
    logs, cells = [], []
    for log, begun, unbroken, stayed, ended in counts:
        if begun + stayed + ended < 1e-6 and (log or not rest.any()):
            logs.append(log + math.log(NO_BREAKS))
            cells.append((0, 0.0, 0.0, 0.0, 0.0))
        for kind, (odds, begins, stays) in enumerate(zip(BREAKS_ODDS, BREAK, BREAK_STAYS, strict=True), start=1):
            logs.append(log + math.log((1 - NO_BREAKS) * odds) + _luck(begins, begun, unbroken) + _luck(stays, stayed, ended))
            cells.append((kind, begun, unbroken, stayed, ended))
    cell_p = rng.choice(len(logs), size=paths, p=_shares(logs))
    begins_p, stays_p = np.zeros(paths), np.zeros(paths)
    for cell, (kind, begun, unbroken, stayed, ended) in enumerate(cells):
        of = cell_p == cell
        if kind and of.any():
            begins, stays = BREAK[kind - 1], BREAK_STAYS[kind - 1]
            begins_p[of] = rng.beta(begins[0] + begun, begins[1] + unbroken, int(of.sum()))
            stays_p[of] = np.minimum(rng.beta(stays[0] + stayed, stays[1] + ended, int(of.sum())), STAYS_MOST)
    return begins_p, stays_p


def _luck(belief: tuple[float, float], yes: float, no: float) -> float:
    """The logarithm of how likely just these answers were under a beta belief."""
    a, b = belief

    def together(x: float, y: float) -> float:
        return math.lgamma(x) + math.lgamma(y) - math.lgamma(x + y)

    return together(a + yes, b + no) - together(a, b)


def _together(weeks: float) -> float:
    """How much more the mean of so many weeks varies than if each were unlike the one before it."""
    if math.isinf(weeks):
        return (1 + ALIKE) / (1 - ALIKE)  # of a first-order autoregression
    return 1 + 2 * sum((1 - k / weeks) * ALIKE**k for k in range(1, int(weeks)))


def _chapter(state: State) -> float:
    """The hours of a chapter of this learner."""
    pace = state.pace.get("chapter")
    return pace.taken / pace.times if pace is not None and pace.times else 0.2


def _draw_weeks(rhythm: _Rhythm, weeks: int, rng: np.random.Generator) -> np.ndarray:
    """(weeks, paths): hours had by the end of each week."""
    paths = len(rhythm.level_p)
    # Weeks that resemble their neighbours, and vary so much that blocks of them vary as seen.
    spread_p = (math.sqrt(BLOCK / _together(BLOCK)) * rhythm.varies_p).astype(np.float32)
    log_p = np.sqrt(np.log1p(spread_p**2))
    noise_wp = rng.standard_normal((weeks, paths), dtype=np.float32)
    noise_wp[1:] *= math.sqrt(1 - ALIKE**2)
    for w in range(1, weeks):
        noise_wp[w] += ALIKE * noise_wp[w - 1]
    noise_wp *= log_p
    steps = rng.standard_normal((weeks // BLOCK + 1, paths), dtype=np.float32)
    steps *= (rhythm.shifts_p * math.sqrt(BLOCK / 52)).astype(np.float32)
    wander = np.repeat(np.cumsum(steps, axis=0), BLOCK, axis=0)[:weeks]
    noise_wp += wander - (log_p**2 / 2)
    hours_wp = np.exp(noise_wp, out=noise_wp)
    hours_wp *= rhythm.level_p.astype(np.float32)
    some = min(weeks, 100)
    ahead = np.exp(-np.arange(some)[:, None] / rhythm.fades_p).astype(np.float32)
    hours_wp[:some] *= 1 + ahead * (rhythm.keen_p / rhythm.level_p).astype(np.float32)
    week, path = np.nonzero(rng.random((weeks, paths), dtype=np.float32) < rhythm.begins_p)
    lengths = rng.geometric(1 - rhythm.stays_p[path])
    for on in range(int(min(lengths.max(initial=0), weeks))):
        still = (lengths > on) & (week + on < weeks)
        hours_wp[week[still] + on, path[still]] = 0.0
    return np.cumsum(hours_wp, axis=0, out=hours_wp)


def _crossings(cum_wp: np.ndarray, need_ps: np.ndarray) -> np.ndarray:
    """(paths, stages): weeks, with their fraction, until each need is met; the last pace goes on where the weeks drawn end."""
    weeks, paths = cum_wp.shape
    ends = np.empty(need_ps.shape)
    rows = np.arange(paths)
    for s in range(need_ps.shape[1]):
        need = need_ps[:, s]
        at = _reached(cum_wp, need.astype(np.float32))
        inside = np.minimum(at, weeks - 1)
        before = np.where(inside > 0, cum_wp[np.maximum(inside - 1, 0), rows], 0.0)
        step = np.maximum(cum_wp[inside, rows] - before, 1e-6)
        end = inside + np.clip((need - before) / step, 0, 1)
        beyond = at >= weeks
        mean = np.maximum(cum_wp[-1] / weeks, 1e-3)
        end[beyond] = (weeks + (need - cum_wp[-1]) / mean)[beyond]
        ends[:, s] = np.where(need <= 0, 0.0, np.minimum(end, LONGEST_WEEKS))
    return ends


def _reached(cum_wp: np.ndarray, need_p: np.ndarray) -> np.ndarray:
    """The number of weeks before each path has what it needs: bisection, for all paths at once."""
    low, high = np.zeros(len(need_p), dtype=np.intp), np.full(len(need_p), len(cum_wp), dtype=np.intp)
    rows = np.arange(len(need_p))
    while (low < high).any():
        middle = (low + high) // 2
        less = cum_wp[np.minimum(middle, len(cum_wp) - 1), rows] < need_p
        open_ = low < high
        low, high = np.where(open_ & less, middle + 1, low), np.where(open_ & ~less, middle, high)
    return low


def _quantiles(ms_p: np.ndarray, done: bool, now: int) -> Quantiles:
    if done:
        return Quantiles(*[now] * 7)
    return Quantiles(*(int(v) for v in np.quantile(ms_p, LEVELS)))


def _fan(
    cum_wp: np.ndarray, total_p: np.ndarray, chapter: float, work: _Work, now: int, finish: Quantiles, rng: np.random.Generator
) -> tuple[FanPoint, ...]:
    """What will count as done, week by week.

    Not as the hours go: the next skills and modules may be harder or easier than the rest, which evens out towards the end; and a chapter
    counts at its end, so that a path may be a lump behind its hours, or ahead of them.
    """
    last = min(len(cum_wp), math.ceil((finish.q975 - now) / WEEK) + 1)
    paths = len(total_p)
    done = work.done_hours / max(work.done_hours + float(work.left.sum()), 1e-9)
    share = np.minimum(cum_wp[:last] / np.maximum(total_p, 1e-6).astype(np.float32), 1.0)
    skills, modules = max(int((work.hours > 0).sum()), 1), max(len(np.unique(work.module[work.hours > 0])), 1)
    uneven = PIECE**2 / np.maximum(share * skills, 1.0) + MODULE[1] ** 2 / np.maximum(share * modules, 1.0)
    uneven *= 1 - share
    np.sqrt(uneven, out=uneven)
    uneven *= rng.standard_normal(paths, dtype=np.float32)
    lump_p = LUMPS[-1] * chapter * (rng.random(paths) - rng.random(paths)) / np.maximum(total_p, 1e-6)
    share = np.clip(share * np.exp(uneven, out=uneven) + (1 - share) * lump_p.astype(np.float32), 0.0, 1.0)
    places = [int(q * (share.shape[1] - 1)) for q in LEVELS]
    share.partition(places, axis=1)
    rows = done + (1 - done) * share[:, places].T
    start = FanPoint(now, *[round(done, 5)] * 7)
    return (start, *(FanPoint(now + (w + 1) * WEEK, *(round(float(v), 5) for v in rows[:, w])) for w in range(last)))


def deadline_ms(deadline: str) -> int | None:
    """The end of the day of an ISO date, UTC; None without one, or where it is no date."""
    try:
        day = dt.datetime.fromisoformat(deadline[:10])
    except ValueError:
        return None
    return int((day - dt.datetime(1970, 1, 1)).total_seconds() * 1000) + DAY - 1


def _kept_less(finish: Quantiles, hours_a_week: float, now: int, state: State) -> str:
    """Why the end lies later than the hours wished for would have it, for someone whose whole weeks had clearly less; else nothing."""
    first, last = _week(state, state.enrolled_at or state.first_at or now) + 1, _week(state, now) - 1
    weeks = [state.weeks.get(week, 0.0) for week in range(max(first, last - LOOKS_LESS), last + 1)]
    wish = state.hours_per_week
    if len(weeks) < LIVED or finish.q50 <= now or sum(weeks) > CLEARLY_LESS * wish * len(weeks) or hours_a_week > wish:
        return ""
    had = sum(weeks) / len(weeks)
    about = say.number(round(had)) if had >= 3 else f"{had:.1f}"
    gave = say.count(int(wish), "hour") if wish == int(wish) else f"{wish:g} hours"
    end = say.month(now + int((finish.q50 - now) * hours_a_week / wish), state.tz)
    return f" You gave {gave} a week and have had about {about}, which moves it back: with all of them it would be {end}."


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
