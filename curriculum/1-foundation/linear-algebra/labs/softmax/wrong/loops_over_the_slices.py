"""Calls a one-row softmax for every slice: right, and slow. Caught by: the file uses only what the task allows."""

import numpy as np


def one(row):
    if not np.isfinite(row.max()):
        raise ValueError("a slice has no softmax")
    e = np.exp(row - row.max())
    return e / e.sum()


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    return np.apply_along_axis(one, axis, x.astype(np.float32 if kind == np.float16 else kind)).astype(kind)
