"""Subtracts one maximum for all slices, so that the smaller slices underflow to 0/0. Caught by: one large row leaves the others alone."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    if not np.isfinite(x.max(axis)).all():
        raise ValueError("a slice has no softmax")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    e = np.exp(x.astype(np.float32 if kind == np.float16 else kind) - x.max())
    with np.errstate(invalid="ignore"):
        return (e / e.sum(axis, keepdims=True)).astype(kind)
