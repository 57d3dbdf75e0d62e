"""Checks of LU with partial pivoting, from a system by hand to the time budget."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


EPS = np.finfo(float).eps


def close(got, want, tolerance=1e-10):
    assert np.shape(got) == np.shape(want), f"the result has shape {np.shape(got)}, expected {np.shape(want)}"
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


@pytest.mark.parametrize("n", [1, 2, 3, 20])
def test_the_factors_multiply_back(learner, rng, n):
    """Many exchanges: the rows of A in the new order equal L times U, so the multipliers moved with their rows."""
    a = rng.normal(size=(n, n))
    rows, lower, upper = learner.lu(a.copy())
    assert isinstance(rows, np.ndarray) and rows.dtype.kind in "iu", f"rows is {type(rows).__name__}, expected an integer array"
    assert sorted(rows) == list(range(n)), f"rows is {list(rows)}, which does not hold each of 0 to {n - 1} once"
    close(lower @ upper, a[rows])


def test_the_factors_are_triangles(learner, rng):
    """L has ones on its diagonal and nothing above; U has nothing below, not even rounding."""
    _, lower, upper = learner.lu(rng.normal(size=(12, 12)))
    assert lower.shape == upper.shape == (12, 12), f"shapes {lower.shape} and {upper.shape}, expected (12, 12) twice"
    assert np.array_equal(lower, np.tril(lower)), "l has an entry above its diagonal"
    assert np.array_equal(upper, np.triu(upper)), "u has an entry below its diagonal"
    assert np.array_equal(np.diag(lower), np.ones(12)), "the diagonal of l is not all ones"


def test_no_multiplier_is_larger_than_one(learner, rng):
    """Thirty matrices of six rows: in each column the pivot is the largest of what is left, and of nothing else."""
    for _ in range(30):
        a = rng.normal(size=(6, 6))
        _, lower, upper = learner.lu(a)
        assert np.abs(lower).max() <= 1, f"a multiplier has size {np.abs(lower).max()}: the pivot was not the largest of its column"
        assert np.abs(np.diag(upper)).min() > 0, "a pivot is 0"


def test_a_tiny_pivot_does_not_ruin_the_answer(learner):
    """1e-20 in the corner: without an exchange x comes out as 0 instead of 1."""
    close(learner.solve(np.array([[1e-20, 1.0], [1.0, 1.0]]), np.array([1.0, 2.0])), [1.0, 1.0])


@pytest.mark.parametrize("n, m", [(6, 3), (3, 6), (4, 4), (5, 1), (1, 2)])
def test_many_right_hand_sides(learner, rng, n, m):
    """Several columns at once give the solutions side by side; one column stays a column."""
    a, x = rng.normal(size=(n, n)) + 3 * np.eye(n), rng.normal(size=(n, m))
    b = a @ x
    close(learner.solve(a, b), x, 1e-8)


@pytest.mark.parametrize("kind", ["int64", "int8", "uint8", "float32", "float64"])
def test_any_kind_of_number_is_computed_in_float64(learner, kind):
    """3x + y = 1 and x + 3y = 0: the multiplier 1/3 must not become 0, nor lose half of its digits."""
    a, b = np.array([[3, 1], [1, 3]]).astype(kind), np.array([1, 0]).astype(kind)
    got = learner.solve(a, b)
    assert got.dtype == np.float64, f"{kind} gave a solution of dtype {got.dtype}, expected float64"
    close(got, [3 / 8, -1 / 8], 1e-14)
    _, lower, upper = learner.lu(a)
    assert lower.dtype == upper.dtype == np.float64, f"{kind} gave factors of dtype {lower.dtype} and {upper.dtype}"
    close(lower, [[1, 0], [1 / 3, 1]], 1e-15)


def test_nothing_to_solve_is_solved_by_nothing(learner):
    """No equations; and two equations with no right-hand side."""
    rows, lower, upper = learner.lu(np.zeros((0, 0)))
    assert (rows.shape, lower.shape, upper.shape) == ((0,), (0, 0), (0, 0)), f"shapes {rows.shape}, {lower.shape}, {upper.shape}"
    close(learner.solve(np.zeros((0, 0)), np.zeros(0)), np.zeros(0))
    close(learner.solve(np.eye(2), np.zeros((2, 0))), np.zeros((2, 0)))


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 8), seed=st.integers(0, 10_000))
def test_any_size(learner, n, seed):
    """A random matrix that is far from singular, with its rows shuffled: the residual is nothing but rounding."""
    rng = np.random.default_rng(seed)
    a = (rng.normal(size=(n, n)) + 2 * n * np.eye(n))[rng.permutation(n)]
    b = rng.normal(size=n)
    got = learner.solve(a, b.copy())
    assert got.shape == (n,), f"b of shape ({n},) gave shape {got.shape}"
    close(a @ got, b)


@pytest.mark.parametrize("kind", ["float64", "float32", "int64"])
def test_inputs_are_left_as_they_were(learner, rng, kind):
    """Neither the matrix nor the right-hand side is changed, be it one or several."""
    a, b = (rng.normal(size=(4, 4)) * 9).astype(kind), (rng.normal(size=(4, 2)) * 9).astype(kind)
    assert learner.unchanged_by("lu", (a,)), "lu changed the matrix"
    assert learner.unchanged_by("solve", (a, b)), "solve changed an argument"
    assert learner.unchanged_by("solve", (a, b[:, 0].copy())), "solve changed an argument"


SINGULAR = {
    "dependent rows": [[1.0, 2.0], [2.0, 4.0]],
    "a last pivot of rounding alone": [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]],
    "zeros": [[0.0, 0.0], [0.0, 0.0]],
    "a column of zeros": [[1.0, 0.0, 2.0], [3.0, 0.0, 1.0], [2.0, 0.0, 5.0]],
    "one equation without its unknown": [[0.0]],
    "a large entry beside small pivots": [[1.0, -1e10], [0.0, 1e-8]],
}


@pytest.mark.parametrize("a", SINGULAR.values(), ids=SINGULAR)
def test_singular_matrices_are_refused(learner, a):
    """Dependent rows, also where rounding leaves a last pivot of about 1e-16: ValueError from both functions."""
    with pytest.raises(ValueError):
        learner.solve(np.array(a), np.ones(len(a)))
    with pytest.raises(ValueError):
        learner.lu(np.array(a))


@pytest.mark.parametrize("n, largest", [(2, 1.0), (2, 8.0), (4, 1.0)])
def test_the_threshold_is_where_the_task_says(learner, n, largest):
    """A last pivot of exactly n times eps times the largest entry is refused, the next larger number is not."""
    at = n * EPS * largest
    a = np.diag([largest] * (n - 1) + [at])
    with pytest.raises(ValueError):
        learner.lu(a.copy())
    a[-1, -1] = -np.nextafter(at, 1.0)
    close(learner.lu(a.copy())[2][-1, -1], a[-1, -1], 0.0)


@pytest.mark.parametrize("size", [1e-15, 1e-200, 1e200])
def test_a_small_matrix_is_not_singular(learner, size):
    """A small number times an invertible matrix is invertible; what counts is a pivot's size against the matrix."""
    a = np.array([[2.0, 1.0], [1.0, 3.0]])
    close(learner.solve(size * a, size * np.array([4.0, 7.0])), [1.0, 2.0])


