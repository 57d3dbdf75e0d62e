"""Checks of softmax, from two numbers by hand to the time and memory budget."""

from math import e, log

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-12):
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=0)


def test_two_numbers_by_hand(learner):
    """ln 3 and 0 have exponentials 3 and 1, so the weights are 3/4 and 1/4."""
    close(learner.softmax(np.array([log(3), 0.0])), [0.75, 0.25])


def test_each_row_is_its_own_softmax(learner):
    """Two rows in a square array, each adding up to 1: a sum that lost its axis broadcasts along the wrong one."""
    close(learner.softmax(np.array([[0.0, 0.0], [log(3), 0.0]])), [[0.5, 0.5], [0.75, 0.25]])


def test_down_the_columns_with_axis_zero(learner):
    """The same numbers, but axis 0: each column adds up to 1."""
    close(learner.softmax(np.array([[0.0, 0.0], [log(3), 0.0]]), 0), [[0.25, 0.5], [0.75, 0.5]])


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2, -3])
def test_any_axis_of_three(learner, reference, rng, axis):
    """A (2, 3, 4) array along each of its axes, counted from either end."""
    x = rng.normal(size=(2, 3, 4))
    want = reference.softmax(x, axis)
    close(learner.softmax(x, axis), want)


def test_huge_entries_stay_finite(learner):
    """1000 and 1000 - ln 3: the exponentials overflow, the weights are 3/4 and 1/4."""
    close(learner.softmax(np.array([1000.0, 1000.0 - log(3)])), [0.75, 0.25])


def test_hugely_negative_entries_stay_finite(learner):
    """-1000 and -1000 - ln 3: the exponentials are all zero in float64, the weights are 3/4 and 1/4."""
    close(learner.softmax(np.array([-1000.0, -1000.0 - log(3)])), [0.75, 0.25])


def test_one_large_row_leaves_the_others_alone(learner):
    """The first row holds 5000; the second, with 0 and ln 3, still has the weights 1/4 and 3/4."""
    close(learner.softmax(np.array([[5000.0, 5000.0], [0.0, log(3)]])), [[0.5, 0.5], [0.25, 0.75]])


def test_adding_a_constant_changes_nothing(learner, rng):
    """Only the differences between the entries count."""
    x = rng.normal(size=(4, 7))
    close(learner.softmax(x + 123.0), learner.softmax(x), 1e-12)


@pytest.mark.parametrize("kind", ["int64", "int32", "int8", "uint8", "bool"])
def test_integers_and_booleans_give_float64(learner, kind):
    """One and zero have the weights e/(1+e) and 1/(1+e), in float64 whatever they are counted in."""
    got = learner.softmax(np.array([[1, 0], [1, 1]]).astype(kind))
    close(got, [[e / (1 + e), 1 / (1 + e)], [0.5, 0.5]])
    assert got.dtype == np.float64, f"{kind} gave dtype {got.dtype}, expected float64"


@pytest.mark.parametrize("kind, tolerance", [("float32", 1e-6), ("float64", 1e-12)], ids=["float32", "float64"])
def test_floats_keep_their_dtype(learner, reference, rng, kind, tolerance):
    """float32 stays float32 and float64 stays float64."""
    x = rng.normal(size=(3, 5)).astype(kind)
    want = reference.softmax(x)
    got = learner.softmax(x)
    assert got.dtype == kind, f"{kind} gave dtype {got.dtype}"
    close(got, want, tolerance)


def test_float16_is_computed_in_float32(learner):
    """70,000 equal entries: their exponentials add up to 70,000, more than float16 can hold (65,504)."""
    got = learner.softmax(np.zeros(70_000, dtype=np.float16))
    assert got.dtype == np.float16, f"float16 gave dtype {got.dtype}"
    close(got.astype(np.float64), np.full(70_000, 1 / 70_000), 1e-7)


