"""Checks of power iteration, from a matrix by hand to deflation and the time budget."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def is_pair(a, value, vector, tolerance=1e-8):
    vector = np.asarray(vector)
    assert vector.shape == (len(a),), f"the vector has shape {vector.shape}, expected ({len(a)},)"
    assert abs(np.linalg.norm(vector) - 1) < 1e-9, f"the vector has length {np.linalg.norm(vector)}, expected 1"
    residual = np.linalg.norm(a @ vector - value * vector)
    assert residual <= tolerance * max(abs(value), 1e-300), f"a @ v - value * v has length {residual:.1e} for the value {value}"


def symmetric(rng, values):
    """A symmetric matrix with these eigenvalues, and its eigenvectors."""
    q, _ = np.linalg.qr(rng.normal(size=(len(values), len(values))))
    return (q * values) @ q.T, q


def test_two_by_two_by_hand(learner):
    """[[2, 1], [1, 2]] triples (1, 1) and leaves (1, -1) as it is."""
    a = np.array([[2.0, 1.0], [1.0, 2.0]])
    value, vector = learner.dominant(a)
    assert abs(value - 3) < 1e-9, f"the value is {value}, expected 3"
    is_pair(a, value, vector)


def test_a_start_of_ones_would_be_blind(learner):
    """[[2, -1], [-1, 2]] triples (1, -1), which is orthogonal to (1, 1)."""
    value, _ = learner.dominant(np.array([[2.0, -1.0], [-1.0, 2.0]]))
    assert abs(value - 3) < 1e-9, f"the value is {value}, expected 3"


def test_a_negative_value_keeps_its_sign(learner):
    """The largest in size of -5 and 2 is -5; the vector then changes sign in every step."""
    a = np.array([[-5.0, 1.0], [0.0, 2.0]])
    value, vector = learner.dominant(a)
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
    value, vector = learner.dominant(a)
    assert abs(value - 10_000) < 1e-4, f"the value is {value}, expected 10000"
    is_pair(a, value, vector)


def test_the_vector_meets_the_tolerance(learner, rng):
    """Values 1 and 0.99: the value converges twice as fast as the vector, and it is the vector that was promised."""
    a, _ = symmetric(rng, np.array([1.0, 0.99, 0.5, 0.1]))
    is_pair(a, *learner.dominant(a), 1e-9)


def test_the_leading_three_by_hand(learner):
    """A diagonal matrix: the eigenvalues are its entries, ordered by size and not by sign."""
    values, vectors = learner.leading(np.diag([1.0, -7.0, 3.0, 5.0]), 3)
    np.testing.assert_allclose(values, [-7.0, 5.0, 3.0], atol=1e-7)
    np.testing.assert_allclose(np.abs(vectors), [[0, 0, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]], atol=1e-6)


def test_vectors_are_columns_and_orthonormal(learner, rng):
    """Six of twenty: the columns are orthonormal, and each is an eigenvector."""
    a, _ = symmetric(rng, np.concatenate([[9.0, -8.0, 7.0, 6.0, -5.0, 4.0], rng.uniform(-3, 3, size=14)]))
    values, vectors = learner.leading(a, 6)
    assert vectors.shape == (20, 6), f"vectors has shape {vectors.shape}, expected (20, 6)"
    np.testing.assert_allclose(values, [9.0, -8.0, 7.0, 6.0, -5.0, 4.0], atol=1e-7)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(6), atol=1e-8)
    np.testing.assert_allclose(a @ vectors, vectors * values, atol=1e-6)


def test_equal_values_get_orthogonal_vectors(learner, rng):
    """4, 4 and 1: any two directions of the plane of 4 will do, but they must be orthogonal."""
    a, _ = symmetric(rng, np.array([4.0, 4.0, 1.0]))
    values, vectors = learner.leading(a, 3)
    np.testing.assert_allclose(values, [4.0, 4.0, 1.0], atol=1e-7)
    np.testing.assert_allclose(vectors.T @ vectors, np.eye(3), atol=1e-8)


@settings(max_examples=12, deadline=None)
@given(n=st.integers(1, 6), seed=st.integers(0, 10_000))
def test_every_pair_of_a_small_matrix(learner, n, seed):
    """All n pairs put the matrix together again: the sum of value times v v' is A."""
    rng = np.random.default_rng(seed)
    values = np.arange(n, 0, -1.0) * rng.choice([-1.0, 1.0], size=n)
    a, _ = symmetric(rng, values)
    got, vectors = learner.leading(a, n)
    np.testing.assert_allclose((vectors * got) @ vectors.T, a, atol=1e-7)


def test_a_matrix_of_zeros(learner):
    """It stretches nothing: the value is 0, the vector any of length 1, and nothing is divided by zero."""
    value, vector = learner.dominant(np.zeros((3, 3)))
    assert value == 0, f"the value is {value}, expected 0"
    assert abs(np.linalg.norm(vector) - 1) < 1e-12, f"the vector has length {np.linalg.norm(vector)}, expected 1"


def test_inputs_are_left_as_they_were(learner, rng):
    a, _ = symmetric(rng, np.array([5.0, 3.0, 1.0]))
    assert learner.unchanged_by("dominant", (a,)), "dominant changed the matrix"
    assert learner.unchanged_by("leading", (a, 2)), "leading changed the matrix"


def test_the_same_answer_twice(learner, rng):
    """The start is drawn from a fixed seed, so two calls agree to the last bit."""
    a = rng.normal(size=(5, 5))
    a = a @ a.T
    first, second = learner.dominant(a), learner.dominant(a)
    assert first[0] == second[0] and np.array_equal(first[1], second[1]), "two calls gave two answers"


def test_a_rotation_does_not_converge(learner):
    """A quarter turn has no real eigenvector: ArithmeticError after the steps allowed, not a wrong answer."""
    with pytest.raises(ArithmeticError):
        learner.dominant(np.array([[0.0, -1.0], [1.0, 0.0]]), 1e-10, 200)


def test_bad_matrices_and_counts_are_refused(learner):
    """Not square, with the shape named; not symmetric; a count of 0 and of n + 1."""
    with pytest.raises(ValueError) as error:
        learner.dominant(np.ones((2, 3)))
    assert "2" in str(error.value) and "3" in str(error.value), f"the message should name 2 and 3: {error.value}"
    with pytest.raises(ValueError):
        learner.leading(np.array([[1.0, 2.0], [0.0, 1.0]]), 1)
    for count in (0, 3):
        with pytest.raises(ValueError):
            learner.leading(np.eye(2), count)


def test_time(budget, rng):
    """Two hundred by two hundred: a step is one product of the matrix with a vector, and it stops when it is there."""
    values = np.concatenate([[10.0], rng.uniform(-5, 5, size=199)])
    budget("dominant", (symmetric(rng, values)[0],), time_ratio=6)
