"""Takes the axis as an argument and then uses the last one. Stock: axis. Caught by: down the columns with axis zero."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    if not np.isfinite(x.max(axis)).all():
        raise ValueError("a slice has no softmax")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    e = np.exp(x.astype(np.float32 if kind == np.float16 else kind) - x.max(-1, keepdims=True))
    return (e / e.sum(-1, keepdims=True)).astype(kind)
