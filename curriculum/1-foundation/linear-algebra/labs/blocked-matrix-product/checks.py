"""Checks of the matrix product, from two columns by hand to the time and memory budget."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def same(got, want, dtype=None):
    assert np.shape(got) == np.shape(want), f"the result has shape {np.shape(got)}, expected {np.shape(want)}"
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
    same(learner.matmul_blocked(a.copy(), b.copy(), 2), a @ b)


def test_the_ragged_edge_is_not_lost(learner, rng):
    """5, 7 and 6 are no multiples of 4: the last rows and columns belong to smaller blocks."""
    a, b = rng.normal(size=(5, 7)), rng.normal(size=(7, 6))
    same(learner.matmul_blocked(a.copy(), b.copy(), 4), a @ b)


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


KINDS = [("int8", "int8"), ("int32", "int32"), ("int32", "int64"), ("uint8", "int8"), ("float32", "float32"), ("float32", "float64"),
         ("float64", "float32"), ("int32", "float32"), ("bool", "int64")]  # fmt: skip


@pytest.mark.parametrize("kinds", KINDS, ids=[f"{a} and {b}" for a, b in KINDS])
def test_every_result_has_the_type_of_both(learner, rng, kinds):
    """Two kinds of number, in either order: the result is of np.result_type, and right."""
    a, b = rng.integers(0, 3, size=(3, 4)).astype(kinds[0]), rng.integers(0, 3, size=(4, 2)).astype(kinds[1])
    dtype, want = np.result_type(a, b), (a.astype(float) @ b.astype(float))
    same(learner.combine_columns(a, b[:, 0].copy()), want[:, 0], dtype)
    same(learner.matmul(a, b), want, dtype)
    same(learner.matmul_blocked(a, b, 3), want, dtype)


def test_nothing_to_add(learner):
    """(2, 0) times (0, 3): a sum of no terms is zero. No rows and no columns: nothing at all, of the right shape."""
    for n, k, m in ((2, 0, 3), (0, 2, 3), (2, 3, 0), (0, 0, 0)):
        for name in ("matmul", "matmul_blocked"):
            same(getattr(learner, name)(np.ones((n, k)), np.ones((k, m))), np.zeros((n, m)) + k, np.float64)
        same(learner.combine_columns(np.ones((n, k)), np.ones(k)), np.zeros(n) + k, np.float64)


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 9), k=st.integers(1, 9), m=st.integers(1, 9), block=st.integers(1, 12))
def test_any_shape_and_any_block(learner, rng, n, k, m, block):
    """Blocks of one entry, blocks larger than the matrices, and all between."""
    a, b = rng.normal(size=(n, k)), rng.normal(size=(k, m))
    same(learner.matmul(a.copy(), b.copy()), a @ b)
    same(learner.matmul_blocked(a.copy(), b.copy(), block), a @ b)
    same(learner.combine_columns(a.copy(), b[:, 0].copy()), a @ b[:, 0])


def test_without_a_block_it_is_64(learner, rng):
    """150 by 150, in blocks of the default: the same product."""
    a, b = rng.normal(size=(150, 130)), rng.normal(size=(130, 70))
    same(learner.matmul_blocked(a.copy(), b.copy()), a @ b)


def test_inputs_are_left_as_they_were(learner, rng):
    a, b = rng.normal(size=(4, 3)), rng.normal(size=(3, 4))
    assert learner.unchanged_by("combine_columns", (a, b[:, 0].copy())), "combine_columns changed an argument"
    assert learner.unchanged_by("matmul", (a, b)), "matmul changed an argument"
    assert learner.unchanged_by("matmul_blocked", (a, b, 2)), "matmul_blocked changed an argument"


@pytest.mark.parametrize("name", ["combine_columns", "matmul", "matmul_blocked"])
@pytest.mark.parametrize("inner", [(53, 71), (1, 71), (71, 1), (0, 71)], ids=["53 and 71", "1 and 71", "71 and 1", "0 and 71"])
def test_different_inner_sizes_are_refused(learner, name, inner):
    """(2, 53) times (71, 3) has no meaning, and (2, 1) times (71, 3) none either: broadcasting must not hide it."""
    second = np.ones(inner[1]) if name == "combine_columns" else np.ones((inner[1], 3))
    with pytest.raises(ValueError) as error:
        getattr(learner, name)(np.ones((2, inner[0])), second)
    named = set(re.findall(r"\d+", str(error.value)))
    assert {str(size) for size in inner} <= named, f"the message should name {inner[0]} and {inner[1]}: {error.value}"


def test_bad_axes_are_refused(learner):
    """A vector or a stack where a matrix should be, a matrix where a vector should be, on either side."""
    square, vector, stack = np.ones((3, 3)), np.ones(3), np.ones((3, 3, 3))
    for name in ("matmul", "matmul_blocked"):
        for a, b in ((square, vector), (vector, square), (vector, vector), (square, stack), (stack, square), (np.float64(2.0), square)):
            with pytest.raises(ValueError):
                getattr(learner, name)(a, b)
    for a, x in ((square, square), (square, np.ones((3, 1))), (vector, vector), (stack, vector), (square, np.float64(2.0))):
        with pytest.raises(ValueError):
            learner.combine_columns(a, x)


@pytest.mark.parametrize("block", [0, -1])
def test_bad_blocks_are_refused(learner, block):
    """No blocks, and blocks of less than nothing; one entry a block is fine."""
    with pytest.raises(ValueError):
        learner.matmul_blocked(A, B, block)
    same(learner.matmul_blocked(A, B, 1), AB)


def test_time_of_the_columns(budget, rng):
    """Four rows and four thousand columns: no Python loop over either."""
    budget("combine_columns", (rng.normal(size=(4, 4000)), rng.normal(size=4000)), time_ratio=8)


def test_small_blocks_need_little_memory(budget, rng):
    """(160, 160) times (160, 160) in blocks of 32: the four million products of all entries never stand beside each other."""
    budget("matmul_blocked", (rng.normal(size=(160, 160)), rng.normal(size=(160, 160)), 32), memory_ratio=4)


def test_time_and_memory(budget, rng):
    """(160, 100) times (100, 160): one Python loop at most, and no array with three axes."""
    budget("matmul", (rng.normal(size=(160, 100)), rng.normal(size=(100, 160))), time_ratio=8, memory_ratio=6)
