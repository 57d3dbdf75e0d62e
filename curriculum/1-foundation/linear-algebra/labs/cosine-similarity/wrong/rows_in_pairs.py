"""Compares row i with row i only, as if the two were paired. Stock: axis. Caught by: equals the reference."""

import numpy as np


def cosine_similarity(a_nd, b_md):
    a, b = np.asarray(a_nd, dtype=float), np.asarray(b_md, dtype=float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit")
    if len(a) != len(b):
        a, b = a[:, None], b[None]
    cosines = (unit(a) * unit(b)).sum(-1)
    return np.clip(cosines if cosines.ndim == 2 else np.broadcast_to(cosines[:, None], (len(a), len(b))), -1, 1)


def unit(x):
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.where(length == 0, 1, length)
