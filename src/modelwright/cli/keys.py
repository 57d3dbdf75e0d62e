"""Single keys from the keyboard, where there is one; otherwise the first letter of a line, so that a pipe can drive a command too."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


def interactive() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def single_keys() -> Iterator[None]:
    """Keys arrive one by one and unseen; Ctrl-C still interrupts. The terminal is put back however the block ends."""
    if not sys.stdin.isatty():
        yield
        return
    try:
        import termios
        import tty
    except ImportError:  # not on this system: whole lines then
        yield
        return
    handle = sys.stdin.fileno()
    before = termios.tcgetattr(handle)
    try:
        tty.setcbreak(handle)
        yield
    finally:
        termios.tcsetattr(handle, termios.TCSADRAIN, before)


def read_key() -> str:
    """One key, lower case; " " for space, "\\n" for Enter, "" at the end of input. Arrow and other long keys come as "\\x1b"."""
    if not sys.stdin.isatty():
        line = sys.stdin.readline()
        return (line.strip()[:1].lower() or "\n") if line else ""
    import os
    import select

    handle = sys.stdin.fileno()
    data = os.read(handle, 1)
    if data == b"\x1b":
        while select.select([handle], [], [], 0.01)[0]:
            os.read(handle, 1)
        return "\x1b"
    if data in (b"", b"\x04"):
        return ""
    while data[0] >= 0xC0 and len(data) < 4 and select.select([handle], [], [], 0.01)[0]:
        data += os.read(handle, 1)  # the rest of one letter in UTF-8
    return data.decode(errors="replace").replace("\r", "\n").lower()
