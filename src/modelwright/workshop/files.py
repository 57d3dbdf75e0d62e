"""Files of the learner's: read without a wait and only where they are regular and of a size that a program can have, written whole.

A learner's file may be anything that a folder can hold: a pipe that nobody writes to, a device, a link that leads round in a circle, a
sparse file larger than the memory. A link to a file of theirs elsewhere is followed; what is at its end must be an ordinary file.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import tempfile
from pathlib import Path

from modelwright.errors import ModelwrightError

LARGEST = 8_000_000  # bytes; the grader takes one, and says so in its verdict


class WorkshopError(ModelwrightError):
    """The family of this room."""


class NotAFile(WorkshopError):
    """What lies there is not a file that can be read as one."""


_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISSOCK, "a socket"),
)


def read(path: Path) -> bytes:
    """The bytes of an ordinary file. Raises FileNotFoundError where nothing is, NotAFile for what is none, WorkshopError for the rest."""
    try:
        mode = os.stat(path).st_mode  # a device is not even opened: that alone can start something
        if not stat.S_ISREG(mode):
            raise _not_a_file(path, mode)
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise told(path, error) from error
    try:
        with open(handle, "rb", buffering=0) as file:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode):
                raise _not_a_file(path, state.st_mode)
            content = b"" if state.st_size > LARGEST else _bounded(file)
            if max(state.st_size, len(content)) > LARGEST:
                size = max(state.st_size, len(content)) / 1e6
                raise NotAFile(f"{path} has {size:,.0f} MB, and a program of {LARGEST // 1_000_000} is the largest that is read. {AWAY}")
            return content
    except OSError as error:
        raise told(path, error) from error


AWAY = "Move it away, and your file is made anew from the starter when you open the lab."


def _bounded(file: object) -> bytes:
    """Up to one byte more than is taken, whatever size the system names."""
    pieces, left = [], LARGEST + 1
    while left > 0 and (piece := file.read(left)):  # type: ignore[attr-defined]
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _not_a_file(path: Path, mode: int) -> NotAFile:
    kind = next((name for test, name in _KINDS if test(mode)), "something else")
    return NotAFile(f"{path} is {kind}, where an ordinary file was expected. {AWAY}")


def lies_there(path: Path) -> bool:
    """Whether anything is at this path, be it only a link that leads nowhere."""
    return os.path.lexists(path)


def writable_in_place(path: Path) -> None:
    """Raises NotAFile where something lies that a save would destroy: a pipe, a device, a folder, a link in a circle."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise told(path, error) from error
    if not stat.S_ISREG(mode):
        raise _not_a_file(path, mode)


def told(path: Path, error: OSError) -> WorkshopError:
    """The sentence for what the system said."""
    if error.errno == errno.ELOOP:
        return NotAFile(f"{path} is a link that leads round in a circle, where an ordinary file was expected. {AWAY}")
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return WorkshopError(f"{path} cannot be written or read: {(error.strerror or '').lower()}. Change its permissions, then try again.")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return WorkshopError(f"The disk that holds {path} is full; the file there is as it was. Free some space, then save again.")
    return WorkshopError(f"{path} cannot be used: {error.strerror or error}.")


def write_whole(path: Path, content: bytes) -> None:
    """Whole or not at all: a full disk or a kill leaves the former file. A link is written through, and its mode is kept."""
    path = path.resolve()
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, name)
        else:
            os.chmod(name, 0o666 & ~_umask())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The process's mask. Reading it means setting it, so it is read once, from a file's mode, where /proc tells it."""
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1], 8) for line in status if line.startswith("Umask:"))
    except (OSError, StopIteration, ValueError):
        return 0o022
