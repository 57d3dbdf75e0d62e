"""One connection of the server, with an end to everything: to a request that is never finished, to a crowd that says nothing.

uvicorn waits for a request as long as it likes to take. Here its head must be there within HEAD_SECONDS, and its body must come at a rate
that any line has. When more connections are open than the system has files for, the one that has been idle longest gives its place.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import sys
import time
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger("modelwright.web")
HEAD_SECONDS = 20.0  # from the opening of the connection, or from a request's first byte
BODY_SECONDS = 20.0  # beyond what a body takes at SLOWEST
SLOWEST = 20_000  # bytes a second
MOST = 256  # connections; a browser keeps six
TICK = 1.0
OUT_OF_FILES = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def most_connections() -> int:
    """At most MOST, and at most half of the files that this process may open."""
    try:
        import resource
    except ImportError:  # not on this system
        return MOST
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return MOST if soft < 0 else max(8, min(MOST, soft // 2))


class Connection(H11Protocol):
    """uvicorn's connection on h11, with deadlines."""

    since = 0.0
    """When the request that is coming in began, on the monotonic clock; for one that is idle, when it became so."""
    received = 0
    """Bytes of it."""
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.since = time.monotonic()
        self._timer = self.loop.call_later(TICK, self._tick)
        if len(self.connections) > most_connections():
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if not self._coming_in():
            self.since, self.received = time.monotonic(), 0
        self.received += len(data)
        super().data_received(data)

    def on_response_complete(self) -> None:
        self.since, self.received = time.monotonic(), 0
        super().on_response_complete()

    def _coming_in(self) -> bool:
        """Whether a request has begun and is not there whole."""
        if self.conn.their_state is h11.IDLE:
            return bool(self.conn.trailing_data[0])
        return self.conn.their_state is h11.SEND_BODY

    def _idle(self) -> bool:
        return self.conn.their_state is h11.IDLE and not self.tasks_running()

    def tasks_running(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _tick(self) -> None:
        waited = time.monotonic() - self.since
        if self.conn.their_state is h11.SEND_BODY and not self.flow.read_paused:
            late = waited > BODY_SECONDS + self.received / SLOWEST
        else:
            late = self._idle() and waited > HEAD_SECONDS
        if late:
            self._end()
        else:
            self._timer = self.loop.call_later(TICK, self._tick)

    def _end(self) -> None:
        """Says why, where somebody began to ask, and closes."""
        in_head = self.conn.their_state is h11.IDLE
        if self._coming_in() and (in_head or self.cycle is None or not self.cycle.response_started):
            text = b"The request did not come to its end in time.\n"
            self.transport.write(
                b"HTTP/1.1 408 Request Timeout\r\ncontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n"
                b"content-length: %d\r\n\r\n%s" % (len(text), text)
            )
        self.transport.close()

    def _make_room(self) -> None:
        """The one that has waited longest without a whole request gives its place; where all are at work, the newest does."""
        waiting = [c for c in self.connections if isinstance(c, Connection) and not c.tasks_running()]
        longest = min(waiting, key=lambda c: c.since, default=self)
        longest.transport.abort()


class Complaints:
    """What the event loop has to say: running out of files is one line a minute, whatever it costs the loop to find that out."""

    def __init__(self, every: float = 60.0) -> None:
        self.every, self._last = every, -every

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in OUT_OF_FILES):
            loop.default_exception_handler(context)
            return
        if time.monotonic() - self._last >= self.every:
            self._last = time.monotonic()
            log.warning(
                "No more connections can be taken now: this process may open no more files (%s). It goes on as soon as others are closed; "
                "`ulimit -n 1024` before `modelwright start` allows more.",
                error.strerror,
            )


def settings() -> dict[str, Any]:
    """What uvicorn is told, so that it serves with these connections. A short backlog: each entry of it is tried when files run out."""
    return {"http": Connection, "backlog": 64, "loop": "asyncio" if sys.platform != "win32" else "auto"}
