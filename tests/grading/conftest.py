"""A tiny lab to grade against, and one warm grader for the whole room's tests."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from modelwright.curriculum.models import Lab, Limits
from modelwright.grading import Grader, Verdict

CHECKS = '''
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def test_two_becomes_four(learner):
    """Twice two is four."""
    assert learner.double(2) == 4


def test_arrays_are_doubled(learner, reference, rng):
    x = rng.normal(size=(3, 4))
    np.testing.assert_allclose(learner.double(x), reference.double(x))


@settings(max_examples=15)
@given(n=st.integers(-1000, 1000))
def test_any_number(learner, n):
    assert learner.double(n) == 2 * n


def test_text_is_refused(learner):
    with pytest.raises(TypeError, match="number"):
        learner.double("2")
'''
SOLUTION = """
SECRET_OF_THE_SOLUTION = "you should not read this"


def double(x):
    if isinstance(x, str):
        raise TypeError("a number is needed")
    return x + x
"""


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
def grade(grader: Grader, make_lab: Callable[..., Lab]) -> Callable[..., Verdict]:
    """Grade source text against checks given as text."""

    def go(checks: str, source: str, **about: object) -> Verdict:
        return grader.grade(make_lab(checks, **about), textwrap.dedent(source).encode())

    return go


def folder_of(lab: Lab) -> Path:
    return Path(lab.folder)
