"""Checks of convolution, from a two by two kernel by hand to the time budget."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-9):
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def by_loops(x, w, b, stride, padding):
    """The definition, place by place."""
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    kh, kw = w.shape[2:]
    rows, columns = (x.shape[2] - kh) // stride + 1, (x.shape[3] - kw) // stride + 1
    y = np.zeros((len(x), len(w), rows, columns))
    for p, q in np.ndindex(rows, columns):
        window = x[:, None, :, p * stride : p * stride + kh, q * stride : q * stride + kw]
        y[:, :, p, q] = (window * w[None]).sum(axis=(2, 3, 4)) + b
    return y


def tensors(rng, n=2, c=3, h=6, width=5, o=4, kh=3, kw=2):
    return rng.normal(size=(n, c, h, width)), rng.normal(size=(o, c, kh, kw)), rng.normal(size=o)


def test_a_two_by_two_kernel_by_hand(learner):
    """On [[1, 2, 3], [4, 5, 6]] the kernel [[1, 0], [0, 2]] gives 1 + 2 * 5 = 11 and 2 + 2 * 6 = 14; the bias adds 100."""
    x, w = np.array([[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]]]), np.array([[[[1.0, 0.0], [0.0, 2.0]]]])
    close(learner.conv2d(x, w, np.array([100.0])), [[[[111.0, 114.0]]]])


def test_the_kernel_is_not_flipped(learner):
    """The kernel [1, 10, 100] at a single 1 in the middle of five zeros, seen by three windows: 100, 10, 1."""
    x = np.zeros((1, 1, 1, 5))
    x[0, 0, 0, 2] = 1.0
    close(learner.conv2d(x, np.array([[[[1.0, 10.0, 100.0]]]]), np.zeros(1)), [[[[100.0, 10.0, 1.0]]]])


def test_channels_are_summed_and_outputs_kept_apart(learner):
    """A one by one kernel: output 0 adds the two channels, output 1 takes their difference."""
    x = np.array([[[[3.0]], [[1.0]]]])
    close(learner.conv2d(x, np.array([[[[1.0]], [[1.0]]], [[[1.0]], [[-1.0]]]]), np.zeros(2)), [[[[4.0]], [[2.0]]]])


def test_padding_on_all_four_sides(learner):
    """A single 1 padded by one, summed by a three by three kernel: still 1, at its one place; a 2 by 2 kernel sees it four times."""
    x = np.ones((1, 1, 1, 1))
    close(learner.conv2d(x, np.ones((1, 1, 3, 3)), np.zeros(1), 1, 1), [[[[1.0]]]])
    close(learner.conv2d(x, np.ones((1, 1, 2, 2)), np.zeros(1), 1, 1), np.ones((1, 1, 2, 2)))


def test_a_stride_leaves_out_what_does_not_fit(learner, rng):
    """Six rows, a kernel of three, stride two: windows start at rows 0 and 2, and row 5 is never seen."""
    x, w, b = tensors(rng)
    y = learner.conv2d(x, w, b, 2)
    assert y.shape == (2, 4, 2, 2)
    close(y, by_loops(x, w, b, 2, 0))


def test_gradient_of_the_bias(learner, rng):
    """One sum over the batch and all places for each output channel."""
    x, w, _ = tensors(rng)
    grad_y = rng.normal(size=(2, 4, 4, 4))
    close(learner.conv2d_backward(grad_y, x, w)[2], grad_y.sum(axis=(0, 2, 3)))


def test_overlapping_windows_add_their_gradients(learner):
    """Three ones, a kernel of two ones, gradients 1 and 1: the middle is in both windows, so (1, 2, 1)."""
    grad_x, grad_w, grad_b = learner.conv2d_backward(np.ones((1, 1, 1, 2)), np.ones((1, 1, 1, 3)), np.ones((1, 1, 1, 2)))
    close(grad_x, [[[[1.0, 2.0, 1.0]]]])
    close(grad_w, [[[[2.0, 2.0]]]])
    close(grad_b, [2.0])


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6), h=st.integers(1, 7), width=st.integers(1, 7), kh=st.integers(1, 3), kw=st.integers(1, 3),
    stride=st.integers(1, 3), padding=st.integers(0, 2), n=st.integers(1, 2), c=st.integers(1, 3), o=st.integers(1, 3),
)  # fmt: skip
def test_any_shape_stride_and_padding(learner, seed, h, width, kh, kw, stride, padding, n, c, o):
    """Forward by the definition; backward by what a linear map's gradient must be: the inner products agree."""
    rng = np.random.default_rng(seed)
    kh, kw = min(kh, h + 2 * padding), min(kw, width + 2 * padding)
    x, w, b = tensors(rng, n, c, h, width, o, kh, kw)
    want = by_loops(x, w, b, stride, padding)
    got = learner.conv2d(x, w, b, stride, padding)
    assert got.shape == want.shape
    close(got, want)
    grad_y = rng.normal(size=want.shape)
    grad_x, grad_w, grad_b = learner.conv2d_backward(grad_y, x, w, stride, padding)
    assert (grad_x.shape, grad_w.shape, grad_b.shape) == (x.shape, w.shape, b.shape)
    dx, dw, db = rng.normal(size=x.shape), rng.normal(size=w.shape), rng.normal(size=b.shape)
    close((grad_x * dx).sum(), (grad_y * by_loops(dx, w, 0 * b, stride, padding)).sum(), 1e-8)
    close((grad_w * dw).sum(), (grad_y * by_loops(x, dw, 0 * b, stride, padding)).sum(), 1e-8)
    close((grad_b * db).sum(), (grad_y * by_loops(0 * x, w, db, stride, padding)).sum(), 1e-8)


