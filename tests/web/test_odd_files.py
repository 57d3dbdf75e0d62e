"""A learner's file that is a pipe, a device, a folder or no longer there: every face says so at once, and none makes it worse."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tiny_curriculum
from modelwright.cli.watch import Watching
from modelwright.errors import ModelwrightError
from modelwright.forge.errors import PartError
from modelwright.forge.parts import load_file
from modelwright.studio import Studio

LAB = tiny_curriculum.LAB


def sparse(path: Path) -> None:
    with open(path, "wb") as file:
        file.truncate(4 << 30)


ODD: dict[str, Callable[[Path], Any]] = {
    "pipe": os.mkfifo,
    "device": lambda path: path.symlink_to("/dev/zero"),
    "circle": lambda path: path.symlink_to(path.name),
    "folder": Path.mkdir,
    "sparse": sparse,
}


@pytest.mark.parametrize("kind", ODD)
def test_every_face_says_at_once_what_lies_there(client: Any, studio: Studio, kind: str) -> None:
    path = Path(studio.lab(LAB).path)
    path.unlink()
    ODD[kind](path)
    before, began = studio.journal.last_seq(), time.monotonic()
    page = client.get(f"/lab/{LAB}")
    assert page.status_code == 200
    assert "ordinary file" in page.text or "largest that is read" in page.text
    assert client.get(f"/lab/{LAB}/state").status_code == 422
    assert client.get("/").status_code == client.get("/workshop").status_code == 200
    for answer in (
        client.post(f"/api/labs/{LAB}/submit", json={}),
        *([] if kind == "sparse" else [client.post(f"/lab/{LAB}/save", json={"text": "x = 1\n", "base": "", "sha": "0"})]),
    ):
        assert "ordinary file" in answer.text or "largest that is read" in answer.text
    with pytest.raises(ModelwrightError):
        studio.hand_in(LAB)
    if kind != "sparse":
        with pytest.raises(PartError):
            load_file(path)
    assert studio.journal.last_seq() == before
    assert time.monotonic() - began < 20
    assert client.post(f"/lab/{LAB}/reset", follow_redirects=False).status_code == 303
    assert path.read_text("utf-8") == tiny_curriculum.STARTER


def test_a_file_that_was_taken_away_is_neither_written_again_nor_handed_in_by_those_who_only_watch(
    client: Any, studio: Studio, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Path(studio.lab(LAB).path)
    watching = Watching(studio, LAB)
    shutil.rmtree(path.parent)
    before = studio.journal.last_seq()
    watching.run()
    assert "not there now" in capsys.readouterr().out
    state = client.get(f"/lab/{LAB}/state?sha=abc").json()
    assert state["sha"] == "abc"
    assert "source" not in state
    assert not path.exists()
    assert studio.journal.last_seq() == before
    path.parent.mkdir()
    path.write_text(tiny_curriculum.SOLUTION)
    watching.run()
    assert "Passed" in capsys.readouterr().out
