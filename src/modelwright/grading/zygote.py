"""The warm process: it has imported what takes long, computes nothing, runs one thread, and forks a checker per submission.

Started as `python -m modelwright.grading.zygote SOCKET KIND`; it listens on a Unix socket and says `ready` on its output. It ends
when its standard input closes, that is, when the process that started it is gone.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import traceback
from typing import Any

CHECKS = ("encodings.utf_8_sig", "pytest", "_pytest.assertion.rewrite",
          "hypothesis", "hypothesis.strategies", "hypothesis.extra.numpy", "msgpack")  # fmt: skip
PRELOAD = {
    "numpy": ("numpy", "numpy.testing", *CHECKS),
    "torch": ("numpy", "numpy.testing", "torch", "torch.testing", *CHECKS),
    "lesson": ("numpy", "matplotlib.pyplot", "matplotlib.backends.backend_svg", "msgpack"),
}
# Seconds after which a kind that nobody uses ends by itself: it is soon there again. The others serve as long as their program runs.
IDLE = {"lesson": 120.0}


def main(path: str, kind: str) -> None:
    for name in PRELOAD[kind]:
        importlib.import_module(name)
    from . import budget, cage, cells, checker, host, wire  # noqa: F401

    if kind == "torch":
        torch: Any = sys.modules["torch"]
        torch.set_num_threads(1)
        torch.testing.assert_close(torch.ones(1), torch.ones(1))
    sys.dont_write_bytecode = True
    cage.adopt_orphans()
    if kind == "lesson":
        cells.warm_up()
    else:
        checker.warm_up()
    cage.may_become_nobody()  # which looks at many files, once
    listener = socket.socket(socket.AF_UNIX)
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    old = os.umask(0o177)
    listener.bind(path)
    os.umask(old)
    listener.listen(64)
    gc.collect()
    gc.freeze()
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    print("ready", flush=True)
    while True:
        ready, _, _ = select.select([listener.fileno(), 0, wake], [], [], IDLE.get(kind))
        if not ready and not _children_left():
            break
        if wake in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(wake, 4096)
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass
        if 0 in ready and not os.read(0, 1):
            break
        if listener.fileno() in ready:
            client, _ = listener.accept()
            pid = os.fork()
            if pid == 0:
                code = 1
                try:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    listener.close()
                    os.close(wake)
                    os.close(waker)
                    serve(client)
                    code = 0
                except BaseException:
                    traceback.print_exc()
                finally:
                    os._exit(code)
            client.close()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
    os._exit(0)


def _children_left() -> bool:
    try:
        os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return False
    return True


def serve(client: socket.socket) -> None:
    from . import cage, checker, host, wire

    cage.die_with_parent()
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    try:
        header = json.loads(wire.recv_frame(client))
    except EOFError:  # somebody only looked whether we are here
        return
    if header["mode"] == "session":
        host.serve(client, header)
        return
    source = bytes(wire.recv_frame(client))
    extra = {name: bytes(wire.recv_frame(client)) for name in header["extra"]}
    checker.run(client, header, source, extra)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
