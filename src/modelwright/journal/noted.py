"""The head of the chain, noted a second time in a small file beside the database.

A database can go back in time without any damage that it could see itself: its write-ahead log is deleted, or an older copy is put in
its place. The note tells. It is written after the commit, so it never runs ahead of what is durable; a process that is killed in
between leaves an older note, which is still true of the chain. Several processes write it under a lock, and never backwards.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

# "<seq, 20 digits> <link, 64> <check, 7>" and a newline: two of them, used by turns, so that one torn by a power cut leaves the other.
LINE = 94


@dataclass(frozen=True)
class Head:
    seq: int
    link: str


def _line(head: Head) -> str:
    what = f"{head.seq:>20d} {head.link:<64.64}"
    return f"{what} {hashlib.sha256(what.encode()).hexdigest()[:7]}\n"


class NotedHead:
    def __init__(self, file: Path) -> None:
        self.file = file

    def read(self) -> Head | None:
        """The newest head that was noted; None where there is none, or none that can be read."""
        try:
            with open(self.file, "rb") as file:
                return _newest(file.read(4 * LINE))
        except OSError:
            return None

    def write(self, head: Head) -> None:
        """On the disk when it returns. A note that cannot be written is no error: the one before it still holds."""
        with contextlib.suppress(OSError, ImportError):
            import fcntl

            handle = os.open(self.file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX)
                before = _newest(os.pread(handle, 4 * LINE, 0))
                if before is None or before.seq < head.seq:
                    os.pwrite(handle, _line(head).encode(), LINE * (head.seq % 2))
                    os.fdatasync(handle) if hasattr(os, "fdatasync") else os.fsync(handle)
            finally:
                os.close(handle)


def _newest(content: bytes) -> Head | None:
    heads = []
    for begin in range(0, len(content), LINE):
        line = content[begin : begin + LINE].decode("latin-1")
        seq, link = line[:20].strip(), line[21:85]
        if seq.isascii() and seq.isdecimal() and line == _line(Head(int(seq), link)):
            heads.append(Head(int(seq), link))
    return max(heads, key=lambda head: head.seq, default=None)
