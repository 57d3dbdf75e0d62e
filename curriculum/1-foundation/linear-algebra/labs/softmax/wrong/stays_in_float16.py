"""Never leaves float16, so that the sum of many exponentials overflows. Stock: overflow. Caught by: float16 is computed in float32."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    top = x.max(axis, keepdims=True)
    if not np.isfinite(top).all():
        raise ValueError("a slice has no softmax")
    e = np.exp(x - top)
    with np.errstate(over="ignore"):
        return e / e.sum(axis, keepdims=True)
