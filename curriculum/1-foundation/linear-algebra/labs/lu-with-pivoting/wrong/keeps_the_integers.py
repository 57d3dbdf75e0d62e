"""Copies the matrix with its integer dtype, where a multiplier of 1/2 becomes 0. Stock: dtype. Caught by: any kind of number is computed in float64."""

import numpy as np


def lu(a_nn):
    work = np.array(a_nn)
    if work.ndim != 2 or work.shape[0] != work.shape[1]:
        raise ValueError(f"shape {work.shape} is not square")
    n = len(work)
    rows, smallest = np.arange(n), n * np.finfo(float).eps * np.abs(work).max(initial=0.0)
    for k in range(n):
        pivot = k + int(np.abs(work[k:, k]).argmax())
        if not abs(work[pivot, k]) > smallest:
            raise ValueError(f"singular: no pivot in column {k}")
        work[[k, pivot]] = work[[pivot, k]]
        rows[[k, pivot]] = rows[[pivot, k]]
        work[k + 1 :, k] = work[k + 1 :, k] / work[k, k]
        work[k + 1 :, k + 1 :] -= work[k + 1 :, k, None] * work[k, k + 1 :]
    return rows, np.tril(work, -1) + np.eye(n), np.triu(work)


def solve(a_nn, b):
    rows, lower, upper = lu(a_nn)
    b, n = np.asarray(b, dtype=np.float64), len(rows)
    if b.ndim not in (1, 2) or b.shape[0] != n:
        raise ValueError(f"{n} equations, right-hand side {b.shape}")
    x = b[rows]
    for k in range(n):
        x[k] -= lower[k, :k] @ x[:k]
    for k in reversed(range(n)):
        x[k] = (x[k] - upper[k, k + 1 :] @ x[k + 1 :]) / upper[k, k]
    return x
