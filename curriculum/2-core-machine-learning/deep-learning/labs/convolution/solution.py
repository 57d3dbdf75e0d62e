import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

# N batch, C channels in, O channels out, P and Q rows and columns of the output, I and J those of the kernel.


def windows(x, w, stride, padding):
    """Every window of the padded image as a view, (N, C, P, Q, I, J)."""
    if x.shape[1] != w.shape[1]:
        raise ValueError(f"the image has {x.shape[1]} channels, the kernel {w.shape[1]}")
    if stride < 1:
        raise ValueError(f"the stride must be at least 1, not {stride}")
    if padding < 0:
        raise ValueError(f"the padding must be at least 0, not {padding}")
    x_nchw = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    if w.shape[2] > x_nchw.shape[2] or w.shape[3] > x_nchw.shape[3]:
        raise ValueError(f"a kernel of {w.shape[2:]} does not fit into {x_nchw.shape[2:]}")
    return sliding_window_view(x_nchw, w.shape[2:], axis=(2, 3))[:, :, ::stride, ::stride]


def conv2d(x, w, b, stride=1, padding=0):
    """Convolution of (N, C, H, W) with (O, C, kh, kw) as deep learning defines it; see README.md."""
    x_ncpqij = windows(x, w, stride, padding)
    if b.shape != w.shape[:1]:
        raise ValueError(f"{len(w)} outputs need a bias of shape ({len(w)},), not {b.shape}")
    y_npqo = np.tensordot(x_ncpqij, w, axes=((1, 4, 5), (1, 2, 3))) + b
    return y_npqo.transpose(0, 3, 1, 2)


def conv2d_backward(grad_y, x, w, stride=1, padding=0):
    """The gradients with respect to x, w and b."""
    x_ncpqij = windows(x, w, stride, padding)
    rows, columns = x_ncpqij.shape[2:4]
    if grad_y.shape != (len(x), len(w), rows, columns):
        raise ValueError(f"the output has shape {(len(x), len(w), rows, columns)}, its gradient {grad_y.shape}")
    grad_w = np.tensordot(grad_y, x_ncpqij, axes=((0, 2, 3), (0, 2, 3)))
    height, width = x.shape[2:]
    padded = np.zeros((*x.shape[:2], height + 2 * padding, width + 2 * padding))
    for i, j in np.ndindex(w.shape[2:]):  # windows overlap, so each kernel place adds its share
        share_npqc = np.tensordot(grad_y, w[:, :, i, j], axes=(1, 0))
        padded[:, :, i : i + stride * rows : stride, j : j + stride * columns : stride] += share_npqc.transpose(0, 3, 1, 2)
    grad_x = padded[:, :, padding : padding + height, padding : padding + width]
    return grad_x, grad_w, grad_y.sum(axis=(0, 2, 3))