def test_float16_is_rounded_once(learner):
    """3 and -3.002: their difference does not fit in float16, where it would be rounded before the exponential."""
    x = np.array([[3.0, -3.001953125], [5.0, -5.00390625]], dtype=np.float16)
    exact = np.exp(x.astype(np.float64) - x.max(1, keepdims=True).astype(np.float64))
    want = (exact / exact.sum(1, keepdims=True)).astype(np.float16)
    got = learner.softmax(x)
    assert got.dtype == np.float16, f"float16 gave dtype {got.dtype}"
    steps = np.abs(got.view(np.int16).astype(int) - want.view(np.int16).astype(int))
    np.testing.assert_array_equal(steps > 1, np.zeros((2, 2), bool), "more than one step of float16 away from the right weights")


def test_minus_infinity_gets_no_weight(learner):
    """A masked entry has weight exactly 0, and the others share what it leaves."""
    got = learner.softmax(np.array([[0.0, -np.inf, log(3)], [-np.inf, 2.0, -np.inf]]))
    close(got, [[0.25, 0.0, 0.75], [0.0, 1.0, 0.0]])
    close(learner.softmax(np.array([-2e9, -np.inf, -2e9])), [0.5, 0.0, 0.5], 1e-6)


@settings(max_examples=25, deadline=None)
@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=4), data=st.data())
def test_any_shape(learner, reference, rng, shape, data):
    """One to four axes, any of them: the reference's weights, adding up to 1."""
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    x = rng.normal(size=shape) * 50
    want = reference.softmax(x, axis)
    got = learner.softmax(x, axis)
    assert got.shape == want.shape, f"shape {want.shape} gave shape {got.shape}"
    close(got.sum(axis), np.ones(want.sum(axis).shape))
    close(got, want)


def test_inputs_are_left_as_they_were(learner, rng):
    assert learner.unchanged_by("softmax", (rng.normal(size=(3, 4)), 1)), "x was changed"


ROWS = [[0.0, np.nan], [0.0, np.inf], [-np.inf, -np.inf]]


@pytest.mark.parametrize("axis", [0, 1], ids=["in a column", "in a row"])
@pytest.mark.parametrize("row", ROWS, ids=["NaN", "plus infinity", "nothing but minus infinity"])
def test_a_slice_without_a_softmax_is_refused(learner, row, axis):
    """NaN, plus infinity, or nothing but minus infinity in the second of two slices: ValueError."""
    x = np.array([[1.0, 2.0], row])
    with pytest.raises(ValueError):
        learner.softmax(x.T if axis == 0 else x, axis)


IMPOSSIBLE = {
    "no axes at all": (np.array(3.0), -1),
    "no axes at all, axis 0": (np.array(3.0), 0),
    "axis 2 of two": (np.ones((2, 3)), 2),
    "axis -3 of two": (np.ones((2, 3)), -3),
    "an axis of length 0": (np.ones((2, 0)), 1),
    "an axis of length 0, from the end": (np.ones((0, 2)), -2),
}


@pytest.mark.parametrize("x, axis", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_impossible_axes_are_refused(learner, x, axis):
    """No axes at all, an axis beyond the last or before the first, and an axis of length 0: ValueError."""
    with pytest.raises(ValueError):
        learner.softmax(x, axis)


@pytest.mark.parametrize("shape, axis", [((0, 3), 1), ((2, 0, 3), 0)], ids=["no rows of three", "no columns"])
def test_no_slices_give_no_weights(learner, shape, axis):
    """Where another axis has length 0 there is nothing to do, and nothing wrong."""
    got = learner.softmax(np.ones(shape), axis)
    assert got.shape == shape, f"shape {shape} gave shape {got.shape}"


@pytest.mark.parametrize(
    "shape, axis", [((4_000, 4), -1), ((4, 4_000), 0), ((20, 1_000), -1)], ids=["many short rows", "many short columns", "few long rows"]
)
def test_time_and_memory(budget, rng, shape, axis):
    """Four thousand slices of four and twenty of a thousand: no Python loop over them, a few arrays of the size of x."""
    budget("softmax", (rng.normal(size=shape), axis), time_ratio=6, memory_ratio=5)
