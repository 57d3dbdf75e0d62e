"""Placement, exams and the check of a chapter in the terminal: a question, an answer, the next one; then what the plan makes of it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from modelwright.cli import keys, screen
from modelwright.cli.opened import studio
from modelwright.studio.errors import StudioError

if TYPE_CHECKING:
    from rich.console import Console

    from modelwright.studio import Studio
    from modelwright.studio import views as v

STOP = "s"


def place(json: bool) -> None:
    with studio() as s:
        view = s.placement()
        if json:
            screen.print_json(view)
            return
        out = screen.console()
        if view.question is None and not view.asked:
            screen.wrapped(out, view.progress)
            return
        screen.wrapped(out, "A few questions find what you know already, so that the plan need not teach it.")
        if view.askable < view.skills:
            screen.wrapped(out, f"There are questions for {view.askable} of the {view.skills} skills.", style="dim")
        told = False
        while view.question is not None:
            out.print()
            out.print(
                f"[bold]{view.asked + 1}[/]  [dim]{screen.safe(view.question.module.title)} · {screen.safe(view.question.skill.title)}[/]"
            )
            if view.settled and not told:
                told = True
                screen.wrapped(out, view.progress, style="dim")
            answered = _one(s, out, view.question, "placement")
            if answered is None:
                screen.wrapped(out, "Kept. `modelwright place` goes on from here.")
                return
            if not answered:
                break
            view = s.placement()
        _result(out, s.finish_placement())


def _result(out: Console, result: v.PlacedView) -> None:
    out.print()
    if result.asked:
        out.print(f"[bold]{result.right} of {result.asked} right.[/]")
    screen.wrapped(out, result.words)
    for module, skills, before, now in result.modules:
        out.print(f"  {screen.bar(now / skills)} {module.title}: {before} → {now} of {skills} skills", markup=False)
    if result.open_questions:
        screen.wrapped(out, f"{result.open_questions} skills are left open; the plan finds out as you go.", style="dim")
    out.print()
    out.print("Next:", style="dim")
    screen.step(out, result.step)


def exam(module: str, json: bool) -> None:
    with studio() as s:
        module = s.named("module", module)
        view = s.exam(module)
        if json:
            screen.print_json(view)
            return
        out = screen.console()
        out.print(f"[bold]Exam: {screen.safe(view.module.title)}[/]")
        if view.passed is None:
            screen.wrapped(out, view.words)
        while view.question is not None:
            out.print()
            out.print(f"[bold]{view.number} of {view.length}[/]  [dim]{screen.safe(view.question.skill.title)}[/]")
            if not _one(s, out, view.question, "exam"):
                screen.wrapped(out, f"Kept. `modelwright exam {module}` goes on from here tonight.")
                return
            view = s.exam(module)
        out.print()
        screen.wrapped(out, view.words, first="✓ " if view.passed else "")
        for link in view.missed:
            out.print(f"  {link.title}  [dim]{screen.safe(link.id)}[/]")
        if not view.passed and view.again_at is not None:
            out.print(f"It can be taken again {screen.moment(view.again_at)}.", style="dim", markup=False)


def check(book: str | None, named: str | None, json: bool) -> None:
    """The check after a chapter."""
    if book is None or named is None:
        raise StudioError("Say which chapter: modelwright read BOOK CHAPTER --check. `modelwright read` lists the books.")
    with studio() as s:
        book = s.named("resource", book)
        chapter = s.chapter_number(book, named)
        view = s.chapter_check(book, chapter)
        if json:
            screen.print_json(view)
            return
        out = screen.console()
        out.print(f"[bold]{screen.safe(view.chapter.title)}[/]")
        if view.question is not None or not view.length:
            screen.wrapped(out, view.words)
        while view.question is not None:
            out.print()
            out.print(f"[bold]{view.answered + 1} of {view.length}[/]  [dim]{screen.safe(view.question.skill.title)}[/]")
            if not _one(s, out, view.question, "chapter"):
                screen.wrapped(out, "Kept. The same command goes on from here tonight.")
                return
            view = s.chapter_check(book, chapter)
        if view.length:
            out.print()
            screen.wrapped(out, f"{view.right} of {view.length} right. {view.words}", first="✓ " if view.right == view.length else "")
        for link in view.missed:
            out.print(f"  {link.title}  [dim]{screen.safe(link.id)}[/]")


def _one(s: Studio, out: Console, question: v.QuestionView, setting: str) -> bool | None:
    """Asks until an answer can be read. False: stop here; None: the input ended."""
    from modelwright.cli.text import prose

    screen.markdown(out, question.ask)
    if question.code:
        screen.code(out, question.code)
    for number, text in enumerate(question.choices or question.lines, 1):
        screen.wrapped(out, prose(text), indent=2, first=f"{number}  ")
    how = f"1 to {len(question.choices)}" if question.choices else "the numbers in order" if question.lines else "your answer"
    prompt = f"{how[:1].upper()}{how[1:]} (Enter: I do not know, {STOP}: stop): " if keys.interactive() else ""
    began = time.monotonic()
    while True:
        try:
            text = input(prompt).strip()
        except EOFError:
            return None
        if text.lower() in (STOP, "q"):
            return False
        said = s.answer_item(question.id, text, time.monotonic() - began, setting, question.seed)
        mark = "? " if not said.understood else "[green]✓[/] " if said.right else "· " if said.given_up else "[red]✗[/] "
        if said.right:
            out.print(f"{mark}Right.")
        else:
            out.print(mark + screen.safe(prose(said.message)), highlight=False)
        if said.understood:
            return True
