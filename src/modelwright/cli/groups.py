"""`modelwright prepare`: what some labs, lessons, projects and modules need is installed, ahead or when it is first needed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from modelwright.cli import screen
from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modelwright.groups import Group, Progress
    from modelwright.studio import views as v


def prepare(names: Sequence[str], stage: str | None, show: bool, yes: bool, json: bool) -> int:
    from modelwright.groups import absent, catalogue, sizes_of
    from modelwright.studio.groups import group_view

    shipped = catalogue()
    used = {} if stage is None else _of_stage(stage)
    chosen = shipped.named([*names, *used])
    if json or show or not (names or stage):
        shown = chosen if names or stage else tuple(shipped.groups.values())
        views = [group_view(group, used.get(group.id, ())) for group in shown]
        if json:
            screen.print_json(views)
            return 0
        if not shown:
            screen.console().print(f"Stage {stage} needs nothing beyond what is installed.", markup=False)
            return 0
        _list(views)
        if not (names or stage):
            screen.console().print(
                "\n[dim]One of them:[/] modelwright prepare NAME   [dim]What a stage needs:[/] modelwright prepare --stage 3"
            )
        elif gone := absent(chosen):
            screen.console().print(f"\n{sizes_of(gone)} in all.")
        return 0
    out = screen.console()
    gone = absent(chosen)
    if not gone:
        out.print(
            "Everything that is needed is here." if chosen or stage is None else f"Stage {stage} needs nothing beyond what is installed.",
            markup=False,
        )
        return 0
    if stage is not None:  # what cannot be had here must not keep the rest away
        unbuilt = [group for group in gone if not shipped.has_build(group)]
        for group in unbuilt:
            screen.remark(f"{group.title} cannot be had on this system.")
        gone = tuple(group for group in gone if group not in unbuilt)
        if not gone:
            return 1
    _list([group_view(group, used.get(group.id, ())) for group in gone])
    return 0 if _install_if_wished(gone, yes) else 1


def _of_stage(stage: str) -> dict[str, tuple[str, ...]]:
    """The groups that it needs, with what uses them. Read from the curriculum alone: nobody need be enrolled to fetch ahead."""
    from pathlib import Path

    from modelwright.curriculum import load
    from modelwright.studio.groups import used_in_stage

    folder = os.environ.get("MODELWRIGHT_CURRICULUM")
    return used_in_stage(load(Path(folder).expanduser() if folder else None), stage)


def offer(needed: v.NeededView | None) -> None:
    """Before something is done that needs more than is here: says what, why and how large, and installs it on a key press.

    Without a keyboard nothing is asked; what cannot be done without it says so itself.
    """
    from modelwright.cli.keys import interactive

    if needed is None or not needed.groups or not interactive():
        return
    from modelwright.groups import catalogue

    screen.console().print(needed.said, markup=False)
    _list(needed.groups)
    _install_if_wished(catalogue().named([group.id for group in needed.groups]), False)
    screen.console().print()


def _list(groups: Sequence[v.GroupView]) -> None:
    from modelwright.groups import listed, size

    out = screen.console()
    for group in groups:
        if group.is_here:
            state = "[green]✓[/] installed"
        elif group.unbuilt:
            state = "not to be had on this system"
        elif group.interrupted:
            state = "was interrupted; installing it again finishes it"
        else:
            state = f"{size(group.download)} to download, {size(group.installed)} on disk"
        out.print(f"[bold]{group.id:<13}[/] {screen.safe(group.what)}  [dim]{state}[/]")
        used = f" Used in {listed(group.used_by)}." if group.used_by else ""
        screen.wrapped(out, f"For {group.why}.{used}", indent=14)


def _install_if_wished(groups: Sequence[Group], yes: bool) -> bool:
    from modelwright.cli.keys import interactive, read_key, single_keys
    from modelwright.groups import install, listed, sizes_of

    ids = [group.id for group in groups]
    out = screen.console()
    if not yes:
        out.print(f"\n{sizes_of(groups)} in all.")
        if not interactive():
            raise ModelwrightError(f"Nothing was installed. Say `modelwright prepare {' '.join(ids)} --yes` to install without a question.")
        out.print("Press [bold]I[/] to install, any other key to leave it.")
        with single_keys():
            if read_key() != "i":
                return False
    try:
        with _progress() as hear:
            install(ids, hear)
    except KeyboardInterrupt:
        out.print("Stopped. Nothing is half-installed; the same command begins anew.")
        raise
    out.print(f"[green]✓[/] Installed: {screen.safe(listed([group.title for group in groups]))}.")
    return True


@contextmanager
def _progress() -> Iterator[Callable[[Progress], None]]:
    """A bar where there is a terminal; else a line a step, so that a log is short."""
    from modelwright.studio.groups import told

    out = screen.console()
    if not out.is_terminal:
        steps: list[str] = []

        def say(progress: Progress) -> None:
            if progress.step not in steps:
                steps.append(progress.step)
                out.print({"looking": "Looking for what is missing.", "fetching": "Fetching.", "unpacking": "Unpacking."}[progress.step])

        yield say
        return
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    with Bars(BarColumn(30), TextColumn("{task.description}"), TimeElapsedColumn(), console=out, transient=True) as bars:
        task = bars.add_task("", total=None)

        def draw(progress: Progress) -> None:
            total = progress.of if progress.step == "fetching" and progress.of else None
            bars.update(task, description=screen.safe(told(progress)), total=total, completed=progress.done)

        yield draw
