"""`modelwright journal`: carry the record elsewhere, bring it back, prove it whole."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from modelwright.cli import screen
from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    from modelwright.journal import Journal


class FileTrouble(ModelwrightError):
    """A file that could not be read or written."""


def _journal() -> Journal:
    """The journal alone: these commands must work where the curriculum is broken."""
    from modelwright.journal import Journal
    from modelwright.studio import Home

    home = Home.from_env()
    home.prepare()
    return Journal.open(home.journal_url)


def export(file: Path | None) -> None:
    journal = _journal()
    try:
        if file is None or str(file) == "-":
            journal.export(sys.stdout)
            sys.stdout.flush()
            return
        try:
            handle, name = tempfile.mkstemp(dir=file.absolute().parent, prefix=f".{file.name}.")
            with open(handle, "w", encoding="utf-8") as out:
                count = journal.export(out)
            os.replace(name, file)
        except OSError as error:
            raise FileTrouble(f"{file} cannot be written: {error.strerror or error}. The journal is as it was.") from error
        screen.console(stderr=True).print(f"{count} events written to {file}", markup=False)
    finally:
        journal.close()


def import_(file: Path) -> None:
    journal = _journal()
    try:
        if str(file) == "-":
            done = journal.import_(sys.stdin)
        else:
            try:
                with open(file, encoding="utf-8") as lines:
                    done = journal.import_(lines)
            except OSError as error:
                raise FileTrouble(f"{file} cannot be read: {error.strerror or error}.") from error
            except UnicodeDecodeError as error:
                raise FileTrouble(f"{file} is not an export: it is not UTF-8 text (byte {error.start}). Nothing was imported.") from error
        screen.console().print(f"{done.added} events added, {done.already} were there already.")
    finally:
        journal.close()


def verify() -> int:
    journal = _journal()
    try:
        result = journal.verify()
        out = screen.console()
        for problem in result.problems:
            out.print(f"✗ {problem}", markup=False)
        if not result.problems:
            out.print(f"✓ All {result.events} events are whole. The newest link of the chain: {result.head[:16]}", markup=False)
            return 0
        return 1
    finally:
        journal.close()
