"""The forecast beside other choices, and beside what came of the forecasts before it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from modelwright.studio import evening
from modelwright.studio import views as v

if TYPE_CHECKING:
    from modelwright.learner import Forecast, WhatIf
    from modelwright.studio.desk import Desk

DAY, WEEK = 86_400_000, 604_800_000
AHEAD = (4, 8, 12)  # weeks on, for which a snapshot says what will be done
EARLY = 10.0  # hours of work, up to which the next milestone stands where the forecast will
ENOUGH = 5  # forecasts of one kind, before anything is said of them


def horizon(desk: Desk) -> v.Horizon:
    """What the plan's own hours say of the road that is left; the forecast adds missed weeks and upkeep to it."""
    from modelwright.learner import wording as say
    from modelwright.learner.planning import Planner

    c, week = desk.curriculum, max(desk.record.hours_per_week, 0.5)
    planner = Planner(c, desk.state, desk.now)
    left = {m.id: planner.share_left(m.id) for m in c.modules.values()}
    built = desk.state.projects
    projects = [p for p in c.projects.values() if not (p.id in built and built[p.id].done_at)]
    low = sum(c.modules[m].hours.low * share for m, share in left.items()) + sum(p.hours.low for p in projects)
    high = sum(c.modules[m].hours.high * share for m, share in left.items()) + sum(p.hours.high for p in projects)
    early = desk.hours.total < EARLY
    if high < 1:
        return v.Horizon(0.0, 0.0, "Everything in the plan is done.", None, "", False)
    what, hours = "The plan is" if early else "What is left of the plan is", say.span(round(low), round(high), "hours")
    sentence = (
        f"{what} {hours}: at your {week:g} hours a week, with none missed, {_long(low / week, high / week)}. Missed weeks and keeping "
        "what was learned come on top."
    )
    # The plan's next new skill says where the road goes on; the modules' own order does not, for who begins with Python.
    goes_on = c.skills[planner.focus].module if planner.focus else None
    module = next((c.modules[m] for m in (goes_on, *left) if m is not None and left[m] > 0), None)
    if module is None:
        return v.Horizon(low, high, sentence, None, "", early)
    share = left[module.id]
    hours = say.span(max(1, round(module.hours.low * share)), max(1, round(module.hours.high * share)), "hours")
    weeks = _long(module.hours.low * share / week, module.hours.high * share / week)
    words = f"{hours}{'' if share == 1 else ' are left'}, {weeks} at your {week:g} hours a week."
    return v.Horizon(low, high, sentence, v.Link("module", module.id, module.title), words, early)


def _long(low: float, high: float) -> str:
    """So many weeks to so many, in the unit that suits them."""
    from modelwright.learner import wording as say

    if high < 14:
        return say.span(max(1, round(low)), max(1, round(high)), "weeks" if round(high) > 1 else "week")
    if high < 100:
        return say.span(max(1, round(low / 4.35)), round(high / 4.35), "months")
    return say.span(round(low / 52.18, 1), round(high / 52.18, 1), "years")


def drawn(desk: Desk, what_if: WhatIf | None = None) -> v.ForecastView:
    from modelwright.learner import forecast
    from modelwright.learner.forecasting import deadline_ms

    made: Forecast = forecast(desk.curriculum, desk.state, desk.now, what_if=what_if, words=what_if is None)
    return evening.forecast_view(desk, made, deadline_ms(desk.state.deadline))


