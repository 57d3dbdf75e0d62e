"""Checks of dropout, from the two values an entry can take to the average over many masks."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-6):
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def test_an_entry_is_dropped_or_scaled(learner):
    """Eight threes at p = 1/4: each comes out as 0 or as 3 / (3/4) = 4, as the mask says."""
    y, mask = learner.dropout(np.full(8, 3.0), 0.25, 0)
    assert mask.dtype == bool
    close(y, np.where(mask, 4.0, 0.0))


def test_one_in_four_is_dropped(learner):
    """Of 100,000 entries at p = 1/4, kept are 75,000 give or take five standard deviations of 137."""
    _, mask = learner.dropout(np.ones(100_000), 0.25, 1)
    assert abs(int(mask.sum()) - 75_000) < 5 * 137


def test_the_average_is_kept(learner):
    """The mean of 100,000 ones stays 1 within five standard errors at p = 0.6."""
    y, _ = learner.dropout(np.ones(100_000), 0.6, 2)
    assert (y == 0).any() and y.shape == (100_000,)
    assert abs(y.mean() - 1.0) < 5 * (0.6 / 0.4 / 100_000) ** 0.5


def test_evaluation_changes_nothing(learner, rng):
    """Neither dropped nor scaled, and no gradient lost on the way back."""
    x = rng.normal(size=(4, 5))
    y, mask = learner.dropout(x, 0.5, 3, training=False)
    close(y, x, 0)
    assert mask.all()
    close(learner.dropout_backward(x, mask, 0.5, training=False), x, 0)


def test_every_entry_has_a_coin_of_its_own(learner):
    """In a (50, 40) array at p = 1/2 no row and no column is dropped whole, and no two rows have the same mask."""
    _, mask = learner.dropout(np.ones((50, 40)), 0.5, 4)
    assert mask.any(axis=0).all()
    assert mask.any(axis=1).all()
    assert len({row.tobytes() for row in mask}) == 50
    assert len({column.tobytes() for column in mask.T}) == 40


def test_the_seed_decides_the_mask(learner):
    """The same seed gives the same mask, another seed another."""
    x = np.ones(200)
    first, again, other = (learner.dropout(x, 0.5, seed)[1] for seed in (7, 7, 8))
    assert (first == again).all()
    assert (first != other).any()


def test_gradient_passes_where_the_value_passed(learner):
    """A gradient of all ones comes back as 0 where dropped and 1 / (1 - p) = 2 where kept."""
    x = np.ones(50)
    _, mask = learner.dropout(x, 0.5, 5)
    close(learner.dropout_backward(x, mask, 0.5), np.where(mask, 2.0, 0.0))


def test_nothing_is_dropped_at_p_zero(learner, rng):
    x = rng.normal(size=30)
    y, mask = learner.dropout(x, 0.0, 6)
    close(y, x)
    assert mask.all()


def test_float32_stays_float32(learner, rng):
    x = rng.normal(size=(3, 4)).astype(np.float32)
    y, mask = learner.dropout(x, 0.3, 0)
    assert y.dtype == np.float32
    close(y, x * mask / 0.7)
    assert learner.dropout_backward(x, mask, 0.3).dtype == np.float32


@settings(max_examples=20, deadline=None)
@given(shape=st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple), p=st.sampled_from([0.1, 0.5, 0.9]), seed=st.integers(0, 10**6))
def test_any_shape(learner, shape, p, seed):
    """y is x * mask / (1 - p), and the gradient follows the same rule."""
    x = np.random.default_rng(seed).normal(size=shape) + 3.0
    y, mask = learner.dropout(x, p, seed)
    assert mask.shape == shape
    close(y, x * mask / (1 - p))
    close(learner.dropout_backward(2 * x, mask, p), 2 * x * mask / (1 - p))


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5])
def test_an_impossible_probability_is_refused(learner, p):
    with pytest.raises(ValueError) as error:
        learner.dropout(np.ones(3), p, 0)
    assert str(p) in str(error.value)
    with pytest.raises(ValueError):
        learner.dropout_backward(np.ones(3), np.ones(3, dtype=bool), p)


def test_inputs_are_left_as_they_were(learner, rng):
    x = rng.normal(size=(6, 6))
    assert learner.unchanged_by("dropout", (x, 0.5, 0))
    assert learner.unchanged_by("dropout_backward", (x, x > 0, 0.5))
