"""The plan as a calendar (RFC 5545): the sessions of the coming weeks, and the days on which stages are likely to end.

Sessions stand at a time of day without a zone ("floating"): the program knows how far its learner is from UTC today, not the zone's
name nor its rules, and an evening at seven should stay at seven when the clocks change. Stage ends are whole days. What has the same
meaning keeps its UID, so that importing again updates; a session that is no longer planned stays in the calendar until it is deleted there.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

from modelwright.studio import views as v
from modelwright.studio.desk import KNOWN
from modelwright.studio.errors import StudioError

if TYPE_CHECKING:
    from icalendar import Calendar, Event

    from modelwright.studio.desk import Desk

DAY, WEEK = 86_400_000, 604_800_000
MOST_WEEKS = 26
EVENING = "19:00"
LATELY = 84  # days, whose habit says which days of the week are for studying


def calendar(
    desk: Desk, forecast: v.ForecastView, minutes: int, tonight: v.Today, sequence: int, weeks: int = 8, at: str = EVENING
) -> bytes:
    """The file. minutes: of a session. tonight: what is planned for the first one. sequence: grows whenever anything may have changed."""
    from icalendar import Calendar

    if not 1 <= weeks <= MOST_WEEKS:
        raise StudioError(f"A calendar of {weeks} weeks cannot be made; choose from 1 to {MOST_WEEKS}.")
    start = _time(at)
    made = Calendar()
    made.add("prodid", "-//Modelwright//The plan//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("name", "Modelwright")
    made.add("x-wr-calname", "Modelwright")
    made.add("refresh-interval", dt.timedelta(days=1), parameters={"VALUE": "DURATION"})
    stamp = dt.datetime.fromtimestamp(desk.now // 1000, dt.UTC)
    who = f"{desk.record.enrolled_at}.modelwright"
    left = _left(desk)
    for n, day in enumerate(sessions(desk, minutes, weeks)):
        entry = _event(made, f"session-{day.isoformat()}@{who}", stamp, sequence)
        begin = dt.datetime.combine(day, start)
        about = _about(left, forecast, day, desk.tz)
        entry.add("summary", f"Modelwright: {about}" if about else "Modelwright")
        entry.add("dtstart", begin)
        entry.add("dtend", begin + dt.timedelta(minutes=minutes))
        entry.add("description", _tonight(tonight) if n == 0 and day == _date(desk, desk.now) else _session_words(minutes, about))
        entry.add("transp", "OPAQUE")
    made_on = _words(_date(desk, desk.now))
    for stage in forecast.stages:
        if stage.finish.q975 > desk.now:
            _whole_day(made, desk, f"stage-{stage.stage}@{who}", f"Likely end of {stage.title}", stage.finish, made_on, stamp, sequence)
    if forecast.finish.q975 > desk.now:
        _whole_day(made, desk, f"plan@{who}", "Likely end of the whole plan", forecast.finish, made_on, stamp, sequence)
    if forecast.deadline is not None:
        entry = _event(made, f"deadline@{who}", stamp, sequence)
        day = dt.datetime.fromtimestamp(forecast.deadline // 1000, dt.UTC).date()
        _days(entry, "The date that you set for the plan", day)
        chance = (
            "" if forecast.chance is None else f" The chance of being done by then is about {forecast.chance:.0%}, as seen on {made_on}."
        )
        entry.add("description", f"Your own date.{chance}")
    return bytes(made.to_ical())


def sessions(desk: Desk, minutes: int, weeks: int) -> list[dt.date]:
    """The days of study in the coming `weeks`, today included if nothing was done yet: as many a week as the wished hours ask for.

    Which days: those on which the learner has studied most of late; without a habit, spread over the week.
    """
    a_week = min(7, max(1, math.ceil(desk.record.hours_per_week * 60 / minutes - 0.25)))
    habit = [0.0] * 7
    for since, hours in desk.state.days.items():
        if desk.day - LATELY <= since < desk.day:
            habit[(since + 3) % 7] += hours  # 1 January 1970 was a Thursday
    spread = [0.0] * 7
    for n in range(a_week):
        spread[int(n * 7 / a_week)] = 1.0
    total = sum(habit)
    weight = [h / total + 0.02 * s if 0 < total >= 2 * desk.record.hours_per_week else s for h, s in zip(habit, spread, strict=True)]
    chosen = sorted(sorted(range(7), key=lambda d: (-weight[d], d))[:a_week])
    today = _date(desk, desk.now)
    first = 1 if desk.record.minutes_on(desk.day) >= 0.5 * minutes else 0
    return [day for n in range(first, 7 * weeks) if (day := today + dt.timedelta(days=n)).weekday() in chosen]


def _time(text: str) -> dt.time:
    try:
        return dt.time.fromisoformat(text).replace(second=0, microsecond=0, tzinfo=None)
    except ValueError:
        raise StudioError(f"'{text}' is not a time of day; write it as 19:00.") from None


def _date(desk: Desk, at: int) -> dt.date:
    """The learner's own date."""
    return dt.date(1970, 1, 1) + dt.timedelta(days=(at + desk.tz * 60_000) // DAY)


def _words(day: dt.date) -> str:
    return f"{day.day} {day:%B %Y}"


def _event(made: Calendar, uid: str, stamp: dt.datetime, sequence: int) -> Event:
    from icalendar import Event

    entry = Event()
    entry.add("uid", uid)
    entry.add("dtstamp", stamp)
    entry.add("last-modified", stamp)
    entry.add("sequence", sequence)
    made.add_component(entry)
    return entry


def _days(entry: Event, summary: str, day: dt.date) -> None:
    entry.add("summary", summary)
    entry.add("dtstart", day)
    entry.add("dtend", day + dt.timedelta(days=1))
    entry.add("transp", "TRANSPARENT")


def _whole_day(made: Calendar, desk: Desk, uid: str, summary: str, q: v.Quantiles, made_on: str, stamp: dt.datetime, sequence: int) -> None:
    entry = _event(made, uid, stamp, sequence)
    _days(entry, summary, _date(desk, q.q50))
    ends = [(_words(_date(desk, low)), _words(_date(desk, high))) for low, high in ((q.q10, q.q90), (q.q25, q.q75), (q.q025, q.q975))]
    entry.add(
        "description",
        f"Eight paths in ten end between {ends[0][0]} and {ends[0][1]}.\nHalf of them between {ends[1][0]} and {ends[1][1]}, "
        f"95 in a hundred between {ends[2][0]} and {ends[2][1]}.\nAs seen on {made_on}; import the calendar again to update it.",
    )


def _session_words(minutes: int, about: str) -> str:
    of = f" By then the plan is likely at {about}; what comes first is decided that evening." if about else ""
    return f"{minutes} minutes.{of}"


def _tonight(today: v.Today) -> str:
    steps = "\n".join(f"{round(step.minutes)} min: {step.title}" for step in today.steps if not step.done)
    return f"{today.promise}\n{steps}".strip()


def _left(desk: Desk) -> list[tuple[str, float]]:
    """What is not known yet, in the plan's order: (the module's title, hours)."""
    left = []
    for module in desk.curriculum.modules.values():
        if not module.skills:
            continue
        scale = math.sqrt(module.hours.low * module.hours.high) / sum(s.hours for s in module.skills)
        open_skills = [s for s in module.skills if not s.left_out(desk.record.skipped) and desk.skill(s.id).standing not in KNOWN]
        hours = sum(s.hours * scale for s in open_skills)
        if hours:
            left.append((module.title, hours))
    return left


def _about(left: list[tuple[str, float]], forecast: v.ForecastView, day: dt.date, tz: int) -> str:
    """The module that the middle path of the forecast is at by then. Projects, a small part of the hours, are taken as spread evenly."""
    at = (day - dt.date(1970, 1, 1)).days * DAY - tz * 60_000 + DAY // 2
    begun = forecast.fan[0].q50 if forecast.fan else 0.0
    share = next((p.q50 for p in forecast.fan if p.at >= at), 1.0)
    target = sum(hours for _, hours in left) * (share - begun) / max(1 - begun, 1e-9)
    for title, hours in left:
        if target < hours:
            return title
        target -= hours
    return ""
