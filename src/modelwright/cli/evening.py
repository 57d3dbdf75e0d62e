"""An evening in the terminal: enrol, today, next, a lesson, a problem."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from modelwright.cli import groups, keys, screen
from modelwright.cli.opened import studio
from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from modelwright.studio import Studio
    from modelwright.studio import views as v

LEVELS = "0 new to me · 1 seen it · 2 can use it · 3 could teach it"


class Incomplete(ModelwrightError):
    """Something was not said that only a person can say."""


# Enrol


def enrol(name: str | None, hours: float | None, deadline: str | None, knows: list[str]) -> None:
    with studio(enrolled=False) as s:
        if s.enrolled and name is None and hours is None:
            settings = s.settings()
            raise Incomplete(
                f"{settings.name} is enrolled here already. To change your goals: `modelwright goals --help`. "
                f"For another person, set MODELWRIGHT_HOME to another folder."
            )
        background = dict(_level(s, word) for word in knows)
        asked = name is None or hours is None
        if asked and not keys.interactive():
            raise Incomplete("Say who you are: `modelwright enrol --name NAME --hours HOURS_A_WEEK`.")
        out = screen.console()
        if asked:
            import typer

            out.print("Two questions, then a third that you may skip. All answers can be changed later.\n")
            name = name or typer.prompt("Your name")
            hours = hours if hours is not None else _asked_hours()
            if not background and typer.confirm("Do you know some of this already, and want to say so?", default=False):
                background = _asked_background(s, out)
        assert name is not None
        assert hours is not None
        settings = s.enrol(name, hours, background, deadline)
        out.print()
        out.print(f"Welcome, {settings.name}. Your workshop is {settings.workshop}", markup=False)
        for remark in [s.workshop.create()]:
            if remark:
                out.print(remark, markup=False, style="yellow")
        if s.placement_open:
            out.print("To find what you know already: [cyan]modelwright place[/]")
        out.print("Next: [cyan]modelwright today[/]   or, in the browser: [cyan]modelwright start[/]")


def _asked_hours() -> float:
    import typer

    return float(typer.prompt("Hours a week that you can give", default=7.0, type=float))


def _asked_background(s: Studio, out: Console) -> dict[str, int]:
    import typer

    out.print(f"\n{LEVELS}. Enter means 0.\n")
    background = {}
    for module in s.curriculum.modules.values():
        while (level := typer.prompt(f"  {module.title}", default=0, type=int, show_default=False)) not in (0, 1, 2, 3):
            out.print("  A number from 0 to 3.")
        background[module.id] = level
    return background


def _level(s: Studio, word: str) -> tuple[str, int]:
    module, equals, level = word.partition("=")
    if not equals or level not in ("0", "1", "2", "3"):
        raise Incomplete(f"'{word}' should be MODULE=LEVEL, for instance python=2 ({LEVELS}).")
    return module, int(level)


# Today


def today(minutes: int | None, json: bool) -> None:
    with studio() as s:
        view = s.today(minutes)
        if json:
            screen.print_json(view)
            return
        out = screen.console()
        out.print(f"{screen.day(view.at)} · {screen.minutes(view.minutes)}", style="dim")
        out.print(view.title, style="bold", markup=False)
        if view.promise:
            screen.wrapped(out, view.promise)
        if view.back is not None:
            out.print()
            for line in (view.back.told, *view.back.ahead):
                screen.wrapped(out, line)
        out.print()
        number = 0
        for step in view.steps:
            number += not step.done
            screen.step(out, step, number)
        if not view.steps:
            out.print("  Nothing is due, and nothing is open. `modelwright plan` shows the road.")
        out.print()
        if view.put_off:
            screen.wrapped(out, f"Not tonight: {', '.join(link.title for link in view.put_off)}.", style="dim")
        if view.horizon is not None and view.horizon.early and view.horizon.milestone:
            screen.wrapped(out, f"The next milestone: {view.horizon.milestone.title}, {view.horizon.milestone_sentence}", style="dim")
        elif view.forecast is not None:
            screen.wrapped(out, view.forecast.sentence, style="dim")
        out.print(f"This week: {screen.hours(view.hours_this_week)} of {screen.hours(view.hours_per_week)} hours.", style="dim")
        for sentence in view.remarks:
            screen.remark(sentence)


def next_step(why_not: str | None, wishes: Mapping[v.Wish, str | None], json: bool) -> None:
    with studio() as s:
        out = screen.console()
        if why_not is not None:
            answer = s.why_not(why_not)
            if json:
                screen.print_json(answer)
                return
            screen.wrapped(out, answer.reason)
            name = shlex.quote(answer.target)
            if answer.anyway is not None:
                screen.wrapped(out, f"Do it anyway: modelwright next --anyway {name}", style="dim")
            if answer.tonight:
                screen.wrapped(out, f"Not tonight: modelwright next --not-tonight {name}", style="dim")
            if answer.put_off:
                screen.wrapped(out, f"As planned after all: modelwright next --as-planned {name}", style="dim")
            return
        if any(wishes.values()):
            said = [s.choose(target, wish) for wish, target in wishes.items() if target]
            if json:
                screen.print_json({"said": said, "next": s.next()})
                return
            for sentence in said:
                screen.wrapped(out, sentence)
            out.print()
        step = s.next()
        if json:
            screen.print_json(step)
        else:
            screen.step(screen.console(), step)


def _upcoming(s: Studio, kind: str) -> str:
    """The lesson or problem that comes next: from this evening's list, else the first not yet done."""
    for step in s.today().steps:
        if step.kind == kind and not step.done:
            return step.target
    things: list[str] = list(getattr(s.curriculum, kind + "s"))
    if not things:
        raise Incomplete(f"This curriculum has no {kind}s yet.")
    return things[0]


