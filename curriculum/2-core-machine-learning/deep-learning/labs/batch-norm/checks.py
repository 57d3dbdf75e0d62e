"""Checks of batch normalisation, from one column by hand to gradients by differences."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-9):
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def tensors(rng, n=6, d=4):
    """x, gamma, beta, running mean and running variance, none of them at its default."""
    return rng.normal(size=(n, d)) * 3 + 2, rng.normal(size=d), rng.normal(size=d), rng.normal(size=d), rng.uniform(0.5, 2, size=d)


def test_one_column_by_hand(learner):
    """1 and 5 have mean 3 and biased variance 4: normalised -1 and 1; times 10, plus 2: -8 and 12."""
    args = np.array([[1.0], [5.0]]), np.array([10.0]), np.array([2.0]), np.zeros(1), np.ones(1)
    y, *_ = learner.batch_norm(*args, True, eps=0.0)
    close(y, [[-8.0], [12.0]])


def test_running_statistics_by_hand(learner):
    """Mean 3 and unbiased variance 8, momentum 0.1: 0.9 * 0 + 0.1 * 3 = 0.3 and 0.9 * 1 + 0.1 * 8 = 1.7."""
    args = np.array([[1.0], [5.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1)
    _, mean, var, _ = learner.batch_norm(*args, True)
    close(mean, [0.3])
    close(var, [1.7])


def test_columns_are_normalised_over_the_rows(learner, rng):
    """In a (50, 3) batch each column comes out with mean 0 and variance 1, whatever it was."""
    x = rng.normal(size=(50, 3)) * np.array([1.0, 10.0, 0.1]) + np.array([5.0, -7.0, 0.0])
    y, *_ = learner.batch_norm(x, np.ones(3), np.zeros(3), np.zeros(3), np.ones(3), True, eps=0.0)
    close(y.mean(axis=0), np.zeros(3))
    close(y.var(axis=0), np.ones(3))


def test_epsilon_is_added_under_the_root(learner):
    """A batch of variance 1 with eps = 3: everything is halved."""
    y, *_ = learner.batch_norm(np.array([[-1.0], [1.0]]), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1), True, eps=3.0)
    close(y, [[-0.5], [0.5]])


def test_evaluation_uses_the_running_statistics(learner):
    """7 with running mean 3 and variance 4 is 2, alone in its batch; the statistics stay."""
    y, mean, var, _ = learner.batch_norm(np.array([[7.0]]), np.ones(1), np.zeros(1), np.array([3.0]), np.array([4.0]), False, eps=0.0)
    close(y, [[2.0]])
    close(mean, [3.0])
    close(var, [4.0])


def test_rows_do_not_see_each_other_at_evaluation(learner, rng):
    """Each row alone gives what it gives in the batch."""
    args = tensors(rng)
    together = learner.batch_norm(*args, False)[0]
    alone = [learner.batch_norm(args[0][i : i + 1], *args[1:], False)[0][0] for i in range(6)]
    close(together, alone)


def test_equals_the_reference(learner, reference, rng):
    args = tensors(rng)
    for training in (True, False):
        got, want = (module.batch_norm(*args, training, 0.3, 1e-2)[:3] for module in (learner, reference))
        for a, b in zip(got, want):
            close(a, b)


def test_gradients_of_gamma_and_beta(learner, rng):
    """beta's gradient sums grad_y over the rows; gamma's sums grad_y times the normalised x."""
    args = tensors(rng)
    _, _, _, cache = learner.batch_norm(*args, True, eps=0.0)
    grad_y = rng.normal(size=(6, 4))
    _, grad_gamma, grad_beta = learner.batch_norm_backward(grad_y, cache)
    x = args[0]
    close(grad_beta, grad_y.sum(axis=0))
    close(grad_gamma, (grad_y * (x - x.mean(axis=0)) / x.std(axis=0)).sum(axis=0))


def test_a_constant_gradient_reaches_nothing(learner, rng):
    """Adding one number to a whole column does not change what comes out, so in training no gradient comes back along it."""
    args = tensors(rng)
    _, _, _, cache = learner.batch_norm(*args, True)
    grad_x, _, _ = learner.batch_norm_backward(rng.normal(size=(6, 4)), cache)
    close(grad_x.sum(axis=0), np.zeros(4))


@pytest.mark.parametrize("training", [True, False])
def test_gradient_equals_differences(learner, rng, training):
    """Move each entry of x by 1e-5 either way; the loss is a weighted sum of the learner's own output."""
    x, *rest = tensors(rng, 5, 3)
    weight = rng.normal(size=(5, 3))
    loss = lambda at: float((learner.batch_norm(at, *rest, training)[0] * weight).sum())
    _, _, _, cache = learner.batch_norm(x, *rest, training)
    grad_x, _, _ = learner.batch_norm_backward(weight, cache)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = 1e-5
        close(grad_x[place], (loss(x + step) - loss(x - step)) / 2e-5, 1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 7), d=st.integers(1, 5), training=st.booleans())
def test_any_shape_backward(learner, reference, seed, n, d, training):
    rng = np.random.default_rng(seed)
    args, grad_y = tensors(rng, n, d), rng.normal(size=(n, d))
    got, want = (module.batch_norm_backward(grad_y, module.batch_norm(*args, training, eps=1e-3)[3]) for module in (learner, reference))
    for a, b in zip(got, want):
        close(a, b, 1e-7)


def test_running_statistics_find_the_population(learner, rng):
    """After 200 batches of 4 from a population of variance 9, the running variance averages 9 within 1; the biased one would give 6.75."""
    mean, var = np.zeros(50), np.ones(50)
    for _ in range(200):
        _, mean, var, _ = learner.batch_norm(rng.normal(size=(4, 50)) * 3, np.ones(50), np.zeros(50), mean, var, True)
    assert abs(var.mean() - 9.0) < 1.0


@pytest.mark.parametrize("x", [np.zeros((1, 2)), np.zeros((4, 3)), np.zeros(2)])
def test_impossible_batches_are_refused(learner, x):
    with pytest.raises(ValueError) as error:
        learner.batch_norm(x, np.ones(2), np.zeros(2), np.zeros(2), np.ones(2), True)
    if x.shape == (1, 2):
        assert "1" in str(error.value)


def test_inputs_are_left_as_they_were(learner, rng):
    """The running statistics too: the new ones are returned, the old ones are the caller's."""
    args = tensors(rng)
    assert learner.unchanged_by("batch_norm", (*args, True))
    assert learner.unchanged_by("batch_norm", (*args, False))
    assert learner.unchanged_by("batch_norm_backward", (rng.normal(size=(6, 4)), learner.batch_norm(*args, True)[3]))
