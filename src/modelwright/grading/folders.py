"""Folders of the warm processes in the system's temporary folder: theirs alone, and swept where a killed program left them.

A run folder holds the sockets, the runners' scratch folders and whatever a library puts into a temporary folder. It is locked for as
long as the program that made it lives (a lock that the kernel takes back when a process ends, however it ends), so that the next
program to start knows which of them nobody needs any more.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path

PREFIX = "modelwright-run-"
FRESH = 60  # seconds in which a file may still be in the making
DAY = 86_400  # seconds after which a run folder without a lock, of a program older than locks, is taken for abandoned


class RunFolder:
    """A folder for one program, until `cleanup`. `name` is its path."""

    def __init__(self) -> None:
        place = Path(tempfile.gettempdir())
        sweep_run_folders(place)
        self.name = tempfile.mkdtemp(prefix=PREFIX, dir=place)
        # Root's runners are other users: they must come through to their scratch folders. What lies here is closed to them by itself.
        os.chmod(self.name, 0o711 if os.geteuid() == 0 else 0o700)
        self._lock = os.open(os.path.join(self.name, "lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock, fcntl.LOCK_EX)

    def cleanup(self) -> None:
        shutil.rmtree(self.name, ignore_errors=True)
        os.close(self._lock)


def is_ours(path: Path) -> bool:
    """Whether this is a folder, no link to one, of this user's, that no other can write into."""
    try:
        about = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid() and not about.st_mode & 0o022


def sweep_run_folders(place: Path) -> None:
    """Remove the run folders in `place` whose programs are gone."""
    for path in place.glob(f"{PREFIX}*"):
        if is_ours(path) and _abandoned(path):
            shutil.rmtree(path, ignore_errors=True)


def _abandoned(path: Path) -> bool:
    try:
        age = time.time() - path.stat().st_mtime
    except OSError:  # another program sweeps too
        return False
    try:
        lock = os.open(path / "lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return age > DAY
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return age > 1  # or it has just been made, and is locked next
    except BlockingIOError:
        return False
    finally:
        os.close(lock)


def sweep(folder: Path, pattern: str) -> None:
    """Remove what a killed program of ours left half-made in `folder`: files and links that match, and are not new."""
    with contextlib.suppress(OSError):
        for path in folder.glob(pattern):
            about = path.lstat()
            if not stat.S_ISDIR(about.st_mode) and about.st_uid == os.geteuid() and time.time() - about.st_mtime > FRESH:
                path.unlink(missing_ok=True)
