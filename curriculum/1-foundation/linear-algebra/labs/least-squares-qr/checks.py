"""Checks of QR and least squares, from one column by hand to ill-conditioned fits and the budget."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


EPS = np.finfo(float).eps


def close(got, want, tolerance=1e-10):
    assert np.shape(got) == np.shape(want), f"the result has shape {np.shape(got)}, expected {np.shape(want)}"
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def orthonormal(q, tolerance=1e-12):
    worst = np.abs(q.T @ q - np.eye(q.shape[1])).max()
    assert worst <= tolerance, f"q.T @ q differs from the identity by {worst:.1e}, allowed is {tolerance:.0e}"


def powers(n, m):
    """1, t, t^2, … at n points between 0 and 1: for m = 12 the columns are nearly dependent."""
    return np.linspace(0, 1, n)[:, None] ** np.arange(m)


def test_one_column_by_hand(learner):
    """(3, 4) has length 5 and direction (0.6, 0.8)."""
    q, r = learner.qr(np.array([[3.0], [4.0]]))
    close(q, [[0.6], [0.8]])
    close(r, [[5.0]])


def test_two_columns_by_hand(learner):
    """(3, 4) and (1, 7): the second lies 6.2 along the first and 3.4 beside it."""
    q, r = learner.qr(np.array([[3.0, 1.0], [4.0, 7.0]]))
    close(r, [[5.0, 6.2], [0.0, 3.4]])
    close(q, [[0.6, -0.8], [0.8, 0.6]])


def test_a_line_by_hand(learner):
    """Through (0, 1), (1, 2), (2, 4) the best line is 5/6 + 3/2 t."""
    close(learner.least_squares(np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]]), np.array([1.0, 2.0, 4.0])), [5 / 6, 3 / 2])


def test_the_diagonal_is_positive(learner, rng):
    """Eight columns, some of which start on the negative side: the sign belongs into q."""
    _, r = learner.qr(rng.normal(size=(12, 8)))
    assert r.shape == (8, 8), f"r has shape {r.shape}"
    assert (np.diag(r) > 0).all(), f"the diagonal of r is {np.diag(r).round(3).tolist()}"


def test_r_is_a_triangle(learner, rng):
    """Nothing below the diagonal, not even rounding, and the shapes are those of the reduced factorisation."""
    # One small matrix in fifty happens to round to zeros; sixty-six entries below a diagonal never all do.
    q, r = learner.qr(rng.normal(size=(40, 12)))
    assert q.shape == (40, 12) and r.shape == (12, 12), f"shapes {q.shape} and {r.shape}, expected (40, 12) and (12, 12)"
    assert np.array_equal(r, np.triu(r)), "r has an entry below its diagonal"


def test_the_factors_multiply_back(learner, rng):
    a = rng.normal(size=(15, 6))
    q, r = learner.qr(a.copy())
    close(q @ r, a)
    orthonormal(q)


def test_equals_the_reference(learner, reference, rng):
    """With a positive diagonal there is only one answer."""
    a = rng.normal(size=(10, 5))
    for got, want in zip(learner.qr(a.copy()), reference.qr(a), strict=True):
        close(got, want)


@pytest.mark.parametrize("column", [(1.0, 1e-9, 0.0), (-1.0, 1e-9, 0.0), (1.0, 1e-9, -1e-9), (-1.0, -1e-9, 1e-9)])
def test_a_column_along_the_axis(learner, column):
    """Nearly the first axis, from either side: norm minus entry cancels to nothing there."""
    a = np.array([column, (1.0, 1.0, 1.0)]).T
    q, r = learner.qr(a)
    orthonormal(q)
    close(q @ r, a, 1e-14)


def test_an_upper_triangle_stays_itself(learner):
    """A matrix that is triangular already: q is the identity, r the matrix, and nothing is divided by zero."""
    a = np.array([[2.0, 1.0], [0.0, 3.0], [0.0, 0.0]])
    q, r = learner.qr(a.copy())
    close(r, a[:2])
    close(q, np.eye(3, 2))


def test_orthonormal_where_columns_nearly_coincide(learner):
    """Powers of t up to t^11, which enlarge errors up to 1e8 times: q is orthonormal to the last digits all the same."""
    a = powers(40, 12)
    q, r = learner.qr(a.copy())
    orthonormal(q)
    close(q @ r, a, 1e-13)


def test_a_fit_that_the_normal_equations_lose(learner):
    """A polynomial of degree 11 through exact values: the coefficients come back to a few parts in a million."""
    a, x = powers(40, 12), np.array([1.0, -1.0] * 6)
    got = learner.least_squares(a, a @ x)
    assert np.abs(got - x).max() < 1e-5, f"a coefficient is off by {np.abs(got - x).max():.1e}, allowed is 1e-05"


@pytest.mark.parametrize("n, m", [(30, 5), (5, 5), (7, 1), (1, 1)])
def test_the_residual_is_orthogonal_to_the_columns(learner, rng, n, m):
    """What the fit leaves over has dot product 0 with every column, whichever the shape and the sign of y."""
    a = rng.normal(size=(n, m)) + 2 * np.eye(n, m)
    for y in (rng.normal(size=n), -10 * rng.uniform(size=n)):
        x = learner.least_squares(a.copy(), y)
        assert x.shape == (m,), f"the coefficients have shape {x.shape}, expected ({m},)"
        close(a.T @ (y - a @ x), np.zeros(m))


@settings(max_examples=25, deadline=None)
@given(m=st.integers(1, 6), more=st.integers(0, 6), seed=st.integers(0, 10_000))
def test_any_shape(learner, m, more, seed):
    """Square or tall: orthonormal, triangular, positive, and equal to A when multiplied."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(m + more, m)) + 3 * np.eye(m + more, m)
    q, r = learner.qr(a.copy())
    orthonormal(q)
    assert r.shape == (m, m), f"r has shape {r.shape}"
    close(q @ r, a)
    assert (np.diag(r) > 0).all(), f"the diagonal of r is {np.diag(r).tolist()}"


