"""A skill's past and future: what was done on it, and its forgetting curve, drawn from the very entries that made it.

The curve's past is what the program believed then. It comes from folding the entries that speak of the skill, and of the skills that
contain it or that it contains, the closest first, a day at a time; where the skill's own are too many, only the present and the future
are drawn. What is farther away can have moved it by a little that is not seen here; the last stretch, from the last practice on, is the
state's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from modelwright.journal import Journal
from modelwright.journal import events as e
from modelwright.learner.wording import day_of
from modelwright.studio import views as v
from modelwright.studio.desk import Desk
from modelwright.studio.record import REMEMBERED

if TYPE_CHECKING:
    from modelwright.learner import State

DAY = 86_400_000
MOST = 1500  # entries that a curve is drawn from
DAYS = 150  # days of practice of which each is folded on its own
SHOWN = 40
RATINGS = {1: "again", 2: "hard", 3: "good", 4: "easy"}
MARKS = {"": "answered", "right": "marked right", "partly": "marked partly right", "not": "marked not yet"}
SETTINGS = {"placement": "placement", "chapter": "question on a chapter", "exam": "exam", "verify": "check"}


def story(desk: Desk, journal: Journal, id: str) -> tuple[tuple[v.SkillEvent, ...], int, v.MemoryCurve | None]:
    """(what was done, newest first; how many older entries there are; the curve)."""
    record, curriculum = desk.record, desk.curriculum
    own = set(record.entries.get(id, ()))
    for lesson in curriculum.teaching(id, "lesson"):
        own.update(record.taught.get(lesson, ()))
    for resource, number in curriculum.chapters(id):
        own.update(record.taught.get(f"{resource}#{number}", ()))
    for project in curriculum.projects.values():
        if id in project.skills:
            own.update(record.taught.get(project.id, ()))
    told = journal.entries(sorted(own)[-REMEMBERED:])
    lines = [line for seq, event in reversed(_by_time(told)) if (line := _line(desk, event, id)) is not None]
    return tuple(lines[:SHOWN]), max(0, len(lines) - SHOWN), curve(desk, journal, id, own)


def _by_time(entries: Iterable[tuple[int, e.Event]]) -> list[tuple[int, e.Event]]:
    return sorted(entries, key=lambda one: (one[1].at, one[0]))


def _line(desk: Desk, event: e.Event, id: str) -> v.SkillEvent | None:
    data, at = event.data, event.at
    match data:
        case e.ProblemAnswered():
            words = "right" if data.right else "solution asked for" if not data.answer else "not right"
            if data.right and data.attempt > 1:
                words += f", at the {_nth(data.attempt)} try"
            if data.right and data.solution_shown:
                words += ", after its solution"
            return v.SkillEvent(at, "problem", desk.link(data.problem, "problem"), data.right, words)
        case e.ItemAnswered():
            skill = desk.link(data.skills[0] if data.skills else id, "skill")
            return v.SkillEvent(at, SETTINGS[data.setting], skill, data.right, "right" if data.right else "not right")
        case e.CardReviewed():
            where = " (in Anki)" if data.source == "anki" else f" (in {data.source})" if data.source else ""
            return v.SkillEvent(at, "card", desk.link(data.card, "card"), data.rating > 1, RATINGS[data.rating] + where)
        case e.LabSubmitted():
            words = "passed" if data.passed else f"{data.checks_passed} of {data.checks_total} checks"
            return v.SkillEvent(at, "lab", desk.link(data.lab, "lab"), data.passed, words)
        case e.Checked():
            words = "right" if data.right else "answer asked for" if data.solution_shown else "not right"
            return v.SkillEvent(at, "question", desk.link(data.target, "lesson"), data.right, words + ", in its lesson")
        case e.Faded():
            return v.SkillEvent(at, "question", desk.link(data.target, "lesson"), True, "filled rightly, in its lesson")
        case e.AnswerMarked():
            right = {"right": True, "not": False}.get(data.mark)
            return v.SkillEvent(at, "question", desk.link(data.target, "lesson"), right, f"{MARKS[data.mark]}, in your own words")
        case e.LessonFinished():
            return v.SkillEvent(at, "lesson", desk.link(data.lesson, "lesson"), None, "read")
        case e.ChapterRead(done=True):
            return v.SkillEvent(at, "chapter", desk.link(f"{data.resource}#{data.chapter}", "chapter"), None, "read")
        case e.ProjectEntry():
            return v.SkillEvent(at, "project", desk.link(data.project, "project"), None, "done")
    return None


def _nth(n: int) -> str:
    return {2: "second", 3: "third"}.get(n, f"{n}th")


# The curve


def curve(desk: Desk, journal: Journal, id: str, own: set[int]) -> v.MemoryCurve | None:
    from modelwright.learner import memory

    now = desk.now
    present = memory(desk.curriculum, desk.state, id, now)
    if present is None:
        return None
    past: list[tuple[int, float]] = []
    marks: list[tuple[int, float, bool | None]] = []
    whole = len(desk.record.entries.get(id, ())) < REMEMBERED
    if whole:
        past, marks = _lived(desk, _by_time(journal.entries(_around(desk, id, own))), id)
    else:
        days: dict[int, list[v.SkillEvent]] = {}
        for _, event in _by_time(journal.entries(sorted(own)[-200:])):
            if (line := _line(desk, event, id)) is not None:
                days.setdefault(day_of(event.at, event.tz), []).append(line)
        marks = [(lines[0].at, 1.0, _went(lines)) for lines in days.values()]
    end = max(now + 10 * DAY, present.due_at + max(4 * DAY, round(0.7 * (present.due_at - now))))
    end = min(end, now + 3650 * DAY)
    points = [now + (end - now) * n // 60 for n in range(61)]
    believed = [memory(desk.curriculum, desk.state, id, at) for at in points]
    ahead = tuple((at, m.retrievability) for at, m in zip(points, believed, strict=True) if m is not None)
    return v.MemoryCurve(tuple(past), ahead, tuple(marks), desk.state.retention, present.due_at, present.stability_days, whole)


def _went(lines: Sequence[v.SkillEvent]) -> bool | None:
    """How a day's practice went: well if at least half of it did; None where there was only reading."""
    judged = [line.right for line in lines if line.right is not None]
    return 2 * sum(judged) >= len(judged) if judged else None


