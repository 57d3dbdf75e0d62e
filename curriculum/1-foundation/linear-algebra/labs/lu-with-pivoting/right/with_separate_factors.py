"""Keeps L, U and the row order apart, and exchanges the finished part of L by hand."""

import numpy as np


def lu(a_nn):
    u = np.asarray(a_nn).astype(float)
    if u.ndim != 2 or len(u) != u.shape[1]:
        raise ValueError(f"shape {u.shape} is not square")
    n = len(u)
    scale = abs(u).max() if n else 0.0
    lower, order = np.zeros((n, n)), list(range(n))
    for k in range(n):
        p = max(range(k, n), key=lambda i: abs(u[i, k]))
        if abs(u[p, k]) <= n * np.finfo(float).eps * scale:
            raise ValueError("singular matrix")
        if p != k:
            u[k], u[p] = u[p].copy(), u[k].copy()
            lower[k], lower[p] = lower[p].copy(), lower[k].copy()
            order[k], order[p] = order[p], order[k]
        lower[k, k] = 1.0
        lower[k + 1 :, k] = u[k + 1 :, k] / u[k, k]
        u[k + 1 :] -= np.outer(lower[k + 1 :, k], u[k])
        u[k + 1 :, k] = 0.0
    return np.array(order, dtype=int), lower, u


def solve(a_nn, b):
    order, lower, upper = lu(a_nn)
    b = np.asarray(b, float)
    if b.ndim < 1 or b.ndim > 2 or len(b) != len(order):
        raise ValueError(f"{len(order)} equations, right-hand side {b.shape}")
    y, x = np.zeros_like(b), np.zeros_like(b)
    for i, row in enumerate(order):
        y[i] = b[row] - lower[i, :i].dot(y[:i])
    for i in range(len(order) - 1, -1, -1):
        x[i] = (y[i] - upper[i, i + 1 :].dot(x[i + 1 :])) / upper[i, i]
    return x
