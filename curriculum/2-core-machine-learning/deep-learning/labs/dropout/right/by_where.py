"""Draws the mask as coin flips and fills with np.where."""

import numpy as np


def check(p):
    if p < 0 or p >= 1 or p != p:
        raise ValueError(f"a drop probability of {p} is outside [0, 1)")


def dropout(x, p, seed, training=True):
    check(p)
    if not training or p == 0:
        return np.array(x), np.full(x.shape, True)
    mask = np.random.default_rng(seed).binomial(1, 1 - p, size=x.shape).astype(bool)
    return np.where(mask, x / x.dtype.type(1 - p), x.dtype.type(0)), mask


def dropout_backward(grad_y, mask, p, training=True):
    check(p)
    scale = 1 / (1 - p) if training else 1.0
    return np.where(mask, grad_y * grad_y.dtype.type(scale), grad_y.dtype.type(0))
