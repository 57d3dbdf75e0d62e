"""Code on a page, run: one warm namespace per lesson or lab, in the isolated runners that grade labs.

`Sessions` is what the rooms above hold. A caller says which blocks are on the page, in order, and gets what the last of them shows; it
never has to know whether the namespace was warm, was made again, or had to be taken from a page that was not used for longer. A block
always shows what it would show if the page were run from the top. Nothing here is recorded.

Live sessions are few and share one budget of memory: the one used longest ago goes first, and comes back, by running the blocks above
again, when its page asks for something.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from modelwright import groups

from .errors import GradingError
from .verdict import Isolation
from .wire import recv_frame, send_frame

if TYPE_CHECKING:
    from .grader import Grader

SECONDS = 10.0  # of processor time, for one block
MEMORY_MB = 1000  # for one page's namespace, beyond the warm libraries
WALL_SECONDS = 60.0  # by the clock, for one block: for what neither computes nor ends
IDLE = 240.0  # seconds after which a session that nobody uses ends
MOST_SESSIONS = 4
BUDGET_MB = 1200  # for all namespaces together, so that with their processes they stay below 1.5 GB
LEAST_MB = 150  # a block that runs while another page's has most of the budget gets at least this much
LONGEST_CODE = 200_000  # characters, of all the blocks of a page together

Status = Literal["ok", "error", "timeout", "killed", "stopped"]


class Cell(msgspec.Struct, frozen=True):
    """A block of code; `name` is what tracebacks call it ("block 3")."""

    name: str
    code: str


class Frame(msgspec.Struct, frozen=True, array_like=True):
    """A line of a traceback, in the learner's own code."""

    file: str
    line: int
    function: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.file}, line {self.line}" + (f", in {self.function}" if self.function not in ("", "<module>") else "")


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a run. `figures` are SVG as the learner's code drew them: not safe to show before `curriculum.safe_svg`.

    `cell` is the index of the block that this is about: the last one, or an earlier one that had to run again and did not end well.
    """

    status: Status
    output: str = ""
    value: str | None = None
    error: str = ""
    frames: tuple[Frame, ...] = ()
    figures: tuple[str, ...] = ()
    seconds: float = 0.0
    cell: int = 0
    isolation: Isolation | None = None

    @property
    def traceback(self) -> str:
        """As Python words it, with the learner's lines only; "" where nothing was raised."""
        if self.status != "error":
            return ""
        lines = [f"  {frame.place}\n    {frame.text}" for frame in self.frames]
        return "\n".join([*lines, self.error])


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What a line that was filled in came to.

    right: every expression has the value that the author's line gives it. differs: expression number `at` has not, and `ran.error` says
    how. failed: the line could not be run. broken: the blocks above it, or the author's own line, could not be.
    """

    judged: Literal["right", "differs", "failed", "broken"]
    at: int
    ran: Ran


class _Session:
    """One page's session: the connection to its host, where it is live, and what it is known to hold."""

    def __init__(self) -> None:
        self.turn = threading.Lock()
        self.socket: socket.socket | None = None
        self.used = 0.0
        self.memory_mb = 0.0  # held after the last run
        self.granted_mb = 0  # while a run is going on: what it may take
        self.token = ""  # of that run

    def hang_up(self) -> None:
        """The host ends with its connection, and its runner with it."""
        if self.socket is not None:
            with contextlib.suppress(OSError):
                self.socket.shutdown(socket.SHUT_RDWR)  # a thread that waits for an answer is woken
            self.socket.close()
            self.socket, self.memory_mb = None, 0.0


