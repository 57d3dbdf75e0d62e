"""Checks of batch normalisation, from one column by hand to gradients by differences."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-9):
    """A float64 array of the wanted shape and values."""
    want = np.asarray(want, dtype=float)
    assert got.dtype == np.float64, f"the array has dtype {got.dtype}, expected float64"
    assert got.shape == want.shape, f"the array has shape {got.shape}, expected {want.shape}"
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def all_close(got, want, tolerance=1e-9):
    for array, wanted in zip(got, want, strict=True):
        close(array, wanted, tolerance)


def tensors(rng, n=6, d=4):
    """x, gamma, beta, running mean and running variance, none of them at its default."""
    return rng.normal(size=(n, d)) * 3 + 2, rng.normal(size=d), rng.normal(size=d), rng.normal(size=d), rng.uniform(0.5, 2, size=d)


def plain(*rows):
    """x of one column with these rows, gamma 1, beta 0, running mean 0 and running variance 1."""
    return np.array(rows, dtype=float).reshape(-1, 1), np.ones(1), np.zeros(1), np.zeros(1), np.ones(1)


def test_one_column_by_hand(learner):
    """1 and 5 have mean 3 and biased variance 4: normalised -1 and 1; times 10, plus 2: -8 and 12."""
    args = np.array([[1.0], [5.0]]), np.array([10.0]), np.array([2.0]), np.zeros(1), np.ones(1)
    y, *_ = learner.batch_norm(*args, True, eps=0.0)
    close(y, [[-8.0], [12.0]])


def test_running_statistics_by_hand(learner):
    """Mean 3 and unbiased variance 8, momentum 0.1: 0.9 * 2 + 0.1 * 3 = 2.1 and 0.9 * 4 + 0.1 * 8 = 4.4."""
    args = np.array([[1.0], [5.0]]), np.ones(1), np.zeros(1), np.array([2.0]), np.array([4.0])
    _, mean, var, _ = learner.batch_norm(*args, True, momentum=0.1)
    close(mean, [2.1])
    close(var, [4.4])


def test_columns_are_normalised_over_the_rows(learner, rng):
    """In a (50, 3) batch each column comes out with mean 0 and variance 1, whatever it was."""
    x = rng.normal(size=(50, 3)) * np.array([1.0, 10.0, 0.1]) + np.array([5.0, -7.0, 0.0])
    y, *_ = learner.batch_norm(x, np.ones(3), np.zeros(3), np.zeros(3), np.ones(3), True, eps=0.0)
    close(y.mean(axis=0), np.zeros(3))
    close(y.var(axis=0), np.ones(3))


def test_a_column_far_from_zero(learner):
    """1e8 - 1 and 1e8 + 1, and the same below zero: variance 1, where the mean of the squares less the squared mean is lost in rounding."""
    for middle in (1e8, -1e8):
        y, _, var, _ = learner.batch_norm(*plain(middle - 1, middle + 1, middle - 1, middle + 1), True, momentum=1.0, eps=0.0)
        close(y, [[-1.0], [1.0], [-1.0], [1.0]])
        close(var, [4 / 3])


def test_epsilon_is_added_under_the_root(learner):
    """A batch of variance 1 with eps = 3: everything is halved. A column that never varies becomes beta."""
    y, *_ = learner.batch_norm(*plain(-1, 1), True, eps=3.0)
    close(y, [[-0.5], [0.5]])
    y, *_ = learner.batch_norm(*plain(7, 7, 7), True)
    close(y, [[0.0], [0.0], [0.0]])


def test_evaluation_uses_the_running_statistics(learner):
    """7 and 1 with running mean 3 and variance 4 - 3, and eps 3: 2 and -1; the statistics stay."""
    args = np.array([[7.0], [1.0]]), np.ones(1), np.zeros(1), np.array([3.0]), np.array([1.0])
    y, mean, var, _ = learner.batch_norm(*args, False, eps=3.0)
    close(y, [[2.0], [-1.0]])
    close(mean, [3.0], 0)
    close(var, [1.0], 0)


def test_rows_do_not_see_each_other_at_evaluation(learner, rng):
    """Each row alone gives what it gives in the batch."""
    args = tensors(rng)
    together = learner.batch_norm(*args, False)[0]
    for i in range(6):
        close(learner.batch_norm(args[0][i : i + 1], *args[1:], False)[0], together[i : i + 1])


@pytest.mark.parametrize("n", [0, 1])
def test_a_batch_of_one_or_none_at_evaluation(learner, rng, n):
    """Forward and backward: shapes (n, 4), and the statistics stay."""
    x, *rest = tensors(rng, n)
    gamma, beta, mean, var = (array.copy() for array in rest)
    x_hat = (x - mean) / np.sqrt(var + 1e-5)
    *got, cache = learner.batch_norm(x, *rest, False)
    all_close(got, (gamma * x_hat + beta, mean, var))
    gradients = learner.batch_norm_backward(np.ones((n, 4)), cache)
    all_close(gradients, (np.ones((n, 4)) * gamma / np.sqrt(var + 1e-5), x_hat.sum(axis=0), np.full(4, float(n))))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("n, d", [(6, 4), (3, 7), (5, 5), (2, 1)])
def test_equals_the_reference(learner, reference, rng, n, d, training):
    """Tall, wide and square batches; momentum 0.3, eps 0.01."""
    args = tensors(rng, n, d)
    want = reference.batch_norm(*args, training, 0.3, 1e-2)[:3]
    all_close(learner.batch_norm(*args, training, 0.3, 1e-2)[:3], want)


def test_the_defaults_are_those_of_the_task(learner):
    """-0.001 and 0.001 have variance 1e-6, to which 1e-5 is added; the running mean of 10 and -10 becomes 0.9 times the old."""
    y, *_ = learner.batch_norm(*plain(-1e-3, 1e-3), True)
    close(y, [[-1e-3 / 1.1e-5**0.5], [1e-3 / 1.1e-5**0.5]])
    _, mean, var, _ = learner.batch_norm(np.array([[10.0], [-10.0]]), np.ones(1), np.zeros(1), np.ones(1), np.ones(1), True)
    close(mean, [0.9])
    close(var, [20.9])


def test_gradients_of_gamma_and_beta(learner, rng):
    """beta's gradient sums grad_y over the rows; gamma's sums grad_y times the normalised x."""
    args = tensors(rng)
    x, grad_y = args[0], rng.normal(size=(6, 4))
    for training, mean, var in ((True, x.mean(axis=0), x.var(axis=0)), (False, args[3], args[4])):
        want = (grad_y * (x - mean) / np.sqrt(var)).sum(axis=0), grad_y.sum(axis=0)
        *_, cache = learner.batch_norm(*[array.copy() for array in args], training, eps=0.0)
        all_close(learner.batch_norm_backward(grad_y.copy(), cache)[1:], want)


def test_a_constant_gradient_reaches_nothing(learner, rng):
    """Adding one number to a whole column does not change what comes out, so in training no gradient comes back along it."""
    *_, cache = learner.batch_norm(*tensors(rng), True)
    grad_x, _, _ = learner.batch_norm_backward(rng.normal(size=(6, 4)), cache)
    close(grad_x.sum(axis=0), np.zeros(4))


def test_gradient_at_evaluation_by_hand(learner):
    """Running variance 1 and eps 3: each gradient is multiplied by gamma / 2, here 10 / 2, and nothing else happens."""
    args = np.array([[7.0], [1.0]]), np.array([10.0]), np.zeros(1), np.array([3.0]), np.array([1.0])
    *_, cache = learner.batch_norm(*args, False, eps=3.0)
    all_close(learner.batch_norm_backward(np.array([[1.0], [-2.0]]), cache), ([[5.0], [-10.0]], [4.0], [-1.0]))


def test_each_cache_belongs_to_its_own_call(learner, reference, rng):
    """Two layers, forward one after the other, the second at evaluation; then backward through both, the last first."""
    first, second, grad_y = tensors(rng), tensors(rng), rng.normal(size=(6, 4))
    calls = [(*first, True), (*second, False)]
    want = [reference.batch_norm_backward(grad_y, reference.batch_norm(*call)[3]) for call in calls]
    caches = [learner.batch_norm(*call)[3] for call in calls]
    all_close(learner.batch_norm_backward(grad_y, caches[1]), want[1])
    all_close(learner.batch_norm_backward(grad_y, caches[0]), want[0])


@pytest.mark.parametrize("training", [True, False])
def test_gradient_equals_differences(learner, rng, training):
    """Move each entry of x by 1e-5 either way; the loss is a weighted sum of the learner's own output."""
    x, *rest = tensors(rng, 4, 3)
    weight = rng.normal(size=(4, 3))
    *_, cache = learner.batch_norm(x, *rest, training)
    grad_x, _, _ = learner.batch_norm_backward(weight, cache)
    slopes = np.zeros_like(x)
    for place in np.ndindex(x.shape):
        step = np.zeros_like(x)
        step[place] = 1e-5
        there, back = (learner.batch_norm(at, *rest, training)[0] for at in (x + step, x - step))
        slopes[place] = ((there - back) * weight).sum() / 2e-5
    close(grad_x, slopes, 1e-6)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 7), d=st.integers(1, 5), training=st.booleans())
