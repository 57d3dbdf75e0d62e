"""Replaces -inf by -1e9, which is not small beside entries of -2e9. Caught by: minus infinity gets no weight."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    if not np.isfinite(x.max(axis)).all():
        raise ValueError("a slice has no softmax")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    work = x.astype(np.promote_types(kind, np.float32))
    work = np.where(np.isneginf(work), -1e9, work).astype(work.dtype)
    e = np.exp(work - work.max(axis, keepdims=True))
    return (e / e.sum(axis, keepdims=True)).astype(kind)
