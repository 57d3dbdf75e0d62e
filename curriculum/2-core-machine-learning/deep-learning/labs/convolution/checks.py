"""Checks of convolution, from a two by two kernel by hand to the time budget."""

import re

import numpy as np
import pytest
from hypothesis import example, given, settings, strategies as st


def close(got, want, tolerance=1e-9):
    """A float64 array of the wanted shape and values."""
    want = np.asarray(want, dtype=float)
    assert got.dtype == np.float64, f"the array has dtype {got.dtype}, expected float64"
    assert got.shape == want.shape, f"the array has shape {got.shape}, expected {want.shape}"
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def all_close(got, want, tolerance=1e-9):
    for array, wanted in zip(got, want, strict=True):
        close(array, wanted, tolerance)


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


def names(error, numbers, where):
    """The message holds each of the numbers as a number."""
    named = set(re.findall(r"-?\d+", str(error.value)))
    assert {str(number) for number in numbers} <= named, f"{where}: the message should name {numbers}: {error.value}"


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
    want = by_loops(x, w, b, 2, 0)
    close(learner.conv2d(x, w, b, 2), want)


def test_stride_one_and_no_padding_are_the_defaults(learner, rng):
    """The output is smaller than the image by the kernel less one, and the gradient follows."""
    x, w, b = tensors(rng)
    want = by_loops(x, w, b, 1, 0)
    close(learner.conv2d(x, w, b), want)
    grad_y = rng.normal(size=(2, 4, 4, 4))
    want = learner.conv2d_backward(grad_y, x, w, 1, 0)
    all_close(learner.conv2d_backward(grad_y, x, w), [array.copy() for array in want], 1e-12)


def test_gradient_of_the_bias(learner, rng):
    """One sum over the batch and all places for each output channel."""
    x, w, _ = tensors(rng)
    grad_y = rng.normal(size=(2, 4, 4, 4))
    want = grad_y.sum(axis=(0, 2, 3))
    close(learner.conv2d_backward(grad_y, x, w)[2], want)


def test_overlapping_windows_add_their_gradients(learner):
    """Three ones, a kernel of two ones, gradients 1 and 1: the middle is in both windows, so (1, 2, 1)."""
    got = learner.conv2d_backward(np.ones((1, 1, 1, 2)), np.ones((1, 1, 1, 3)), np.ones((1, 1, 1, 2)))
    all_close(got, ([[[[1.0, 2.0, 1.0]]]], [[[[2.0, 2.0]]]], [2.0]))


def test_places_that_no_window_sees(learner):
    """Five places, a kernel of one weight 7, stride 3: windows at 0 and 3, so the gradient is (7, 0, 0, 7, 0)."""
    got = learner.conv2d_backward(np.ones((1, 1, 1, 2)), np.ones((1, 1, 1, 5)), np.full((1, 1, 1, 1), 7.0), 3)
    all_close(got, ([[[[7.0, 0.0, 0.0, 7.0, 0.0]]]], [[[[2.0]]]], [2.0]))


@pytest.mark.parametrize(
    "n, h, width, kh, kw, stride, padding",
    [(0, 6, 5, 3, 2, 1, 0), (0, 6, 5, 3, 2, 2, 1), (1, 1, 1, 1, 1, 1, 0), (2, 1, 1, 3, 3, 1, 1), (1, 6, 5, 6, 5, 1, 0), (1, 3, 4, 1, 1, 5, 0)],
    ids=["no images", "no images, stride 2", "one place", "one place, padded", "a kernel as large as the image", "a stride beyond the image"],
)  # fmt: skip
def test_small_images_and_no_images(learner, reference, rng, n, h, width, kh, kw, stride, padding):
    """Forward and backward: every result keeps its axes."""
    x, w, b = tensors(rng, n, 3, h, width, 4, kh, kw)
    want = by_loops(x, w, b, stride, padding)
    grad_y = rng.normal(size=want.shape)
    wanted = reference.conv2d_backward(grad_y, x, w, stride, padding)
    close(learner.conv2d(x, w, b, stride, padding), want)
    all_close(learner.conv2d_backward(grad_y, x, w, stride, padding), wanted)


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10**6), h=st.integers(1, 7), width=st.integers(1, 7), kh=st.integers(1, 3), kw=st.integers(1, 3),
    stride=st.integers(1, 3), padding=st.integers(0, 2), n=st.integers(1, 2), c=st.integers(1, 3), o=st.integers(1, 3),
)  # fmt: skip
@example(seed=1, h=7, width=4, kh=3, kw=2, stride=2, padding=1, n=2, c=3, o=2)
@example(seed=2, h=3, width=7, kh=1, kw=3, stride=3, padding=2, n=2, c=2, o=3)
def test_any_shape_stride_and_padding(learner, seed, h, width, kh, kw, stride, padding, n, c, o):
    """Forward by the definition; backward by what a linear map's gradient must be: the inner products agree."""
    rng = np.random.default_rng(seed)
    kh, kw = min(kh, h + 2 * padding), min(kw, width + 2 * padding)
    x, w, b = tensors(rng, n, c, h, width, o, kh, kw)
    want = by_loops(x, w, b, stride, padding)
    grad_y = rng.normal(size=want.shape)
    dx, dw, db = rng.normal(size=x.shape), rng.normal(size=w.shape), rng.normal(size=b.shape)
    slopes = [
        (grad_y * by_loops(dx, w, 0 * b, stride, padding)).sum(),
        (grad_y * by_loops(x, dw, 0 * b, stride, padding)).sum(),
        (grad_y * by_loops(0 * x, w, db, stride, padding)).sum(),
    ]
    close(learner.conv2d(x.copy(), w.copy(), b.copy(), stride, padding), want)
    grad_x, grad_w, grad_b = learner.conv2d_backward(grad_y, x.copy(), w.copy(), stride, padding)
    for what, grad, array in (("grad_x", grad_x, x), ("grad_w", grad_w, w), ("grad_b", grad_b, b)):
        assert grad.shape == array.shape, f"{what} has shape {grad.shape}, expected {array.shape}"
        assert grad.dtype == np.float64, f"{what} has dtype {grad.dtype}, expected float64"
    moved = [(grad_x * dx).sum(), (grad_w * dw).sum(), (grad_b * db).sum()]
    np.testing.assert_allclose(moved, slopes, atol=1e-8, rtol=1e-8)


