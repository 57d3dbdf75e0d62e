"""The evening and the standing of things: what is done, what comes next, how it stands in all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from modelwright.curriculum.effort import taught_by_lessons
from modelwright.studio import knowing
from modelwright.studio import views as v
from modelwright.studio.desk import Desk
from modelwright.studio.record import Entry

if TYPE_CHECKING:
    from modelwright.learner import Forecast, Session

CAN_NOW = 4
NAMED = ("lesson", "problem", "lab", "chapter", "project")  # entries of the diary that name a thing of that kind


def step_view(step: Any) -> v.Step:
    return v.Step(
        step.kind,
        step.target,
        step.title,
        step.minutes,
        step.reason,
        tuple(step.skills),
        partial=step.partial,
        problems=step.problems,
        again=step.again,
        example=step.example,
        place=step.place,
    )


def wished_title(desk: Desk, id: str) -> str:
    """What a wish names, in words."""
    from modelwright.learner.planning import CARDS

    return "Tonight's cards" if id == CARDS else desk.link(id, "chapter" if "#" in id else "").title


def today_view(
    desk: Desk,
    session: Session,
    minutes: int,
    due: int,
    forecast: v.ForecastView | None,
    horizon: v.Horizon,
    remarks: tuple[str, ...] = (),
) -> v.Today:
    from modelwright.learner import put_off

    mine, parts = desk.parts
    return v.Today(
        at=desk.now,
        name=desk.record.name,
        minutes=minutes,
        title=session.title,
        promise=session.promise,
        steps=done_today(desk) + tuple(step_view(step) for step in session.steps),
        due_cards=due,
        minutes_done_today=desk.record.minutes_on(desk.day),
        hours_this_week=desk.hours.this_week,
        hours_per_week=desk.record.hours_per_week,
        can_now=can_now(desk),
        parts_mine=mine,
        parts_total=parts,
        forecast=forecast,
        remarks=remarks,
        horizon=horizon,
        put_off=tuple(v.Link("", id, wished_title(desk, id)) for id in put_off(desk.state, desk.now)),
        back=v.Back(session.back.days, session.back.told, session.back.ahead) if session.back is not None else None,
    )


def done_today(desk: Desk) -> tuple[v.Step, ...]:
    """What was finished today, in order; a lab or a problem only once it was right."""
    if desk.record.today_is != desk.day:
        return ()
    whole: dict[tuple[str, str], Entry] = {}  # a lab that was worked on twice tonight is one line
    for entry in desk.record.today:
        known = whole.pop((entry.kind, entry.target), None)
        minutes, count, right = (known.minutes, known.count, known.right) if known else (0.0, 0, 0)
        joined = Entry(entry.at, entry.kind, entry.target, minutes + entry.minutes, count + entry.count, right + entry.right)
        whole[entry.kind, entry.target] = joined
    steps = []
    for entry in whole.values():
        if entry.kind in ("lab", "problem") and not entry.right:
            continue
        if entry.kind == "part":
            link = desk.link(entry.target, "chapter")
            steps.append(v.Step("chapter", entry.target, f"A part of {link.title}", round(entry.minutes, 1), "", (), True))
            continue
        if entry.kind not in ("review", "lesson", "problem", "lab", "chapter", "project", "exam"):
            continue
        title = _counted(entry) if entry.kind in ("review", "problem") else desk.link(entry.target, entry.kind).title
        if entry.kind == "problem":
            title = f"{title}: {desk.link(entry.target, 'problem').title}"
        steps.append(v.Step(entry.kind, entry.target, title, round(entry.minutes, 1), "", (), True))  # type: ignore[arg-type]
    return tuple(steps)


def _counted(entry: Entry) -> str:
    """So many cards; of problems, those that were right."""
    noun, count = ("card", entry.count) if entry.kind == "review" else ("problem", entry.right)
    return f"{count} {noun}{'' if count == 1 else 's'}"


def can_now(desk: Desk) -> tuple[str, ...]:
    """What the learner can do, for the skills worked on last."""
    last = desk.record.practised
    lines = sorted((line for line in desk.known if line.id in last), key=lambda line: -last[line.id])
    return tuple(line.can for line in lines[:CAN_NOW])


def activity(desk: Desk, entry: Entry) -> v.Activity:
    """A line of the diary in words."""
    kind = "chapter" if entry.kind == "part" else entry.kind if entry.kind in NAMED else ""
    link = desk.link(entry.target, kind) if entry.target else v.Link("review", "", "Cards")
    what = {
        "review": f"Reviewed {_counted(entry)}, {entry.right} remembered",
        "lesson": f"Read the lesson {link.title}",
        "problem": f"{link.title}: {entry.right} of {entry.count} right",
        "lab": f"{'Passed' if entry.right else 'Worked on'} the lab {link.title}",
        "chapter": f"Read {link.title}",
        "part": f"Read a part of {link.title}",
        "project": f"Worked on the project {link.title}",
        "competition": f"Entered {link.title}",
        "run": f"Trained {link.title}",
        "time": link.title,
    }.get(entry.kind, f"Answered {entry.count} question{'' if entry.count == 1 else 's'} on {link.title}")
    return v.Activity(entry.at, link, what, round(entry.minutes, 1))


def lately(desk: Desk) -> tuple[v.Link, ...]:
    """What was worked on, each thing once, newest first; what the curriculum no longer has is left out."""
    c = desk.curriculum
    at: dict[tuple[str, str], int] = {("lesson", id): record.opened_at for id, record in desk.record.lessons.items() if record.opened_at}
    for entry in desk.record.recent:
        kind = "chapter" if entry.kind == "part" else entry.kind
        if kind in NAMED:
            at[kind, entry.target] = max(entry.at, at.get((kind, entry.target), 0))
    tables: tuple[Mapping[str, object], ...] = (c.lessons, c.problems, c.labs, c.resources, c.projects)
    there = dict(zip(NAMED, tables, strict=True))
    newest = sorted(at, key=lambda thing: (-at[thing], thing))
    return tuple(desk.link(id, kind) for kind, id in newest if id.partition("#")[0] in there[kind])


def status_view(desk: Desk, due: int, next_step: v.Step | None, forecast_sentence: str, remarks: tuple[str, ...] = ()) -> v.StatusView:
    c, record = desk.curriculum, desk.record
    mine, parts = desk.parts
    module = None
    if next_step is not None:
        id = (next_step.target or next(iter(next_step.skills), "")).split("/")[0]
        module = c.modules.get(id)
    stage = c.stages[module.stage] if module else None
    chapters = [
        f"{r.id}#{chapter.number}" for m in c.modules.values() for r in m.resources if r.id == desk.chosen_book(m) for chapter in r.chapters
    ]
    return v.StatusView(
        enrolled=record.enrolled,
        name=record.name,
        hours_done=desk.hours.total,
        hours_this_week=desk.hours.this_week,
        hours_per_week=record.hours_per_week,
        skills=len(c.skills),
        skills_known=len(desk.known),
        skills_fading=sum(line.standing == "fading" for line in desk.known),
        lessons_done=sum(desk.lesson(id).finished_at > 0 for id in c.lessons),
        lessons=len(c.lessons),
        labs_passed=sum(desk.lab(id).passed_at > 0 for id in c.labs),
        labs=len(c.labs),
        cards_seen=sum(id in record.cards for id in c.cards),
        cards=len(c.cards),
        cards_due=due,
        problems_right=sum(p.right for p in record.problems.values()),
        chapters_read=sum(key in record.chapters for key in chapters),
        chapters=len(chapters),
        parts_mine=mine,
        parts_total=parts,
        stage=v.Link("stage", stage.id, stage.title) if stage else None,
        module=v.Link("module", module.id, module.title) if module else None,
        forecast_sentence=forecast_sentence,
        recent=tuple(activity(desk, entry) for entry in reversed(record.recent)),
        events=record.events,
        calibration=knowing.calibration_view(desk),
        remarks=remarks,
    )


def settings_view(desk: Desk, minutes_per_day: int, home: str, workshop: str, journal: str) -> v.SettingsView:
    record = desk.record
    books = []
    for module in desk.curriculum.modules.values():
        options = [
            v.Link("resource", r.id, f"{r.title}, about {round(sum(chapter.hours for chapter in r.chapters))} h")
            for r in module.shelf
            if r.role in ("main", "alternative")
        ]
        if options and taught_by_lessons(desk.curriculum, module.id):
            options.insert(0, v.Link("resource", "", "The lessons alone"))
        if options:
            books.append(v.BookChoice(v.Link("module", module.id, module.title), desk.chosen_book(module), tuple(options)))
    optional = [m for m in desk.curriculum.modules.values() if m.optional]
    return v.SettingsView(
        name=record.name,
        hours_per_week=record.hours_per_week,
        minutes_per_day=minutes_per_day,
        deadline=record.deadline or None,
        retention=record.retention,
        books=tuple(books),
        optional=tuple((v.Link("module", m.id, m.title), m.id in record.skipped) for m in optional),
        background=tuple((desk.link(id, "module"), level) for id, level in record.background.items()),
        home=home,
        workshop=workshop,
        journal=journal,
    )


def forecast_view(desk: Desk, forecast: Forecast, deadline: int | None) -> v.ForecastView:
    stages = tuple(
        v.StageForecast(id, desk.curriculum.stages[id].title, _quantiles(q))
        for id, q in forecast.stages.items()
        if id in desk.curriculum.stages
    )
    fan = tuple(v.FanPoint(p.at, p.q025, p.q10, p.q25, p.q50, p.q75, p.q90, p.q975) for p in forecast.fan)
    return v.ForecastView(_quantiles(forecast.finish), stages, fan, _own(desk, forecast.done), forecast.sentence, deadline, forecast.chance)


def _quantiles(q: Any) -> v.Quantiles:
    return v.Quantiles(q.q025, q.q10, q.q25, q.q50, q.q75, q.q90, q.q975)


def _own(desk: Desk, done: float) -> tuple[tuple[int, float], ...]:
    """The learner's past as a line that ends at what is done now: the share grew as the hours did."""
    total = desk.hours.total
    points = [(desk.record.enrolled_at or desk.now, 0.0)]
    so_far = 0.0
    for monday, hours in desk.hours.by_week:
        so_far += hours
        points.append((min(monday + 7 * 86_400_000, desk.now), done * so_far / total if total else 0.0))
    if not desk.hours.by_week:
        points.append((desk.now, done))
    return tuple(points)
