"""The clean process that forks runners for one submission.

It is forked from the zygote before the checker reads a single check, so that a runner's memory never held one, and it stays the
runners' ancestor: when it goes, they go. For each runner it forks a *keeper*, which enters the new namespaces, forks the runner
proper, waits for it and reports how it ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import socket
import sys
import time
import traceback
from typing import Any

from . import cage
from .runner import Runner
from .wire import send_frame

LATE = 1.0  # seconds after the submission's last in which the checker may still end by itself


def serve(control: socket.socket, client: socket.socket, checker: int, end: float) -> None:
    """Until the checker closes its end, the client goes away, or `end` (by `time.monotonic`) is past and the checker still works.

    The last two end everything at once: a check can hang on this side too, on what the learner's code returned.
    """
    cage.die_with_parent()
    poller = select.poll()
    poller.register(control, select.POLLIN | select.POLLHUP)
    poller.register(client, getattr(select, "POLLRDHUP", 0) | select.POLLHUP)
    keepers: set[int] = set()
    scratches: list[str] = []
    waiting = b""
    while True:
        left = end + LATE - time.monotonic()
        events = dict(poller.poll(1000 * min(1.0, max(0.0, left))))
        while keepers and (pid := os.waitpid(-1, os.WNOHANG)[0]):
            keepers.discard(pid)
        if events.get(client.fileno()) or left <= 0:
            _end(keepers, scratches)
            os.kill(checker, signal.SIGKILL)
            return
        if events.get(control.fileno()):
            data = control.recv(1 << 16)
            if not data:
                return
            *orders, waiting = (waiting + data).split(b"\n")
            for order in orders:
                policy = json.loads(order)
                scratches.append(policy["scratch"])
                keepers.add(_spawn(control, client, policy))


def _end(keepers: set[int], scratches: list[str]) -> None:
    """The runners first, then what they wrote: the checker, which would tidy up, is about to be killed."""
    for keeper in keepers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(keeper, signal.SIGKILL)
    for keeper in keepers:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(keeper, 0)
    for scratch in scratches:
        shutil.rmtree(scratch, ignore_errors=True)


def _spawn(control: socket.socket, client: socket.socket, policy: dict[str, Any]) -> int:
    ours, theirs = socket.socketpair()
    out_read, out_write = os.pipe()
    status_read, status_write = os.pipe()
    ground = cage.Ground(policy)
    keeper = os.fork()
    if keeper == 0:
        code = 1
        try:
            control.close()
            client.close()
            ours.close()
            os.close(out_read)
            os.close(status_read)
            _keep(theirs, out_write, status_write, policy, ground)
            code = 0
        finally:
            os._exit(code)
    theirs.close()
    os.close(out_write)
    os.close(status_write)
    ground.settle(keeper)
    os.set_blocking(out_read, False)
    socket.send_fds(control, [b"runner"], [ours.fileno(), out_read, status_read])
    ours.close()
    os.close(out_read)
    os.close(status_read)
    return keeper


def _keep(sock: socket.socket, output: int, status: int, policy: dict[str, Any], ground: cage.Ground) -> None:
    cage.die_with_parent()
    spaces = ground.leave()
    cage.die_with_parent()  # new credentials may have unset it
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            os.close(status)
            _become_runner(sock, output, policy, spaces)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    os.write(status, f"{pid}\n".encode())
    sock.close()
    os.close(output)
    _, how = os.waitpid(pid, 0)
    os.write(status, f"{os.waitstatus_to_exitcode(how)}\n".encode())


def _become_runner(sock: socket.socket, output: int, policy: dict[str, Any], spaces: list[str]) -> None:
    cage.die_with_parent()
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    keep = sock.fileno()
    cage.close_all_but({0, 1, 2, keep})
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115 - they live as long as the process
    sys.stdout = open(1, "w", encoding="utf-8", errors="replace")  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="replace", buffering=1)  # noqa: SIM115
    holds, scratch = cage.enter(policy, spaces)
    runner = Runner(sock, scratch)
    send_frame(sock, runner.codec.pack(["ok", holds]))
    runner.serve()
