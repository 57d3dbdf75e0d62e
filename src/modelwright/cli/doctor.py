"""`modelwright doctor`: each thing that the studio needs, whether it is there, and what to do where it is not.

It goes on after a finding, and it opens nothing that a finding before it said is broken.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from modelwright.cli import screen
from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    from rich.console import Console

NEEDED = (
    "fastapi", "uvicorn", "jinja2", "pydantic", "yaml", "sqlalchemy", "alembic", "msgspec", "fsrs", "numpy", "sympy", "matplotlib",
    "pytest", "hypothesis", "torch", "sklearn", "pandas", "scipy",
)  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """`todo` is what to do; empty where there is nothing to do."""

    name: str
    state: Literal["ok", "remark", "broken"]
    text: str
    todo: str = ""


def doctor(json: bool) -> int:
    findings = []
    out = screen.console()
    for finding in examine():
        findings.append(finding)
        if not json:
            show(out, finding)
    broken = [finding for finding in findings if finding.state == "broken"]
    if json:
        screen.print_json(findings)
    else:
        out.print()
        out.print("Everything that is needed works." if not broken else f"{len(broken)} thing{'s' if len(broken) > 1 else ''} to mend.")
    return 1 if broken else 0


def attack(json: bool) -> int:
    """Hostile files against this machine's isolation, one by one."""
    from modelwright.grading.attack import attack as battery
    from modelwright.grading.attack import summary

    outcomes = []
    out = screen.console()
    if not json:
        out.print("Each of these files is run as a learner's would be. A mark says that the machine held.")
        out.print()
    for outcome in battery():
        outcomes.append(outcome)
        if not json:
            mark, style = ("✓", "green") if outcome.held else ("✗", "red")
            out.print(f"[{style}]{mark}[/] {screen.safe(outcome.attack)}  [dim]{screen.safe(outcome.said)}[/]")
    if json:
        screen.print_json(outcomes)
    else:
        out.print()
        out.print(summary(outcomes), markup=False)
        if not all(outcome.held for outcome in outcomes):
            out.print("docs/grading.md says what each tier of isolation holds, and `modelwright doctor` which one this machine has.")
    return 0 if all(outcome.held for outcome in outcomes) else 1


def show(out: Console, finding: Finding) -> None:
    mark, style = {"ok": ("✓", "green"), "remark": ("!", "yellow"), "broken": ("✗", "red")}[finding.state]
    out.print(f"[{style}]{mark}[/] [bold]{finding.name:<11}[/] {screen.safe(finding.text)}")
    for line in finding.todo.splitlines():
        screen.wrapped(out, line, indent=14)


def examine() -> Iterator[Finding]:
    yield _python()
    yield _packages()
    yield _fold()
    yield from _isolation()
    yield _git()
    home = _home()
    yield home
    yield _disk()
    yield _journal()
    yield _curriculum()


def _python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", "ok", f"{version}, {sys.executable}")


def _packages() -> Finding:
    from importlib.metadata import PackageNotFoundError, version
    from importlib.util import find_spec

    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        return Finding(
            "packages", "broken", f"missing: {', '.join(missing)}", "Install again: `make install`, or `pip install modelwright`."
        )
    try:
        torch = f", torch {version('torch')}"
    except PackageNotFoundError:
        torch = ""
    return Finding("packages", "ok", f"{len(NEEDED)} of {len(NEEDED)} found{torch}")


def _fold() -> Finding:
    from modelwright.learner import fsrs
    from modelwright.learner.compiled import SUFFIX

    if fsrs.__file__.endswith(SUFFIX):
        return Finding("fold", "ok", "compiled: a long journal is read at twice the speed")
    return Finding("fold", "ok", "Python's own; with a C compiler and Python's headers, `make install` compiles it to twice the speed")


def _isolation() -> Iterator[Finding]:
    try:
        from modelwright.grading import isolation

        held = isolation()
    except (ModelwrightError, OSError) as error:
        yield Finding("isolation", "broken", str(error), "Labs cannot be graded until this is mended.")
        return
    state: Literal["ok", "remark"] = "ok" if not held.lacks else "remark"
    lines = [f"· {line}" for line in held.holds] + [f"! lacks: {line}" for line in held.lacks]
    yield Finding("isolation", state, f"{held.tier}: around a lab's code stand", "\n".join(lines))


def _git() -> Finding:
    from modelwright.workshop import Git, NoGit

    program = Git.installed()
    if program is None:
        return Finding("git", "remark", "not installed", "Your files are kept, but not their history. Install git to have it.")
    try:
        return Finding("git", "ok", Git(Path("/")).run("--version").strip())
    except NoGit as error:
        return Finding("git", "remark", str(error))


def _home() -> Finding:
    from modelwright.studio import Home

    home = Home.from_env()
    try:
        home.prepare()
    except ModelwrightError as error:
        return Finding("home", "broken", str(error))
    return Finding("home", "ok", str(home.folder) + ("" if os.environ.get("MODELWRIGHT_HOME") else "  (MODELWRIGHT_HOME chooses another)"))


def _disk() -> Finding:
    from modelwright.studio import Home

    folder = Home.from_env().folder
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    free = shutil.disk_usage(folder).free / 1e9
    if free < 0.2:
        return Finding(
            "disk", "broken", f"{free:.2f} GB free on the disk of {folder}", "Free some space: the journal must be able to grow."
        )
    state: Literal["ok", "remark"] = "ok" if free > 2 else "remark"
    return Finding(
        "disk",
        state,
        f"{free:.0f} GB free" if free >= 10 else f"{free:.1f} GB free",
        "" if free > 2 else "Training a model needs a few GB.",
    )


def _journal() -> Finding:
    from modelwright.studio import Home

    home = Home.from_env()
    try:
        journal, trouble = home.open_journal(home.trouble())
    except ModelwrightError as error:
        return Finding("journal", "broken", str(error))
    try:
        result = journal.verify()
    except ModelwrightError as error:
        return Finding("journal", "broken", str(error))
    finally:
        journal.close()
    if result.problems:
        if result.set_aside == len(result.problems):
            todo = "If an import brought it, `modelwright journal undo-import` takes that back; else an update may read it."
            return Finding("journal", "remark", f"{result.set_aside} of {result.events} entries set aside: {result.problems[0]}", todo)
        more = f" (and {len(result.problems) - 1} more)" if len(result.problems) > 1 else ""
        return Finding("journal", "broken", result.problems[0] + more, "Copy the file, then `modelwright journal export` what can be read.")
    whole = f"{result.events} events, the chain is whole, {journal.place}"
    return Finding("journal", "ok" if trouble is None else "remark", whole, "" if trouble is None else str(trouble))


def _curriculum() -> Finding:
    from modelwright.curriculum import load

    folder = os.environ.get("MODELWRIGHT_CURRICULUM")
    try:
        curriculum = load(Path(folder) if folder else None)
    except ModelwrightError as error:
        return Finding("curriculum", "broken", str(error), "`modelwright course validate --no-run` lists everything that is wrong.")
    counts = f"{len(curriculum.modules)} modules, {len(curriculum.skills)} skills, {len(curriculum.labs)} labs"
    return Finding("curriculum", "ok", f"{counts}, {curriculum.folder}")