@pytest.mark.parametrize("stride, padding", [(1, 0), (2, 1), (3, 2), (1, 3)])
def test_gradients_equal_the_reference(learner, reference, rng, stride, padding):
    """Nine rows and eight columns, a kernel of three by two."""
    x, w, b = tensors(rng, h=9, width=8)
    grad_y = rng.normal(size=by_loops(x, w, b, stride, padding).shape)
    want = reference.conv2d_backward(grad_y, x, w, stride, padding)
    all_close(learner.conv2d_backward(grad_y, x, w, stride, padding), want)


@pytest.mark.parametrize("image, kernel", [(21, 34), (34, 21), (1, 34), (34, 1)])
def test_channels_that_differ_are_refused(learner, image, kernel):
    """Also 1 against 34, which broadcasting would stretch: ValueError with both numbers, from both functions."""
    x, w = np.ones((2, image, 5, 5)), np.ones((3, kernel, 2, 2))
    for name, args in (("conv2d", (x, w, np.zeros(3))), ("conv2d_backward", (np.ones((2, 3, 4, 4)), x, w))):
        with pytest.raises(ValueError) as error:
            getattr(learner, name)(*args)
        names(error, (image, kernel), name)


@pytest.mark.parametrize("kh, kw, padding, pair", [(17, 2, 0, (17, 16)), (3, 14, 0, (14, 13)), (21, 2, 2, (21, 20)), (3, 18, 2, (18, 17))])
def test_a_kernel_larger_than_the_image_is_refused(learner, rng, kh, kw, padding, pair):
    """Sixteen rows and thirteen columns: one more is refused with both numbers, before and after padding by 2."""
    x, w, b = tensors(rng, h=16, width=13, kh=kh, kw=kw)
    for name, args in (("conv2d", (x, w, b)), ("conv2d_backward", (np.ones((2, 4, 1, 1)), x, w))):
        with pytest.raises(ValueError) as error:
            getattr(learner, name)(*args, 1, padding)
        names(error, pair, name)


@pytest.mark.parametrize("stride, padding, number", [(0, 0, 0), (-1, 0, -1), (-2, 1, -2), (1, -1, -1), (2, -3, -3)])
def test_impossible_strides_and_paddings_are_refused(learner, rng, stride, padding, number):
    """Strides of 0, -1 and -2, paddings of -1 and -3: ValueError with the number, from both functions."""
    x, w, b = tensors(rng, h=9, width=9)
    for name, args in (("conv2d", (x, w, b)), ("conv2d_backward", (np.ones((2, 4, 7, 8)), x, w))):
        with pytest.raises(ValueError) as error:
            getattr(learner, name)(*args, stride, padding)
        names(error, (number,), name)


def test_a_bias_or_a_gradient_that_does_not_fit_is_refused(learner, rng):
    """Four outputs of four by four, two images: other shapes, those that broadcasting would stretch among them."""
    x, w, _ = tensors(rng)
    for shape in ((), (1,), (3,), (5,), (1, 4), (4, 1), (4, 4)):
        with pytest.raises(ValueError):
            learner.conv2d(x, w, np.ones(shape))
    for shape in (
        (1, 4, 4, 4),
        (2, 1, 4, 4),
        (2, 4, 1, 4),
        (2, 4, 4, 1),
        (2, 3, 4, 4),
        (2, 4, 3, 4),
        (2, 4, 4, 3),
        (4, 4, 4),
        (2, 4, 4),
        (2, 4, 4, 4, 1),
    ):
        with pytest.raises(ValueError):
            learner.conv2d_backward(np.ones(shape), x, w)
    with pytest.raises(ValueError):
        learner.conv2d_backward(np.ones((2, 4, 4, 4)), x, w, 2)


@pytest.mark.parametrize("padding", [0, 1])
def test_inputs_are_left_as_they_were(learner, rng, padding):
    """Forward and backward, with and without padding."""
    x, w, b = tensors(rng)
    assert learner.unchanged_by("conv2d", (x, w, b, 1, padding)), "conv2d changed an argument"
    grad_y = rng.normal(size=(2, 4, 4 + 2 * padding, 4 + 2 * padding))
    assert learner.unchanged_by("conv2d_backward", (grad_y, x, w, 1, padding)), "conv2d_backward changed an argument"


def test_forward_time(budget, rng):
    """Four images of 32 by 32 with one channel, 2 kernels of 3 by 3."""
    x, w, b = tensors(rng, 4, 1, 32, 32, 2, 3, 3)
    budget("conv2d", (x, w, b, 1, 1), time_ratio=8)


def test_backward_time(budget, rng):
    """Two images of 32 by 32 with 4 channels, 8 kernels of 3 by 3."""
    x, w, _ = tensors(rng, 2, 4, 32, 32, 8, 3, 3)
    budget("conv2d_backward", (rng.normal(size=(2, 8, 32, 32)), x, w, 1, 1), time_ratio=15)
