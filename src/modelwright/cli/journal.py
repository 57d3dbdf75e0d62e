"""`modelwright journal`: carry the record elsewhere, bring it back, take an import back, prove it whole."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from modelwright.cli import screen
from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    from modelwright.journal import ImportLine, Journal


class FileTrouble(ModelwrightError):
    """A file that could not be read or written."""


@contextmanager
def _journal(recording: bool = False) -> Iterator[Journal]:
    """The journal alone: these commands must work where the curriculum is broken, and those that record nothing where nothing can be
    written."""
    from modelwright.studio import Home

    home = Home.from_env()
    journal, trouble = home.open_journal(home.trouble())
    try:
        if trouble is not None and recording:
            raise trouble
        yield journal
        if trouble is not None:
            screen.remark(str(trouble))
    finally:
        journal.close()


def export(file: Path | None) -> None:
    with _journal() as journal:
        if file is None or str(file) == "-":
            journal.export(sys.stdout.buffer)  # UTF-8, whatever the terminal's own encoding is
            sys.stdout.flush()
            return
        name = ""
        try:
            handle, name = tempfile.mkstemp(dir=file.absolute().parent, prefix=f".{file.name}.")
            with open(handle, "wb") as out:
                count = journal.export(out)
            os.replace(name, file)
        except BaseException as error:
            if name:
                Path(name).unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise FileTrouble(f"{file} cannot be written: {error.strerror or error}. The journal is as it was.") from error
            raise
        screen.console(stderr=True).print(f"{count} events written to {file}", markup=False)


def import_(file: Path) -> None:
    with _journal(recording=True) as journal:
        if str(file) == "-":
            done = journal.import_(sys.stdin.buffer, "standard input")
        else:
            try:
                with open(file, "rb") as lines:
                    done = journal.import_(lines, file.name)
            except OSError as error:
                raise FileTrouble(f"{file} cannot be read: {error.strerror or error}.") from error
        out = screen.console()
        out.print(f"{done.added} events added, {done.already} were there already.")
        if done.again:
            out.print(f"Of these, {_count(done.again, 'again')}: an undo had taken them back.")
        if done.added or done.again:
            out.print("`modelwright journal undo-import` takes this import back.")


def undo_import(which: str | None, listed: bool) -> None:
    with _journal(recording=not listed) as journal:
        imports = journal.imports()
        if listed:
            out = screen.console()
            for line in imports:
                undone = f", taken back {_when(line.undone_at)}" if line.undone_at else ""
                out.print(f"{line.number:>3}  {_when(line.at)}  {_events(line.events)}  {line.source}{undone}", markup=False)
            if not imports:
                out.print("Nothing was imported here.")
            return
        done = journal.undo_import(None if which is None else _chosen(imports, which))
        out = screen.console()
        what = f"Import {done.number} of {_when(done.at)} is taken back: {_count(done.events, 'no longer')}"
        more = f", {_count(done.again, 'again')}, which it had taken back" if done.again else ""
        out.print(f"{what}{more}. The journal keeps them; importing the same file again brings them back.", markup=False)


def _chosen(imports: list[ImportLine], which: str) -> int:
    """The number of an import, from its number or from the moment that the list shows (or a beginning of it)."""
    if which.isascii() and which.isdecimal() and len(which) < 10:
        return int(which)
    same = [line.number for line in imports if which.strip() and _when(line.at).startswith(which.strip().replace("T", " "))]
    if len(same) == 1:
        return same[0]
    many = "Several imports were made" if same else "No import was made"
    raise FileTrouble(f"{many} at '{which}': `modelwright journal undo-import --list` shows the number of each.")


def _events(count: int) -> str:
    return f"{count:,} event{'' if count == 1 else 's'}"


def _count(count: int, how: str) -> str:
    """'3 events count again', '1 event no longer counts'."""
    verb = "counts" if count == 1 else "count"
    return f"{_events(count)} {f'{verb} {how}' if how == 'again' else f'{how} {verb}'}"


def _when(at: int) -> str:
    return datetime.fromtimestamp(at / 1000).strftime("%Y-%m-%d %H:%M:%S")


def verify() -> int:
    with _journal() as journal:
        result = journal.verify()
        out = screen.console()
        for problem in result.problems:
            out.print(f"✗ {problem}", markup=False)
        if not result.problems:
            out.print(f"✓ All {result.events} events are whole. The newest link of the chain: {result.head[:16]}", markup=False)
            return 0
        return 1