def what_if(
    desk: Desk, stands: v.ForecastView, hours: float | None, skipped: tuple[str, ...] | None, books: dict[str, str] | None
) -> v.WhatIfView:
    """`stands`: the forecast from the same state without changes."""
    from modelwright.learner import WhatIf

    record = desk.record
    wish = record.hours_per_week if hours is None else hours
    left_out = tuple(sorted(record.skipped if skipped is None else skipped))
    chosen = {m: b for m, b in (books or {}).items() if b != desk.chosen_book(desk.curriculum.modules[m])}
    words = _words(desk, wish, left_out, chosen)
    if not words:
        same = "Nothing is different yet: choose other hours, another book, or leave out an optional module."
        return v.WhatIfView(wish, left_out, chosen, False, stands, stands, 0, same)
    then = drawn(desk, WhatIf(wish, left_out, chosen))
    days = round((stands.finish.q50 - then.finish.q50) / DAY)
    from modelwright.learner import wording as say

    sentence = (
        f"{say.capital(say.listed(words))}: most likely {say.month(then.finish.q50, desk.tz)}, {_nearer(days)}. "
        f"Eight paths in ten end between {say.month(then.finish.q10, desk.tz)} and {say.month(then.finish.q90, desk.tz)}."
    )
    return v.WhatIfView(wish, left_out, chosen, True, stands, then, days, sentence)


def _words(desk: Desk, wish: float, skipped: tuple[str, ...], books: dict[str, str]) -> list[str]:
    c, record = desk.curriculum, desk.record
    words = [f"{wish:g} hours a week instead of {record.hours_per_week:g}"] if wish != record.hours_per_week else []
    words += [f"without {c.modules[m].title}" for m in skipped if m not in record.skipped]
    words += [f"with {c.modules[m].title}" for m in record.skipped if m not in skipped and m in c.modules]
    words += [f"{c.resources[book].title if book else 'the lessons alone'} for {c.modules[m].title}" for m, book in books.items()]
    return words


def _nearer(days: int) -> str:
    from modelwright.learner import wording as say

    size = abs(days)
    if size < 7:
        return "at about the same time"
    long = say.count(round(size / 7), "week") if size < 90 else say.count(round(size / 30.4), "month")
    return f"{long} {'sooner' if days > 0 else 'later'}"


def snapshot(view: v.ForecastView) -> dict[str, Any]:
    """What the journal keeps of a forecast once a week; the fan's points are a week apart."""
    shares = {str(w): view.fan[w] for w in AHEAD if w < len(view.fan)}
    return {
        "finish": asdict(view.finish),
        "stages": {stage.stage: asdict(stage.finish) for stage in view.stages},
        "done": view.fan[0].q50 if view.fan else -1.0,
        "ahead": {w: {name: value for name, value in asdict(point).items() if name != "at"} for w, point in shares.items()},
    }


def fared(desk: Desk, done: float) -> v.FaredView:
    from modelwright.learner import fared as held_against

    found = held_against(desk.state, desk.now, done)
    stages = desk.curriculum.stages
    said = [
        v.Said(f.at, f.finish["q10"], f.finish["q50"], f.finish["q90"])
        for f in desk.state.forecasts
        if all(q in f.finish for q in ("q10", "q50", "q90"))
    ]
    horizons = tuple(v.HorizonFared(h.weeks, h.n, h.inside50, h.inside80, h.inside95, h.below) for h in found.horizons)
    ended = tuple(v.StageFared(s.stage, stages[s.stage].title, s.ended_at, s.n, s.inside80) for s in found.stages if s.stage in stages)
    return v.FaredView(tuple(said), horizons, ended, _sentence(len(said), horizons))


def _sentence(said: int, horizons: tuple[v.HorizonFared, ...]) -> str:
    from modelwright.learner import wording as say

    n, inside, below = (sum(getattr(h, name) for h in horizons) for name in ("n", "inside80", "below"))
    if n < ENOUGH:
        kept = f"{say.capital(say.count(said, 'weekly forecast'))} {'is' if said == 1 else 'are'} kept" if said else "None is kept yet"
        return f"{kept}. Once a few of them lie weeks back, this says how they fared."
    text = (
        f"{say.capital(say.count(n, 'forecast'))} of the weeks ahead can be held against what came: {inside} lay inside the range that "
        f"should hold eight in ten, which would be {round(0.8 * n)}."
    )
    if inside < 0.65 * n:
        text += " Your weeks were harder to foresee than the forecast says."
    if abs(below / n - 0.5) > 0.25:
        text += f" More often than not {'less' if below > n / 2 else 'more'} was done than its middle said."
    return text
