"""What nothing can pass: empty arrays, iterations that stop, and arguments that are changed so that the expected value changes too."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from modelwright.curriculum.models import Lab
from modelwright.grading import Grader, Verdict

SOLUTION = """
def half(x):
    return x / 2


def sort(xs):
    xs.sort()
"""


@pytest.fixture
def judge(grader: Grader, make_lab: Callable[..., Lab]) -> Callable[[str, str], Verdict]:
    """Grade one file against one check's body, with SOLUTION as the reference."""

    def go(body: str, source: str) -> Verdict:
        lines = "\n".join("    " + line for line in body.strip().splitlines())
        checks = f"import numpy as np\nimport pytest\n\ndef test_it(learner, reference, rng):\n{lines}\n"
        return grader.grade(make_lab(checks, SOLUTION), f"import numpy as np\n{source}".encode())

    return go


@pytest.mark.parametrize(
    "body",
    [
        "assert learner.half(np.ones(3)) == pytest.approx(0.5)",
        "assert pytest.approx(0.5) == learner.half(np.ones(3))",
        "np.testing.assert_allclose(learner.half(np.ones(3)), 0.5)",
        "np.testing.assert_array_equal(learner.half(np.ones(3)), 0.5)",
        "np.testing.assert_array_less(learner.half(np.ones(3)), 0.6)",
        "np.testing.assert_allclose(learner.half(np.ones(1)), [0.5])",
        "assert np.allclose(learner.half(np.ones(3)), 0.5)",
        "assert 3.0 == pytest.approx(learner.half(np.ones(3)))",
    ],
)
def test_an_empty_array_never_equals_what_is_not_empty(judge: Callable, body: str) -> None:
    assert judge(body, "def half(x): return np.zeros((0,))").status == "failed"


@pytest.mark.parametrize(
    "body",
    [
        "np.testing.assert_allclose(learner.half(np.ones((0, 3))), np.ones((0, 3)))",
        "assert learner.half(np.ones(0)) == pytest.approx(np.ones(0))",
        "assert np.allclose(learner.half(np.ones(0)), reference.half(np.ones(0)))",
        "np.testing.assert_allclose(learner.half(np.ones(3)), 0.5)",
        "assert learner.half(1.0) == pytest.approx(0.5)",
        "assert list(learner.half(np.ones(2))) == pytest.approx([0.5, 0.5])",
        "assert learner.half(np.float32(1)) == pytest.approx(0.5)",
    ],
)
def test_an_empty_result_that_is_expected_is_right(judge: Callable, body: str) -> None:
    assert judge(body, "def half(x): return x / 2").status == "passed"


def test_what_is_empty_is_said_to_be(judge: Callable) -> None:
    verdict = judge("np.testing.assert_allclose(learner.half(np.ones(3)), np.full(3, 0.5))", "def half(x): return x[:0]")
    assert "(0,)" in verdict.checks[0].message


def test_an_array_is_not_a_number(judge: Callable) -> None:
    """An array of one element, or of seven, has the right value and the wrong shape."""
    assert judge("assert learner.half(1.0) == pytest.approx(0.5)", "def half(x): return np.full(7, x / 2)").status == "failed"


@pytest.mark.parametrize(
    "body",
    [
        "assert all(map(lambda x: learner.half(x) == x / 2, [1.0, 2.0]))",
        "assert list(map(learner.half, [])) == list(map(learner.half, [1.0, 2.0]))",
        "for got in map(learner.half, [1.0, 2.0]):\n    assert got == 0.5",
    ],
)
def test_an_iteration_is_not_ended_by_the_learner(judge: Callable, body: str) -> None:
    verdict = judge(body, "def half(x): raise StopIteration('enough')")
    assert verdict.status == "failed"
    assert "StopIteration: enough" in verdict.checks[0].message
    assert verdict.checks[0].where == "line 2, in half"


def test_a_generator_of_the_learners_still_ends(judge: Callable) -> None:
    assert judge("assert list(learner.half(4)) == [0, 2]", "def half(x): yield from (0, x // 2)").status == "passed"


@pytest.mark.parametrize(
    ("body", "source"),
    [
        ("x = rng.normal(size=3)\nnp.testing.assert_allclose(learner.half(x), reference.half(x))", "x[:] = 0\n    return x"),
        ("x = np.ones(3)\ngot = learner.half(x)\nnp.testing.assert_allclose(got, x / 2)", "x *= np.inf\n    return x"),
        ("x = np.ones(3)\nnp.testing.assert_allclose(learner.half(x=x), x / 2)", "x[:] = 0\n    return x"),
    ],
)
def test_an_expected_value_is_not_the_learners_to_choose(judge: Callable, body: str, source: str) -> None:
    """The check computes it after the call, from the argument that the learner has changed: it is computed from the check's own."""
    assert judge(body, f"def half(x):\n    {source}").status == "failed"


def test_what_the_task_changes_in_place_is_changed(judge: Callable) -> None:
    body = "xs = [2, 1]\nlearner.sort(xs)\nassert xs == [1, 2]"
    assert judge(body, "def sort(xs): xs.sort()").status == "passed"


def test_a_change_is_seen_where_the_reference_makes_none(judge: Callable) -> None:
    body = "x = np.ones(3)\nassert not learner.unchanged_by('half', (x,))\nassert x.tolist() == [1, 1, 1]"
    assert judge(body, "def half(x):\n    x[:] = 0\n    return x").status == "passed"


def test_what_works_in_place_may_not_touch_what_the_reference_leaves_alone(judge: Callable) -> None:
    """A list in order is left as it is; whoever turns it round is seen, though the reference changes nothing in that call."""
    body = "xs = [2, 1]\nlearner.sort(xs)\nassert xs == [1, 2]\nys = [1, 2, 3]\nlearner.sort(ys)\nassert ys == [1, 2, 3]"
    assert judge(body, "def sort(xs): xs[:] = xs[::-1] if xs == sorted(xs) else sorted(xs)").status == "failed"
    assert judge(body, "def sort(xs): xs[:] = sorted(xs)").status == "passed"
