"""Adds up the exponentials of all differences, an array with the axis twice. Caught by: time and memory."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"no softmax along axis {axis} of shape {x.shape}")
    if not np.isfinite(x.max(axis)).all():
        raise ValueError("a slice has no softmax")
    kind = x.dtype if x.dtype.kind == "f" else np.float64
    work = np.moveaxis(x.astype(np.promote_types(kind, np.float32)), axis, -1)
    work = np.where(np.isneginf(work), -1e30, work)
    with np.errstate(over="ignore"):
        weights = 1 / np.exp(work[..., None, :] - work[..., :, None]).sum(-1)
    return np.moveaxis(weights, -1, axis).astype(kind)
