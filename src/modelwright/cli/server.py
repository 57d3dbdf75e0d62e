"""`modelwright start`: the pages, served on this machine alone, in this one process."""

from __future__ import annotations

import contextlib
import errno
import gc
import json
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    from modelwright.studio import Studio

HOST = "127.0.0.1"
FORCED_SECONDS = 2.0


class PortTaken(ModelwrightError):
    """Something listens there already, or may not be listened to."""


def start(port: int, browser: bool) -> None:
    listening = listen(port)
    try:
        serve(listening, port, browser)
    finally:
        listening.close()


def listen(port: int) -> socket.socket:
    """The socket, taken before anything slow is done: a port in use is said at once."""
    # With the protocol named, asyncio turns Nagle's delay off on what it accepts: 40 ms a page otherwise.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(128)  # a browser that is quicker than the start waits instead of failing
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRINUSE:
            what = "Modelwright is running there already: open it, or" if is_ours(port) else "Another program uses it: stop that, or"
            raise PortTaken(
                f"Port {port} is in use. {what} choose another port, for instance `PORT={port + 1} modelwright start`."
            ) from None
        if error.errno in (errno.EACCES, errno.EPERM):
            raise PortTaken(
                f"Port {port} may not be used by you. Choose one above 1023, for instance `PORT=8765 modelwright start`."
            ) from None
        raise PortTaken(f"Port {port} cannot be used: {error.strerror or error}.") from None
    return listening


def is_ours(port: int) -> bool:
    """Whether what listens there is a studio."""
    import http.client

    try:
        connection = http.client.HTTPConnection(HOST, port, timeout=1)
        connection.request("GET", "/api/health")
        return "modelwright" in connection.getresponse().read(400).decode("utf-8", "replace").lower()
    except (OSError, http.client.HTTPException, ValueError):
        return False


def serve(listening: socket.socket, port: int, browser: bool) -> None:
    # Nothing that a start imports and builds is ever thrown away: looking for garbage in it would cost a fifth of a second.
    gc.disable()
    import uvicorn

    from modelwright.cli.opened import studio
    from modelwright.web import create_app
    from modelwright.web.connection import settings

    address = f"http://{HOST}:{port}"
    stopping = Stopping()
    with stopping.heard(), studio(enrolled=False) as s:

        def ready() -> None:
            gc.freeze()
            gc.enable()
            sys.stdout.write(f"Modelwright is at {address}  (Ctrl-C stops it)\n")
            sys.stdout.flush()
            threading.Thread(target=_after_start, args=(s, address if browser else None), daemon=True, name="warm").start()

        config = uvicorn.Config(
            create_app(s),
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
            ws="none",
            lifespan="auto",
            **settings(),
        )
        server = _server(config, ready)
        note = s.home.run / "server.json"
        with contextlib.suppress(OSError):
            note.write_text(json.dumps({"pid": os.getpid(), "port": port}))
        stopping.server, stopping.stop_grading = server, s.stop_grading
        try:
            server.run(sockets=[listening])
        finally:
            _forget(note)
    sys.stdout.write("Stopped. Everything is kept.\n")


def preview(folder: Path, lesson: str, port: int, browser: bool) -> None:
    """Serves one lesson to its author until Ctrl-C, on a home that is thrown away; says after each save what the linter finds."""
    import tempfile
    import webbrowser

    import uvicorn

    from modelwright.cli.screen import console
    from modelwright.web.preview import Preview

    out = console()

    def tell(findings: list[Any]) -> None:
        for finding in findings:
            out.print(str(finding), markup=False)
        out.print(f"{time.strftime('%H:%M:%S')} {'to mend' if findings else 'reads well'}", style="red" if findings else "green")

    listening = listen(port)
    with tempfile.TemporaryDirectory(prefix="modelwright-preview-") as home, listening, Preview(folder, lesson, Path(home), tell) as shown:
        address = f"http://{HOST}:{listening.getsockname()[1]}{shown.page}"

        def ready() -> None:
            out.print(f"{lesson} is at {address}  (Ctrl-C stops it)", markup=False)
            if browser:
                with contextlib.suppress(webbrowser.Error, OSError):
                    webbrowser.open(address)

        config = uvicorn.Config(
            shown, log_level="warning", access_log=False, server_header=False, timeout_graceful_shutdown=1, ws="none", lifespan="off"
        )
        with contextlib.suppress(KeyboardInterrupt):
            _server(config, ready).run(sockets=[listening])


def _server(config: Any, ready: Callable[[], None]) -> Any:
    import asyncio

    import uvicorn

    from modelwright.web.connection import Complaints

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            asyncio.get_running_loop().set_exception_handler(Complaints())
            await super().startup(sockets)
            if self.started:
                ready()

        @contextlib.contextmanager
        def capture_signals(self) -> Generator[None, None, None]:
            yield  # `Stopping` hears them, also while the studio closes

    return Server(config)


class Stopping:
    """The first Ctrl-C ends what is being graded and lets pages that are being sent arrive; the second ends the program, whatever runs.

    Nothing is lost by the second: what the journal has said is kept is on the disk.
    """

    def __init__(self) -> None:
        self.server: Any = None
        self.stop_grading: Callable[[], None] = lambda: None

    @contextlib.contextmanager
    def heard(self) -> Iterator[None]:
        before = {number: signal.signal(number, self._hear) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _hear(self, *_: object) -> None:
        if self.server is None:  # nothing is served yet
            raise KeyboardInterrupt
        if self.server.should_exit:
            self.server.force_exit = True
            threading.Thread(target=_end_soon, daemon=True, name="end").start()
            return
        self.server.should_exit = True
        # In a thread: what this interrupts may hold any lock.
        threading.Thread(target=self.stop_grading, daemon=True, name="stop").start()


def _end_soon() -> None:
    """A thread that is in the middle of something is not waited for longer."""
    time.sleep(FORCED_SECONDS)
    sys.stdout.flush()
    os._exit(0)


def _after_start(s: Studio, address: str | None) -> None:
    """What need not be waited for: the browser, then the grader's warm process, then, once a week, the learner's forgetting curve."""
    if address is not None:
        import webbrowser

        with contextlib.suppress(webbrowser.Error, OSError):
            webbrowser.open(address)
    time.sleep(0.5)  # the first page comes first
    with contextlib.suppress(ModelwrightError, OSError):  # a submission would say it; here nobody asked
        s.warm()
    time.sleep(5)  # by then the first pages are read; fitting takes some seconds of one core
    with contextlib.suppress(ModelwrightError, OSError):  # the page and `modelwright refit` say what is wrong
        s.refit_if_due()


def _forget(note: Path) -> None:
    with contextlib.suppress(OSError, ValueError):
        if json.loads(note.read_text()).get("pid") == os.getpid():
            note.unlink()
