"""Indexes the shape without asking whether the axis is there: IndexError. Caught by: impossible axes are refused."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.shape[axis] == 0:
        raise ValueError(f"axis {axis} has length 0")
    if not np.isfinite(x.max(axis)).all():
        raise ValueError("a slice has no softmax")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    work = x.astype(np.promote_types(kind, np.float32))
    e = np.exp(work - work.max(axis, keepdims=True))
    return (e / e.sum(axis, keepdims=True)).astype(kind)
