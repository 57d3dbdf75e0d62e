"""Scales the whole array by its largest entry, so that short rows vanish beside long ones. Caught by: short rows beside long ones."""

import numpy as np


def cosine_similarity(a_nd, b_md):
    a, b = np.asarray(a_nd, dtype=float), np.asarray(b_md, dtype=float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit")
    return np.clip(unit(a) @ unit(b).T, -1, 1)


def unit(x):
    x = x / (np.abs(x).max(initial=0) or 1)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(length == 0, 1, length)
