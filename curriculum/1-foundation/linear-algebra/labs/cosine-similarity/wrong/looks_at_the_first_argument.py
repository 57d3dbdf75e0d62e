"""Checks the axes of the first argument and trusts the second. Caught by: other than two axes is refused."""

import numpy as np


def cosine_similarity(a_nd, b_md):
    a, b = np.asarray(a_nd, dtype=float), np.asarray(b_md, dtype=float)
    if a.ndim != 2 or a.shape[1] != b.shape[-1]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit")
    return np.clip(unit(a) @ np.swapaxes(unit(b), -1, -2), -1, 1)


def unit(x):
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return x / np.where(length == 0, 1, length)
