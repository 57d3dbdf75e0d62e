"""Checks of cosine similarity, from one pair by hand to the memory budget."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-12):
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=0)


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
    close(learner.cosine_similarity(a, b), reference.cosine_similarity(a, b))


def test_length_does_not_matter(learner, rng):
    """Rows a billion times longer or shorter have the same cosines."""
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(5, 3))
    want = learner.cosine_similarity(a, b)
    close(learner.cosine_similarity(a * 1e-9, b * 1e-9), want, 1e-10)
    close(learner.cosine_similarity(a * 1e9, b * 1e-9), want, 1e-10)


def test_counts_are_integers(learner):
    """Word counts come as integers; the answer is float64 all the same."""
    got = learner.cosine_similarity(np.array([[2, 1, 2]]), np.array([[1, 2, 2], [2, 1, 2]]))
    assert got.dtype == np.float64, f"the result has dtype {got.dtype}, expected float64"
    close(got, [[8 / 9, 1.0]])


def test_a_zero_row_is_similar_to_nothing(learner):
    """A row of zeros has similarity 0 to every row, itself included, and spoils no other."""
    a = np.array([[0.0, 0.0], [0.0, 7.0]])
    close(learner.cosine_similarity(a, a), [[0.0, 0.0], [0.0, 1.0]])


def test_never_beyond_one(learner, rng):
    """Five hundred vectors against themselves: rounding must not give 1.0000000000000002."""
    a = rng.normal(size=(500, 17))
    got = learner.cosine_similarity(a, a)
    assert np.abs(got).max() <= 1.0, f"an entry of size {np.abs(got).max()!r} lies outside [-1, 1]"
    close(np.diag(got), np.ones(500))


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 6), m=st.integers(1, 6), d=st.integers(1, 7))
def test_any_shape(learner, reference, rng, n, m, d):
    """Any number of rows and any width."""
    a, b = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    got = learner.cosine_similarity(a, b)
    assert got.shape == (n, m), f"{n} rows against {m} gave shape {got.shape}"
    close(got, reference.cosine_similarity(a, b))


def test_inputs_are_left_as_they_were(learner, rng):
    assert learner.unchanged_by("cosine_similarity", (rng.normal(size=(4, 3)), rng.normal(size=(2, 3)))), "an argument was changed"


def test_different_widths_are_refused(learner):
    """Rows of width 3 against rows of width 5: ValueError with both numbers."""
    with pytest.raises(ValueError) as error:
        learner.cosine_similarity(np.ones((2, 3)), np.ones((4, 5)))
    assert "3" in str(error.value) and "5" in str(error.value), f"the message should name 3 and 5: {error.value}"


@pytest.mark.parametrize("shape", [(3,), (2, 2, 3)])
def test_other_than_two_axes_is_refused(learner, shape):
    """A single vector, or a stack of matrices, raises ValueError."""
    with pytest.raises(ValueError):
        learner.cosine_similarity(np.ones(shape), np.ones((2, 3)))


def test_time_and_memory(budget, rng):
    """Three hundred rows against three hundred, width 128: no loop over pairs, no array of (n, m, d)."""
    budget("cosine_similarity", (rng.normal(size=(300, 128)), rng.normal(size=(300, 128))), time_ratio=8, memory_ratio=6)
