"""Checks of the matrix product, from two columns by hand to the time and memory budget."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def same(got, want, dtype=None):
    np.testing.assert_allclose(got, want, atol=1e-10, rtol=0)
    if dtype is not None:
        assert got.dtype == dtype, f"the result has dtype {got.dtype}, expected {np.dtype(dtype)}"


A = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
B = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, -1.0]])
AB = np.array([[1.0, 2.0, 0.0], [3.0, 4.0, 2.0], [5.0, 6.0, 4.0]])


def test_two_columns_by_hand(learner):
    """Ten times (1, 3, 5) plus once (2, 4, 6) is (12, 34, 56)."""
    same(learner.combine_columns(A, np.array([10.0, 1.0])), [12.0, 34.0, 56.0])


def test_a_square_matrix_is_not_transposed(learner):
    """In a square matrix the weights must go to the columns, not to the rows."""
    same(learner.combine_columns(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([1.0, 0.0])), [1.0, 3.0])


def test_a_product_by_hand(learner):
    """(3, 2) times (2, 3): the columns are the two columns of A, then twice the first less the second."""
    same(learner.matmul(A, B), AB)


def test_blocks_give_the_same_product(learner, rng):
    """Four by four in blocks of two: every block of the result is a sum of two block products."""
    a, b = rng.normal(size=(4, 4)), rng.normal(size=(4, 4))
    same(learner.matmul_blocked(a, b, 2), a @ b)


def test_the_ragged_edge_is_not_lost(learner, rng):
    """5, 7 and 6 are no multiples of 4: the last rows and columns belong to smaller blocks."""
    a, b = rng.normal(size=(5, 7)), rng.normal(size=(7, 6))
    same(learner.matmul_blocked(a, b, 4), a @ b)


@pytest.mark.parametrize("name", ["matmul", "matmul_blocked"])
def test_integers_stay_integers(learner, name):
    """Integers times integers are integers of the same kind, and exact."""
    a, b = np.array([[2, 3], [4, 5]]), np.array([[10_000_000, 1], [1, 10_000_000]])
    got = getattr(learner, name)(a, b)
    assert got.dtype == a.dtype, f"{name} of {a.dtype} gave {got.dtype}"
    assert got.tolist() == [[20_000_003, 30_000_002], [40_000_005, 50_000_004]], f"{name} gave {got.tolist()}"


@pytest.mark.parametrize("name", ["matmul", "matmul_blocked"])
def test_integers_times_floats_are_floats(learner, name):
    """An integer matrix times halves: nothing may be cut off to whole numbers."""
    same(getattr(learner, name)(np.array([[1, 1], [2, 3]]), np.array([[0.5, 0.25], [0.25, 0.5]])), [[0.75, 0.75], [1.75, 2.0]], np.float64)


def test_float32_stays_float32(learner, rng):
    """Two float32 arrays give float32 from all three functions."""
    a, b = rng.normal(size=(3, 4)).astype(np.float32), rng.normal(size=(4, 2)).astype(np.float32)
    for name, right in (("combine_columns", b[:, 0]), ("matmul", b), ("matmul_blocked", b)):
        got = getattr(learner, name)(a, right)
        assert got.dtype == np.float32, f"{name} of float32 gave {got.dtype}"


def test_no_inner_size_gives_zeros(learner):
    """(2, 0) times (0, 3): a sum of no terms is zero."""
    for name in ("matmul", "matmul_blocked"):
        same(getattr(learner, name)(np.ones((2, 0)), np.ones((0, 3))), np.zeros((2, 3)))


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 9), k=st.integers(1, 9), m=st.integers(1, 9), block=st.integers(1, 12))
def test_any_shape_and_any_block(learner, rng, n, k, m, block):
    """Blocks of one entry, blocks larger than the matrices, and all between."""
    a, b = rng.normal(size=(n, k)), rng.normal(size=(k, m))
    same(learner.matmul(a, b), a @ b)
    same(learner.matmul_blocked(a, b, block), a @ b)
    same(learner.combine_columns(a, b[:, 0]), a @ b[:, 0])


def test_inputs_are_left_as_they_were(learner, rng):
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(3, 4))
    assert learner.unchanged_by("combine_columns", (a, b[:, 0].copy())), "combine_columns changed an argument"
    assert learner.unchanged_by("matmul", (a, b)), "matmul changed an argument"
    assert learner.unchanged_by("matmul_blocked", (a, b, 2)), "matmul_blocked changed an argument"


@pytest.mark.parametrize("name", ["matmul", "matmul_blocked"])
@pytest.mark.parametrize("inner", [(5, 7), (1, 7), (7, 1)])
def test_different_inner_sizes_are_refused(learner, name, inner):
    """(2, 5) times (7, 3) has no meaning, and (2, 1) times (7, 3) none either: broadcasting must not hide it."""
    with pytest.raises(ValueError) as error:
        getattr(learner, name)(np.ones((2, inner[0])), np.ones((inner[1], 3)))
    assert all(str(size) in str(error.value) for size in inner), f"the message should name {inner[0]} and {inner[1]}: {error.value}"


def test_bad_blocks_and_axes_are_refused(learner):
    """A block of 0, and a vector where a matrix should be: ValueError."""
    with pytest.raises(ValueError):
        learner.matmul_blocked(A, B, 0)
    with pytest.raises(ValueError):
        learner.matmul(A, np.ones(2))


def test_time_and_memory(budget, rng):
    """(160, 100) times (100, 160): one Python loop at most, and no array with three axes."""
    budget("matmul", (rng.normal(size=(160, 100)), rng.normal(size=(100, 160))), time_ratio=8, memory_ratio=6)
