"""Checks of dropout, from the two values an entry can take to the average over many masks."""

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-12):
    """An array of the wanted shape, dtype and values."""
    assert got.shape == want.shape, f"the array has shape {got.shape}, expected {want.shape}"
    assert got.dtype == want.dtype, f"the array has dtype {got.dtype}, expected {want.dtype}"
    np.testing.assert_allclose(got, want, atol=0, rtol=tolerance)


def is_mask(mask, shape):
    assert isinstance(mask, np.ndarray), f"the mask is {type(mask).__name__}, expected an array"
    assert mask.dtype == bool, f"the mask has dtype {mask.dtype}, expected bool"
    assert mask.shape == shape, f"the mask has shape {mask.shape}, expected {shape}"


def test_an_entry_is_dropped_or_scaled(learner):
    """Eight threes at p = 1/4: each comes out as 0 or as 3 / (3/4) = 4, as the mask says."""
    y, mask = learner.dropout(np.full(8, 3.0), 0.25, 0)
    is_mask(mask, (8,))
    close(y, np.where(mask, 4.0, 0.0))


def test_one_in_four_is_dropped(learner):
    """Of 100,000 entries at p = 1/4, kept are 75,000 give or take five standard deviations of 137."""
    _, mask = learner.dropout(np.ones(100_000), 0.25, 1)
    kept = int(mask.sum())
    assert abs(kept - 75_000) < 5 * 137, f"{kept} of 100000 were kept, expected between 74315 and 75685"


def test_the_average_is_kept(learner):
    """The mean of 100,000 ones stays 1 within five standard errors at p = 0.6."""
    y, _ = learner.dropout(np.ones(100_000), 0.6, 2)
    assert y.shape == (100_000,), f"the array has shape {y.shape}, expected (100000,)"
    assert (y == 0).any(), "nothing was dropped"
    assert abs(y.mean() - 1.0) < 5 * (0.6 / 0.4 / 100_000) ** 0.5, f"the mean of ones came out as {y.mean():.3f}, expected 1"


def test_evaluation_changes_nothing(learner, rng):
    """Neither dropped nor scaled, and no gradient lost on the way back."""
    x, grad_y = rng.normal(size=(4, 5)), rng.normal(size=(4, 5))
    y, mask = learner.dropout(x.copy(), 0.5, 3, training=False)
    close(y, x, 0)
    is_mask(mask, (4, 5))
    assert mask.shape == (4, 5) and mask.all(), "an entry of the mask is False"
    close(learner.dropout_backward(grad_y.copy(), mask, 0.5, training=False), grad_y, 0)


def test_every_entry_has_a_coin_of_its_own(learner):
    """In a (50, 40) array at p = 1/2 no row and no column is dropped whole, and no two rows have the same mask."""
    _, mask = learner.dropout(np.ones((50, 40)), 0.5, 4)
    is_mask(mask, (50, 40))
    assert mask.any(axis=0).all(), "a column is dropped whole"
    assert mask.any(axis=1).all(), "a row is dropped whole"
    assert len({row.tobytes() for row in mask}) == 50, "two rows have the same mask"
    assert len({column.tobytes() for column in mask.T}) == 40, "two columns have the same mask"


def test_the_number_that_is_kept_varies(learner):
    """Forty masks of 100 entries at p = 1/2: the number kept has a standard deviation of 5, so it is not 50 each time."""
    numbers = [int(learner.dropout(np.ones(100), 0.5, seed)[1].sum()) for seed in range(40)]
    assert 2.0 < np.std(numbers) < 9.0, f"the number kept has a standard deviation of {np.std(numbers):.1f}, expected about 5"


def test_nothing_is_dropped_at_p_zero(learner, rng):
    """Each entry comes out as it was, and the mask is all True."""
    x = rng.normal(size=300)
    y, mask = learner.dropout(x.copy(), 0.0, 6)
    close(y, x)
    is_mask(mask, (300,))
    assert mask.shape == (300,) and mask.all(), "an entry was dropped"


@pytest.mark.parametrize("seed", [0, 7])
def test_the_seed_decides_the_mask(learner, rng, seed):
    """The same seed gives the same mask, whatever the entries and their dtype; another seed another. 0 is a seed like any other."""
    first, again = learner.dropout(np.ones(200), 0.5, seed)[1], learner.dropout(rng.normal(size=200), 0.5, seed)[1]
    assert np.array_equal(first, again), f"seed {seed} gave two masks"
    narrow = learner.dropout(np.ones(200, np.float32), 0.5, seed)[1]
    assert np.array_equal(first, narrow), f"seed {seed} gave another mask for float32"
    other = learner.dropout(np.ones(200), 0.5, seed + 1)[1]
    assert not np.array_equal(first, other), f"seeds {seed} and {seed + 1} gave one mask"


