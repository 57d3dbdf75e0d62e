"""Begins the sum with its first term, which there need not be. Stock: small-input. Caught by: nothing to add."""

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
    out = a_nk[:, 0, None] * b_km[0]
    for k in range(1, a_nk.shape[1]):
        out += a_nk[:, k, None] * b_km[k]
    return out


def matmul_blocked(a_nk, b_km, block=64):
    require(a_nk, b_km)
    if block < 1:
        raise ValueError(f"block {block}")
    (n, inner), m = a_nk.shape, b_km.shape[1]
    out = np.zeros((n, m), np.result_type(a_nk, b_km))
    for i in range(0, n, block):
        for j in range(0, m, block):
            for k in range(0, inner, block):
                out[i : i + block, j : j + block] += matmul(a_nk[i : i + block, k : k + block], b_km[k : k + block, j : j + block])
    return out
