"""A check that nothing can pass is told from one that asks: by its text, with the line and what to write."""

from __future__ import annotations

from textwrap import dedent, indent

import pytest

from modelwright.curriculum.vacuous import vacuous

HELPER = """
import numpy as np
import pytest

def close(got, want, tolerance=1e-9):
    np.testing.assert_allclose(got, want, atol=tolerance)

def test_it(learner, reference, rng):
"""


def messages(body: str) -> list[str]:
    return [place.message for place in vacuous(HELPER + indent(dedent(body).strip(), "    "))]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("for got, want in zip(learner.f(3), [1, 2]): assert got == want", "zip stops at the shorter side"),
        ("assert [a == b for a, b in zip([1, 2], learner.f(3), strict=False)] == [True, True]", "zip stops at the shorter side"),
        ("assert all(map(lambda x: learner.f(x) == x, [1, 2]))", "map ends without a word"),
        ("assert all(got == 2 for got in learner.f(3))", "all(…) holds where nothing came back"),
        ("assert (learner.f(np.ones(3)) > 0).all()", ".all() holds where nothing came back"),
        ("got = learner.f(3)\nassert np.all(np.abs(got - 2) < 1e-9)", ".all() holds where nothing came back"),
        ("for got in learner.f(3):\n    assert got == 1", "The assertions in this loop"),
        ("np.testing.assert_allclose(learner.f(3), 0.5)", "agrees with a single number"),
        ("half = 0.5\nclose(learner.f(3), half)", "agrees with a single number"),
        ("assert np.allclose(learner.f(3), 1 / 2)", "agrees with a single number"),
        ("x = rng.normal(size=3)\nclose(learner.f(x), reference.f(x))", "The expected value is made of x"),
        ("x = rng.normal(size=3)\ngot = learner.f(x)\nwant = reference.f(x)\nclose(got, want)", "The expected value is made of x"),
        ("xs = [1, 2]\nassert learner.f(xs) == sum(xs)", "The expected value is made of xs"),
        ("x = np.ones((3, 2))\ny = np.ones(2)\nclose(learner.f(x[1:], y), x @ y)", "made of x and y"),
    ],
)
def test_what_may_compare_nothing_is_found(body: str, says: str) -> None:
    assert any(says in message for message in messages(body)), messages(body)


@pytest.mark.parametrize(
    "body",
    [
        "for got, want in zip(learner.f(3), [1, 2], strict=True): assert got == want",
        "rates = [learner.f(step) for step in range(9)]\nassert all(b <= a for a, b in zip(rates, rates[1:]))",
        "assert [learner.f(x) for x in (1, 2)] == [1, 2]",
        "got = learner.f(3)\nassert len(got) == 2\nassert all(g > 0 for g in got)",
        "got = learner.f(np.ones(3))\nassert got.shape == (3,)\nassert (got > 0).all()",
        "assert all(learner.f(x) == x for x in [1, 2])",
        "for x in (1, 2):\n    assert learner.f(x) == x",
        "np.testing.assert_allclose(learner.f(3), [0.5, 0.5])",
        "np.testing.assert_allclose(learner.f(3), np.full(4, 0.5))",
        "close(np.linalg.norm(learner.f(3)), 2.0)",
        "got = learner.f(3)\nassert isinstance(got, float)\nclose(got, 2.0)",
        "x = rng.normal(size=3)\nwant = reference.f(x)\nclose(learner.f(x), want)",
        "x = rng.normal(size=3)\nclose(learner.f(x.copy()), reference.f(x))",
        "x = np.ones(3)\nbefore = x.copy()\nlearner.f(x)\nnp.testing.assert_array_equal(x, before)",
        "x = rng.normal(size=3)\ngot = learner.f(x)\nassert got.shape == x.shape",
        "x = np.ones(3)\nlearner.f(x)\nx = np.ones(2)\nwant = reference.f(x)\nclose(learner.f(x), want)",
        "n = int(rng.integers(3))\nassert learner.f(n) == n + 1",
    ],
)
def test_what_asks_is_left_alone(body: str) -> None:
    assert messages(body) == []


def test_the_line_and_what_to_write_are_said() -> None:
    (place,) = vacuous(HELPER + "    assert learner.f(3)\n    np.testing.assert_allclose(learner.f(3), 0.5)\n")
    assert place.line == 10
    assert place.mend == "Compare with an array of the shape that is expected, or assert the shape."
