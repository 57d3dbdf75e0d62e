"""Checks of softmax cross-entropy, from one row by hand to the time budget."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-9):
    assert np.shape(got) == np.shape(want), f"shape {np.shape(got)}, expected {np.shape(want)}"
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def both_close(got, want, tolerance=1e-9):
    """Loss and gradient, of the right types."""
    (loss, grad), (want_loss, want_grad) = got, want
    assert type(loss) is float, f"the loss is {loss!r}, of type {type(loss).__name__}, expected a Python float"
    assert grad.dtype == want_grad.dtype, f"the gradient has dtype {grad.dtype}, expected {want_grad.dtype}"
    close(loss, want_loss, tolerance)
    close(grad, want_grad, tolerance)


def test_one_row_by_hand(learner):
    """Logits ln 3 and 0 give 3/4 and 1/4: with target 1 the loss is ln 4 and the gradient (3/4, -3/4)."""
    got = learner.cross_entropy(np.array([[np.log(3.0), 0.0]]), np.array([1]))
    both_close(got, (np.log(4.0), np.array([[0.75, -0.75]])))


def test_two_rows_are_averaged(learner):
    """Uniform rows over four classes: the loss is ln 4 whatever N is, and each gradient is halved by the mean."""
    got = learner.cross_entropy(np.zeros((2, 4)), np.array([0, 3]))
    both_close(got, (np.log(4.0), np.array([[-0.75, 0.25, 0.25, 0.25], [0.25, 0.25, 0.25, -0.75]]) / 2))


@pytest.mark.parametrize("n, c", [(7, 5), (6, 6), (40, 3), (3, 40)], ids=["seven by five", "square", "tall", "wide"])
def test_equals_the_reference(learner, reference, rng, n, c):
    """More rows than classes, fewer, and as many."""
    logits, targets = rng.normal(size=(n, c)) * 3, rng.integers(-1, c, n)
    want = reference.cross_entropy(logits, targets)
    both_close(learner.cross_entropy(logits, targets), want)


def test_gradient_equals_differences_of_the_loss(learner, rng):
    """Move each logit by 1e-5 either way and watch the learner's own loss."""
    logits, targets = rng.normal(size=(3, 4)), np.array([2, -1, 0])
    _, grad = learner.cross_entropy(logits, targets)
    for place in np.ndindex(logits.shape):
        step = np.zeros_like(logits)
        step[place] = 1e-5
        up, down = learner.cross_entropy(logits + step, targets)[0], learner.cross_entropy(logits - step, targets)[0]
        close(grad[place], (up - down) / 2e-5, 1e-5)


def test_one_class_is_certain(learner):
    """With a single class there is nothing to guess: the loss is 0, and so is the gradient."""
    both_close(learner.cross_entropy(np.array([[3.0], [-2.0]]), np.array([0, 0])), (0.0, np.zeros((2, 1))))


@pytest.mark.parametrize("kind", ["int64", "int32", "int16", "uint8"])
def test_any_integers_are_targets(learner, reference, rng, kind):
    """Classes 0 to 250 of 251, in any width, with 255 or -1 for the mask."""
    ignore = 255 if kind == "uint8" else -1
    logits, targets = rng.normal(size=(6, 251)), np.array([250, 0, ignore, 200, 128, 127]).astype(kind)
    want = reference.cross_entropy(logits, targets, ignore)
    both_close(learner.cross_entropy(logits, targets, ignore), want)


def test_masked_rows_do_not_count(learner):
    """One row of three counts: the loss is that row's, ln 2, and the mean is over one row, not three."""
    logits = np.array([[5.0, 1.0], [0.0, 0.0], [-2.0, 7.0]])
    both_close(learner.cross_entropy(logits, np.array([-1, 0, -1])), (np.log(2.0), np.array([[0.0, 0.0], [-0.5, 0.5], [0.0, 0.0]])))


def test_masked_rows_have_no_gradient(learner, rng):
    """Exactly zero, where -1 as an index would have meant the last class."""
    _, grad = learner.cross_entropy(rng.normal(size=(6, 3)), np.array([0, -1, 2, -1, 1, -1]))
    assert grad.shape == (6, 3), f"the gradient has shape {grad.shape}, expected (6, 3)"
    assert not grad[1::2].any(), f"the gradient of the masked rows is {grad[1::2]}, expected zeros"
    assert grad[::2].all(), f"the gradient of the other rows is {grad[::2]}"


@pytest.mark.parametrize("ignore", [-100, 99, 0, 2])
def test_another_number_can_mark_the_mask(learner, reference, rng, ignore):
    """-100 as PyTorch has it, a number beyond the classes, and a class that is not to be learned."""
    logits, targets = rng.normal(size=(5, 3)), np.array([ignore, 2, 0, 1, ignore])
    want = reference.cross_entropy(logits, targets, ignore)
    both_close(learner.cross_entropy(logits, targets, ignore), want)


