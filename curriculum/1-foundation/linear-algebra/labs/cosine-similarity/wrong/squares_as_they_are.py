"""Squares the entries as they come: 1e200 squared is infinite, 1e-200 squared is 0. Caught by: length does not matter."""

import numpy as np


def cosine_similarity(a_nd, b_md):
    a, b = np.asarray(a_nd, dtype=float), np.asarray(b_md, dtype=float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit")
    with np.errstate(over="ignore"):
        lengths = np.outer(np.sqrt((a**2).sum(1)), np.sqrt((b**2).sum(1)))
        return np.clip(a @ b.T / np.where(lengths == 0, 1, lengths), -1, 1)
