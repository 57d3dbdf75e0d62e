"""Gram-Schmidt, each column projected twice: the second time removes what rounding left."""

import numpy as np


def qr(a_nm):
    a = np.asarray(a_nm, dtype=float)
    if a.ndim != 2 or a.shape[1] > a.shape[0]:
        raise ValueError(f"shape {a.shape}: columns must not outnumber rows")
    n, m = a.shape
    q, r = np.zeros((n, m)), np.zeros((m, m))
    for j in range(m):
        v = a[:, j].copy()
        for _ in range(2):
            along = q[:, :j].T @ v
            v -= q[:, :j] @ along
            r[:j, j] += along
        r[j, j] = np.sqrt(v @ v)
        if r[j, j] <= n * np.finfo(float).eps * max(r.diagonal().max(), np.linalg.norm(a[:, j])):
            raise ValueError(f"column {j} depends on those before it")
        q[:, j] = v / r[j, j]
    return q, r


def least_squares(a_nm, y_n):
    q, r = qr(a_nm)
    if np.shape(y_n) != q.shape[:1]:
        raise ValueError(f"y has shape {np.shape(y_n)}")
    rest = q.T @ y_n
    x = np.empty(len(r))
    for j in range(len(r) - 1, -1, -1):
        x[j] = rest[j] / r[j, j]
        rest = rest - r[:, j] * x[j]
    return x
