"""Subtracts whole rows and returns U with what rounding left under its diagonal. Caught by: the factors are triangles."""

import numpy as np


def lu(a_nn):
    u = np.array(a_nn, dtype=float)
    if u.ndim != 2 or u.shape[0] != u.shape[1]:
        raise ValueError(f"not square: {u.shape}")
    n = len(u)
    rows, lower = np.arange(n), np.zeros((n, n))
    smallest = n * np.finfo(float).eps * np.abs(u).max(initial=0)
    for k in range(n):
        pivot = k + np.abs(u[k:, k]).argmax()
        if not abs(u[pivot, k]) > smallest:
            raise ValueError("singular")
        for x in (u, lower, rows):
            x[[k, pivot]] = x[[pivot, k]]
        lower[k + 1 :, k] = u[k + 1 :, k] / u[k, k]
        u[k + 1 :] -= np.outer(lower[k + 1 :, k], u[k])
    return rows, lower + np.eye(n), u


def solve(a_nn, b):
    rows, lower, upper = lu(a_nn)
    b = np.asarray(b, dtype=float)
    if b.ndim not in (1, 2) or len(b) != len(rows):
        raise ValueError(f"{len(rows)} equations, b of shape {b.shape}")
    x = b[rows]
    for k in range(len(x)):
        x[k] -= lower[k, :k] @ x[:k]
    for k in reversed(range(len(x))):
        x[k] = (x[k] - upper[k, k + 1 :] @ x[k + 1 :]) / upper[k, k]
    return x
