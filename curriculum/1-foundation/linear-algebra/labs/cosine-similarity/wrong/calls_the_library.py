"""Leaves the work to SciPy. Stock: library-call. Caught by: the file uses only what the task allows."""

import numpy as np
from scipy.spatial.distance import cdist


def cosine_similarity(a_nd, b_md):
    a, b = np.asarray(a_nd, dtype=float), np.asarray(b_md, dtype=float)
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit")
    return np.clip(np.nan_to_num(1 - cdist(a, b, "cosine")), -1, 1)
