"""Checks of the truncated SVD and principal components, from a matrix by hand to the digits and the budget."""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-9):
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape, f"shape {got.shape}, expected {want.shape}"
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=0)


def orthonormal(rows, what):
    """The rows have length 1 and right angles between them, to within 1e-9."""
    worst = np.abs(rows @ rows.T - np.eye(len(rows))).max(initial=0.0)
    assert worst <= 1e-9, f"{what} are not orthonormal: a dot product is off by {worst:.1e}, allowed is 1e-09"


def decomposes(a, factors, rank):
    """What clauses 1 to 3 promise of these factors: shapes, values, right angles, and the best approximation of that rank."""
    n, m = a.shape
    u, s, vt = factors
    assert (u.shape, s.shape, vt.shape) == ((n, rank), (rank,), (rank, m)), f"shapes {u.shape}, {s.shape}, {vt.shape} for rank {rank}"
    left, values, right = np.linalg.svd(a.astype(float), full_matrices=False)
    scale = values[0] or 1.0
    close(s / scale, values[:rank] / scale, 1e-12)
    assert (np.diff(s) <= 0).all(), f"the singular values do not fall: {s.tolist()}"
    alive = values[:rank] > 1e-12 * scale
    orthonormal(u.T[alive], "the columns of u")
    orthonormal(vt[alive], "the rows of vt")
    for what, rows in (("column of u", u.T), ("row of vt", vt)):
        longest = np.sqrt((rows**2).sum(1)).max()
        assert longest <= 1 + 1e-9, f"a {what} has length {longest}, at most 1 is allowed"
    # Where two singular values are equal the best approximation is not unique, but its distance is.
    lost = np.linalg.norm((a - (u * s) @ vt) / scale)
    assert lost <= np.linalg.norm(values[rank:] / scale) + 1e-9, f"the approximation of rank {rank} misses the matrix by {lost:.2e} of s[0]"


def components(x, result, count):
    """What clauses 4 and 5 promise: the mean, and directions in which the covariance matrix only stretches."""
    mean, directions, variances = result
    n, d = x.shape
    x = x.astype(float)
    assert (mean.shape, directions.shape, variances.shape) == ((d,), (count, d), (count,)), (
        f"shapes {mean.shape}, {directions.shape}, {variances.shape} for {count} directions of {d} numbers"
    )
    covariance = (x - x.mean(0)).T @ (x - x.mean(0)) / (n - 1)
    values = np.linalg.eigvalsh(covariance)[::-1]
    scale = values[0] or 1.0
    close(mean, x.mean(0), 1e-9 * max(np.abs(x).max(), 1e-300))
    close(variances / scale, values[:count] / scale)
    assert (np.diff(variances) <= 1e-12 * scale).all(), f"the variances do not fall: {variances.tolist()}"
    orthonormal(directions, "the directions")
    close((directions @ covariance) / scale, variances[:, None] * directions / scale)
    largest = np.abs(directions).max(axis=1)
    reached = directions.max(axis=1)
    assert (reached >= largest - 1e-9).all(), f"the entry of largest size is negative in direction {int((reached - largest).argmin())}"


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
    assert (u.shape, vt.shape) == ((3, 1), (1, 2)), f"shapes {u.shape} and {vt.shape}, expected (3, 1) and (1, 2)"
    close((u * s) @ vt, [[3.0, 4.0], [6.0, 8.0], [6.0, 8.0]])


def test_the_factors_are_orthonormal(learner, rng):
    """Nine by five, rank 4: u has orthonormal columns, vt orthonormal rows, s falls."""
    a = rng.normal(size=(9, 5))
    decomposes(a, learner.truncated_svd(a.copy(), 4), 4)


def test_the_singular_values_are_right(learner, rng):
    """Twelve by twelve, all of them, so that stopping after one sweep of rotations shows."""
    a = rng.normal(size=(12, 12))
    decomposes(a, learner.truncated_svd(a.copy(), 12), 12)
    # Two columns of equal length whose dot product of 9e-12 is no rounding error: the values are 1 + 4.5e-12 and 1 - 4.5e-12.
    a = np.array([[1.0, 9e-12], [0.0, 1.0]])
    decomposes(a, learner.truncated_svd(a.copy(), 2), 2)


def test_a_wide_matrix(learner, rng):
    """Three rows and eight columns: the same as the transposed one with u and v exchanged."""
    a = rng.normal(size=(3, 8))
    for rank in (3, 2):
        decomposes(a, learner.truncated_svd(a.copy(), rank), rank)


