"""A tiny lab to grade against, and one warm grader for the whole room's tests."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from doubling_lab import CHECKS, SOLUTION
from modelwright.curriculum.models import Lab, Limits
from modelwright.grading import Grader, Verdict


@pytest.fixture(scope="session")
def grader() -> Iterator[Grader]:
    with Grader() as warm:
        yield warm


@pytest.fixture(scope="session")
def make_lab(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Lab]:
    """Write a lab's folder and describe it; `checks` and `solution` are source text."""

    def make(checks: str, solution: str = "", needs: tuple[str, ...] = ("numpy",), seconds: float = 20, memory_mb: int = 600) -> Lab:
        folder = tmp_path_factory.mktemp("curriculum") / "1-foundation" / "python" / "labs" / "tiny"
        folder.mkdir(parents=True)
        (folder / "checks.py").write_text(textwrap.dedent(checks))
        (folder / "solution.py").write_text(textwrap.dedent(solution))
        return Lab(
            id="python/tiny", title="Tiny", skills=("python/functions",), difficulty=1, minutes=10, hints=("a", "b", "c"),
            needs=needs, limits=Limits(seconds=seconds, memory_mb=memory_mb), folder=folder,
        )  # fmt: skip

    return make


@pytest.fixture(scope="session")
def doubling(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab(CHECKS, SOLUTION, seconds=1, memory_mb=300)


@pytest.fixture
def patient(make_lab: Callable[..., Lab]) -> Lab:
    """The same with time to spare: on a busy machine, filling the memory or the disk takes long."""
    return make_lab(CHECKS, SOLUTION, seconds=30, memory_mb=300)


@pytest.fixture
def grade(grader: Grader, make_lab: Callable[..., Lab]) -> Callable[..., Verdict]:
    """Grade source text against checks given as text."""

    def go(checks: str, source: str, **about: object) -> Verdict:
        return grader.grade(make_lab(checks, **about), textwrap.dedent(source).encode())

    return go


def folder_of(lab: Lab) -> Path:
    return Path(lab.folder)
