"""Checks of softmax cross-entropy, from one row by hand to the time budget."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-6):
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def test_one_row_by_hand(learner):
    """Logits ln 3 and 0 give 3/4 and 1/4: with target 1 the loss is ln 4 and the gradient (3/4, -3/4)."""
    loss, grad = learner.cross_entropy(np.array([[np.log(3.0), 0.0]]), np.array([1]))
    assert isinstance(loss, float)
    close(loss, np.log(4.0))
    close(grad, [[0.75, -0.75]])


def test_two_rows_are_averaged(learner):
    """Uniform rows over four classes: the loss is ln 4 whatever N is, and each gradient is halved by the mean."""
    loss, grad = learner.cross_entropy(np.zeros((2, 4)), np.array([0, 3]))
    close(loss, np.log(4.0))
    close(grad, np.array([[-0.75, 0.25, 0.25, 0.25], [0.25, 0.25, 0.25, -0.75]]) / 2)


def test_equals_the_reference(learner, reference, rng):
    logits, targets = rng.normal(size=(7, 5)) * 3, rng.integers(0, 5, 7)
    for got, want in zip(learner.cross_entropy(logits, targets), reference.cross_entropy(logits, targets)):
        close(got, want)


def test_gradient_equals_differences_of_the_loss(learner, rng):
    """Move each logit by 1e-5 either way and watch the learner's own loss."""
    logits, targets = rng.normal(size=(3, 4)), np.array([2, -1, 0])
    _, grad = learner.cross_entropy(logits, targets)
    for place in np.ndindex(logits.shape):
        step = np.zeros_like(logits)
        step[place] = 1e-5
        up, down = learner.cross_entropy(logits + step, targets)[0], learner.cross_entropy(logits - step, targets)[0]
        close(grad[place], (up - down) / 2e-5, 1e-5)


def test_masked_rows_do_not_count(learner):
    """One row of three counts: the loss is that row's, ln 2, and the mean is over one row, not three."""
    logits = np.array([[5.0, 1.0], [0.0, 0.0], [-2.0, 7.0]])
    loss, grad = learner.cross_entropy(logits, np.array([-1, 0, -1]))
    close(loss, np.log(2.0))
    close(grad, [[0.0, 0.0], [-0.5, 0.5], [0.0, 0.0]])


def test_masked_rows_have_no_gradient(learner, rng):
    """Exactly zero, where -1 as an index would have meant the last class."""
    _, grad = learner.cross_entropy(rng.normal(size=(6, 3)), np.array([0, -1, 2, -1, 1, -1]))
    assert not grad[1::2].any()


def test_another_number_can_mark_the_mask(learner, reference, rng):
    logits, targets = rng.normal(size=(4, 3)), np.array([-100, 2, 0, -100])
    for got, want in zip(learner.cross_entropy(logits, targets, -100), reference.cross_entropy(logits, targets, -100)):
        close(got, want)


def test_nothing_left_is_zero(learner):
    loss, grad = learner.cross_entropy(np.ones((2, 3)), np.array([-1, -1]))
    assert loss == 0.0
    assert grad.shape == (2, 3)
    assert not grad.any()


def test_huge_logits_do_not_overflow(learner):
    """Logits of 10,000 and 9,999: the loss is that of 1 and 0."""
    loss, grad = learner.cross_entropy(np.array([[10_000.0, 9_999.0]]), np.array([0]))
    close(loss, np.log1p(np.exp(-1.0)))
    close(grad, [[-1 / (1 + np.e), 1 / (1 + np.e)]])


def test_a_confidently_wrong_row_pays_in_full(learner):
    """Logits 0 and 2,000 with target 0: the loss is 2,000, although the probability rounds to 0."""
    loss, grad = learner.cross_entropy(np.array([[0.0, 2_000.0]]), np.array([0]))
    close(loss, 2_000.0)
    close(grad, [[-1.0, 1.0]])


def test_a_forbidden_class_gets_nothing(learner):
    """Minus infinity in the logits: no share of the softmax, no gradient, no nan."""
    loss, grad = learner.cross_entropy(np.array([[0.0, -np.inf, 0.0]]), np.array([2]))
    close(loss, np.log(2.0))
    close(grad, [[0.5, 0.0, -0.5]])


def test_float32_in_float32_out_float64_inside(learner, reference, rng):
    logits, targets = (rng.normal(size=(50, 100)) * 4).astype(np.float32), rng.integers(0, 100, 50)
    loss, grad = learner.cross_entropy(logits, targets)
    want_loss, want_grad = reference.cross_entropy(logits.astype(np.float64), targets)
    assert grad.dtype == np.float32
    close(loss, want_loss, 1e-9)
    close(grad, want_grad)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(1, 6), c=st.integers(1, 6), shift=st.floats(-500, 500))
def test_every_row_of_the_gradient_sums_to_zero(learner, seed, n, c, shift):
    """And adding a constant to a row changes neither the loss nor the gradient."""
    rng = np.random.default_rng(seed)
    logits, targets = rng.normal(size=(n, c)) * 5, rng.integers(-1, c, n)
    loss, grad = learner.cross_entropy(logits, targets)
    close(grad.sum(axis=1), np.zeros(n))
    moved_loss, moved_grad = learner.cross_entropy(logits + shift, targets)
    close(moved_loss, loss, 1e-8)
    close(moved_grad, grad, 1e-8)


def test_inputs_are_left_as_they_were(learner, rng):
    assert learner.unchanged_by("cross_entropy", (rng.normal(size=(5, 3)), np.array([0, 2, -1, 1, 1])))


@pytest.mark.parametrize("target", [7, -3])
def test_a_target_that_is_no_class_is_refused(learner, target):
    with pytest.raises(ValueError) as error:
        learner.cross_entropy(np.zeros((2, 5)), np.array([1, target]))
    assert str(target) in str(error.value)


@pytest.mark.parametrize("logits, targets", [(np.zeros(3), np.array([0])), (np.zeros((2, 3)), np.array([0, 1, 2]))])
def test_shapes_that_do_not_match_are_refused(learner, logits, targets):
    with pytest.raises(ValueError):
        learner.cross_entropy(logits, targets)


def test_time(budget, rng):
    """Three thousand rows of ten classes, without a loop over the rows."""
    budget("cross_entropy", (rng.normal(size=(3_000, 10)), rng.integers(0, 10, 3_000)), time_ratio=6)
