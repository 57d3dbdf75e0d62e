"""The learner's folder: where the workshop, the journal, the caches and the running servers' notes lie.

~/modelwright/
  workshop/    the learner's own git repository
  journal.db   what happened: the only thing that cannot be made again; journal.db.head notes how far it went
  curricula.json  which curricula from elsewhere the learner knows of, once there is one
  arena/       what was handed in to competitions, for their private boards
  cache/       what can: delete it at any time
  run/         process ids and sockets of running servers and graders
"""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelwright.studio.errors import HomeError

if TYPE_CHECKING:
    from modelwright.errors import ModelwrightError
    from modelwright.journal import Journal


@dataclass(frozen=True, slots=True)
class Home:
    """`journal_url` is a path or a SQLAlchemy URL; it may lie elsewhere than the folder."""

    folder: Path
    journal_url: str

    @classmethod
    def from_env(cls) -> Home:
        """MODELWRIGHT_HOME, by default ~/modelwright; MODELWRIGHT_JOURNAL may name a database elsewhere."""
        return cls.at(Path(os.environ.get("MODELWRIGHT_HOME") or "~/modelwright"))

    @classmethod
    def at(cls, folder: Path | str, journal_url: str | None = None) -> Home:
        folder = Path(folder).expanduser().absolute()
        return cls(folder, journal_url or os.environ.get("MODELWRIGHT_JOURNAL") or str(folder / "journal.db"))

    @property
    def workshop(self) -> Path:
        return self.folder / "workshop"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def arena(self) -> Path:
        return self.folder / "arena"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    def trouble(self) -> HomeError | None:
        """Why nothing can be written here; None where it can."""
        try:
            self.prepare()
        except HomeError as error:
            return error
        return None

    def open_journal(self, trouble: ModelwrightError | None = None) -> tuple[Journal, ModelwrightError | None]:
        """(the journal, why it can only be read): for writing where that is possible, else for reading. `trouble`: the home's own."""
        from modelwright.journal import Journal, LockedJournalError, UnwritableJournalError

        noted = self.noted
        if trouble is None:
            try:
                return Journal.open(self.journal_url, noted=noted), None
            except LockedJournalError:
                raise
            except UnwritableJournalError as error:
                trouble = error
        try:
            return Journal.open(self.journal_url, noted=noted, read_only=True), trouble
        except UnwritableJournalError:
            raise trouble from None  # there is nothing to read either

    @property
    def noted(self) -> Path | None:
        """Where the head of a journal on a server is noted; a journal in a file has its note beside it."""
        if "://" not in self.journal_url or self.journal_url.startswith("sqlite"):
            return None
        address = self.journal_url.partition("://")[2].rpartition("@")[2]
        return self.folder / f"journal-{hashlib.sha256(address.encode()).hexdigest()[:12]}.head"

    def prepare(self) -> None:
        """Makes the folders and proves that they can be written, so that the first real write does not fail half-way."""
        try:
            for folder in (self.folder, self.cache, self.run):
                folder.mkdir(parents=True, exist_ok=True)
            for left in self.folder.glob(".try-*"):  # of an earlier version, killed half-way; the trial has no name any more
                left.unlink(missing_ok=True)
            with tempfile.TemporaryFile(dir=self.folder) as trial:
                trial.write(b"x" * 4096)
                trial.flush()
                os.fsync(trial.fileno())
        except OSError as error:
            raise home_error(self.folder, error) from error


def home_error(folder: Path, error: OSError) -> HomeError:
    """The sentence for a folder that cannot be used, from what the system said."""
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return HomeError(
            f"Modelwright cannot write in {folder}: {(error.strerror or 'permission denied').lower()}. "
            f"Make it writable, or choose another folder with MODELWRIGHT_HOME."
        )
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return HomeError(
            f"The disk that holds {folder} is full. Nothing was lost: what was recorded before is safe. "
            f"Free some space, then do the last thing again."
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return HomeError(f"{folder} is needed as a folder, but a file is in its way. Move it, or choose another with MODELWRIGHT_HOME.")
    return HomeError(f"{folder} cannot be used: {error.strerror or error}. Choose another folder with MODELWRIGHT_HOME.")
