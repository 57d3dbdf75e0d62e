"""Asks the first row for the width, where there may be none: IndexError. Stock: small-input. Caught by: nothing to compare gives nothing."""

import numpy as np


def cosine_similarity(a_nd, b_md):
    a, b = np.asarray(a_nd, dtype=float), np.asarray(b_md, dtype=float)
    if a.ndim != 2 or b.ndim != 2 or len(a[0]) != len(b[0]):
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit")
    return np.clip(unit(a) @ unit(b).T, -1, 1)


def unit(x):
    x = x / np.maximum(np.abs(x).max(axis=1, keepdims=True, initial=0), 1e-300)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(length == 0, 1, length)
