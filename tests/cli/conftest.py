from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import tiny_curriculum as tiny

COMMAND = [sys.executable, "-m", "modelwright.cli"]


@pytest.fixture(scope="session")
def curriculum_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.build(tmp_path_factory.mktemp("curriculum"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def environment(home: Path, curriculum_folder: Path, tmp_path: Path) -> dict[str, str]:
    dropped = ("PORT", "COLUMNS", "LINES")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MODELWRIGHT_", "GIT_")) and name not in dropped}
    return kept | {
        "MODELWRIGHT_HOME": str(home),
        "MODELWRIGHT_CURRICULUM": str(curriculum_folder),
        "GIT_CONFIG_GLOBAL": str(tmp_path / "no-gitconfig"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "OMP_NUM_THREADS": "1",
        "NO_BROWSER": "1",
        "TERM": "xterm-256color",
    }


@dataclass
class Ran:
    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(environment: dict[str, str]) -> Run:
    """Runs one command of the program in a process of its own, its input and output piped."""

    def run(*words: str, input: str = "", env: dict[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [*COMMAND, *words], env=environment | (env or {}), input=input, capture_output=True, text=True, errors="replace", timeout=120
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def enrolled(run: Run) -> Run:
    """The same, where Ada is enrolled."""
    assert run("enrol", "--name", "Ada", "--hours", "6").code == 0
    return run