def test_any_shape_backward(learner, reference, seed, n, d, training):
    """One to seven rows (in training at least two) and one to five columns: the reference's three gradients."""
    rng = np.random.default_rng(seed)
    n = max(n, 2) if training else n
    args, grad_y = tensors(rng, n, d), rng.normal(size=(n, d))
    want = reference.batch_norm_backward(grad_y, reference.batch_norm(*args, training, eps=1e-3)[3])
    all_close(learner.batch_norm_backward(grad_y, learner.batch_norm(*args, training, eps=1e-3)[3]), want, 1e-7)


def test_running_statistics_find_the_population(learner, rng):
    """After 100 batches of 4 from a population of variance 9, the running variance averages 9 within 1; the biased one would give 6.75."""
    mean, var = np.zeros(80), np.ones(80)
    for _ in range(100):
        _, mean, var, _ = learner.batch_norm(rng.normal(size=(4, 80)) * 3, np.ones(80), np.zeros(80), mean, var, True)
    assert abs(var.mean() - 9.0) < 1.0, f"the running variance averages {var.mean():.2f}, expected between 8 and 10"


@pytest.mark.parametrize("n", [0, 1])
def test_too_few_rows_in_training_are_refused(learner, n):
    """No row and one row: ValueError that says how many."""
    with pytest.raises(ValueError) as error:
        learner.batch_norm(np.ones((n, 34)), np.ones(34), np.zeros(34), np.zeros(34), np.ones(34), True)
    assert re.search(rf"\b{n}\b", str(error.value)), f"the message should say that there are {n} rows: {error.value}"


