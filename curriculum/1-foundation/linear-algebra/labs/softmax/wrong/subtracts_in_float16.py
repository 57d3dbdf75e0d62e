"""Takes the maximum and subtracts it in float16, and goes to float32 only then. Caught by: float16 is rounded once."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    if not np.isfinite(x.max(axis)).all():
        raise ValueError("a slice has no softmax")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    work = x if x.dtype == np.float16 else x.astype(kind)
    shifted = work - work.max(axis, keepdims=True)
    e = np.exp(shifted.astype(np.promote_types(kind, np.float32)))
    return (e / e.sum(axis, keepdims=True)).astype(kind)
