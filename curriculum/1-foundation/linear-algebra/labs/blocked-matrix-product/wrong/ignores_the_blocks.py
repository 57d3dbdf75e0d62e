"""Leaves the blocks aside and builds all products of entries at once. Caught by: small blocks need little memory."""

import numpy as np


def require(a, b, axes=2):
    if a.ndim != 2 or b.ndim != axes:
        raise ValueError(f"{a.ndim} and {b.ndim} axes")
    if a.shape[1] != b.shape[0]:
        raise ValueError(f"{a.shape[1]} columns against {b.shape[0]} rows")


def combine_columns(a_nk, x_k):
    require(a_nk, x_k, 1)
    return (a_nk * x_k).sum(axis=1, dtype=np.result_type(a_nk, x_k))


def matmul(a_nk, b_km):
    require(a_nk, b_km)
    out = np.zeros((a_nk.shape[0], b_km.shape[1]), np.result_type(a_nk, b_km))
    for k in range(a_nk.shape[1]):
        out += a_nk[:, k, None] * b_km[k]
    return out


def matmul_blocked(a_nk, b_km, block=64):
    require(a_nk, b_km)
    if block < 1:
        raise ValueError(f"block {block}")
    (n, inner), m = a_nk.shape, b_km.shape[1]
    out = np.zeros((n, m), np.result_type(a_nk, b_km))
    out += (a_nk[:, :, None] * b_km[None]).sum(axis=1, dtype=out.dtype)
    return out
