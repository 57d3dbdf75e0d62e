"""Subtracts in the integers' own type, where 0 - 1 of uint8 is 255. Stock: overflow. Caught by: integers and booleans give float64."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    if not np.isfinite(x.max(axis)).all():
        raise ValueError("a slice has no softmax")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    if x.dtype in (np.bool_, np.float16):
        x = x.astype(np.float32 if kind == np.float16 else kind)
    e = np.exp((x - x.max(axis, keepdims=True)).astype(np.float32 if kind == np.float16 else kind))
    return (e / e.sum(axis, keepdims=True)).astype(kind)
