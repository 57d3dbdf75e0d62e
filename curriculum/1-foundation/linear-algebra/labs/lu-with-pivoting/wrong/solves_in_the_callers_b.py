"""Substitutes in the right-hand side itself where no row was exchanged. Stock: mutation. Caught by: inputs are left as they were."""

import numpy as np


def lu(a_nn):
    work = np.array(a_nn, dtype=float)
    if work.ndim != 2 or work.shape[0] != work.shape[1]:
        raise ValueError(f"not square: {work.shape}")
    n = len(work)
    rows = np.arange(n)
    smallest = n * np.finfo(float).eps * np.abs(work).max(initial=0)
    for k in range(n):
        pivot = k + np.abs(work[k:, k]).argmax()
        if not abs(work[pivot, k]) > smallest:
            raise ValueError("singular")
        work[[k, pivot]] = work[[pivot, k]]
        rows[[k, pivot]] = rows[[pivot, k]]
        work[k + 1 :, k] /= work[k, k]
        work[k + 1 :, k + 1 :] -= np.outer(work[k + 1 :, k], work[k, k + 1 :])
    return rows, np.tril(work, -1) + np.eye(n), np.triu(work)


def solve(a_nn, b):
    rows, lower, upper = lu(a_nn)
    b = np.asarray(b, dtype=float)
    if b.ndim not in (1, 2) or len(b) != len(rows):
        raise ValueError(f"{len(rows)} equations, b of shape {b.shape}")
    x = b
    x[:] = b[rows]
    for k in range(len(x)):
        x[k] -= lower[k, :k] @ x[:k]
    for k in reversed(range(len(x))):
        x[k] = (x[k] - upper[k, k + 1 :] @ x[k + 1 :]) / upper[k, k]
    return x