# Lesson


def _unread(s: Studio) -> str:
    """The lesson of this evening's list, else the first of the plan that was not finished."""
    steps = (step for step in s.today().steps if step.kind == "lesson" and not step.done)
    id = next((step.target for step in steps), None) or s.unread_lesson()
    if id is None:
        raise Incomplete("You have finished every lesson of this curriculum. To read one again: `modelwright lesson NAME`.")
    return id


def lesson(name: str | None) -> None:
    from modelwright.cli.text import prose

    with studio() as s:
        view = s.open_lesson(s.named("lesson", name) if name else _unread(s))
        out = screen.console()
        out.print(f"{view.module.title} · {view.minutes} min", style="dim", markup=False)
        out.print(view.title, style="bold", markup=False)
        out.print()
        groups.offer(view.needed)
        for block in view.blocks:
            if block.check is not None:
                _check(s, out, view.id, block.check)
            elif block.explore is not None:
                screen.wrapped(out, f"Figure, moved in the browser: {s.first_sentence(view.id, block.explore.number)}")
                out.print()
            elif block.hole_lines:
                screen.markdown(out, block.text)
                _hole(s, out, view.id, block)
            else:
                screen.markdown(out, block.text)
        if view.closing:
            out.print()
            out.print("Before you go on", style="bold")
        if not keys.interactive():
            for number, question in enumerate(view.closing, 1):
                screen.wrapped(out, prose(question.ask), indent=2, first=f"{number}. ")
            return
        answers = []
        for number, question in enumerate(view.closing, 1):
            out.print()
            screen.wrapped(out, prose(question.ask), first=f"{number}. ")
            answers.append(_line("Your answer (Enter to skip): "))
            if question.has_answer and answers[-1].strip():
                _own_answer(s, out, view.id, question.id, answers[-1])
        out.print()
        _line("Finished? Enter says yes, q leaves it open: ")
        end = s.finish_lesson(view.id, answers=answers)
        out.print("Kept. It is now part of what you will be asked about.")
        if end.opened:
            out.print("Open to you now: " + ", ".join(screen.safe(link.title) for link in end.opened) + ".")
        if view.then:
            out.print(f"Then: [cyan]modelwright {view.then.kind} {view.then.id}[/]")


