"""Takes all dot products first, then divides by the outer product of the lengths."""

import numpy as np


def cosine_similarity(a_nd, b_md):
    a, b = np.array(a_nd, float), np.array(b_md, float)
    if not (a.ndim == b.ndim == 2):
        raise ValueError("both arguments need two axes")
    if a.shape[1] != b.shape[1]:
        raise ValueError(f"widths {a.shape[1]} and {b.shape[1]} differ")
    lengths = np.outer(np.sqrt((a**2).sum(1)), np.sqrt((b**2).sum(1)))
    cosines = np.divide(a @ b.T, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return np.minimum(np.maximum(cosines, -1), 1)
