"""Moves the axis to the end, works in its own copy there, and moves it back."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or axis not in range(-x.ndim, x.ndim) or x.shape[axis] < 1:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    half = x.dtype == np.float16
    e = np.array(np.moveaxis(x, axis, -1), dtype=np.float32 if half or x.dtype == np.float32 else np.float64)
    top = np.max(e, -1)[..., None]
    if np.isnan(top).any() or np.isinf(top).any():
        raise ValueError("nothing finite to compare with")
    e -= top
    np.exp(e, out=e)
    e /= e.sum(-1)[..., None]
    e = np.moveaxis(e, -1, axis)
    return e.astype(np.float16) if half else e
