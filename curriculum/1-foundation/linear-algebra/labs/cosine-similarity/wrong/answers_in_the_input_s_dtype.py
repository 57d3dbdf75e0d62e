"""Works in whatever comes, so that float32 rows give float32. Stock: dtype. Caught by: any kind of number is computed in float64."""

import numpy as np


def cosine_similarity(a_nd, b_md):
    a, b = np.asarray(a_nd), np.asarray(b_md)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit")
    return np.clip(unit(a) @ unit(b).T, -1, 1)


def unit(x):
    x = x / np.maximum(np.abs(x).max(axis=1, keepdims=True, initial=0), 1e-300)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(length == 0, 1, length)
