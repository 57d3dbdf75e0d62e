"""Multiplies every pair of rows by broadcasting and sums: right, with d times the memory. Caught by: time and memory."""

import numpy as np


def cosine_similarity(a_nd, b_md):
    a, b = np.asarray(a_nd, dtype=float), np.asarray(b_md, dtype=float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit")
    length_a, length_b = np.linalg.norm(a, axis=1, keepdims=True), np.linalg.norm(b, axis=1, keepdims=True)
    a, b = a / np.where(length_a == 0, 1, length_a), b / np.where(length_b == 0, 1, length_b)
    return np.clip((a[:, None, :] * b[None, :, :]).sum(-1), -1, 1)
