import numpy as np


def lu(a_nn: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row order, lower and upper triangle such that `a_nn[rows] == l @ u`, by partial pivoting; see README.md."""
    work_nn = np.array(a_nn, dtype=np.float64)
    if work_nn.ndim != 2 or work_nn.shape[0] != work_nn.shape[1]:
        raise ValueError(f"expected a square matrix, got shape {work_nn.shape}")
    n = len(work_nn)
    rows_n = np.arange(n)
    smallest = n * np.finfo(float).eps * np.abs(work_nn).max(initial=0.0)
    for k in range(n):
        pivot = k + np.abs(work_nn[k:, k]).argmax()
        if not abs(work_nn[pivot, k]) > smallest:
            raise ValueError(f"the matrix is singular: no pivot in column {k}")
        # Whole rows are exchanged: to the left of column k lie the multipliers, which must move with their rows.
        work_nn[[k, pivot]] = work_nn[[pivot, k]]
        rows_n[[k, pivot]] = rows_n[[pivot, k]]
        work_nn[k + 1 :, k] /= work_nn[k, k]
        work_nn[k + 1 :, k + 1 :] -= work_nn[k + 1 :, k, None] * work_nn[k, k + 1 :]
    return rows_n, np.tril(work_nn, -1) + np.eye(n), np.triu(work_nn)


def solve(a_nn: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The solution of `a_nn @ x = b` for one right-hand side (n,) or many (n, m); see README.md."""
    rows_n, l_nn, u_nn = lu(a_nn)
    b, n = np.asarray(b, dtype=np.float64), len(rows_n)
    if b.ndim not in (1, 2) or b.shape[0] != n:
        raise ValueError(f"a matrix of {n} rows needs a right-hand side of {n} rows, got shape {b.shape}")
    x = b[rows_n]
    for k in range(n):
        x[k] -= l_nn[k, :k] @ x[:k]
    for k in reversed(range(n)):
        x[k] = (x[k] - u_nn[k, k + 1 :] @ x[k + 1 :]) / u_nn[k, k]
    return x
