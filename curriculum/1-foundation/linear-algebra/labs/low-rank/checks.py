"""Checks of the truncated SVD and principal components, from a matrix by hand to the digits and the budget."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-9):
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def with_values(rng, n, m, values):
    """An n by m matrix with these singular values."""
    u, _ = np.linalg.qr(rng.normal(size=(n, len(values))))
    v, _ = np.linalg.qr(rng.normal(size=(m, len(values))))
    return (u * values) @ v.T


def digits():
    """The images of sklearn.datasets.load_digits, from its file: importing scikit-learn would take longer than all these checks."""
    file = Path(find_spec("sklearn").origin).parent / "datasets" / "data" / "digits.csv.gz"
    return np.loadtxt(file, delimiter=",")[:, :-1]


def test_two_by_two_by_hand(learner):
    """[[0, 2], [3, 0]] exchanges the axes and stretches by 2 and 3; the largest value comes first."""
    u, s, vt = learner.truncated_svd(np.array([[0.0, 2.0], [3.0, 0.0]]), 2)
    close(s, [3.0, 2.0])
    close(np.abs(u), [[0.0, 1.0], [1.0, 0.0]])
    close(np.abs(vt), [[1.0, 0.0], [0.0, 1.0]])


def test_rank_one_by_hand(learner):
    """(1, 2, 2) times (3, 4): the lengths 3 and 5 multiply to the only singular value, 15."""
    u, s, vt = learner.truncated_svd(np.outer([1.0, 2.0, 2.0], [3.0, 4.0]), 1)
    close(s, [15.0])
    close((u * s) @ vt, [[3.0, 4.0], [6.0, 8.0], [6.0, 8.0]])


def test_the_factors_are_orthonormal(learner, rng):
    """Nine by five, rank 4: u has orthonormal columns, vt orthonormal rows, s falls."""
    u, s, vt = learner.truncated_svd(rng.normal(size=(9, 5)), 4)
    assert u.shape == (9, 4) and s.shape == (4,) and vt.shape == (4, 5), f"shapes {u.shape}, {s.shape}, {vt.shape}"
    close(u.T @ u, np.eye(4))
    close(vt @ vt.T, np.eye(4))
    assert (np.diff(s) <= 0).all(), f"the singular values do not fall: {s.tolist()}"


def test_the_singular_values_are_right(learner, rng):
    """Twelve by twelve, all of them, so that stopping after one sweep of rotations shows."""
    a = rng.normal(size=(12, 12))
    close(learner.truncated_svd(a, 12)[1], np.linalg.svd(a, compute_uv=False), 1e-10)


def test_a_wide_matrix(learner, rng):
    """Three rows and eight columns: the same as the transposed one with u and v exchanged."""
    a = rng.normal(size=(3, 8))
    u, s, vt = learner.truncated_svd(a, 3)
    close(s, np.linalg.svd(a, compute_uv=False))
    close((u * s) @ vt, a)


def test_no_approximation_of_that_rank_is_closer(learner, rng):
    """The distance to the best approximation of rank 3 is the root of the sum of the squares left out."""
    a = with_values(rng, 20, 7, np.array([9.0, 7.0, 5.0, 4.0, 3.0, 2.0, 1.0]))
    u, s, vt = learner.truncated_svd(a, 3)
    close(np.linalg.norm(a - (u * s) @ vt), 30**0.5)


def test_small_singular_values_are_not_lost(learner, rng):
    """1, 1e-6 and 1e-9: squaring the matrix would bury the last under rounding errors of 1e-8."""
    a = with_values(rng, 10, 3, np.array([1.0, 1e-6, 1e-9]))
    np.testing.assert_allclose(learner.truncated_svd(a, 3)[1], [1.0, 1e-6, 1e-9], atol=1e-12, rtol=0)


def test_a_matrix_of_lower_rank(learner, rng):
    """Rank 2, and 4 asked for: the other two values are 0, nothing is NaN, and the product is the matrix."""
    a = with_values(rng, 8, 5, np.array([3.0, 1.0]))
    u, s, vt = learner.truncated_svd(a, 4)
    close(s, [3.0, 1.0, 0.0, 0.0])
    close((u * s) @ vt, a)
    assert (np.linalg.norm(u, axis=0) < 1 + 1e-9).all(), "a column of u is longer than 1"
    u, s, vt = learner.truncated_svd(np.diag([3.0, 0.0, 0.0]), 2)
    close((u * s) @ vt, np.diag([3.0, 0.0, 0.0]))


def test_points_on_a_line(learner):
    """(1, 1), (3, 3), (5, 5): the mean is (3, 3), the direction the diagonal, the variance (8 + 0 + 8) / 2."""
    mean, directions, variances = learner.principal(np.array([[1.0, 1.0], [3.0, 3.0], [5.0, 5.0]]), 1)
    close(mean, [3.0, 3.0])
    close(directions, [[0.5**0.5, 0.5**0.5]])
    close(variances, [8.0])


def test_the_sign_is_settled(learner):
    """Points along (1, -2): the entry of largest size is the second, so it is the positive one."""
    _, directions, _ = learner.principal(np.array([[0.0, 0.0], [1.0, -2.0], [2.0, -4.0], [3.0, -6.0]]), 1)
    close(directions, [[-(0.2**0.5), 2 * 0.2**0.5]])


def test_where_the_data_lie_does_not_matter(learner, rng):
    """Moving all rows by 100 moves the mean and changes neither directions nor variances."""
    x = rng.normal(size=(40, 4)) * np.array([5.0, 3.0, 2.0, 1.0])
    mean, directions, variances = learner.principal(x, 2)
    moved = learner.principal(x + 100.0, 2)
    close(moved[0], np.asarray(mean) + 100.0)
    close(moved[1], directions)
    close(moved[2], variances)


def test_integers_are_numbers_too(learner):
    """Pixels come as whole numbers; a mean of 2/3 must not be cut to 0."""
    x = np.array([[0, 0], [1, 3], [1, 0]])
    mean, directions, variances = learner.principal(x, 2)
    close(mean, [2 / 3, 1.0])
    close((directions.T * variances) @ directions, np.cov(x.T))


@settings(max_examples=15, deadline=None)
@given(n=st.integers(1, 6), m=st.integers(1, 6), seed=st.integers(0, 10_000))
def test_any_shape(learner, n, m, seed):
    """With all its singular values the product is the matrix again."""
    a = np.random.default_rng(seed).normal(size=(n, m))
    u, s, vt = learner.truncated_svd(a, min(n, m))
    close((u * s) @ vt, a)
    close(s, np.linalg.svd(a, compute_uv=False))


def test_the_digits(learner):
    """1797 images, ten directions: the variances are those of the covariance matrix, 74% of the whole."""
    x = digits()
    _, directions, variances = learner.principal(x, 10)
    covariance = np.cov(x.T)
    close(variances, np.linalg.eigvalsh(covariance)[::-1][:10], 1e-8)
    close(covariance @ directions.T, directions.T * variances, 1e-6)
    share = variances.sum() / np.trace(covariance)
    assert 0.73 < share < 0.75, f"ten directions explain {share:.1%} of the variance"


def test_inputs_are_left_as_they_were(learner, rng):
    x = rng.normal(size=(6, 3))
    assert learner.unchanged_by("truncated_svd", (x, 2)), "truncated_svd changed the matrix"
    assert learner.unchanged_by("principal", (x, 2)), "principal changed the data"


def test_impossible_ranks_are_refused(learner):
    """Rank 0, and rank 4 of a 3 by 5 matrix, with both numbers; a vector; principal components of one row."""
    with pytest.raises(ValueError):
        learner.truncated_svd(np.ones((3, 5)), 0)
    with pytest.raises(ValueError) as error:
        learner.truncated_svd(np.ones((3, 5)), 4)
    assert "4" in str(error.value) and "3" in str(error.value), f"the message should name 4 and 3: {error.value}"
    with pytest.raises(ValueError):
        learner.truncated_svd(np.ones(3), 1)
    with pytest.raises(ValueError):
        learner.principal(np.ones((5, 3)), 4)
    with pytest.raises(ValueError):
        learner.principal(np.ones((1, 3)), 1)


def test_time_and_memory(budget, rng):
    """A thousand rows of 8: the work is on the small side, and nothing is 1000 x 1000."""
    budget("truncated_svd", (rng.normal(size=(1000, 8)), 3), time_ratio=15, memory_ratio=8)
