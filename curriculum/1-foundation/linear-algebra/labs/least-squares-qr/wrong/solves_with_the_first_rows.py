"""Uses the first m rows alone, which is right where there are no others. Caught by: a line by hand."""

import numpy as np


def qr(a_nm):
    a = np.array(a_nm, dtype=np.float64)
    if a.ndim != 2:
        raise ValueError("not a matrix")
    n, m = a.shape
    if m > n:
        raise ValueError(f"{m} columns, {n} rows")
    mirrors = []
    for k in range(m):
        v = a[k:, k].copy()
        v[0] += np.copysign(np.linalg.norm(v), v[0])
        v /= np.linalg.norm(v) or 1.0
        a[k:, k:] -= 2 * np.outer(v, v @ a[k:, k:])
        mirrors.append(v)
    q = np.eye(n, m)
    for k in reversed(range(m)):
        q[k:, k:] -= 2 * np.outer(mirrors[k], mirrors[k] @ q[k:, k:])
    r = np.triu(a[:m])
    size = np.abs(np.diag(r))
    if m and not size.min() > n * np.finfo(float).eps * size.max():
        raise ValueError("dependent columns")
    signs = np.sign(np.diag(r))
    return q * signs, r * signs[:, None]


def least_squares(a_nm, y_n):
    m = np.shape(a_nm)[1]
    rows = len(a_nm)
    qr(a_nm)
    q, r = qr(np.asarray(a_nm)[:m])
    y = np.asarray(y_n, dtype=np.float64)
    if y.shape != (rows,):
        raise ValueError(f"{len(q)} rows, y of shape {y.shape}")
    x = q.T @ y[:m]
    for k in reversed(range(len(x))):
        x[k] = (x[k] - r[k, k + 1 :] @ x[k + 1 :]) / r[k, k]
    return x
