"""Checks of power iteration, from a matrix by hand to deflation and the time budget."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def is_pair(a, value, vector, tolerance=1e-8):
    vector = np.asarray(vector)
    assert vector.shape == (len(a),), f"the vector has shape {vector.shape}, expected ({len(a)},)"
    assert abs(np.linalg.norm(vector) - 1) < 1e-9, f"the vector has length {np.linalg.norm(vector)}, expected 1"
    residual = np.linalg.norm(a @ vector - value * vector)
    assert residual <= tolerance * max(abs(value), 1e-300), f"a @ v - value * v has length {residual:.1e} for the value {value}"


def are_pairs(a, values, vectors, want):
    """As many values as wanted, right to 1e-8 of the first, with orthonormal eigenvectors as columns."""
    want = np.asarray(want, dtype=float)
    assert values.dtype == vectors.dtype == np.float64, f"dtypes {values.dtype} and {vectors.dtype}, expected float64"
    assert values.shape == want.shape, f"values has shape {values.shape}, expected {want.shape}"
    assert vectors.shape == (len(a), len(want)), f"vectors has shape {vectors.shape}, expected {(len(a), len(want))}"
    allowed = 1e-8 * max(abs(want[0]), 1e-300)
    np.testing.assert_allclose(values, want, rtol=0, atol=allowed)
    worst = np.abs(vectors.T @ vectors - np.eye(len(want))).max()
    assert worst <= 1e-8, f"vectors.T @ vectors differs from the identity by {worst:.1e}, allowed is 1e-08"
    residual = np.sqrt(((a @ vectors - vectors * values) ** 2).sum(0)).max()
    assert residual <= allowed, f"a @ v - value * v has length {residual:.1e}, allowed is {allowed:.1e}"


def symmetric(rng, values):
    """A symmetric matrix with these eigenvalues, and its eigenvectors."""
    q, _ = np.linalg.qr(rng.normal(size=(len(values), len(values))))
    return (q * values) @ q.T, q


def test_two_by_two_by_hand(learner):
    """[[2, 1], [1, 2]] triples (1, 1) and leaves (1, -1) as it is."""
    a = np.array([[2.0, 1.0], [1.0, 2.0]])
    value, vector = learner.dominant(a.copy())
    assert abs(value - 3) < 1e-9, f"the value is {value}, expected 3"
    is_pair(a, value, vector)


def test_a_start_of_ones_would_be_blind(learner):
    """[[2, -1], [-1, 2]] triples (1, -1), which is orthogonal to (1, 1)."""
    value, _ = learner.dominant(np.array([[2.0, -1.0], [-1.0, 2.0]]))
    assert abs(value - 3) < 1e-9, f"the value is {value}, expected 3"


def test_a_negative_value_keeps_its_sign(learner):
    """The largest in size of -5 and 2 is -5; the vector then changes sign in every step."""
    a = np.array([[-5.0, 1.0], [0.0, 2.0]])
    value, vector = learner.dominant(a.copy())
    assert abs(value + 5) < 1e-8, f"the value is {value}, expected -5"
    is_pair(a, value, vector)


def test_not_symmetric(learner):
    """[[4, 1], [2, 3]] has the values 5 and 2; the vector of 5 is along (1, 1)."""
    value, vector = learner.dominant(np.array([[4, 1], [2, 3]]))
    assert abs(value - 5) < 1e-8, f"the value is {value}, expected 5"
    np.testing.assert_allclose(np.abs(vector), [0.5**0.5, 0.5**0.5], atol=1e-8)


def test_many_steps_do_not_overflow(learner, rng):
    """Eigenvalues near 10,000 that differ by 2%: a thousand multiplications without a division reach 10^4000."""
    a, _ = symmetric(rng, np.array([10_000.0, 9_800.0, 5.0, 1.0]))
    value, vector = learner.dominant(a.copy())
    assert abs(value - 10_000) < 1e-4, f"the value is {value}, expected 10000"
    is_pair(a, value, vector)


def test_the_value_is_a_python_float(learner):
    """A float and not an array or a NumPy scalar, also where the matrix holds float32."""
    for kind in ("float64", "float32", "int64"):
        value, vector = learner.dominant(np.array([[2, 1], [1, 2]], dtype=kind))
        assert type(value) is float, f"the value of a matrix of {kind} is {type(value).__name__}, expected float"
        assert vector.dtype == np.float64, f"the vector of a matrix of {kind} has dtype {vector.dtype}, expected float64"


def test_the_vector_meets_the_tolerance(learner, rng):
    """Values 1 and 0.99: the value converges twice as fast as the vector, and it is the vector that was promised."""
    a, _ = symmetric(rng, np.array([1.0, 0.99, 0.5, 0.1]))
    is_pair(a, *learner.dominant(a.copy()), 1.01e-10)
    is_pair(a, *learner.dominant(a.copy(), 1e-13), 1.1e-13)


@pytest.mark.parametrize("scale", [1e-12, 1e-4, 1e8])
def test_a_matrix_of_any_scale(learner, rng, scale):
    """The tolerance is meant against the value: of a small matrix as of a large one."""
    a = symmetric(rng, np.array([3.0, -2.0, 1.0, 0.5]))[0] * scale
    value, vector = learner.dominant(a.copy())
    is_pair(a, value, vector, 1.01e-10)
    assert abs(value / scale - 3) < 1e-9, f"the value is {value}, expected {3 * scale}"


def test_a_looser_tolerance_needs_fewer_steps(learner, rng):
    """Values 1 and 0.9: a hundredth is met within 100 steps, where a ten-billionth needs more than 150."""
    a, _ = symmetric(rng, np.array([1.0, 0.9, 0.2, 0.1]))
    is_pair(a, *learner.dominant(a, 1e-2, 100), 1e-2)
    with pytest.raises(ArithmeticError):
        learner.dominant(a, 1e-10, 100)


def test_the_steps_are_counted(learner):
    """Twice the identity: any vector meets the tolerance with the first product. With no product there is no answer."""
    value, _ = learner.dominant(2 * np.eye(3), 1e-10, 1)
    assert abs(value - 2) < 1e-12, f"the value is {value}, expected 2"
    with pytest.raises(ArithmeticError):
        learner.dominant(2 * np.eye(3), 1e-10, 0)


def test_the_leading_three_by_hand(learner):
    """A diagonal matrix: the eigenvalues are its entries, ordered by size and not by sign."""
    a = np.diag([1.0, -7.0, 3.0, 5.0])
    values, vectors = learner.leading(a.copy(), 3)
    are_pairs(a, values, vectors, [-7.0, 5.0, 3.0])
    np.testing.assert_allclose(np.abs(vectors), [[0, 0, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]], atol=1e-6)


def test_vectors_are_columns(learner, rng):
    """Six of twenty: the columns are orthonormal, and each is an eigenvector of its value."""
    largest = [9.0, -8.0, 7.0, 6.0, -5.0, 4.0]
    a, _ = symmetric(rng, np.concatenate([largest, rng.uniform(-3, 3, size=14)]))
    are_pairs(a, *learner.leading(a, 6), largest)


def test_equal_values_get_orthogonal_vectors(learner, rng):
    """4, 4 and 1: any two directions of the plane of 4 will do, but they must be orthogonal."""
    for want in ([4.0, 4.0, 1.0], [-2.0, -2.0, -2.0], [1.0, 1.0]):
        a, _ = symmetric(rng, np.array(want))
        a = (a + a.T) / 2
        are_pairs(a, *learner.leading(a, len(want)), want)


@pytest.mark.parametrize("n, scale", [(5, 1.0), (5, 1e6), (5, 1e-9), (60, 1.0)])
def test_a_lower_rank(learner, rng, n, scale):
    """Two values and nothing else: the pairs after them have the value 0, and are orthonormal all the same."""
    a, _ = symmetric(rng, scale * np.array([-3.0, 1.0] + [0.0] * (n - 2)))
    are_pairs(a, *learner.leading(a, 4), scale * np.array([-3.0, 1.0, 0.0, 0.0]))


@pytest.mark.parametrize("scale", [1.0, 1e8, 1e-8])
def test_small_values_beside_large_ones(learner, rng, scale):
    """A million, one, and a millionth of one: what is left of the large ones must not drown the small."""
    want = scale * np.array([1e6, -3e5, 1.0, -0.4, 1e-6])
    a, _ = symmetric(rng, want)
    a = (a + a.T) / 2
    are_pairs(a, *learner.leading(a, 5), want)


@settings(max_examples=12, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 10_000))
def test_every_pair_of_a_small_matrix(learner, n, seed):
    """All n pairs put the matrix together again: the sum of value times v v' is A."""
    rng = np.random.default_rng(seed)
    values = np.arange(n, 0, -1.0) * rng.choice([-1.0, 1.0], size=n)
    a, _ = symmetric(rng, values)
    got, vectors = learner.leading(a.copy(), n)
    are_pairs(a, got, vectors, values)
    np.testing.assert_allclose((vectors * got) @ vectors.T, a, atol=1e-7)


