"""Checks of LU with partial pivoting, from a system by hand to the time budget."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-10):
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def test_two_equations_by_hand(learner):
    """4x + 2y = 10 and 2x + 3y = 9 have the solution x = 1.5, y = 2; no exchange is needed."""
    close(learner.solve(np.array([[4.0, 2.0], [2.0, 3.0]]), np.array([10.0, 9.0])), [1.5, 2.0])


def test_a_zero_in_the_corner(learner):
    """The first pivot is 0, though the matrix is perfectly invertible: the rows must be exchanged."""
    close(learner.solve(np.array([[0.0, 2.0], [1.0, 1.0]]), np.array([6.0, 5.0])), [2.0, 3.0])


def test_the_largest_entry_is_the_pivot(learner):
    """1, -4, 2 in the first column: row 1 comes first, because size counts and not sign, and the multipliers are -1/4 and -1/2."""
    rows, lower, upper = learner.lu(np.array([[1.0, 2.0, 0.0], [-4.0, 4.0, 8.0], [2.0, 2.0, 2.0]]))
    assert list(rows) == [1, 2, 0], f"rows is {list(rows)}, expected [1, 2, 0]"
    close(lower, [[1, 0, 0], [-0.5, 1, 0], [-0.25, 0.75, 1]])
    close(upper, [[-4, 4, 8], [0, 4, 6], [0, 0, -2.5]])


def test_the_factors_multiply_back(learner, rng):
    """Twenty rows, many exchanges: the rows of A in the new order equal L times U, so the multipliers moved with their rows."""
    a = rng.normal(size=(20, 20))
    rows, lower, upper = learner.lu(a)
    assert sorted(rows) == list(range(20)), f"rows is {list(rows)}, which does not hold each of 0 to 19 once"
    close(lower @ upper, a[np.asarray(rows)])


def test_the_factors_are_triangles(learner, rng):
    """L has ones on its diagonal and nothing above; U has nothing below; no multiplier is larger than 1."""
    _, lower, upper = learner.lu(rng.normal(size=(9, 9)))
    assert np.array_equal(lower, np.tril(lower)), "l has an entry above its diagonal"
    assert np.array_equal(upper, np.triu(upper)), "u has an entry below its diagonal"
    assert np.array_equal(np.diag(lower), np.ones(9)), "the diagonal of l is not all ones"
    assert np.abs(lower).max() <= 1, f"a multiplier has size {np.abs(lower).max()}: the pivot was not the largest of its column"


def test_a_tiny_pivot_does_not_ruin_the_answer(learner):
    """1e-20 in the corner: without an exchange x comes out as 0 instead of 1."""
    close(learner.solve(np.array([[1e-20, 1.0], [1.0, 1.0]]), np.array([1.0, 2.0])), [1.0, 1.0])


def test_many_right_hand_sides(learner, rng):
    """Three columns at once give the three solutions side by side."""
    a, x = rng.normal(size=(6, 6)), rng.normal(size=(6, 3))
    got = learner.solve(a, a @ x)
    assert got.shape == (6, 3), f"b of shape (6, 3) gave shape {got.shape}"
    close(got, x, 1e-8)


def test_integers_are_not_cut_off(learner):
    """2x + y = 1 and x + 2y = 0, as integers: the multiplier 1/2 must not become 0."""
    got = learner.solve(np.array([[2, 1], [1, 2]]), np.array([1, 0]))
    close(got, [2 / 3, -1 / 3])


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 8), seed=st.integers(0, 10_000))
def test_any_size(learner, n, seed):
    """A random matrix that is far from singular, with its rows shuffled: the residual is nothing but rounding."""
    rng = np.random.default_rng(seed)
    a = (rng.normal(size=(n, n)) + 2 * n * np.eye(n))[rng.permutation(n)]
    b = rng.normal(size=n)
    got = learner.solve(a, b)
    assert got.shape == (n,), f"b of shape ({n},) gave shape {got.shape}"
    close(a @ got, b)


def test_inputs_are_left_as_they_were(learner, rng):
    a, b = rng.normal(size=(4, 4)), rng.normal(size=4)
    assert learner.unchanged_by("lu", (a,)), "lu changed the matrix"
    assert learner.unchanged_by("solve", (a, b)), "solve changed an argument"


@pytest.mark.parametrize("a", [[[1.0, 2.0], [2.0, 4.0]], [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]], [[0.0, 0.0], [0.0, 0.0]]])
def test_singular_matrices_are_refused(learner, a):
    """Dependent rows, also where rounding leaves a last pivot of about 1e-16, and a matrix of zeros: ValueError."""
    with pytest.raises(ValueError):
        learner.solve(np.array(a), np.ones(len(a)))


def test_a_small_matrix_is_not_singular(learner):
    """1e-15 times an invertible matrix is invertible; what counts is a pivot's size against the matrix."""
    a = np.array([[2.0, 1.0], [1.0, 3.0]])
    close(learner.solve(1e-15 * a, 1e-15 * np.array([4.0, 7.0])), [1.0, 2.0])


def test_shapes_that_do_not_fit_are_refused(learner):
    """A matrix of 2 by 3, and 4 right-hand values for 3 equations: ValueError with the sizes."""
    with pytest.raises(ValueError) as error:
        learner.lu(np.ones((2, 3)))
    assert "2" in str(error.value) and "3" in str(error.value), f"the message should name 2 and 3: {error.value}"
    with pytest.raises(ValueError) as error:
        learner.solve(np.eye(3), np.ones(4))
    assert "3" in str(error.value) and "4" in str(error.value), f"the message should name 3 and 4: {error.value}"


def test_time(budget, rng):
    """Sixty equations: whole rows at a time, no Python loop over the columns of a step."""
    budget("solve", (rng.normal(size=(60, 60)), rng.normal(size=60)), time_ratio=8)
