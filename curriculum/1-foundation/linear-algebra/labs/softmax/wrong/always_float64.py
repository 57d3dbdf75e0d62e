"""Converts to float64 on the way in and leaves it at that. Stock: dtype. Caught by: floats keep their dtype."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    half = x.dtype == np.float16
    x = x.astype(np.float64)
    if not np.isfinite(x.max(axis)).all():
        raise ValueError("a slice has no softmax")
    e = np.exp(x - x.max(axis, keepdims=True))
    e /= e.sum(axis, keepdims=True)
    return e.astype(np.float16) if half else e
