import numpy as np


def combine_columns(a_nk: np.ndarray, x_k: np.ndarray) -> np.ndarray:
    """The columns of `a_nk`, weighted by `x_k` and added up: shape (n,)."""
    require(a_nk, x_k, axes=1)
    return (a_nk * x_k).sum(axis=1, dtype=np.result_type(a_nk, x_k))


def matmul(a_nk: np.ndarray, b_km: np.ndarray) -> np.ndarray:
    """The matrix product, as a sum of outer products of columns of `a_nk` and rows of `b_km`."""
    require(a_nk, b_km, axes=2)
    out_nm = np.zeros((a_nk.shape[0], b_km.shape[1]), dtype=np.result_type(a_nk, b_km))
    for k in range(a_nk.shape[1]):
        out_nm += a_nk[:, k, None] * b_km[k]
    return out_nm


def matmul_blocked(a_nk: np.ndarray, b_km: np.ndarray, block: int = 64) -> np.ndarray:
    """The matrix product, from pieces of at most block x block entries."""
    require(a_nk, b_km, axes=2)
    if block < 1:
        raise ValueError(f"block is {block}, expected 1 or more")
    (n, inner), m = a_nk.shape, b_km.shape[1]
    out_nm = np.zeros((n, m), dtype=np.result_type(a_nk, b_km))
    for i in range(0, n, block):
        for j in range(0, m, block):
            for k in range(0, inner, block):
                # A slice past the end is cut off, so the ragged edge needs no case of its own.
                out_nm[i : i + block, j : j + block] += matmul(a_nk[i : i + block, k : k + block], b_km[k : k + block, j : j + block])
    return out_nm


def require(a_nk: np.ndarray, b: np.ndarray, axes: int) -> None:
    if a_nk.ndim != 2 or b.ndim != axes:
        raise ValueError(f"expected arrays of 2 and {axes} axes, got {a_nk.ndim} and {b.ndim}")
    if a_nk.shape[1] != b.shape[0]:
        raise ValueError(f"inner sizes differ: {a_nk.shape[1]} columns against {b.shape[0]} rows")
