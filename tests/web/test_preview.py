"""What an author sees while writing: the lesson's own page, a new version at each save, and the fault where the course cannot be read."""

from __future__ import annotations

import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tiny_curriculum
from modelwright.curriculum.errors import Finding
from modelwright.web.preview import CHANGES, Preview
from serving import answers, free_port


class Shown:
    """A preview on a port, and what it told after each version."""

    def __init__(self, folder: Path, home: Path) -> None:
        import uvicorn

        self.told: list[list[Finding]] = []
        self.file = next(folder.glob("*/*/lessons/*.md"))
        self.preview = Preview(folder, tiny_curriculum.LESSON, home, self.told.append)
        self.preview.__enter__()
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        config = uvicorn.Config(self.preview, port=port, log_level="error", ws="none", lifespan="off", timeout_graceful_shutdown=1)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        answers(self.url + self.preview.page)

    def read(self) -> str:
        with urllib.request.urlopen(self.url + self.preview.page, timeout=60) as answer:
            assert int(answer.headers["content-length"]) > 0
            return answer.read().decode()

    def save(self, text: str) -> None:
        """Writes the lesson, and waits until a version with it is shown."""
        before = self.preview.version
        self.file.write_text(text)
        end = time.monotonic() + 60
        while self.preview.version == before:
            assert time.monotonic() < end, "the save was not seen within a minute"
            time.sleep(0.05)

    def stop(self) -> None:
        self.server.should_exit = True
        self.thread.join(15)
        self.preview.__exit__()


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Shown]:
    preview = Shown(tiny_curriculum.build(tmp_path / "course"), tmp_path / "home")
    yield preview
    preview.stop()


def test_a_save_shows_the_new_text_and_what_the_linter_finds(shown: Shown):
    text = shown.file.read_text()
    assert "A sentence that was not there." not in shown.read()
    shown.save(text + "\nA sentence that was not there.\n")
    assert "A sentence that was not there." in shown.read()
    assert len(shown.told) == 2
    assert all(finding.file == shown.file for finding in shown.told[-1])


def test_a_course_that_cannot_be_read_shows_its_fault_until_it_is_mended(shown: Shown):
    text = shown.file.read_text()
    shown.save(text.replace("title:", "titel: <b>\ntitle:", 1))
    page = shown.read()
    assert "The course cannot be read" in page
    assert "Did you mean title?" in page
    assert "<b>" not in page
    assert "reload.js" in page
    shown.save(text)
    assert "The course cannot be read" not in shown.read()


def test_other_sites_do_not_hear_of_saves(shown: Shown):
    request = urllib.request.Request(shown.url + CHANGES, headers={"Host": "evil.example"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(request, timeout=30)


def test_an_open_page_reloads_itself_at_a_save(shown: Shown, page: Any):
    page.goto(shown.url + shown.preview.page)
    shown.file.write_text(shown.file.read_text() + "\nA sentence that was not there.\n")
    page.get_by_text("A sentence that was not there.").wait_for(timeout=60_000)
