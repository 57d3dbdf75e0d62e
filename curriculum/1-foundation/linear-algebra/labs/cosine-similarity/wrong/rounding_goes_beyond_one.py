"""Trusts the arithmetic: a vector against itself comes out as 1.0000000000000002 now and then. Caught by: never beyond one."""

import numpy as np


def cosine_similarity(a_nd, b_md):
    a, b = np.asarray(a_nd, dtype=float), np.asarray(b_md, dtype=float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit")
    length_a, length_b = np.linalg.norm(a, axis=1, keepdims=True), np.linalg.norm(b, axis=1, keepdims=True)
    return (a / np.where(length_a == 0, 1, length_a)) @ (b / np.where(length_b == 0, 1, length_b)).T