def _around(desk: Desk, id: str, own: set[int]) -> set[int]:
    """The entries that could move the memory of a skill: its own, placements, and those of what contains it or it contains, by weight."""
    from modelwright.learner.index import index

    ix, record = index(desk.curriculum), desk.record
    seqs = own | set(record.everywhere)
    for other, _ in sorted((*ix.inside.get(id, ()), *ix.contains.get(id, ())), key=lambda pair: -pair[1]):
        more = set(record.entries.get(other, ()))
        for lesson in desk.curriculum.teaching(other, "lesson"):
            more.update(record.taught.get(lesson, ()))
        if len(seqs | more) > MOST:
            break
        seqs |= more
    return seqs


def _lived(
    desk: Desk, entries: Sequence[tuple[int, e.Event]], id: str
) -> tuple[list[tuple[int, float]], list[tuple[int, float, bool | None]]]:
    """What was believed of the memory over time, and the moments of practice with the belief just before."""
    from modelwright.learner import fold, memory

    curriculum = desk.curriculum
    sittings: list[list[e.Event]] = []
    for _, event in entries:
        if sittings and (len(sittings) >= DAYS or day_of(event.at, event.tz) == day_of(sittings[-1][-1].at, event.tz)):
            sittings[-1].append(event)
        else:
            sittings.append([event])
    state: State | None = None
    past: list[tuple[int, float]] = []
    marks: list[tuple[int, float, bool | None]] = []

    def believed(at: int, knows: State | None) -> float | None:
        found = memory(curriculum, knows, id, at) if knows is not None else None
        return None if found is None else found.retrievability

    span = max(1, desk.now - entries[0][1].at) if entries else 1
    for n, sitting in enumerate(sittings):
        before = believed(sitting[0].at, state)
        mine = [line for event in sitting if _names(desk, event.data, id) and (line := _line(desk, event, id)) is not None]
        if mine:
            marks.append((mine[0].at, 1.0 if before is None else before, _went(mine)))
        state = fold(curriculum, sitting, state)
        last = sitting[-1].at
        if before is not None:
            past.append((sitting[0].at, before))
        until = sittings[n + 1][0].at if n + 1 < len(sittings) else desk.now
        # From the last sitting on, the state itself knows.
        knows = desk.state if n + 1 == len(sittings) else state
        steps = max(1, min(24, round(90 * (until - last) / span)))
        for k in range(steps + (n + 1 == len(sittings))):
            at = last + (until - last) * k // steps
            if (recall := believed(at, knows)) is not None:
                past.append((at, recall))
    return past, marks


def _names(desk: Desk, data: e.Data, id: str) -> bool:
    """Whether an entry speaks of this very skill."""
    match data:
        case e.CardReviewed():
            return data.skill == id
        case e.ProblemAnswered() | e.ItemAnswered() | e.LabSubmitted() | e.Checked() | e.Faded() | e.AnswerMarked():
            return id in data.skills
        case e.LessonFinished():
            return data.lesson in desk.curriculum.teaching(id, "lesson")
        case e.ChapterRead():
            return (data.resource, data.chapter) in desk.curriculum.chapters(id)
    return True


def why_due(desk: Desk, id: str, curve: v.MemoryCurve | None) -> str:
    """Why a skill is due now, or when it will be, in a sentence or two."""
    if curve is None:
        return "There is nothing to remember yet: its memory begins with its lesson, its chapter, or the first right answer."
    now, goal = desk.now, 100 * curve.goal
    trace = desk.state.skills.get(id)
    recall = 100 * curve.ahead[0][1] if curve.ahead else 100.0
    days = round((curve.due_at - now) / DAY)
    if curve.due_at <= now:
        said = f"It is due because recall, about {recall:.0f} in a hundred today, has fallen below the {goal:.0f} that you want to keep."
    elif days < 1:
        said = f"It comes due within a day: recall, about {recall:.0f} in a hundred now, then falls below the {goal:.0f} that you wish."
    else:
        said = (
            f"It is not due for {days:,} day{'s' if days > 1 else ''}: recall is about {recall:.0f} in a hundred today and will then have "
            f"fallen to the {goal:.0f} that you want to keep."
        )
    if trace is not None and trace.doubt > 0.3:
        said += " Failures at what it is made of, or at questions in its lesson, have made it less certain."
    elif trace is not None and trace.echo >= 1 and trace.right + trace.wrong < 1:
        said += " It was practised in its lesson or through what contains it, not yet by itself."
    elif trace is not None and trace.placed >= 0.75 and trace.right + trace.wrong < 1:
        said += " That you have it is known from placement alone, so it is looked at gently once."
    return said


def opens_in_all(desk: Desk, id: str) -> int:
    """How many skills rest on this one, directly or through others."""
    seen: set[str] = set()
    waiting = list(desk.curriculum.dependents(id))
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += desk.curriculum.dependents(one)
    return len(seen)
