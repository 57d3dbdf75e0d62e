"""Subtracts the logarithm of the sum of the exponentials, and takes one exponential at the end."""

import numpy as np


def softmax(x, axis=-1):
    x = np.asarray(x)
    if x.ndim == 0:
        raise ValueError("x has no axes")
    out = x.dtype if np.issubdtype(x.dtype, np.floating) else np.float64
    y = x.astype(np.promote_types(out, np.float32))
    top = np.max(y, axis=axis, keepdims=True)
    if not np.all(np.abs(top) < np.inf):
        raise ValueError("not every slice has a finite largest entry")
    log_of_sum = top + np.log(np.sum(np.exp(y - top), axis=axis, keepdims=True))
    return np.exp(y - log_of_sum).astype(out)