def test_no_approximation_of_that_rank_is_closer(learner, rng):
    """The distance to the best approximation of rank 3 is the root of the sum of the squares left out."""
    a = with_values(rng, 20, 7, np.array([9.0, 7.0, 5.0, 4.0, 3.0, 2.0, 1.0]))
    u, s, vt = learner.truncated_svd(a.copy(), 3)
    close(np.linalg.norm(a - (u * s) @ vt), 30**0.5)


def test_small_singular_values_are_not_lost(learner, rng):
    """1, 1e-6 and 1e-9: squaring the matrix would bury the last under rounding errors of 1e-8."""
    for n, m in ((10, 3), (3, 10)):
        a = with_values(rng, n, m, np.array([1.0, 1e-6, 1e-9]))
        decomposes(a, learner.truncated_svd(a.copy(), 3), 3)
    # Twenty-five ones, and two values that are small even beside one of them.
    a = np.zeros((30, 27))
    a[:25, :25] = np.eye(25)
    a[25:27, 25:] = 1.5e-12 * np.array([[3.0, 1.0], [1.0, 2.0]])
    decomposes(a, learner.truncated_svd(a.copy(), 27), 27)


@pytest.mark.parametrize("scale", [1e-60, 1e-9, 1e9, 1e60])
def test_a_matrix_of_any_scale(learner, rng, scale):
    """What is small is small against the matrix: the same matrix in other units has the same directions."""
    a = scale * rng.normal(size=(6, 4))
    decomposes(a, learner.truncated_svd(a.copy(), 4), 4)


def test_a_matrix_of_lower_rank(learner, rng):
    """Rank 2, 1 or 0, and more asked for: the other values are 0, and nothing is divided by zero."""
    matrices = {
        "rank 2": with_values(rng, 8, 5, np.array([3.0, 1.0])),
        "a wide one of rank 2": with_values(rng, 5, 8, np.array([3.0, 1.0])),
        "one entry": np.diag([3.0, 0.0, 0.0, 0.0]),
        "one column, and it four times": np.outer([1.0, -2.0, 2.0, 4.0, 0.0], np.ones(4)),
        "zeros": np.zeros((5, 4)),
        "a column of 1e-200 beside ones": np.ones((5, 4)) * np.array([1.0, 1e-200, 0.0, 1e-200]),
    }
    for name, a in matrices.items():
        factors = learner.truncated_svd(a.copy(), 4)
        unfit = sum(int((~np.isfinite(factor)).sum()) for factor in factors)
        assert unfit == 0, f"{name}: {unfit} entries of the factors are NaN or infinite"
        decomposes(a, factors, 4)


def test_points_on_a_line(learner):
    """(1, 1), (3, 3), (5, 5): the mean is (3, 3), the direction the diagonal, the variance (8 + 0 + 8) / 2."""
    mean, directions, variances = learner.principal(np.array([[1.0, 1.0], [3.0, 3.0], [5.0, 5.0]]), 1)
    close(mean, [3.0, 3.0])
    close(directions, [[0.5**0.5, 0.5**0.5]])
    close(variances, [8.0])


def test_the_sign_is_settled(learner, rng):
    """Points along (1, -2): the entry of largest size is the second, so it is the positive one; and along (2, -1) the first."""
    steps = np.array([[0.0], [1.0], [2.0], [3.0]])
    for along in ([1.0, -2.0], [-1.0, 2.0], [2.0, -1.0], [-2.0, 1.0]):
        _, directions, _ = learner.principal(steps * np.array(along), 1)
        want = np.array(along) * np.sign(along[int(np.abs(along).argmax())]) / 5**0.5
        close(directions, [want])
    for _ in range(10):
        x = rng.normal(size=(9, 4)) * np.array([4.0, 3.0, 2.0, 1.0])
        components(x, learner.principal(x.copy(), 4), 4)


def test_where_the_data_lie_does_not_matter(learner, rng):
    """Moving all rows by 100 moves the mean and changes neither directions nor variances."""
    x = rng.normal(size=(40, 4)) * np.array([5.0, 3.0, 2.0, 1.0])
    for moved in (x, x + 100.0, x - np.array([100.0, 0.0, 5.0, 10.0])):
        components(moved, learner.principal(moved.copy(), 2), 2)


