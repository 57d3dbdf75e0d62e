"""Labs in the terminal: check, hint, solution, reset."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.cli import groups, screen
from modelwright.cli.opened import studio
from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    from modelwright.studio import Studio
    from modelwright.studio import views as v


class NoLab(ModelwrightError):
    """No lab was named and none opened before, or it is not to be had yet."""


def which(s: Studio, name: str | None) -> str:
    """The lab that is meant: by name or file, else the one opened last, else the one that comes next."""
    if name:
        return s.find_lab(name)
    last = s.last_lab()
    if last is None:
        raise NoLab(f"No lab has been opened yet. Begin with `modelwright lab {next_lab(s)}`.")
    return last


def task(name: str | None) -> None:
    """A lab's statement and where its file is."""
    with studio() as s:
        view = s.lab(which(s, name) if name or s.last_lab() else next_lab(s))
        out = screen.console()
        part = f" · the part '{view.part}' of your model" if view.part else ""
        out.print(f"{view.module.title} · lab · {view.minutes} min · difficulty {view.difficulty} of 5{part}", style="dim", markup=False)
        out.print(view.title, style="bold", markup=False)
        out.print()
        screen.markdown(out, view.statement)
        out.print()
        out.print(f"[bold]Your file[/]  {screen.safe(view.path)}")
        if view.passed:
            out.print("[green]✓[/] Passed.")
        out.print(f"[dim]Write in any editor, and leave this running beside it:[/] modelwright watch {view.id}")
        if view.needed:
            out.print()
            out.print(view.needed.said, markup=False)


def next_lab(s: Studio) -> str:
    """The lab of this evening, else the first not yet passed: somebody who names none wants to begin."""
    for step in s.today().steps:
        if step.kind == "lab" and not step.done:
            return step.target
    labs = list(s.curriculum.labs)
    if not labs:
        raise NoLab("This curriculum has no labs yet.")
    return next((lab for lab in labs if not s.lab_passed(lab)), labs[0])


def check(name: str | None, debug: bool, json: bool) -> int:
    with studio() as s:
        lab_id = which(s, name)
        outside = _outside(s, lab_id, name)
        if not json:
            groups.offer(s.lab(lab_id, begin=False).needed)
        if debug:
            from modelwright.grading import debug as run_here

            lab = s.curriculum.labs[lab_id]
            s.lab(lab_id)
            _text_of(outside or s.workshop.path(lab))  # what is no file is said at once
            return run_here(lab, outside or s.workshop.path(lab))
        first = not s.workshop.exists(s.curriculum.labs[lab_id])
        view = s.lab(lab_id)
        if json:
            handed = s.hand_in(lab_id, source=_text_of(outside), keep=False)
            screen.print_json(handed.verdict)
            return 0 if handed.verdict.status == "passed" else 1
        out = screen.console()
        out.print(f"[bold]{screen.safe(view.title)}[/]  [dim]{lab_id}[/]")
        out.print(f"{outside or view.path}", style="dim", markup=False)
        if first and not outside:
            out.print(f"This is your file now: the starter. Its task: modelwright lab {lab_id}")
        out.print()

        handed = s.hand_in(lab_id, screen.CheckList(out).ended, source=_text_of(outside), keep=False)
        screen.verdict_summary(out, handed.verdict)
        after(handed, lab_id, s)
        return 0 if handed.verdict.status == "passed" else 1


def run(name: str | None, line: str) -> int:
    with studio() as s:
        lab_id = which(s, name)
        outside = _outside(s, lab_id, name)
        groups.offer(s.lab(lab_id, begin=False).needed)
        ran = s.run_lab(lab_id, _text_of(outside), line)
    out = screen.console()
    plain: dict[str, Any] = {"markup": False, "highlight": False, "soft_wrap": True}
    for text in (ran.output.removesuffix("\n"), ran.value):
        if text:
            out.print(text, **plain)
    if ran.figures:
        drawn, them = ("1 figure", "it") if len(ran.figures) == 1 else (f"{len(ran.figures)} figures", "them")
        out.print(f"({drawn}: the lab's page shows {them})", style="dim", markup=False)
    if trouble := ran.traceback or ran.problem:
        out.print(trouble, style="red", **plain)
    if not (ran.output or ran.value or ran.figures or trouble):
        screen.console(stderr=True).print("It ran, and printed nothing.", style="dim")
    if ran.isolation_lacks:
        out.print(f"[dim]Not isolated on this machine: {', '.join(ran.isolation_lacks)}.[/]")
    return 0 if ran.status == "ok" else 1