def test_a_matrix_of_zeros(learner):
    """It stretches nothing: the values are 0, the vectors any orthonormal ones, and nothing is divided by zero."""
    for n in (1, 3):
        value, vector = learner.dominant(np.zeros((n, n)))
        assert value == 0, f"the value is {value}, expected 0"
        assert vector.shape == (n,), f"the vector has shape {vector.shape}, expected ({n},)"
        assert abs(np.linalg.norm(vector) - 1) < 1e-12, f"the vector has length {np.linalg.norm(vector)}, expected 1"
        are_pairs(np.zeros((n, n)), *learner.leading(np.zeros((n, n)), n), np.zeros(n))


@pytest.mark.parametrize("kind", ["int64", "int8", "float32"])
def test_whole_numbers_are_numbers_too(learner, kind):
    """100 and 27 on the diagonal, 0 beside it: eight bits do not hold their squares."""
    a = np.array([[100, 0], [0, 27]], dtype=kind)
    value, vector = learner.dominant(a.copy())
    is_pair(a.astype(float), value, vector)
    assert abs(value - 100) < 1e-6, f"the value is {value}, expected 100"
    are_pairs(a.astype(float), *learner.leading(a.copy(), 2), [100.0, 27.0])


@pytest.mark.parametrize("kind", ["float64", "int64"])
def test_inputs_are_left_as_they_were(learner, kind):
    """The matrix is the caller's, whatever it holds."""
    a = np.array([[5, 1, 0], [1, 3, 1], [0, 1, 1]], dtype=kind)
    assert learner.unchanged_by("dominant", (a,)), "dominant changed the matrix"
    assert learner.unchanged_by("leading", (a, 2)), "leading changed the matrix"


