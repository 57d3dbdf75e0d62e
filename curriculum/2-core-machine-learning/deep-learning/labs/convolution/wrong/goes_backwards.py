"""Refuses a stride of 0 and takes a negative one, which turns the image round. Caught by: impossible strides and paddings are refused."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view


def windows(x, w, stride, padding):
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"{x.shape[1]} channels and {w.shape[1]}")
    if stride == 0 or padding < 0:
        raise ValueError(f"stride {stride}, padding {padding}")
    x = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    if w.shape[2] > x.shape[2] or w.shape[3] > x.shape[3]:
        raise ValueError(f"kernel {w.shape}, padded image {x.shape}")
    return sliding_window_view(x, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]


def conv2d(x, w, b, stride=1, padding=0):
    view = windows(x, w, stride, padding)
    if b.shape != (len(w),):
        raise ValueError(f"bias {b.shape} for {len(w)} outputs")
    y = np.tensordot(view, w, axes=((1, 4, 5), (1, 2, 3))) + b
    return y.transpose(0, 3, 1, 2)


def conv2d_backward(grad_y, x, w, stride=1, padding=0):
    view = windows(x, w, stride, padding)
    n, o, rows, columns = len(x), len(w), *view.shape[2:4]
    if grad_y.shape != (n, o, rows, columns):
        raise ValueError(f"gradient {grad_y.shape}")
    grad_w = np.tensordot(grad_y, view, axes=((0, 2, 3), (0, 2, 3)))
    h, wide = x.shape[2:]
    big = np.zeros((n, x.shape[1], h + 2 * padding, wide + 2 * padding))
    for i, j in np.ndindex(w.shape[2:]):
        share = np.tensordot(grad_y, w[:, :, i, j], axes=(1, 0)).transpose(0, 3, 1, 2)
        big[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride] += share
    return big[:, :, padding : padding + h, padding : padding + wide], grad_w, grad_y.sum(axis=(0, 2, 3))
