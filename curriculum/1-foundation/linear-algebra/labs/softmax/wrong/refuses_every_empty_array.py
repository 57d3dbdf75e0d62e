"""Takes an array without slices for one without a softmax. Stock: small-input. Caught by: no slices give no weights."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.size == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    if not np.isfinite(x.max(axis)).all():
        raise ValueError("a slice has no softmax")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    work = x.astype(np.promote_types(kind, np.float32))
    e = np.exp(work - work.max(axis, keepdims=True))
    return (e / e.sum(axis, keepdims=True)).astype(kind)
