"""Takes the dot products of the counts before they are floats: eight bits hold 255. Stock: overflow. Caught by: any kind of number is computed in float64."""

import numpy as np


def cosine_similarity(a_nd, b_md):
    a, b = np.asarray(a_nd, dtype=float), np.asarray(b_md, dtype=float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit")
    lengths = np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1))
    dots = (np.asarray(a_nd) @ np.asarray(b_md).T).astype(float)
    return np.clip(dots / np.where(lengths == 0, 1, lengths), -1, 1)
