"""Leaves the work to SciPy. Stock: library-call. Caught by: the file uses only what the task allows."""

import numpy as np
from scipy.special import softmax as theirs


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    if not np.isfinite(x.max(axis)).all():
        raise ValueError("a slice has no softmax")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    return theirs(x.astype(np.promote_types(kind, np.float32)), axis=axis).astype(kind)
