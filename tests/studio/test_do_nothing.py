"""Fourteen files that do nothing are tried on a lab: a lab, or a check, that they pass is found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from modelwright.curriculum.models import Lab
from modelwright.grading import Grader
from modelwright.studio.lies import LIES, lies, prove_lies

STARTER = '''
import numpy as np


def stats(x: np.ndarray) -> tuple[float, np.ndarray]:
    """Its mean, and what is left of it without."""
    raise NotImplementedError


class Meter:
    def read(self, x: float) -> float:
        raise NotImplementedError
'''


@pytest.fixture(scope="module")
def grader() -> Iterator[Grader]:
    with Grader() as warm:
        yield warm


@pytest.fixture
def findings(grader: Grader, tmp_path: Path) -> Callable[[str], list[str]]:
    def go(checks: str) -> list[str]:
        folder = tmp_path / "1-foundation" / "python" / "labs" / "stats"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "checks.py").write_text("import numpy as np\nimport pytest\n" + dedent(checks))
        (folder / "starter.py").write_text(STARTER)
        (folder / "solution.py").write_text("def stats(x): return x.mean(), x - x.mean()\n")
        lab = Lab(id="python/stats", title="S", skills=("python/f",), difficulty=1, minutes=20, hints=("a", "b", "c"), folder=folder)
        return [f"{f.line}: {f.message}" for f in prove_lies(lab, grader.grade)]

    return go


def test_there_are_fourteen_with_the_starters_names_and_numbers_of_results() -> None:
    assert len(LIES) == 14
    for what, source in lies(STARTER).items():
        space: dict = {}
        exec(compile(source, what, "exec"), space)
        if what == "StopIteration, raised":
            continue
        assert len(space["stats"](space["np"].ones(3))) == 2
        space["Meter"](1).read(2.0)


def test_checks_that_ask_are_passed_by_no_lie(findings: Callable) -> None:
    checks = """
    def test_the_mean(learner):
        assert learner.stats(np.array([1.0, 3.0]))[0] == pytest.approx(2.0)

    def test_what_is_left(learner):
        np.testing.assert_allclose(learner.stats(np.array([1.0, 3.0]))[1], [-1.0, 1.0])

    def test_the_shape(learner):
        assert learner.stats(np.ones(7))[1].shape == (7,)
    """
    assert findings(checks) == []


def test_a_lab_that_a_lie_passes_is_found(findings: Callable) -> None:
    checks = """
    def test_what_is_left_adds_up_to_nothing(learner):
        rest = learner.stats(np.array([1.0, 3.0]))[1]
        assert abs(sum(rest)) < 1e-9
    """
    found = findings(checks)
    assert any("A file whose functions return zeros of shape (0,) passes every check." in f for f in found), found


def test_a_check_that_every_lie_passes_is_found(findings: Callable) -> None:
    checks = """
    def test_the_mean(learner):
        assert learner.stats(np.array([1.0, 3.0]))[0] == pytest.approx(2.0)

    def test_the_rest(learner):
        np.testing.assert_allclose(learner.stats(np.array([1.0, 3.0]))[1], [-1.0, 1.0])

    def test_it_is_there(learner):
        assert learner.stats
    """
    assert "10: 'it is there' is passed by all of the 14 files that do nothing." in findings(checks)


def test_a_lie_that_passes_half_of_the_checks_is_found(findings: Callable) -> None:
    checks = """
    def test_the_mean(learner):
        assert learner.stats(np.array([1.0, 3.0]))[0] == pytest.approx(2.0)

    def test_nothing_is_left_of_what_is_even(learner):
        np.testing.assert_array_equal(learner.stats(np.zeros(3))[1], np.zeros(3))
    """
    found = findings(checks)
    assert any("7: A file whose functions return its first argument passes 1 of 2 checks" in f for f in found), found