@pytest.mark.parametrize("stride, padding", [(1, 0), (2, 1), (3, 2)])
def test_gradients_equal_the_reference(learner, reference, rng, stride, padding):
    x, w, b = tensors(rng, h=9, width=8)
    grad_y = rng.normal(size=reference.conv2d(x, w, b, stride, padding).shape)
    got = learner.conv2d_backward(grad_y, x, w, stride, padding)
    for a, want in zip(got, reference.conv2d_backward(grad_y, x, w, stride, padding)):
        close(a, want)


def test_channels_that_differ_are_refused(learner, rng):
    x, w, b = tensors(rng, c=3)
    for call in (lambda: learner.conv2d(x, w[:, :2], b), lambda: learner.conv2d_backward(np.ones((2, 4, 4, 4)), x, w[:, :2])):
        with pytest.raises(ValueError) as error:
            call()
        assert "3" in str(error.value)
        assert "2" in str(error.value)


@pytest.mark.parametrize("kh, stride, padding", [(7, 1, 0), (3, 0, 0), (3, 1, -1)])
def test_what_cannot_be_is_refused(learner, rng, kh, stride, padding):
    """A kernel of seven rows on six, a stride of 0, a padding of -1."""
    x, w, b = tensors(rng, kh=kh)
    with pytest.raises(ValueError):
        learner.conv2d(x, w, b, stride, padding)


def test_inputs_are_left_as_they_were(learner, rng):
    x, w, b = tensors(rng)
    assert learner.unchanged_by("conv2d", (x, w, b, 1, 1))
    assert learner.unchanged_by("conv2d_backward", (np.ones((2, 4, 6, 6)), x, w, 1, 1))


def test_forward_time(budget, rng):
    """Four images of 32 by 32 with one channel, 2 kernels of 3 by 3."""
    x, w, b = tensors(rng, 4, 1, 32, 32, 2, 3, 3)
    budget("conv2d", (x, w, b, 1, 1), time_ratio=8)


def test_backward_time(budget, rng):
    """Two images of 32 by 32 with 4 channels, 8 kernels of 3 by 3."""
    x, w, _ = tensors(rng, 2, 4, 32, 32, 8, 3, 3)
    budget("conv2d_backward", (rng.normal(size=(2, 8, 32, 32)), x, w, 1, 1), time_ratio=15)
