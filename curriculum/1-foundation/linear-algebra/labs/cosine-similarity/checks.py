"""Checks of cosine similarity, from one pair by hand to the memory budget."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-12):
    assert np.shape(got) == np.shape(want), f"the result has shape {np.shape(got)}, expected {np.shape(want)}"
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=0)


def in_float64(a, b):
    return a @ b.T / np.outer(np.sqrt((a**2).sum(1)), np.sqrt((b**2).sum(1)))


def test_one_pair_by_hand(learner):
    """(3, 4) and (4, 3): the dot product is 24, both lengths are 5, so the cosine is 24/25."""
    close(learner.cosine_similarity(np.array([[3.0, 4.0]]), np.array([[4.0, 3.0]])), [[0.96]])


def test_every_row_against_every_row(learner):
    """Three rows against two: along the axes, the diagonal, and the opposite direction."""
    a = np.array([[1.0, 0.0], [1.0, 1.0], [-2.0, 0.0]])
    b = np.array([[5.0, 0.0], [0.0, 0.1]])
    half = 0.5**0.5
    close(learner.cosine_similarity(a, b), [[1.0, 0.0], [half, half], [-1.0, 0.0]])


def test_equals_the_reference(learner, reference, rng):
    """As many rows as columns, where a norm along the wrong axis still has a shape that fits."""
    a, b = rng.normal(size=(6, 6)), rng.normal(size=(6, 6))
    want = reference.cosine_similarity(a, b)
    close(learner.cosine_similarity(a, b), want)


@pytest.mark.parametrize("factor", [1e-200, 1e-9, 1e9, 1e200])
def test_length_does_not_matter(learner, reference, rng, factor):
    """Rows of every length on either side: the same cosines."""
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    want = reference.cosine_similarity(a, b)
    close(learner.cosine_similarity(a * factor, b), want, 1e-10)
    close(learner.cosine_similarity(a, b * factor), want, 1e-10)
    close(learner.cosine_similarity(a * factor, b * factor), want, 1e-10)


def test_short_rows_beside_long_ones(learner):
    """Rows of length 5e-200, 5 and 5e200 in one array, of either sign, point the same way or the opposite one."""
    a = np.array([[3e-200, 4e-200], [3.0, 4.0], [3e200, 4e200], [-3e200, -4e200], [-3e200, 4e-200]])
    close(learner.cosine_similarity(a, a[1:2]), [[1.0], [1.0], [1.0], [-1.0], [-0.6]])
    close(learner.cosine_similarity(a[1:2], a), [[1.0, 1.0, 1.0, -1.0, -0.6]])


@pytest.mark.parametrize("kind", ["int64", "int8", "uint8", "bool", "float16", "float32"])
def test_any_kind_of_number_is_computed_in_float64(learner, kind):
    """(100, 20) against (20, 100): 4,000 and 10,400 do not fit into eight bits. As booleans both rows are (1, 1)."""
    a, b = np.array([[100, 20], [1, 0]]).astype(kind), np.array([[20, 100], [1, 1]]).astype(kind)
    want = in_float64(a.astype(float), b.astype(float))
    for left, right, cosines in ((a, b, want), (a, b.astype(float), want), (b.astype(float), a, want.T)):
        got = learner.cosine_similarity(left, right)
        assert got.dtype == np.float64, f"{left.dtype} and {right.dtype} gave dtype {got.dtype}, expected float64"
        close(got, cosines)


def test_a_zero_row_is_similar_to_nothing(learner):
    """A row of zeros has similarity 0 to every row, itself included, on either side, and spoils no other."""
    a, b = np.array([[0.0, 0.0], [0.0, 7.0]]), np.array([[3.0, 4.0], [0.0, 0.0], [0.0, -1.0]])
    close(learner.cosine_similarity(a, a), [[0.0, 0.0], [0.0, 1.0]])
    close(learner.cosine_similarity(a, b), [[0.0, 0.0, 0.0], [0.8, 0.0, -1.0]])


def test_never_beyond_one(learner, rng):
    """Five hundred vectors against themselves and their opposites: rounding must not give 1.0000000000000002."""
    a = rng.normal(size=(500, 17))
    for b, diagonal in ((a, 1.0), (-a, -1.0)):
        got = learner.cosine_similarity(a, b)
        close(np.diag(got), np.full(500, diagonal))
        assert np.abs(got).max() <= 1.0, f"an entry of size {np.abs(got).max()!r} lies outside [-1, 1]"


@pytest.mark.parametrize("n, m, d", [(0, 3, 2), (3, 0, 2), (0, 0, 4), (2, 3, 0)])
def test_nothing_to_compare_gives_nothing(learner, n, m, d):
    """No rows on one side or on both, and rows of width 0: the shape (n, m) all the same."""
    close(learner.cosine_similarity(np.ones((n, d)), np.ones((m, d))), np.zeros((n, m)))


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 6), m=st.integers(1, 6), d=st.integers(1, 7))
def test_any_shape(learner, reference, rng, n, m, d):
    """Any number of rows and any width."""
    a, b = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    want = reference.cosine_similarity(a, b)
    close(learner.cosine_similarity(a, b), want)


@pytest.mark.parametrize("kind", ["float64", "float32", "int64"])
def test_inputs_are_left_as_they_were(learner, rng, kind):
    """Neither argument is changed, whatever its dtype."""
    a, b = (rng.normal(size=(4, 3)) * 9).astype(kind), (rng.normal(size=(2, 3)) * 9).astype(kind)
    assert learner.unchanged_by("cosine_similarity", (a, b)), "an argument was changed"


@pytest.mark.parametrize("widths", [(3, 5), (1, 5), (5, 1), (0, 5)])
def test_different_widths_are_refused(learner, widths):
    """Also 1 against 5, which broadcasting would stretch: ValueError with both numbers."""
    with pytest.raises(ValueError) as error:
        learner.cosine_similarity(np.ones((2, widths[0])), np.ones((4, widths[1])))
    named = set(re.findall(r"\d+", str(error.value)))
    assert {str(width) for width in widths} <= named, f"the message should name {widths[0]} and {widths[1]}: {error.value}"


@pytest.mark.parametrize("shape", [(), (3,), (2, 2, 3), (3, 1, 3)])
def test_other_than_two_axes_is_refused(learner, shape):
    """A number, a single vector, or a stack of matrices raises ValueError, on either side and on both."""
    for a, b in ((shape, (2, 3)), ((2, 3), shape), (shape, shape)):
        with pytest.raises(ValueError):
            learner.cosine_similarity(np.ones(a), np.ones(b))


def test_time_and_memory(budget, rng):
    """Three hundred rows against three hundred, width 128: no loop over pairs, no array of (n, m, d)."""
    budget("cosine_similarity", (rng.normal(size=(300, 128)), rng.normal(size=(300, 128))), time_ratio=8, memory_ratio=6)