@pytest.mark.parametrize("kind", ["int64", "int8", "uint8", "float32", "float64"])
def test_any_kind_of_number_is_computed_in_float64(learner, kind):
    """(30, 40) and (10, 70) in whatever they are counted: their squares do not fit into eight bits."""
    a, y = np.array([[30, 10], [40, 70]]).astype(kind), np.array([70, 110]).astype(kind)
    q, r = learner.qr(a)
    assert q.dtype == r.dtype == np.float64, f"{kind} gave {q.dtype} and {r.dtype}, expected float64"
    close(r, [[50.0, 62.0], [0.0, 34.0]], 1e-13)
    x = learner.least_squares(a, y)
    assert x.dtype == np.float64, f"{kind} gave coefficients of dtype {x.dtype}, expected float64"
    close(x, [38 / 17, 5 / 17], 1e-13)
    close(learner.least_squares(a.astype(float), y), [38 / 17, 5 / 17], 1e-13)


@pytest.mark.parametrize("n", [0, 1, 4])
def test_nothing_to_fit(learner, n):
    """No columns: factors without entries, and no coefficients."""
    q, r = learner.qr(np.zeros((n, 0)))
    assert (q.shape, r.shape) == ((n, 0), (0, 0)), f"shapes {q.shape} and {r.shape}, expected ({n}, 0) and (0, 0)"
    close(learner.least_squares(np.zeros((n, 0)), np.ones(n)), np.zeros(0))


@pytest.mark.parametrize("kind", ["float64", "float32", "int64"])
def test_inputs_are_left_as_they_were(learner, rng, kind):
    """Neither the matrix nor y is changed."""
    a, y = (rng.normal(size=(6, 3)) * 9).astype(kind), (rng.normal(size=6) * 9).astype(kind)
    assert learner.unchanged_by("qr", (a,)), "qr changed the matrix"
    assert learner.unchanged_by("least_squares", (a, y)), "least_squares changed an argument"


DEPENDENT = {
    "the third is the sum of the first two": [[1.0, 2.0, 3.0], [4.0, 5.0, 9.0], [7.0, 8.0, 15.0], [1.0, 0.0, 1.0]],
    "the same column twice": [[1.0, 1.0], [2.0, 2.0]],
    "all zeros": [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0]],
    "one column of zeros": [[0.0], [0.0]],
    "a column of zeros last": [[1.0, 0.0], [2.0, 0.0], [2.0, 0.0]],
}


@pytest.mark.parametrize("a", DEPENDENT.values(), ids=DEPENDENT)
def test_dependent_columns_are_refused(learner, a):
    """ValueError from both functions, not coefficients of 10^15; and the same for the matrix a billion times smaller or larger."""
    for scale in (1.0, 1e-9, 1e9):
        matrix = scale * np.array(a)
        with pytest.raises(ValueError):
            learner.least_squares(matrix, np.ones(len(a)))
        with pytest.raises(ValueError):
            learner.qr(matrix)


@pytest.mark.parametrize("n, m", [(2, 2), (8, 2), (5, 4)])
@pytest.mark.parametrize("largest", [1.0, 64.0, 2.0**-60])
def test_the_threshold_is_where_the_task_says(learner, n, m, largest):
    """A last diagonal entry just below n times eps times the largest is refused, one just above it is not."""
    a = largest * np.eye(n, m)
    a[m - 1, m - 1] = 0.999 * n * EPS * largest
    with pytest.raises(ValueError):
        learner.qr(a.copy())
    a[m - 1, m - 1] = 1.001 * n * EPS * largest
    close(learner.qr(a.copy())[1] / largest, a[:m] / largest, 1e-15)


def test_shapes_that_do_not_fit_are_refused(learner):
    """More columns than rows, with both numbers named; a y of another shape; a vector, a number or a stack for a matrix."""
    for n, m in ((21, 34), (1, 34), (0, 34)):
        for name, more in (("qr", ()), ("least_squares", (np.ones(n),))):
            with pytest.raises(ValueError) as error:
                getattr(learner, name)(np.eye(n, m), *more)
            named = set(re.findall(r"\d+", str(error.value)))
            assert {str(n), str(m)} <= named, f"{name}: the message should name {n} and {m}: {error.value}"
    for shape in ((4,), (2,), (1,), (3, 1), (1, 3), (3, 3), ()):
        with pytest.raises(ValueError):
            learner.least_squares(np.eye(3), np.ones(shape))
    for shape in ((), (3,), (3, 3, 3)):
        with pytest.raises(ValueError):
            learner.qr(np.ones(shape))


def test_time_and_memory(budget, rng):
    """A thousand rows, ten columns: nothing of 1000 x 1000."""
    budget("qr", (rng.normal(size=(1000, 10)),), time_ratio=10, memory_ratio=8)
