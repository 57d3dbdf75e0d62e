"""Competitions in the terminal: the list, a board, an entry, and what closing shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from modelwright.cli import screen
from modelwright.cli.keys import interactive
from modelwright.cli.opened import studio
from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    from rich.console import Console

    from modelwright.studio import views as v


class NotRead(ModelwrightError):
    """A file that was named and cannot be handed in."""


class NotSure(ModelwrightError):
    """What cannot be taken back was asked for where nobody can be asked."""


def arena(
    name: str | None,
    file: Path | None,
    begin: bool,
    validation: float | None,
    note: str,
    close: bool,
    yes: bool,
    write_up: bool,
    json: bool,
) -> None:
    given = {"a file": file is not None, "--begin": begin, "--close": close, "--write-up": write_up}
    asked = [word for word, is_asked in given.items() if is_asked]
    if len(asked) > 1:
        raise NotRead(f"You gave {' and '.join(asked)}; say one of them at a time.")
    with studio(enrolled=bool(asked)) as s:
        out = screen.console()
        if name is None:
            _list(out, s.competitions(), json)
            return
        id = s.named("competition", name)
        if begin:
            view = s.begin_competition(id)
            out.print(f"Its files are in {view.folder}.", markup=False)
            out.print(f"A first program stands in entry.py: modelwright arena {id} {view.folder}/entry.py", style="dim", markup=False)
            out.print("The baselines are being run on this machine; that happens once.", style="dim")
            view = s.measure_ghosts(id)
        elif file is not None:
            entered = s.enter(id, file.name, _content(file), validation, note)
            if json:
                screen.print_json(entered)
                return
            view = s.competition(id)
            _entered(out, entered, view)
        elif close:
            view = s.competition(id)
            if not yes and not view.line.closed:
                if not interactive():
                    raise NotSure(f"Closing opens the private board, for good. Say `modelwright arena {id} --close --yes` if you are sure.")
                if not typer.confirm("Closing opens the private board, for good: entries after it would not be fair ones. Close it?"):
                    return
            view = s.close_competition(id)
        elif write_up:
            out.print(f"Write it in {s.write_up(id)}.", markup=False)
            return
        else:
            view = s.competition(id)
        if json:
            screen.print_json(view)
            return
        _board(out, view)


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise NotRead(f"{file} cannot be read ({error.strerror or error}).") from error


def _list(out: Console, lines: tuple[v.CompetitionLine, ...], json: bool) -> None:
    if json:
        screen.print_json(lines)
        return
    for line in lines:
        state = "closed" if line.closed else f"{line.entries} entries, place {line.rank}" if line.rank else "begun" if line.begun else ""
        hours = f"{screen.hours(line.hours_low)} to {screen.hours(line.hours_high)} hours"
        out.print(f"[bold]{screen.safe(line.title)}[/]  [dim]{line.id} · {line.metric} · {hours}{' · ' if state else ''}{state}[/]")
        screen.wrapped(out, line.why, indent=2)
    if lines:
        out.print(
            f"\n[dim]A board:[/] modelwright arena {lines[0].id}   [dim]Begin:[/] --begin   [dim]Hand in:[/] modelwright arena NAME FILE"
        )
    else:
        out.print("This curriculum has no competitions.")


def _entered(out: Console, entered: v.EntryView, view: v.CompetitionView) -> None:
    digits = view.digits
    place = f"  Place {entered.rank} on the public board." if entered.rank else ""
    interval = f"(95% interval {entered.low:.{digits}f} to {entered.high:.{digits}f})"
    screen.wrapped(out, f"{entered.file}: {view.metric} {entered.score:.{digits}f} {interval}.{place}")
    for sentence in (entered.set_aside and f"It is set aside and does not count. {entered.set_aside}", entered.compared):
        if sentence:
            screen.wrapped(out, sentence)
    out.print(f"{entered.left_today} of {view.entries_a_day} entries are left today.\n", style="dim")


def _board(out: Console, view: v.CompetitionView) -> None:
    from rich.table import Table

    better = "higher is better" if view.higher_is_better else "lower is better"
    out.print(f"[bold]{screen.safe(view.line.title)}[/]  [dim]{view.metric}, {better}[/]")
    if not view.folder:
        screen.wrapped(out, f"Not begun: modelwright arena {view.line.id} --begin lays its data and a first program out.")
    if view.board:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for heading, side in (
            ("", "right"),
            ("public board", "left"),
            ("score", "right"),
            ("95% interval", "right"),
            ("yours said", "right"),
        ):
            table.add_column(heading, justify=side)  # type: ignore[arg-type]
        for line in view.board:
            table.add_row(*_row(line, view.digits), style="dim" if line.ghost else "")
        out.print(table)
    elif view.folder:
        out.print("Nobody stands on the board yet.", style="dim")
    if view.shake is None:
        if view.folder:
            out.print(f"\n{view.left_today} of {view.entries_a_day} entries are left today.", style="dim")
        return
    out.print("\n[bold]The private board[/]")
    for move in view.shake.moves:
        word = "" if move.public_rank == move.private_rank else f"  (was {move.public_rank})"
        out.print(
            f"{move.private_rank:>3}  {move.title}  {move.private:.{view.digits}f}{word}", markup=False, style="dim" if move.ghost else ""
        )
    for sentence in view.shake.sentences:
        screen.wrapped(out, sentence)
    for lost in view.shake.lost:
        screen.wrapped(out, f"{lost} is not on it: what it predicted is no longer kept here.")


def _row(line: v.BoardLine, digits: int) -> list[str]:
    if line.score is None or line.low is None or line.high is None:
        return ["", screen.safe(line.title), "set aside", "", ""]
    said = "" if line.validation is None else f"{line.validation:.{digits}f}"
    interval = f"{line.low:.{digits}f} to {line.high:.{digits}f}"
    return [str(line.rank or ""), screen.safe(line.title), f"{line.score:.{digits}f}", interval, said]
