import numpy as np


def unit_rows(x_nd: np.ndarray) -> np.ndarray:
    """Every row divided by its length; a row of zeros stays as it is."""
    # Dividing by the largest entry first keeps the squares of very long and very short rows within float64.
    x_nd = x_nd / nonzero(np.abs(x_nd).max(axis=1, keepdims=True, initial=0.0))
    return x_nd / nonzero(np.linalg.norm(x_nd, axis=1, keepdims=True))


def nonzero(size_n1: np.ndarray) -> np.ndarray:
    """The sizes, with 1 in place of 0: dividing zeros by 1 does no harm."""
    return np.where(size_n1 == 0, 1.0, size_n1)


def cosine_similarity(a_nd: np.ndarray, b_md: np.ndarray) -> np.ndarray:
    """The cosine of the angle between every row of `a_nd` and every row of `b_md`; see README.md."""
    a_nd, b_md = np.asarray(a_nd, dtype=np.float64), np.asarray(b_md, dtype=np.float64)
    if a_nd.ndim != 2 or b_md.ndim != 2:
        raise ValueError(f"expected two arrays with two axes each, got {a_nd.ndim} and {b_md.ndim}")
    if a_nd.shape[1] != b_md.shape[1]:
        raise ValueError(f"rows of width {a_nd.shape[1]} cannot be compared with rows of width {b_md.shape[1]}")
    return np.clip(unit_rows(a_nd) @ unit_rows(b_md).T, -1.0, 1.0)
