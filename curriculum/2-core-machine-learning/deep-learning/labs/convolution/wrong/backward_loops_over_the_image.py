"""Goes back one window at a time, in Python. Caught by: backward time."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

# N batch, C channels in, O channels out, P and Q rows and columns of the output, I and J those of the kernel.


def windows(x, w, stride, padding):
    """Every window of the padded image as a view, (N, C, P, Q, I, J)."""
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"the image has {x.shape[1]} channels, the kernel {w.shape[1]}")
    if stride < 1 or padding < 0:
        raise ValueError(f"stride at least 1 and padding at least 0, not {stride} and {padding}")
    x_nchw = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    if w.shape[2] > x_nchw.shape[2] or w.shape[3] > x_nchw.shape[3]:
        raise ValueError(f"a kernel of {w.shape[2:]} does not fit into {x_nchw.shape[2:]}")
    return sliding_window_view(x_nchw, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]


def conv2d(x, w, b, stride=1, padding=0):
    """Convolution of (N, C, H, W) with (O, C, kh, kw) as deep learning defines it; see README.md."""
    x_ncpqij = windows(x, w, stride, padding)
    y_npqo = np.tensordot(x_ncpqij, w, axes=((1, 4, 5), (1, 2, 3))) + b
    return np.ascontiguousarray(y_npqo.transpose(0, 3, 1, 2))


def conv2d_backward(grad_y, x, w, stride=1, padding=0):
    """The gradients with respect to x, w and b."""
    x_ncpqij = windows(x, w, stride, padding)
    grad_w = np.tensordot(grad_y, x_ncpqij, axes=((0, 2, 3), (0, 2, 3)))
    rows, columns = grad_y.shape[2:]
    height, width = x.shape[2:]
    padded = np.zeros((*x.shape[:2], height + 2 * padding, width + 2 * padding))
    kh, kw = w.shape[2:]
    for n, o, p, q in np.ndindex(grad_y.shape):  # windows overlap, so each adds its share
        padded[n, :, p * stride : p * stride + kh, q * stride : q * stride + kw] += grad_y[n, o, p, q] * w[o]
    grad_x = padded[:, :, padding : padding + height, padding : padding + width]
    return grad_x.copy(), grad_w, grad_y.sum(axis=(0, 2, 3))
