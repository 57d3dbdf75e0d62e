"""Takes the exponentials as they come. Caught by: huge entries stay finite."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    if np.isnan(x).any() or np.isposinf(x).any() or np.isneginf(x).all(axis).any():
        raise ValueError("a slice has no softmax")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    e = np.exp(x.astype(np.float32 if kind == np.float16 else kind))
    return (e / e.sum(axis, keepdims=True)).astype(kind)