def test_gradient_passes_where_the_value_passed(learner):
    """A gradient of all ones comes back as 0 where dropped and 1 / (1 - p) = 4 where kept."""
    x = np.ones(50)
    _, mask = learner.dropout(x, 0.75, 5)
    close(learner.dropout_backward(x, mask, 0.75), np.where(mask, 4.0, 0.0))


def test_gradient_follows_the_mask_it_is_handed(learner):
    """True, False, True at p = 1/2: the gradients 1, 2, -3 become 2, 0, -6, whoever drew the mask."""
    close(learner.dropout_backward(np.array([1.0, 2.0, -3.0]), np.array([True, False, True]), 0.5), np.array([2.0, 0.0, -6.0]))


@pytest.mark.parametrize("training", [True, False], ids=["in training", "at evaluation"])
@pytest.mark.parametrize("p", [0.0, 0.3, np.float64(0.3)], ids=["p 0", "a Python number", "a NumPy number"])
def test_float32_stays_float32(learner, rng, p, training):
    """Forward and backward, also where p is a float64 of NumPy."""
    x = rng.normal(size=(3, 4)).astype(np.float32)
    y, mask = learner.dropout(x, p, 0, training)
    scale = 1 - float(p) if training else 1.0
    want = (np.where(mask, x, 0) / scale).astype(np.float32)
    close(y, want, 1e-6)
    close(learner.dropout_backward(x, mask, p, training), want, 1e-6)


@settings(max_examples=20, deadline=None)
@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple), p=st.sampled_from([0.1, 0.5, 0.9]), seed=st.integers(0, 10**6))
def test_any_shape(learner, shape, p, seed):
    """y is x * mask / (1 - p), and the gradient follows the same rule."""
    x = np.random.default_rng(seed).normal(size=shape)
    y, mask = learner.dropout(x.copy(), p, seed)
    is_mask(mask, shape)
    want = np.where(mask, x / (1 - p), 0.0)
    close(y, want)
    close(learner.dropout_backward(2 * x, mask, p), 2 * want)


@pytest.mark.parametrize("shape", [(1,), (1, 1), (0,), (3, 0)], ids=["one entry", "one row and column", "no entries", "rows of no entries"])
def test_one_entry_or_none(learner, shape):
    """Forward and backward, in training and at evaluation: the shapes stay."""
    x = np.full(shape, 3.0)
    for training in (True, False):
        y, mask = learner.dropout(x, 0.5, 1, training)
        is_mask(mask, shape)
        want = np.where(mask, 6.0 if training else 3.0, 0.0)
        close(y, want)
        close(learner.dropout_backward(x, mask, 0.5, training), want)


@pytest.mark.parametrize("training", [True, False], ids=["in training", "at evaluation"])
@pytest.mark.parametrize("p", [-0.1, -1e-12, 1.0, 1.5, math.nan])
def test_an_impossible_probability_is_refused(learner, p, training):
    """Below 0, 1 itself, above 1, and NaN: ValueError that says which p it was, forward and backward."""
    for name, args in (("dropout", (np.ones(3), p, 0, training)), ("dropout_backward", (np.ones(3), np.ones(3, dtype=bool), p, training))):
        with pytest.raises(ValueError) as error:
            getattr(learner, name)(*args)
        said = str(error.value).lower()
        if math.isnan(p):
            assert re.search(r"\bnan\b", said), f"{name}: the message should say nan: {said}"
        else:
            numbers = [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", said)]
            assert p in numbers, f"{name}: the message should say {p}: {said}"


def test_inputs_are_left_as_they_were(learner, rng):
    """In training and at evaluation, forward and backward."""
    x, mask = rng.normal(size=(6, 6)), rng.random((6, 6)) < 0.5
    for training in (True, False):
        assert learner.unchanged_by("dropout", (x, 0.5, 0, training)), "dropout changed x"
        assert learner.unchanged_by("dropout_backward", (x, mask | (not training), 0.5, training)), "dropout_backward changed an argument"


def test_time(budget):
    """A hundred thousand entries: one draw of a whole array."""

    def agrees(got, want):
        """Other draws are as good: about as many are kept, and what both keep is the same."""
        both = got[1] & want[1]
        return abs(got[1].mean() - want[1].mean()) < 0.02 and np.allclose(got[0][both], want[0][both]) and not got[0][~got[1]].any()

    budget("dropout", lambda rng: (rng.normal(size=(500, 200)), 0.3, int(rng.integers(1000))), time_ratio=10, agrees=agrees)
