"""A studio behind its pages: in this process for questions of content, on a port for a browser, as `modelwright start` for the walk."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import tiny_curriculum
from modelwright.studio import Studio
from modelwright.web import assets, create_app

HERE = "http://127.0.0.1:8765"
LAUNCH = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def built() -> None:
    assets.build()


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_curriculum.build(tmp_path_factory.mktemp("curriculum"))


@pytest.fixture
def studio(tiny: Path, tmp_path: Path) -> Iterator[Studio]:
    with Studio.open(tmp_path / "home", tiny) as opened:
        opened.enrol("Ada", 7)
        yield opened


@pytest.fixture
def client(studio: Studio) -> Any:
    from fastapi.testclient import TestClient

    return TestClient(create_app(studio), base_url=HERE, raise_server_exceptions=False)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A real browser; the machine's own where it has one."""
    from playwright.sync_api import Error, expect, sync_playwright

    expect.set_options(timeout=30_000)  # a busy machine is slow, not wrong

    own = next(
        (path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome") if os.path.exists(path)), None
    )
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=own, args=LAUNCH)
        except Error as error:
            if "Executable doesn't exist" in str(error):
                pytest.skip("No Chromium here: install one, or run `playwright install chromium`.")
            raise
        yield browser
        browser.close()


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


@pytest.fixture
def served(studio: Studio) -> Iterator[Served]:
    one = Served(studio)
    yield one
    one.stop()


class Started:
    """`modelwright start` as a learner runs it: a process that can be killed."""

    def __init__(self, home: Path, curriculum: Path | None = None) -> None:
        self.home, self.curriculum, self.port = home, curriculum, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = os.environ | {"MODELWRIGHT_HOME": str(self.home), "PORT": str(self.port), "NO_BROWSER": "1", "OMP_NUM_THREADS": "1"}
        if self.curriculum:
            environment["MODELWRIGHT_CURRICULUM"] = str(self.curriculum)
        command = [sys.executable, "-c", "from modelwright.cli import main; main()", "start"]
        self.process = subprocess.Popen(command, env=environment)
        answers(self.url + "/api/health", alive=lambda: self.process is not None and self.process.poll() is None)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(20)
            self.process = None


@pytest.fixture
def started(tmp_path: Path, tiny: Path) -> Iterator[Started]:
    one = Started(tmp_path / "home", tiny)
    one.start()
    yield one
    one.kill()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page whose console must stay silent: an error or a violation of the policy fails the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(30_000)
    opened = context.new_page()
    trouble: list[str] = []
    opened.on("console", lambda message: trouble.append(message.text) if message.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: trouble.append(str(error)))
    yield opened
    context.close()
    assert [line for line in trouble if "409 (Conflict)" not in line] == []  # the browser's own line for a refused save
