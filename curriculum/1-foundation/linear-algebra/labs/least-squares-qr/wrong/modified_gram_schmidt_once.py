"""Projects one direction at a time, which helps but not enough. Caught by: orthonormal where columns nearly coincide."""

import numpy as np


def qr(a_nm):
    a = np.array(a_nm, dtype=np.float64)
    if a.ndim != 2:
        raise ValueError("not a matrix")
    n, m = a.shape
    if m > n:
        raise ValueError(f"{m} columns, {n} rows")
    q, r = np.zeros((n, m)), np.zeros((m, m))
    for j in range(m):
        v = a[:, j].copy()
        for i in range(j):
            r[i, j] = q[:, i] @ v
            v -= r[i, j] * q[:, i]
        r[j, j] = np.linalg.norm(v)
        if r[j, j] <= n * np.finfo(float).eps * max(np.diag(r).max(), np.linalg.norm(a[:, j])):
            raise ValueError(f"column {j} depends on the earlier ones")
        q[:, j] = v / r[j, j]
    return q, r


def least_squares(a_nm, y_n):
    q, r = qr(a_nm)
    y = np.asarray(y_n, dtype=np.float64)
    if y.shape != (len(q),):
        raise ValueError(f"{len(q)} rows, y of shape {y.shape}")
    x = q.T @ y
    for k in reversed(range(len(x))):
        x[k] = (x[k] - r[k, k + 1 :] @ x[k + 1 :]) / r[k, k]
    return x