@pytest.mark.parametrize("n, d", [(2, 5), (4, 7), (5, 5), (6, 5)])
def test_fewer_rows_than_numbers_in_a_row(learner, rng, n, d):
    """All d directions of n rows: the variances beyond the first n - 1 are 0, the directions orthonormal all the same."""
    x = rng.normal(size=(n, d)) + 3.0
    components(x, learner.principal(x.copy(), d), d)


@pytest.mark.parametrize("kind", ["int64", "uint8", "int8", "float32", "float64"])
def test_any_kind_of_number_is_computed_in_float64(learner, kind):
    """Pixels come as whole numbers in eight bits: a mean of 202/3 must not be cut, and no square fits."""
    x = np.array([[40, 10], [60, 120], [102, 50]]).astype(kind)
    result, factors = learner.principal(x.copy(), 2), learner.truncated_svd(x.copy(), 2)
    for name, array in zip(("mean", "directions", "variances", "u", "s", "vt"), (*result, *factors), strict=True):
        assert array.dtype == np.float64, f"{name} of {kind} has dtype {array.dtype}, expected float64"
    components(x, result, 2)
    decomposes(x, factors, 2)


@settings(max_examples=20, deadline=None)
@given(n=st.integers(1, 6), m=st.integers(1, 6), seed=st.integers(0, 10_000))
def test_any_shape(learner, n, m, seed):
    """Every rank that a matrix of this shape can be asked for, and with all its singular values the matrix again."""
    a = np.random.default_rng(seed).normal(size=(n, m))
    for rank in range(1, min(n, m) + 1):
        decomposes(a, learner.truncated_svd(a.copy(), rank), rank)


def test_the_digits(learner):
    """1797 images, ten directions: the variances are those of the covariance matrix, 74% of the whole."""
    x = digits()
    result = learner.principal(x.copy(), 10)
    components(x, result, 10)
    share = result[2].sum() / x.var(axis=0, ddof=1).sum()
    assert 0.73 < share < 0.75, f"ten directions explain {share:.1%} of the variance"


@pytest.mark.parametrize("kind", ["float64", "float32", "int64"])
def test_inputs_are_left_as_they_were(learner, rng, kind):
    """Tall or wide, the matrix is the caller's."""
    for shape in ((6, 3), (3, 6), (4, 4)):
        x = (9 * rng.normal(size=shape)).astype(kind)
        assert learner.unchanged_by("truncated_svd", (x, 2)), f"truncated_svd changed a matrix of shape {shape}"
        assert learner.unchanged_by("principal", (x, 2)), f"principal changed data of shape {shape}"


def test_impossible_ranks_are_refused(learner):
    """Below 1, or one more than the smaller side or the row holds, with both numbers in the message."""
    for name, shape, number, limit in (
        ("truncated_svd", (35, 21), 22, 21),
        ("truncated_svd", (21, 35), 22, 21),
        ("truncated_svd", (21, 35), 35, 21),
        ("truncated_svd", (21, 35), 0, 21),
        ("truncated_svd", (21, 35), -3, 21),
        ("principal", (35, 21), 22, 21),
        ("principal", (21, 35), 36, 35),
        ("principal", (21, 35), 0, 35),
        ("principal", (21, 35), -3, 35),
    ):
        with pytest.raises(ValueError) as error:
            getattr(learner, name)(np.ones(shape), number)
        named = set(re.findall(r"-?\d+", str(error.value)))
        assert {str(number), str(limit)} <= named, f"{name}: the message should name {number} and {limit}: {error.value}"


def test_what_is_no_table_is_refused(learner):
    """A number, a vector, a stack of matrices, a matrix without entries; and principal components of one row or none."""
    for shape in ((), (3,), (3, 3, 3), (0, 0), (0, 3), (3, 0)):
        with pytest.raises(ValueError):
            learner.truncated_svd(np.ones(shape), 1)
        with pytest.raises(ValueError):
            learner.principal(np.ones(shape), 1)
    with pytest.raises(ValueError):
        learner.principal(np.ones((1, 3)), 1)
    mean, _, variances = learner.principal(np.array([[1.0], [3.0]]), 1)
    close(mean, [2.0])
    close(variances, [2.0])


@pytest.mark.parametrize("shape", [(1000, 8), (8, 1000)])
def test_time_and_memory(budget, rng, shape):
    """A thousand by eight: the work is on the small side, and nothing is 1000 x 1000."""
    budget("truncated_svd", (rng.normal(size=shape), 3), time_ratio=15, memory_ratio=8)
