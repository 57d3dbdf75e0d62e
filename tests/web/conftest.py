"""A studio behind its pages: in this process for questions of content, on a port for a browser, as `modelwright start` for the walk."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

import tiny_curriculum
from modelwright.studio import Studio
from modelwright.web import assets, create_app
from serving import HERE, Served, Started

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


@pytest.fixture
def served(studio: Studio) -> Iterator[Served]:
    one = Served(studio)
    yield one
    one.stop()


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
