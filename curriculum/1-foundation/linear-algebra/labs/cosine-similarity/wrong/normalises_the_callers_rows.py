"""Divides in place, so that the caller's vectors have length 1 afterwards. Stock: mutation. Caught by: inputs are left as they were."""

import numpy as np


def cosine_similarity(a_nd, b_md):
    a, b = np.asarray(a_nd), np.asarray(b_md)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit")
    if a.dtype.kind != "f":
        a, b = a.astype(float), b.astype(float)
    for x in (a, b):
        length = np.linalg.norm(x, axis=1, keepdims=True)
        x /= np.where(length == 0, 1, length)
    return np.clip(a @ b.T, -1, 1)
