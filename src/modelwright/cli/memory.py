"""What the program knows of its learner's memory, in the terminal: Anki's files, the forgetting curve, and how well all this holds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from modelwright.cli import screen
from modelwright.cli.opened import studio

if TYPE_CHECKING:
    from rich.console import Console

    from modelwright.studio import views as v


def import_anki(file: Path, json: bool) -> None:
    with studio() as s:
        found = s.import_anki(file)
        if json:
            screen.print_json(found)
            return
        out = screen.console()
        for line in found.words:
            screen.wrapped(out, line)
        if found.added or found.offered:
            out.print("\n[dim]A forgetting curve of your own, if there is enough by now:[/] modelwright refit")


def export_anki(file: Path, module: str | None, everything: bool, json: bool) -> None:
    with studio(enrolled=False) as s:
        done = s.export_anki(file, module, everything)
        if json:
            screen.print_json(done)
            return
        out = screen.console()
        which = "" if done.cards == done.of else f", those you have been taught, of {done.of}"
        out.print(f"{done.cards} cards written to {file}{which}.", markup=False)
        out.print("[dim]In Anki: File, Import. What you answer there comes back with[/] modelwright anki import [dim]and Anki's export.[/]")


def refit(json: bool) -> None:
    with studio() as s:
        fit = s.refit()
        if json:
            screen.print_json(fit)
        else:
            screen.wrapped(screen.console(), fit.words)


def calibration(json: bool) -> None:
    with studio() as s:
        view = s.knowing()
        if json:
            screen.print_json(view)
            return
        out = screen.console()
        out.print("How well does this program know you?", style="bold")
        screen.wrapped(out, "Before each answer it notes how likely you are to be right, before each card how likely you are to recall it.")
        _reliability(out, "Your answers", "right", view.calibration.answers)
        _reliability(out, "Your cards", "recalled", view.calibration.recall)
        out.print()
        curve = "your own, fitted to your reviews" if view.own else "the one that fits most people"
        out.print(f"[bold]Your forgetting curve[/]  {curve}")
        for fit in view.fits[:3]:
            screen.wrapped(out, f"{screen.day(fit.at)}: {fit.words}")
        screen.wrapped(out, view.when_fitted)


def _reliability(out: Console, title: str, word: str, found: v.ReliabilityView) -> None:
    out.print()
    out.print(title, style="bold")
    screen.wrapped(out, found.sentence)
    screen.wrapped(out, found.verdict)
    if not found.n:
        return
    out.print(f"  [dim]{'it said':<12} {word:<9} {'95% range':<12} how often[/]")
    for b in found.bins:
        said = f"{100 * b.low:.0f} to {100 * b.high:.0f}%"
        between = f"{100 * b.at_least:.0f} to {100 * b.at_most:.0f}%"
        out.print(f"  {said:<12} {b.came:<9.0%} {between:<12} {b.n:,}", markup=False)
    out.print(
        f"  [dim]calibration error {100 * found.error:.1f} points (luck alone {100 * found.by_chance:.1f}), "
        f"log loss {found.loss:.3f} (your average {found.baseline:.3f}), Brier {found.brier:.3f}[/]"
    )
