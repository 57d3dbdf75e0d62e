"""Looks for NaN and infinity in the first slice only. Caught by: a slice without a softmax is refused."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    first = np.moveaxis(x, axis, -1).reshape(-1, x.shape[axis])[:1]
    if not np.isfinite(first.max(-1)).all():
        raise ValueError("a slice has no softmax")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    work = x.astype(np.promote_types(kind, np.float32))
    with np.errstate(invalid="ignore"):
        e = np.exp(work - work.max(axis, keepdims=True))
        return (e / e.sum(axis, keepdims=True)).astype(kind)
