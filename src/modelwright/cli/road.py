"""The road in the terminal: plan, status, forecast, goals, books, time logged, search."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modelwright.cli import screen
from modelwright.cli.opened import studio
from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from modelwright.studio import Studio
    from modelwright.studio import views as v


class Misread(ModelwrightError):
    """An option that could not be read."""


STANDING = {
    "locked": ("·", "dim", "locked"),
    "open": ("○", "", "open"),
    "learning": ("◐", "", "begun"),
    "known": ("●", "green", "known"),
    "fading": ("◌", "yellow", "fading"),
}


def plan(module: str | None, json: bool) -> None:
    with studio(enrolled=False) as s:
        if module is not None:
            view = s.module(s.named("module", module))
            if json:
                screen.print_json(view)
            else:
                _module(screen.console(), view)
            return
        road = s.plan()
        if json:
            screen.print_json(road)
            return
        out = screen.console()
        total = f"{screen.hours(road.hours_low)} to {screen.hours(road.hours_high)} hours"
        out.print(f"[bold]The plan[/]  {total}, {screen.hours(road.hours_done)} done. {road.skills_known} of {road.skills} skills known.")
        if road.hours_per_week:
            low, high = road.years
            out.print(f"At your {road.hours_per_week:g} hours a week, kept, the whole takes {low:g} to {high:g} years.", style="dim")
        for stage in road.stages:
            _stage(out, stage)
        if road.forecast is not None:
            out.print()
            screen.wrapped(out, road.forecast.sentence)
        out.print()
        out.print("[dim]One module in full:[/] modelwright plan MODULE   [dim]Its books:[/] modelwright read")


def _stage(out: Console, stage: v.StageView) -> None:
    from modelwright.learner.wording import span

    months = span(stage.months_low, stage.months_high, "months")
    out.print()
    out.print(f"[bold]{stage.number}. {screen.safe(stage.title)}[/]  [dim]{months}[/]" + (_finish(stage.finish) if stage.finish else ""))
    for m in stage.modules:
        here = "[cyan]›[/]" if m.here else " "
        tail = (
            ("left out" + (f" but for {m.skills} skills" if m.skills else ""))
            if m.skipped
            else f"{m.skills_known} of {m.skills} skills" + (f", {m.skills_fading} fading" if m.skills_fading else "")
        )
        optional = " (optional)" if m.optional else ""
        out.print(f" {here} {m.number:>2} {screen.safe(m.title + optional):<38} {screen.bar(m.mastery)} {tail}  [dim]{m.id}[/]")
    for project in stage.projects:
        reached = sum(done for _, done in project.milestones)
        mark = "[green]✓[/]" if project.done else " "
        state = f"{reached} of {len(project.milestones)} milestones" if project.milestones and not project.done else ""
        out.print(f" {mark}    [dim]Project:[/] {screen.safe(project.title)}  [dim]{state}[/]")


def _finish(quantiles: v.Quantiles) -> str:
    return f"  [dim]likely done {screen.month(quantiles.q25)} to {screen.month(quantiles.q75)}[/]"


def _module(out: Console, view: v.ModuleView) -> None:
    line = view.line
    out.print(f"{view.stage.title} · {screen.hours(line.hours_low)} to {screen.hours(line.hours_high)} hours", style="dim", markup=False)
    out.print(f"{line.number}. {line.title}", style="bold", markup=False)
    screen.wrapped(out, line.why)
    if view.prerequisites:
        out.print("After " + ", ".join(link.title for link in view.prerequisites) + ".", markup=False)
    out.print()
    out.print("Skills", style="bold")
    for skill in view.skills:
        mark, style, word = STANDING[skill.standing]
        memory = f", recall {skill.memory:.0%}" if skill.memory is not None else ""
        text = f"[{style}]{mark}[/]" if style else mark
        share = f", {skill.mastery:.0%}" if skill.standing not in ("locked", "open") else ""
        out.print(f"  {text} {screen.safe(skill.title)}  [dim]{word}{share}{memory}[/]")
    _things(out, "Lessons", [("✓" if x.finished else " ", x.title, f"{x.minutes} min", x.id) for x in view.lessons])
    _things(
        out,
        "Problems",
        [("✓" if x.right else " ", x.title, f"{x.right} of {x.answered} right" if x.answered else "", x.id) for x in view.problems],
    )
    _things(out, "Labs", [("✓" if x.passed else " ", x.title, _lab_tail(x), x.id) for x in view.labs])
    if view.cards:
        out.print()
        out.print(f"[bold]Cards[/]  {view.cards_seen} of {view.cards} seen")
    out.print()
    out.print("Books and courses", style="bold")
    for resource in view.resources:
        _resource(out, resource)


def _lab_tail(lab: v.LabLine) -> str:
    part = f", part: {lab.part}" if lab.part else ""
    state = "" if lab.passed or not lab.submissions else f", {lab.checks_passed} of {lab.checks_total} checks"
    return f"{lab.minutes} min, difficulty {lab.difficulty} of 5{part}{state}"


def _things(out: Console, title: str, rows: list[tuple[str, str, str, str]]) -> None:
    if not rows:
        return
    out.print()
    out.print(title, style="bold")
    for mark, name, tail, id in rows:
        out.print(f"  [green]{mark}[/] {screen.safe(name)}  [dim]{screen.safe(tail)}{'  ' if tail else ''}{id}[/]")


def _resource(out: Console, resource: v.ResourceView) -> None:
    authors = f"{', '.join(resource.authors)}, " if resource.authors else ""
    marks = [
        word
        for word in (resource.role if resource.role != "general" else "", "free" if resource.free else "", resource.remark or "")
        if word
    ]
    read = f"  {resource.chapters_done} of {len(resource.chapters)} chapters" if resource.chapters else ""
    here = "[cyan]›[/]" if resource.chosen else " "
    out.print(f"  {here} {screen.safe(authors + resource.title)}  [dim]{', '.join(marks)}{read}  {resource.id}[/]")


# Books


def read(book: str | None, named: str | None, hours: float | None, undo: bool, again: bool, to: str, place: str, json: bool) -> None:
    with studio() as s:
        if book is None:
            _books(s, json)
            return
        book = s.named("resource", book)
        chapter = None if named is None else s.chapter_number(book, named)
        if chapter is None:
            view = s.resource(book)
        elif to:
            view = s.stop_chapter(book, chapter, *_reached(to), place, hours)
        else:
            view = s.read_chapter(book, chapter, hours, done=not undo, again=again)
        if json:
            screen.print_json(view)
            return
        out = screen.console()
        if chapter is not None and to:
            line = next(line for line in view.chapters if line.number == chapter)
            where = f" ({line.stopped_at})" if line.stopped_at else ""
            out.print(f"{view.title}, chapter {chapter}: {line.reached:.0%} read{where}.", markup=False)
            if line.check:
                out.print("One question on that part:", style="dim", end=" ")
                out.print(f"modelwright read {book} {chapter} --check", markup=False, highlight=False)
            return
        if chapter is not None:
            out.print(
                f"{'Unticked' if undo else 'Read'}: {view.title}, chapter {chapter}. {view.chapters_done} of {len(view.chapters)}.",
                markup=False,
            )
            check = next(line.check for line in view.chapters if line.number == chapter)
            if check and not undo:
                out.print(f"What stayed? {check} short question{'s' if check > 1 else ''}:", style="dim", end=" ")
                out.print(f"modelwright read {book} {chapter} --check", markup=False, highlight=False)
            return
        out.print(f"[bold]{screen.safe(view.title)}[/]  [dim]{', '.join(view.authors)}[/]")
        screen.wrapped(out, view.why)
        out.print(view.link, style="dim", markup=False)
        if view.newer:
            screen.wrapped(out, f"There is a newer one ({view.newer}). In brackets stands what a chapter is there.")
        for line in view.chapters:
            there = f" ({line.newer})" if line.newer else ""
            part = f"  [dim]{line.reached:.0%} read[/]" if line.reached else ""
            mark = "[green]✓[/]" if line.done else " "
            out.print(f"  {mark} {line.number:>3}  {screen.safe(line.title + there)}  [dim]{screen.hours(line.hours)} h[/]{part}")
        out.print(f"\n[dim]When you have read one:[/] modelwright read {book} NUMBER [dim](or its title)[/]")


def _reached(text: str) -> tuple[float | None, int | None]:
    """(share, section) of how far a chapter was read: `40%`, or the number of a section."""
    number = text.strip().removesuffix("%").strip()
    if not number.isdecimal() or len(number) > 4:
        raise Misread(f"'{text}' does not say how far: write 40%, or the number of the last section that was read.")
    return (int(number) / 100, None) if text.strip().endswith("%") else (None, int(number))


def _books(s: Studio, json: bool) -> None:
    books = s.library().books
    if json:
        screen.print_json(books)
        return
    out = screen.console()
    module = ""
    for book in books:
        title = s.curriculum.modules[book.module].title if book.module else "Any time"
        if title != module:
            module = title
            out.print(module, style="bold", markup=False)
        _resource(out, book)
    out.print("\n[dim]Chapters of one:[/] modelwright read BOOK   [dim]Tick one off:[/] modelwright read BOOK CHAPTER")


# Standing


def status(json: bool) -> None:
    with studio(enrolled=False) as s:
        view = s.status()
        if json:
            screen.print_json(view)
            return
        if not view.enrolled:
            from modelwright.studio import NotEnrolled

            raise NotEnrolled()
        out = screen.console()
        where = " · ".join(link.title for link in (view.stage, view.module) if link)
        out.print(f"[bold]{screen.safe(view.name)}[/]  [dim]{screen.safe(where)}[/]")
        week = f"{screen.hours(view.hours_this_week)} of {screen.hours(view.hours_per_week)}"
        rows = [
            ("hours", f"{screen.hours(view.hours_done)} in all, {week} this week"),
            ("skills", f"{view.skills_known} of {view.skills} known" + (f", {view.skills_fading} fading" if view.skills_fading else "")),
            ("lessons", f"{view.lessons_done} of {view.lessons}"),
            ("labs", f"{view.labs_passed} of {view.labs} passed"),
            ("cards", f"{view.cards_seen} of {view.cards} seen, {view.cards_due} due"),
            ("chapters", f"{view.chapters_read} of {view.chapters} read"),
            ("your model", f"{view.parts_mine} of {view.parts_total} parts are yours"),
        ]
        for name, text in rows:
            out.print(f"  [dim]{name:<11}[/] {text}")
        if view.forecast_sentence:
            out.print()
            screen.wrapped(out, view.forecast_sentence)
        if view.calibration is not None and view.calibration.answers.enough:
            screen.wrapped(out, view.calibration.answers.sentence)
        if view.recent:
            out.print()
            out.print("Lately", style="bold")
            for line in view.recent[:8]:
                spent = f"  [dim]{screen.minutes(line.minutes)}[/]" if line.minutes >= 1 else ""
                out.print(f"  [dim]{screen.moment(line.at):>14}[/]  {screen.safe(line.what)}{spent}")
        for sentence in view.remarks:
            screen.remark(sentence)


def forecast(hours: float | None, skip: list[str] | None, book: list[str] | None, json: bool) -> None:
    with studio() as s:
        asked = not (hours is None and skip is None and book is None)
        if asked:
            books = dict(_pair(s, word) for word in book or ())
            what_if = s.what_if(hours, None if skip is None else [s.named("module", word) for word in skip if word != "none"], books)
        if json:
            screen.print_json(what_if if asked else s.forecast())
            return
        view = what_if.then if asked else s.forecast()
        out = screen.console()
        if not asked:
            screen.wrapped(out, s.horizon().sentence)
        screen.wrapped(out, what_if.sentence if asked else view.sentence)
        out.print()
        wide = max(len(stage.title) for stage in view.stages) if view.stages else 16
        rows = [(stage.title, stage.finish) for stage in view.stages] + [("The whole plan", view.finish)]
        room = not out.is_terminal or out.width >= wide + 81
        if room:
            out.print(f"  {'':<{wide}}  {'most likely':<15} {'half of all paths':<19} {'eight in ten':<19} [dim]95 in a hundred[/]")
        for title, q in rows:
            half, eight, most = (f"{_short(a)} – {_short(b)}" for a, b in ((q.q25, q.q75), (q.q10, q.q90), (q.q025, q.q975)))
            if room:
                out.print(f"  {screen.safe(title):<{wide}}  {screen.month(q.q50):<15} {half:<19} {eight:<19} [dim]{most}[/]")
            else:  # each stage has two lines
                out.print(f"  {screen.safe(title)}: {screen.month(q.q50)}", soft_wrap=False)
                out.print(f"    [dim]half[/] {half}   [dim]eight in ten[/] {eight}")
        if view.deadline is not None and view.chance is not None:
            out.print()
            out.print(f"By your deadline, {screen.day(view.deadline)}: {view.chance:.0%} of all paths.")
        out.print()
        if asked:
            out.print("[dim]Nothing was changed. For good:[/] modelwright goals")
            return
        past = s.fared()
        if past.said:
            screen.wrapped(out, past.sentence)
        for h in past.horizons:
            out.print(f"  [dim]{h.weeks:>2} weeks on:[/] {h.inside80} of {h.n} inside eight in ten, {h.inside50} inside the half")
        out.print("[dim]What if?[/]          modelwright forecast --hours 10")
        out.print("[dim]In your calendar:[/] modelwright plan --ics plan.ics")


def _short(at: int) -> str:
    from datetime import datetime

    return f"{datetime.fromtimestamp(at / 1000):%b %Y}"


def calendar(file: Path, weeks: int, at: str) -> None:
    with studio() as s:
        content = s.calendar(weeks, at)
    if str(file) == "-":
        import sys

        sys.stdout.buffer.write(content)
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise Misread(f"The calendar could not be written to {file}: {error.strerror}.") from None
    count = content.count(b"BEGIN:VEVENT")
    screen.console().print(f"Wrote {count} entries to {file}. Import it again at any time: what is there is updated.", markup=False)


def goals(
    name: str | None,
    hours: float | None,
    minutes: int | None,
    deadline: str | None,
    book: list[str] | None,
    skip: list[str] | None,
    retention: float | None,
    json: bool,
) -> None:
    with studio() as s:
        given = (name, hours, minutes, deadline, book, skip, retention)
        if all(value is None for value in given):
            view = s.settings()
        else:
            view = s.change_goals(
                name=name,
                hours_per_week=hours,
                minutes_per_day=minutes,
                deadline=deadline,
                books=None if book is None else dict(_pair(s, word) for word in book),
                skipped=None if skip is None else [s.named("module", word) for word in skip if word != "none"],
                retention=retention,
            )
        if json:
            screen.print_json(view)
            return
        out = screen.console()
        out.print(view.name, style="bold", markup=False)
        for label, value in (
            ("hours a week", f"{view.hours_per_week:g}"),
            ("an evening", screen.minutes(view.minutes_per_day)),
            ("deadline", view.deadline or "none"),
            ("retention", f"{view.retention:.0%}"),
            ("left out", ", ".join(link.title for link, skipped in view.optional if skipped) or "nothing"),
            ("home", view.home),
        ):
            out.print(f"  {label:<13} {value}", markup=False)


def _pair(s: Studio, word: str) -> tuple[str, str]:
    module, equals, book = word.partition("=")
    if not equals:
        raise Misread(f"'{word}' should be MODULE=BOOK, for instance calculus=thompson.")
    return s.named("module", module), "" if book == "none" else s.named("resource", book)


def project(name: str | None, milestone: int | None, done: bool, hours: float, note: str) -> None:
    with studio() as s:
        out = screen.console()
        if name is not None:
            name = s.named("project", name)
        if name is not None and (milestone is not None or done or hours or note):
            _project(out, s.work_on(name, None if milestone is None else milestone - 1, done, hours, note))
            return
        shown = [line for stage in s.plan().stages for line in stage.projects if name is None or line.id == name]
        for line in shown:
            _project(out, line)
        out.print("\n[dim]A milestone reached:[/] modelwright project NAME --milestone 1 --hours 2   [dim]All of it:[/] --done")


def _project(out: Console, line: v.ProjectLine) -> None:
    mark = "[green]✓[/]" if line.done else " "
    hours = f"{screen.hours(line.hours_low)} to {screen.hours(line.hours_high)} hours"
    out.print(f"{mark} [bold]{screen.safe(line.title)}[/]  [dim]{hours}  {line.id}[/]")
    screen.wrapped(out, f"{line.why} It ends with {line.deliverable[:1].lower()}{line.deliverable[1:]}", indent=2)
    for number, (text, reached) in enumerate(line.milestones, 1):
        out.print(f"  {'[green]✓[/]' if reached else ' '} {number}. {screen.safe(text)}")
    if line.needed:
        screen.wrapped(out, line.needed.said, indent=2)


def log(hours: float, what: str, on: str | None) -> None:
    with studio() as s:
        s.log_time(hours, what, on)
        screen.console().print(f"Logged {hours:g} hours: {what}", markup=False)


def find(words: str, json: bool) -> None:
    with studio(enrolled=False) as s:
        found = s.search(words)
        if json:
            screen.print_json(found)
            return
        from modelwright.cli.text import prose

        out = screen.console()
        for hit in found:
            out.print(f"[dim]{hit.link.kind:<8}[/] {screen.safe(prose(hit.link.title))}  [dim]{screen.safe(hit.where)} · {hit.link.id}[/]")
        if not found:
            out.print(f"Nothing in the curriculum has '{words}'.", markup=False)
            raise SystemExit(1)
