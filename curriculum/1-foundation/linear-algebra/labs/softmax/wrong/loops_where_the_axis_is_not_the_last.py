"""Does all rows at once, and every other axis slice by slice. Caught by: the file uses only what the task allows."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    if not np.isfinite(x.max(axis)).all():
        raise ValueError("a slice has no softmax")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    work = np.moveaxis(x.astype(np.promote_types(kind, np.float32)), axis, -1)
    if axis in (-1, x.ndim - 1):
        e = np.exp(work - work.max(-1, keepdims=True))
        return (e / e.sum(-1, keepdims=True)).astype(kind)
    out = np.empty_like(work)
    for place in np.ndindex(work.shape[:-1]):
        e = np.exp(work[place] - work[place].max())
        out[place] = e / e.sum()
    return np.moveaxis(out, -1, axis).astype(kind)