@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_nothing_left_is_zero(learner, kind):
    """Two masked rows, and no rows at all."""
    for targets in (np.array([-1, -1]), np.array([], dtype=np.int64)):
        logits = np.ones((len(targets), 3), dtype=kind)
        both_close(learner.cross_entropy(logits, targets), (0.0, np.zeros_like(logits)), 0)


def test_huge_logits_do_not_overflow(learner):
    """Logits of 10,000 and 9,999, or -9,999 and -10,000: the loss is that of 1 and 0."""
    want = np.log1p(np.exp(-1.0)), np.array([[-1 / (1 + np.e), 1 / (1 + np.e)]])
    both_close(learner.cross_entropy(np.array([[10_000.0, 9_999.0]]), np.array([0])), want)
    both_close(learner.cross_entropy(np.array([[-9_999.0, -10_000.0]]), np.array([0])), want)


def test_huge_rows_beside_small_ones(learner):
    """Rows (0, 1), (10000, 9999) and (-10000, -9999) in one batch: each has its own largest logit."""
    logits = np.array([[0.0, 1.0], [10_000.0, 9_999.0], [-10_000.0, -9_999.0]])
    p = 1 / (1 + np.e)
    want = np.log1p(np.exp(-1.0)), np.array([[p, -p], [-p, p], [p, -p]]) / 3
    both_close(learner.cross_entropy(logits, np.array([1, 0, 1])), want)


def test_a_confidently_wrong_row_pays_in_full(learner):
    """Logits 0 and 20,000 with target 0: the loss is 20,000, although the probability rounds to 0."""
    for size in (50.0, 2_000.0, 20_000.0):
        logits = np.array([[-size / 2, size / 2]])
        both_close(learner.cross_entropy(logits, np.array([0])), (size, np.array([[-1.0, 1.0]])))


def test_a_forbidden_class_gets_nothing(learner):
    """Minus infinity in the logits: no share of the softmax, no gradient, no nan."""
    got = learner.cross_entropy(np.array([[0.0, -np.inf, 0.0]]), np.array([2]))
    both_close(got, (np.log(2.0), np.array([[0.5, 0.0, -0.5]])))
    got = learner.cross_entropy(np.array([[-5_000.0, -np.inf, -5_000.0], [-np.inf, 7.0, -np.inf]]), np.array([2, 1]))
    both_close(got, (np.log(2.0) / 2, np.array([[0.25, 0.0, -0.25], [0.0, 0.0, 0.0]])))


def test_float32_in_float32_out_float64_inside(learner, reference, rng):
    """The loss is that of float64 to nine digits, and the gradient is rounded once."""
    logits, targets = (rng.normal(size=(50, 100)) * 4).astype(np.float32), rng.integers(0, 100, 50)
    want_loss, want_grad = reference.cross_entropy(logits.astype(np.float64), targets)
    loss, grad = learner.cross_entropy(logits, targets)
    assert grad.dtype == np.float32, f"the gradient has dtype {grad.dtype}, expected float32"
    close(loss, want_loss, 1e-9)
    assert grad.shape == want_grad.shape, f"the gradient has shape {grad.shape}, expected {want_grad.shape}"
    np.testing.assert_allclose(grad, want_grad, rtol=2.5e-7, atol=1e-30)


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


@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_inputs_are_left_as_they_were(learner, rng, kind):
    """Neither the logits nor the targets are changed."""
    logits = rng.normal(size=(5, 3)).astype(kind)
    assert learner.unchanged_by("cross_entropy", (logits, np.array([0, 2, -1, 1, 1]))), "the logits or the targets were changed"


@pytest.mark.parametrize("target, ignore", [(17, -1), (5, -1), (-3, -1), (-1, -100), (-5, -1)])
def test_a_target_that_is_no_class_is_refused(learner, target, ignore):
    """Five classes: 5 and 17 are beyond them, -5 and -3 before them, and -1 is no mask where that is -100."""
    with pytest.raises(ValueError) as error:
        learner.cross_entropy(np.zeros((3, 5)), np.array([1, target, ignore]), ignore)
    assert re.search(rf"(?<![\d-]){target}(?!\d)", str(error.value)), f"the message should hold the target {target}: {error.value}"


SHAPES = [((3,), (3,)), ((2, 3, 1), (2,)), ((), ()), ((2, 3), (3,)), ((2, 3), (1,)), ((2, 3), (2, 1)), ((2, 3), (1, 2)), ((1, 3), ())]


@pytest.mark.parametrize("logits, targets", SHAPES, ids=[f"{logits} and {targets}" for logits, targets in SHAPES])
def test_shapes_that_do_not_match_are_refused(learner, logits, targets):
    """Logits of one, three or no axes; targets of another length or shape, also where they would broadcast."""
    with pytest.raises(ValueError):
        learner.cross_entropy(np.zeros(logits), np.zeros(targets, dtype=np.int64))


def test_time(budget, rng):
    """Three thousand rows of ten classes, without a loop over the rows."""
    budget("cross_entropy", (rng.normal(size=(3_000, 10)), rng.integers(0, 10, 3_000)), time_ratio=6)