def _hole(s: Studio, out: Console, lesson: str, block: v.LessonBlock) -> None:
    """A hole in the code: filled until it is right or left, with two hints and then the line for the asking."""
    if not keys.interactive():
        return
    seen = 0
    while True:
        offer = ("h a hint", "h another hint", "h the line")[seen] + ", " if seen < 3 else ""
        lines = [_line(f"The missing part ({offer}Enter leaves it): ")]
        if lines[0].strip() == "h" and seen < 3:
            seen += 1
            screen.markdown(out, s.hole_help(lesson, block.id, seen)[-1].text)
            continue
        if not lines[0].strip():
            return
        if block.hole_lines > 1:
            lines.append(_line("And its second line, if it has one: "))
        filled = s.fill(lesson, block.id, "\n".join(line for line in lines if line.strip()), seen)
        screen.wrapped(out, f"{'✓ Right.' if filled.right else '✗ Not yet.'} {filled.said}")
        if filled.traceback:
            out.print(filled.traceback, style="dim", markup=False, highlight=False, soft_wrap=True)
        out.print()
        if filled.right:
            return


def _check(s: Studio, out: Console, lesson: str, check: v.CheckView) -> None:
    """A question inside the text: asked until it is right, its answer is asked for (?), or it is passed over (Enter)."""
    from modelwright.cli.text import prose

    while True:
        out.print()
        out.print("Before you read on", style="bold")
        screen.markdown(out, check.ask + (f"\n\n```python\n{check.code}\n```" if check.code else ""))
        for number, text in enumerate(check.choices or check.lines, 1):
            screen.wrapped(out, prose(text), indent=2, first=f"{number}. ")
        if not keys.interactive():
            return
        if check.right:
            screen.wrapped(out, prose(check.message), first="✓ Answered. ")
            return
        how = {"choice": "Its number", "order": "The numbers in order", "output": "It prints (line ends as blanks)"}
        text = _line(f"{how.get(check.answer, 'Your answer')} (? shows it, Enter reads on, q quits): ").strip()
        if not text:
            return
        check = s.check(lesson, check.id, text, check.seed, show=text == "?")
        sign = "✓ Right. " if check.right else "? " if not check.understood else "· " if check.shown else "✗ "
        screen.wrapped(out, prose(check.message), first=sign)
        if check.right or check.shown:
            return


def _own_answer(s: Studio, out: Console, lesson: str, question: str, text: str) -> None:
    """The author's answer, and what the learner thinks of their own."""
    shown = s.answer_closing(lesson, question, text)
    screen.markdown(out, shown.answer)
    marks: dict[str, v.Mark] = {"1": "right", "2": "partly", "3": "not"}
    mark = marks.get(_line("Yours was: 1 right, 2 partly, 3 not yet (Enter says nothing): ").strip(), "")
    if mark:
        s.answer_closing(lesson, question, text, mark)


# Words, notes and marks


def terms(word: str | None, json: bool) -> None:
    """The glossary, or the terms in which a word stands."""
    from modelwright.cli.text import prose

    with studio() as s:
        found = [term for term in s.terms() if word is None or word.casefold() in term.term.casefold()]
        if json:
            screen.print_json(found)
            return
        out = screen.console()
        if not found:
            out.print(f"No lesson names {word!r}." if word else "No lesson names its terms yet.", markup=False)
        for term in found:
            screen.wrapped(out, f"{prose(term.meaning)} ({term.lesson.id})", first=f"{term.term}: ")


def notes(markdown: bool, json: bool) -> None:
    """Every note and mark, newest first."""
    with studio() as s:
        jottings = s.jottings()
        if json:
            screen.print_json(jottings)
        elif markdown:
            print(jottings.markdown, end="")
        elif not jottings.groups:
            screen.console().print("No note and no mark yet.")
        else:
            screen.markdown(screen.console(), jottings.markdown)


def _line(prompt: str) -> str:
    """A line of the learner's; at a terminal, `q` alone leaves the command, whatever was asked."""
    try:
        text = input(prompt)
    except EOFError:
        return ""
    if keys.interactive() and text.strip().lower() == "q":
        raise SystemExit(0)
    return text


