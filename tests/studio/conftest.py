from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny_curriculum as tiny
from modelwright.studio import Studio
from turned_clock import Clock


@pytest.fixture(scope="session")
def curriculum_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.build(tmp_path_factory.mktemp("curriculum"))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def own_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.delenv("MODELWRIGHT_JOURNAL", raising=False)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def studio(home: Path, curriculum_folder: Path, clock: Clock) -> Iterator[Studio]:
    """A studio in which Ada is enrolled."""
    with Studio.open(home, curriculum_folder, now=clock) as studio:
        studio.enrol("Ada", 6)
        yield studio
