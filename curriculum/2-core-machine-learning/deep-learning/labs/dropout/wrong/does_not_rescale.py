"""Drops and leaves the rest at its size, so that the sum shrinks. Caught by: the average is kept."""

import numpy as np


def check(p):
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}, outside [0, 1)")


def dropout(x, p, seed, training=True):
    check(p)
    if not training:
        return x.copy(), np.ones(x.shape, bool)
    mask = np.random.default_rng(seed).random(x.shape) >= p
    y = x * mask
    return y.astype(x.dtype), mask


def dropout_backward(grad_y, mask, p, training=True):
    check(p)
    if not training:
        return grad_y.copy()
    grad_x = grad_y * mask / (1 - p)
    return grad_x.astype(grad_y.dtype)
