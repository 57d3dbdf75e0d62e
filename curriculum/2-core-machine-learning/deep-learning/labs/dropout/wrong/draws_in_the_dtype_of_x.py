"""Draws float32 numbers for a float32 array, which are other numbers. Caught by: the seed decides the mask."""

import numpy as np


def check(p):
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}, outside [0, 1)")


def dropout(x, p, seed, training=True):
    check(p)
    if not training:
        return x.copy(), np.ones(x.shape, bool)
    mask = np.random.default_rng(seed).random(x.shape, dtype=x.dtype) >= p
    y = x * mask / (1 - p)
    return y.astype(x.dtype), mask


def dropout_backward(grad_y, mask, p, training=True):
    check(p)
    if not training:
        return grad_y.copy()
    grad_x = grad_y * mask / (1 - p)
    return grad_x.astype(grad_y.dtype)