def test_shapes_that_do_not_fit_are_refused(learner):
    """Matrices of 21 by 34 and 34 by 21, and 34 right-hand values for 21 equations: ValueError with the sizes."""
    tries = {
        "lu of (21, 34)": ("lu", np.eye(21, 34)),
        "lu of (34, 21)": ("lu", np.eye(34, 21)),
        "solve of (34, 21)": ("solve", np.eye(34, 21), np.ones(34)),
        "34 values for 21 equations": ("solve", np.eye(21), np.ones(34)),
        "34 rows for 21 equations": ("solve", np.eye(21), np.ones((34, 2))),
    }
    for what, (name, *args) in tries.items():
        with pytest.raises(ValueError) as error:
            getattr(learner, name)(*args)
        assert {"21", "34"} <= set(re.findall(r"\d+", str(error.value))), f"{what}: the message should name 21 and 34: {error.value}"
    for b in (np.ones((1, 3)), np.ones(1), np.ones((3, 3, 3)), np.float64(1.0)):
        with pytest.raises(ValueError):
            learner.solve(np.eye(3), b)
    for a in (np.ones(3), np.ones((2, 2, 2)), np.float64(2.0)):
        with pytest.raises(ValueError):
            learner.lu(a)


def test_time(budget, rng):
    """Sixty equations: whole rows at a time, no Python loop over the columns of a step."""
    budget("solve", (rng.normal(size=(60, 60)), rng.normal(size=60)), time_ratio=8)
