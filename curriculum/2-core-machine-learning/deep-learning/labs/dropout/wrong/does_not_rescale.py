"""Drops and leaves the rest at its size, so that the sum shrinks. Caught by: the average is kept."""

import numpy as np


def dropout(x, p, seed, training=True):
    """Inverted dropout: (what comes out, the boolean mask of what was kept); see README.md."""
    if not 0 <= p < 1:
        raise ValueError(f"p must be at least 0 and below 1, not {p}")
    if not training:
        return x.copy(), np.ones(x.shape, dtype=bool)
    mask = np.random.default_rng(seed).random(x.shape) >= p
    return (x * mask).astype(x.dtype), mask


def dropout_backward(grad_y, mask, p, training=True):
    """The gradient with respect to dropout's input."""
    if not 0 <= p < 1:
        raise ValueError(f"p must be at least 0 and below 1, not {p}")
    if not training:
        return grad_y.copy()
    return (grad_y * mask).astype(grad_y.dtype)
