"""The trusted side of a session: keeps one warm runner whose namespace holds the blocks of a page that have been run.

The process is forked from the zygote for one page, as a checker is for one submission, and forks its nursery first. What it promises is
that a block always shows what it would show if the page were run from the top: if what ran before is not exactly the blocks above (one
was edited, a later one has run, one failed half-way), the runner is thrown away and the blocks above run again in a fresh one. It ends when
the client goes away, and by itself when nothing was asked for a while, so that a page left open costs nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import select
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

from . import nursery
from .checker import Job, Stable
from .proxy import Channel, RunnerDied, process_memory, process_seconds
from .sameness import difference
from .wire import recv_frame, send_frame

WALL_SECONDS = 60.0  # for one block: far more than its processor time, for what neither computes nor ends
LONGEST_FIGURE = 1_500_000
MOST_FIGURES = 6
LONGEST_VALUE = 20_000
LIFE = 25  # a runner's whole life may take this many times a block's seconds, before the kernel's own limit for it


class NotAResult(Exception):
    """The runner's answer is not what was asked for: only a learner's code that rewrote its runner does that."""


class Host:
    def __init__(self, client: socket.socket, stable: Stable, idle: float, style: dict[str, Any]) -> None:
        self.client, self.stable, self.idle, self.style = client, stable, idle, style
        self.requests: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self.lock = threading.Lock()
        self.busy = self.stopping = False
        self.channel: Channel | None = None
        self.done: list[list[str]] = []
        self.memory_mb = stable.job.memory_mb

    # -- the conversation -------------------------------------------------------------------------------------------------
    def serve(self) -> None:
        threading.Thread(target=self._listen, daemon=True).start()
        while (request := self.requests.get()) is not None:
            self.memory_mb = min(request["memory_mb"], self.stable.job.memory_mb)
            reply = (self.run if request["op"] == "run" else self.judge)(request)
            reply |= {"holds": self.stable.holds, "memory": self._memory()}
            with self.lock:
                self.busy = False
            send_frame(self.client, json.dumps(reply).encode())

    def _listen(self) -> None:
        """Puts requests in line, and sees to a stop at once. Without requests for a while the session ends."""
        while True:
            if not select.select([self.client], [], [], self.idle)[0]:
                with self.lock:
                    if not self.busy:
                        break
                continue
            try:
                request = json.loads(recv_frame(self.client))
            except (EOFError, OSError):
                break
            if request["op"] == "stop":
                self._stop()
                continue
            with self.lock:
                self.busy, self.stopping = True, False
            self.requests.put(request)
        self.requests.put(None)

    def _stop(self) -> None:
        with self.lock:
            self.stopping = self.busy
            if self.busy and self.channel is not None and not self.channel.dead:
                self.channel.kill("stopped", "Stopped.")

    def _memory(self) -> int:
        """What the session's code holds beyond the warm libraries, in bytes."""
        if self.channel is None or self.channel.dead:
            return 0
        return max(0, process_memory(self.channel.pid)[0] - self.channel.born)

    # -- runners ----------------------------------------------------------------------------------------------------------
    def _end_runner(self) -> None:
        with self.lock:
            self.channel, self.done = None, []
        self.stable.close()
        self.stable.channels.clear()
        self.stable.scratches.clear()

    def _fresh(self) -> None:
        self._end_runner()
        channel = self.stable.new()
        with self.lock:
            self.channel, self.done = channel, []
            if self.stopping:
                channel.kill("stopped", "Stopped.")

    def _goes_on_from(self, before: list[list[str]]) -> bool:
        """Whether the runner holds a beginning of these blocks and nothing else."""
        channel = self.channel
        if channel is None or channel.dead or process_seconds(channel.pid) > LIFE * self.stable.job.seconds:
            return False
        return self.done == before[: len(self.done)]

    @contextlib.contextmanager
    def _watched(self) -> Iterator[Channel]:
        channel = self.channel
        assert channel is not None
        channel.memory_mb = self.memory_mb
        channel.begin_check()
        late = threading.Timer(WALL_SECONDS, channel.kill, ("timeout", f"It was still not done after {WALL_SECONDS:g} seconds."))
        late.daemon = True
        late.start()
        try:
            yield channel
        finally:
            late.cancel()

    # -- what is asked ----------------------------------------------------------------------------------------------------
    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        """The last of the cells, after those before it; or what came of the first of these that did not end well.

        With `whole`, all cells run now, and what they print and draw comes together.
        """
        cells, whole = request["cells"], request.get("whole", False)
        if whole or not self._goes_on_from(cells[:-1]):
            self._fresh()
        result: dict[str, Any] = {}
        output = ""
        figures: list[str] = []
        for index in range(len(self.done), len(cells)):
            result = self._cell(*cells[index]) | {"cell": index}
            if whole:
                result |= {"output": output + result["output"], "figures": (figures + result["figures"])[:MOST_FIGURES]}
                output, figures = result["output"], result["figures"]
            if result["status"] != "ok":  # what it left behind is not what the page says
                self._end_runner()
                break
            self.done.append(cells[index])
        return result

    def _cell(self, name: str, code: str) -> dict[str, Any]:
        started = time.perf_counter()
        shown: dict[str, Any] = {"value": None, "figures": []}
        end: dict[str, Any] = {"status": "ok", "error": "", "frames": []}
        with self._watched() as channel:
            try:
                shown = self._checked(channel.request("cell", name, code, self.style)[1])
            except RunnerDied as died:
                end |= {"status": died.status, "error": str(died)}
            except NotAResult:
                end |= {
                    "status": "killed",
                    "error": str(channel.kill("killed", "What came back from the block's process is not a result.")),
                }
            except Exception as error:
                frames = getattr(error, "learner_frames", None)
                if frames is None:
                    raise
                end |= {"status": "error", "error": f"{frames.kind}: {frames.text}" if frames.text else frames.kind, "frames": frames.rows}
            return shown | end | {"output": channel.take_output(), "seconds": time.perf_counter() - started}

    def _checked(self, shown: Any) -> dict[str, Any]:
        if type(shown) is not dict or type(shown.get("figures")) is not list:
            raise NotAResult
        value, figures = shown.get("value"), shown["figures"]
        if not (value is None or type(value) is str) or any(type(figure) is not str for figure in figures):
            raise NotAResult
        kept = [figure if len(figure) <= LONGEST_FIGURE else "" for figure in figures[:MOST_FIGURES]]
        return {"value": None if value is None else value[:LONGEST_VALUE], "figures": kept}

    def judge(self, request: dict[str, Any]) -> dict[str, Any]:
        """Whether `attempt` leaves every expression of `compare` at the value that `model` gives it, both after the same cells."""
        worth: list[list[Any]] = []
        result: dict[str, Any] = {}
        for name, code in (("the line that is kept", request["model"]), (request["name"], request["attempt"])):
            result = self.run({"cells": [*request["cells"], [name, code]]})
            mine = code is request["attempt"]
            if result["status"] != "ok":
                return result | {"judged": "failed" if mine and result["cell"] == len(request["cells"]) else "broken", "at": 0}
            try:
                with self._watched() as channel:
                    worth.append(channel.request("values", request["compare"])[1])
            except RunnerDied as died:
                return result | {"status": died.status, "error": str(died), "judged": "failed" if mine else "broken", "at": 0}
            except Exception as error:
                if not hasattr(error, "learner_frames"):
                    raise
                told = {"status": "error", "error": f"{error.learner_frames.kind}: {error.learner_frames.text}"}
                return result | told | {"judged": "failed" if mine else "broken", "at": 0}
            if type(worth[-1]) is not list or len(worth[-1]) != len(request["compare"]):
                return result | {"judged": "failed" if mine else "broken", "at": 0}
            if not mine:
                self._fresh()
        for at, (expected, got) in enumerate(zip(*worth, strict=True)):
            if words := difference(got, expected):
                return result | {"judged": "differs", "at": at, "error": words}
        return result | {"judged": "right", "at": 0}


def serve(client: socket.socket, header: dict[str, Any]) -> None:
    """One session, until its client goes away or falls silent. Called in a process of its own."""
    control, theirs = socket.socketpair()
    me = os.getpid()
    if os.fork() == 0:
        try:
            control.close()
            nursery.serve(theirs, client, me, float("inf"))
        finally:
            os._exit(0)
    theirs.close()
    stable = Stable(Job(header, b"", {}), control)
    try:
        Host(client, stable, header["idle"], header["style"]).serve()
    finally:
        stable.close()
