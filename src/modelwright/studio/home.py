"""The learner's folder: where the workshop, the journal, the caches and the running servers' notes lie.

~/modelwright/
  workshop/    the learner's own git repository
  journal.db   what happened: the only thing that cannot be made again
  curricula.json  which curricula from elsewhere the learner knows of, once there is one
  cache/       what can: delete it at any time
  run/         process ids and sockets of running servers and graders
"""

from __future__ import annotations

import errno
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from modelwright.studio.errors import HomeError


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
    def run(self) -> Path:
        return self.folder / "run"

    def prepare(self) -> None:
        """Makes the folders and proves that they can be written, so that the first real write does not fail half-way."""
        try:
            for folder in (self.folder, self.cache, self.run):
                folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".try-") as trial:
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