@pytest.mark.parametrize("training", [True, False], ids=["in training", "at evaluation"])
def test_shapes_that_do_not_fit_are_refused(learner, training):
    """An x without two axes; another array of another length, of length 1, of two axes or of none: ValueError."""
    for shape in ((3,), (2, 4, 3), (2, 3, 3)):
        with pytest.raises(ValueError):
            learner.batch_norm(np.ones(shape), np.ones(3), np.ones(3), np.ones(3), np.ones(3), training)
    for which in range(4):
        for shape in ((34,), (1,), (1, 21), (4, 21), (21, 1), ()):
            others = [np.ones(21)] * 4
            others[which] = np.ones(shape)
            with pytest.raises(ValueError) as error:
                learner.batch_norm(np.ones((4, 21)), *others, training)
            named = set(re.findall(r"\d+", str(error.value)))
            if len(shape) == 1:
                assert {"21", str(shape[0])} <= named, f"the message should name 21 and {shape[0]}: {error.value}"
    with pytest.raises(ValueError):
        learner.batch_norm(np.ones((4, 1)), *[np.ones(3)] * 4, training)


@pytest.mark.parametrize("training", [True, False], ids=["in training", "at evaluation"])
def test_inputs_are_left_as_they_were(learner, rng, training):
    """The running statistics too: the new ones are returned, the old ones are the caller's. A cache may be used twice."""
    args = tensors(rng)
    assert learner.unchanged_by("batch_norm", (*args, training)), "batch_norm changed an argument"
    cache, grad_y = learner.batch_norm(*args, training)[3], rng.normal(size=(6, 4))
    first = learner.batch_norm_backward(grad_y.copy(), cache)
    assert learner.unchanged_by("batch_norm_backward", (grad_y, cache)), "batch_norm_backward changed an argument"
    all_close(learner.batch_norm_backward(grad_y, cache), first, 0)


def test_time(budget, rng):
    """Sixteen rows of 600 columns: no Python loop over the columns."""
    agrees = lambda got, want: all(np.allclose(array, wanted) for array, wanted in zip(got[:3], want[:3], strict=True))  # caches differ
    budget("batch_norm", (*tensors(rng, 16, 600), True), time_ratio=10, agrees=agrees)