def test_the_same_answer_twice(learner, rng):
    """The start is drawn from a fixed seed, so two calls agree to the last bit."""
    a = rng.normal(size=(5, 5))
    a = a @ a.T
    first, second = learner.dominant(a), learner.dominant(a)
    assert first[0] == second[0] and np.array_equal(first[1], second[1]), "two calls of dominant gave two answers"
    first, second = learner.leading(a, 3), learner.leading(a, 3)
    assert np.array_equal(first[0], second[0]) and np.array_equal(first[1], second[1]), "two calls of leading gave two answers"


def test_a_rotation_does_not_converge(learner):
    """A quarter turn has no real eigenvector: ArithmeticError after the steps allowed, not a wrong answer."""
    with pytest.raises(ArithmeticError):
        learner.dominant(np.array([[0.0, -1.0], [1.0, 0.0]]), 1e-10, 200)


def test_bad_matrices_and_counts_are_refused(learner):
    """Not two axes; not square, with the sizes named; no rows; not symmetric; a count of 0 and of n + 1."""
    for shape in ((21, 34), (34, 21), (1, 34)):
        for name, more in (("dominant", ()), ("leading", (1,))):
            with pytest.raises(ValueError) as error:
                getattr(learner, name)(np.ones(shape), *more)
            named = set(re.findall(r"\d+", str(error.value)))
            assert {str(size) for size in shape} <= named, f"{name}: the message should name {shape[0]} and {shape[1]}: {error.value}"
    for shape in ((), (3,), (2, 2, 2), (0, 0)):
        for name, more in (("dominant", ()), ("leading", (1,))):
            with pytest.raises(ValueError):
                getattr(learner, name)(np.ones(shape), *more)
    for a in ([[1.0, 2.0], [0.0, 1.0]], [[1.0, 2.0, 3.0], [2.0, 1.0, 0.0], [3.0, 0.01, 1.0]]):
        with pytest.raises(ValueError):
            learner.leading(np.array(a), 1)
    for count in (-1, 0, 3):
        with pytest.raises(ValueError):
            learner.leading(np.eye(2), count)


def test_time(budget, rng):
    """Two hundred by two hundred: a step is one product of the matrix with a vector, and it stops when it is there."""
    values = np.concatenate([[10.0], rng.uniform(-5, 5, size=199)])
    budget("dominant", (symmetric(rng, values)[0],), time_ratio=6)