def _outside(s: Studio, lab_id: str, name: str | None) -> Path | None:
    """A file that was named and is not the workshop's own: it is graded as it is, and the learner's stays as it was."""
    if not name or not name.endswith(".py"):
        return None
    path = Path(name).expanduser().absolute()
    if not os.path.lexists(path):
        return None
    return None if os.path.realpath(path) == os.path.realpath(s.workshop.path(s.curriculum.labs[lab_id])) else path


def _text_of(outside: Path | None) -> bytes | None:
    from modelwright.workshop import files

    return None if outside is None else files.read(outside)


def after(handed: v.Submission, lab_id: str, s: Studio) -> None:
    """What a verdict leads to: the skills it changed, what was kept, and what is next; or where help is."""
    out = screen.console()
    if handed.verdict.status != "passed":
        left = s.lab(lab_id).hints_left
        if left:
            out.print(f"[dim]A hint:[/] modelwright hint {lab_id}" + (f"  [dim]({left} left)[/]" if left < 3 else ""))
        return
    screen.changes(out, handed.changed)
    if handed.committed:
        out.print("  Committed to your workshop.")
    elif handed.remark:
        out.print(f"  {handed.remark}", markup=False)
    if handed.others:
        ways = ", ".join(way.title for way in handed.others)
        out.print(f"  Other right ways: {ways}. See them with `modelwright solution {lab_id}`.", markup=False)
    if handed.next is not None:
        out.print()
        out.print("[bold]Next[/]")
        screen.step(out, handed.next)


def hint(name: str | None) -> None:
    with studio() as s:
        view = s.hint(which(s, name))
        out = screen.console()
        out.print(f"Hint {view.number} of {view.of}", style="bold")
        screen.markdown(out, view.text)


def solution(name: str | None, yes: bool) -> None:
    from modelwright.cli.keys import interactive

    with studio() as s:
        lab_id = which(s, name)
        view = s.lab(lab_id)
        if not (view.passed or view.solution_seen or yes) and interactive():
            import typer

            left = f" {view.hints_left} hint{'s are' if view.hints_left > 1 else ' is'} left." if view.hints_left else ""
            yes = typer.confirm(f"{view.title} is not passed yet.{left} Show the solution anyway? The journal keeps that.")
            if not yes:
                return
        if not (view.passed or view.solution_seen or yes):
            raise NoLab(f"{view.title} is not passed yet. `modelwright solution {lab_id} --yes` shows it anyway; the journal keeps that.")
        shown = s.solution(lab_id, confirm=yes)
        out = screen.console()
        screen.code(out, shown.code)
        for way in shown.others:
            out.print()
            out.print(f"# Another right way: {way.title}", style="bold", markup=False)
            screen.code(out, way.code)


def ask(name: str | None, json: bool) -> None:
    """The question on standard output, so that it can be sent into a file; what would make it better, and where to ask, beside it."""
    with studio() as s:
        view = s.asking(which(s, name))
        if json:
            screen.print_json(view)
            return
        sys.stdout.write(f"# {view.title}\n\n{view.body}")
        sys.stdout.flush()
        for line in view.missing:
            screen.remark(line)
        for place in view.places:
            screen.remark(f"{place.title}, {place.link}: {place.rules}")


def reset(name: str | None, yes: bool) -> None:
    from modelwright.cli.keys import interactive

    with studio() as s:
        lab_id = which(s, name)
        lab = s.curriculum.labs[lab_id]
        if s.workshop.diff_to_starter(lab) and not yes:
            if not interactive():
                raise ModelwrightError(
                    f"{lab.file} is not the starter. Say `modelwright reset {lab_id} --yes` to put the starter back; what is there is kept."
                )
            import typer

            if not typer.confirm(f"Put the starter of {lab.title} back? What is there now is kept."):
                return
        view = s.reset(lab_id)
        history = s.workshop.history(lab)
        kept = f" What was there is kept: git -C {s.home.workshop} show {history[0].id[:8]}:{lab.file}" if history else ""
        sys.stdout.write(f"{view.path} is the starter again.{kept}\n")
