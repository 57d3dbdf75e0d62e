"""Writes the weights into np.empty_like(x), which for integers cuts them to 0 and 1. Stock: dtype. Caught by: integers and booleans give float64."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    if not np.isfinite(x.max(axis)).all():
        raise ValueError("a slice has no softmax")
    work = x.astype(np.float32) if x.dtype == np.float16 else x
    e = np.exp(work - x.max(axis, keepdims=True))
    out = np.empty_like(x)
    out[...] = e / e.sum(axis, keepdims=True)
    return out