# Problem


def problem(names: list[str], seed: int | None, example: bool) -> None:
    """Problems of these kinds, one after another, to an end; without a name the next ones of this evening."""
    with studio() as s:
        out = screen.console()
        kinds = tuple(s.named("problem", name) for name in names)
        if not kinds:
            step = next((step for step in s.today().steps if step.problems and not step.done), None)
            kinds, example = (step.problems, step.example) if step is not None else ((_upcoming(s, "problem"),), example)
        while _block(s, out, kinds, seed, example):
            seed = None
            out.print()


def _block(s: Studio, out: Console, kinds: tuple[str, ...], seed: int | None, example: bool) -> bool:
    """One block of problems; whether more of these are wanted."""
    marks = ""
    block = s.problems(kinds, marks, example)
    while block.problem is not None:
        view = block.problem if seed is None else s.problem(block.problem.id, seed)
        if len(kinds) > 1:
            out.print(f"{block.number} of {len(kinds)}", style="dim")
        beside = block.example if seed is None or not example else s.example(view.id, view.seed)
        if beside is not None:
            out.print("Like the one that follows, worked out:", style="dim")
            screen.markdown(out, beside.question)
            _worked(out, beside.solution)
            out.print()
        _ask(out, view, named=not block.mixed)
        if not keys.interactive() and not _piped():
            return False
        mark = _answered(s, out, view, example)
        if not mark:
            return False
        if block.mixed:
            out.print(f"This was: {screen.safe(view.title)}.")
        if not keys.interactive():
            return False
        out.print()
        marks += mark
        block = s.problems(kinds, marks, example)
    for shown in block.shown if len(kinds) > 1 else ():
        out.print(f"{screen.safe(shown.problem.title)}: {shown.right} of {shown.count} right at the first answer.")
    if block.next is not None and (command := screen.command_for(block.next)):
        out.print(f"Next: {screen.safe(block.next.title)}  [cyan]{screen.safe(command)}[/]")
    return _line("More of these? m says yes, Enter goes on: ").strip().lower() == "m"


def _piped() -> bool:
    import sys

    return not sys.stdin.isatty()


def _ask(out: Console, view: v.ProblemView, named: bool = True) -> None:
    """`named` says of what kind it is; among others, to see that is half of the work."""
    if named:
        out.print(f"[bold]{screen.safe(view.title)}[/]  [dim]{view.id} · question {view.seed}[/]")
    screen.markdown(out, view.question)
    for choice in view.choices:
        out.print(f"  {choice}", markup=False)


def _answered(s: Studio, out: Console, view: v.ProblemView, example: bool) -> str:
    """Until right, or the solution was asked for: its mark, `r` where the first answer was right, else `w`; empty where they leave."""
    from modelwright.cli.text import math, prose

    interactive = keys.interactive()
    while True:
        text = _line("Answer (? shows the solution, Enter or q leaves): " if interactive else "").strip()
        if not text:
            return ""
        if text == "?":
            _worked(out, s.show_solution(view.id, view.seed, example))
            return "w"
        result = s.answer(view.id, view.seed, text, example=example)
        if not result.understood:
            screen.wrapped(out, prose(result.message), first="? ")
        elif result.right:
            out.print("[green]✓[/] Right.")
            if result.solution:
                _worked(out, result.solution)
            screen.changes(out, result.changed)
            return "r" if result.attempt == 1 else "w"
        else:
            if result.normal_form and not view.choices:
                out.print(f"  [dim]read as[/] {screen.safe(math(result.normal_form))}")
            screen.wrapped(out, prose(result.message), first="✗ ")
        if not interactive:
            raise SystemExit(1)


def _worked(out: Console, solution: v.SolutionView) -> None:
    from modelwright.cli.text import prose

    for number, step in enumerate(solution.steps, 1):
        screen.wrapped(out, prose(step), indent=2, first=f"{number}. ")
    out.print(f"  Answer: {prose(solution.answer)}", markup=False)