class Sessions:
    """Thread-safe; starts nothing before it is needed."""

    def __init__(self, grader: Grader, *, most: int = MOST_SESSIONS, budget_mb: int = BUDGET_MB, seconds: float = SECONDS,
                 idle: float = IDLE) -> None:  # fmt: skip
        self.grader, self.most, self.budget_mb, self.seconds, self.idle = grader, most, budget_mb, seconds, idle
        self._sessions: dict[str, _Session] = {}
        self._lock = threading.Lock()
        self._cancelled: set[str] = set()
        self._closed = False

    def run(self, key: str, cells: Sequence[Cell], *, kind: str = "lesson", style: Mapping[str, Any] = {}, token: str = "",
            whole: bool = False, needs: Sequence[str] = ()) -> Ran:  # fmt: skip
        """Runs the last of `cells` after the others; with `whole`, shows what all of them print and draw.

        `key` names the page; `token` is what `stop` will call this run; `needs` are the page's. Raises `modelwright.groups.NotInstalled`.
        """
        _checked(cell.code for cell in cells)
        request = {"op": "run", "cells": [[cell.name, cell.code] for cell in cells], "whole": whole}
        return self._ran(self._ask(key, kind, style, token, request, len(cells) - 1, needs))

    def judge(self, key: str, cells: Sequence[Cell], model: str, attempt: Cell, compare: Sequence[str], *, kind: str = "lesson",
              token: str = "", needs: Sequence[str] = ()) -> Judged:  # fmt: skip
        """Whether `attempt`, after `cells`, gives every expression of `compare` the value that `model` gives it there."""
        _checked([*(cell.code for cell in cells), model, attempt.code])
        request = {
            "op": "judge", "cells": [[cell.name, cell.code] for cell in cells], "model": model, "name": attempt.name,
            "attempt": attempt.code, "compare": list(compare),
        }  # fmt: skip
        reply = self._ask(key, kind, {}, token, request, len(cells), needs)
        return Judged(judged=reply.pop("judged", "failed"), at=reply.pop("at", 0), ran=self._ran(reply))

    def stop(self, key: str, token: str) -> bool:
        """Ends the run called `token`, also while it waits for its turn. False where it is not known."""
        with self._lock:
            session = self._sessions.get(key)
            if session is None:
                return False
            if session.token != token:
                if session.turn.locked():
                    self._cancelled.add(token)
                return False
            if session.socket is not None:
                with contextlib.suppress(OSError):
                    send_frame(session.socket, json.dumps({"op": "stop"}).encode())
            return True

    def warm(self, kind: str = "lesson") -> None:
        """Starts the process that sessions are forked from, so that the first block does not wait for it."""
        self._dial(kind).close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            sessions = list(self._sessions.values())
        for session in sessions:
            session.hang_up()

    # -- one request ------------------------------------------------------------------------------------------------------
    def _ask(self, key: str, kind: str, style: Mapping[str, Any], token: str, request: dict[str, Any], cell: int,
             needs: Sequence[str]) -> dict[str, Any]:  # fmt: skip
        groups.require(needs, "this code")
        with self._lock:
            session = self._sessions.setdefault(key, _Session())
        with session.turn:
            try:
                return self._converse(session, kind, style, token, request, cell, needs)
            finally:
                with self._lock:
                    session.token, session.granted_mb, session.used = "", 0, time.monotonic()

    def _converse(self, session: _Session, kind: str, style: Mapping[str, Any], token: str, request: dict[str, Any],
                  cell: int, needs: Sequence[str]) -> dict[str, Any]:  # fmt: skip
        for _ in range(2):  # a session that has ended by itself, for want of use, is made again
            self._make_room(session)
            was_live = session.socket is not None
            try:
                if session.socket is None:
                    session.socket = self._open(kind, style, needs)
                with self._lock:
                    if token and token in self._cancelled:
                        self._cancelled.discard(token)
                        return {"status": "stopped", "error": "Stopped.", "cell": cell}
                    session.token = token
                    send_frame(session.socket, json.dumps(request | {"memory_mb": session.granted_mb}).encode())
                reply: dict[str, Any] = json.loads(recv_frame(session.socket))
                session.memory_mb = reply.pop("memory") / 2**20
                return reply
            except (EOFError, OSError):
                session.hang_up()
                if not was_live or self._closed:
                    break
        return {"status": "killed", "error": "The process that runs the page's code ended before it was done.", "cell": cell}

    def _make_room(self, session: _Session) -> None:
        """Grants a run its memory: what the budget leaves once sessions that are not in use have, if need be, given theirs back."""
        with self._lock:
            others = [other for other in self._sessions.values() if other is not session and other.socket is not None]
            idle = sorted((other for other in others if not other.granted_mb), key=lambda other: other.used)
            running = sum(other.granted_mb for other in others)
            live = len(others)
            while idle and (live >= self.most or self.budget_mb - running - sum(other.memory_mb for other in idle) < MEMORY_MB):
                oldest = idle.pop(0)
                if oldest.turn.acquire(blocking=False):
                    oldest.hang_up()
                    oldest.turn.release()
                    live -= 1
            left = self.budget_mb - running - sum(other.memory_mb for other in idle)
            session.granted_mb = int(min(MEMORY_MB, max(LEAST_MB, left)))

    def _open(self, kind: str, style: Mapping[str, Any], needs: Sequence[str]) -> socket.socket:
        opened = self._dial(kind)
        header = {
            "mode": "session", "lab": "", "folder": "", "file": "", "seconds": self.seconds, "memory_mb": MEMORY_MB,
            "check_wall": WALL_SECONDS, "wall": float("inf"), "idle": self.idle,
            "style": dict(style), "hidden": self.grader._hidden(None), "without": self.grader.without,
            "environment": groups.environment_of(needs), "hides": groups.hidden_from(needs),
        }  # fmt: skip
        send_frame(opened, json.dumps(header).encode())
        return opened

    def _dial(self, kind: str) -> socket.socket:
        for pause in (0.05, 0.2, 0.5, 1.0, 2.0, None):
            try:
                return self.grader._zygote(kind).connect()
            except OSError as error:  # it ended, for want of use, between the grader's look and its call
                if pause is None:
                    raise GradingError(f"The process that runs code does not answer ({error}). Try `modelwright doctor`.") from error
                time.sleep(pause)
        raise AssertionError

    def _ran(self, reply: dict[str, Any]) -> Ran:
        holds = reply.pop("holds", None)
        isolation = self.grader._isolation_of(holds) if holds else self.grader.isolation()
        return msgspec.convert({**reply, "isolation": isolation}, Ran)


def _checked(code: Iterable[str]) -> None:
    if (length := sum(map(len, code))) > LONGEST_CODE:
        raise GradingError(f"The code on this page has {length:,} characters; at most {LONGEST_CODE:,} can be run together.")
