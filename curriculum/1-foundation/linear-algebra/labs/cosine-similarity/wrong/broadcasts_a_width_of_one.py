"""Leaves the widths to broadcasting, which stretches a width of 1. Caught by: different widths are refused."""

import numpy as np


def cosine_similarity(a_nd, b_md):
    a, b = np.asarray(a_nd, dtype=float), np.asarray(b_md, dtype=float)
    if a.ndim != 2 or b.ndim != 2:
        raise ValueError("both need two axes")
    try:
        together = np.concatenate([a + 0 * b[:1], b + 0 * a[:1]])
    except ValueError:
        raise ValueError(f"widths {a.shape[1]} and {b.shape[1]} differ") from None
    together = unit(together)
    return np.clip(together[: len(a)] @ together[len(a) :].T, -1, 1)


def unit(x):
    x = x / np.maximum(np.abs(x).max(axis=1, keepdims=True, initial=0), 1e-300)
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(length == 0, 1, length)
