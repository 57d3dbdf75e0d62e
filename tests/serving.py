"""A studio behind its pages, for tests in a browser: on a port of this process, or as `modelwright start` in one that can be killed.

Also what every page is held to: `violations` asks axe-core, `LOOKS` are the themes and widths at which it is asked.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from modelwright.studio import Studio
from modelwright.web import create_app

HERE = "http://127.0.0.1:8765"
LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]


def violations(page: Any) -> list[str]:
    """What axe-core finds, a line each."""
    import axe_core_python

    if not page.evaluate("'axe' in window"):
        page.evaluate((Path(axe_core_python.__file__).parent / "axe.min.js").read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']}).then(result => result.violations)")
    return [f"{one['id']}: {node['html'][:160]} {node['failureSummary'][:200]}" for one in found for node in one["nodes"][:3]]


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def answers(url: str, within: float = 90.0, alive: Callable[[], bool] = lambda: True) -> None:
    end = time.monotonic() + within
    while time.monotonic() < end and alive():
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer within {within:g} s")


class Served:
    """The app on a port, in a thread of this process, so that a test can reach the studio behind it."""

    def __init__(self, studio: Studio) -> None:
        import uvicorn

        self.studio = studio
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = uvicorn.Config(
            create_app(studio), host="127.0.0.1", port=self.port, log_level="error", ws="none", timeout_graceful_shutdown=2
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._thread.start()
        answers(self.url + "/api/health")

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join(15)


class Started:
    """`modelwright start` as a learner runs it: a process that can be killed. `python` and `environment` are those of another installation."""

    def __init__(
        self, home: Path, curriculum: Path | None = None, *, python: str = sys.executable, environment: Mapping[str, str] = os.environ
    ) -> None:
        self.home, self.curriculum, self.port = home, curriculum, free_port()
        self.python, self.environment = python, environment
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = {**self.environment} | {
            "MODELWRIGHT_HOME": str(self.home),
            "PORT": str(self.port),
            "NO_BROWSER": "1",
            "OMP_NUM_THREADS": "1",
        }
        if self.curriculum:
            environment["MODELWRIGHT_CURRICULUM"] = str(self.curriculum)
        command = [self.python, "-c", "from modelwright.cli import main; main()", "start"]
        self.process = subprocess.Popen(command, env=environment)
        answers(self.url + "/api/health", alive=lambda: self.process is not None and self.process.poll() is None)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(20)
            self.process = None
