"""Turns NaN into 0 at the end: a slice without a softmax gets weights all the same. Caught by: a slice without a softmax is refused."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    with np.errstate(invalid="ignore"):
        e = np.exp(x.astype(np.float32 if kind == np.float16 else kind) - x.max(axis, keepdims=True))
        return np.nan_to_num(e / e.sum(axis, keepdims=True)).astype(kind)
