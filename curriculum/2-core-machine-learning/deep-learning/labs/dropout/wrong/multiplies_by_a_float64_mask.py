"""Makes the mask of float64 numbers, which turns float32 into float64. Stock: dtype. Caught by: float32 stays float32."""

import numpy as np


def check(p):
    if not 0 <= p < 1:
        raise ValueError(f"p is {p}, outside [0, 1)")


def dropout(x, p, seed, training=True):
    check(p)
    if not training:
        return x.copy(), np.ones(x.shape, bool)
    mask = np.random.default_rng(seed).random(x.shape) >= p
    y = x * (mask.astype(float) / (1 - p))
    return y, mask


def dropout_backward(grad_y, mask, p, training=True):
    check(p)
    if not training:
        return grad_y.copy()
    grad_x = grad_y * mask / (1 - p)
    return grad_x.astype(grad_y.dtype)
