"""Subtracts first and converts afterwards, which booleans do not allow: TypeError. Caught by: integers and booleans give float64."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    if not np.isfinite(x.max(axis)).all():
        raise ValueError("a slice has no softmax")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    shifted = x.astype(np.float32) - x.max(axis, keepdims=True) if x.dtype == np.float16 else x - x.max(axis, keepdims=True)
    e = np.exp(shifted, dtype=np.float32 if kind == np.float16 else kind)
    return (e / e.sum(axis, keepdims=True)).astype(kind)
