"""Sorts the pairs by the value, so that a large negative one comes last. Caught by: the leading three by hand."""

import numpy as np


def dominant(a_nn, tolerance=1e-10, max_steps=10_000):
    require_square(a_nn)
    start_n = np.random.default_rng(0).normal(size=len(a_nn))
    return iterate(a_nn, start_n, np.zeros((len(a_nn), 0)), tolerance, 0.0, max_steps)


def leading(a_nn, count):
    require_square(a_nn)
    n = len(a_nn)
    if not np.allclose(a_nn, a_nn.T):
        raise ValueError("the matrix is not symmetric")
    if not 1 <= count <= n:
        raise ValueError(f"count is {count}, expected 1 to {n}")
    rng = np.random.default_rng(0)
    values, vectors_nk = [], np.zeros((n, 0))
    for _ in range(count):
        rounding = 1e-14 * n * abs(values[0]) if values else 0.0
        value, vector_n = iterate(a_nn, rng.normal(size=n), vectors_nk, 1e-11, rounding, 10_000)
        values.append(value)
        vectors_nk = np.column_stack([vectors_nk, vector_n])
    order = np.argsort(values)[::-1]
    return np.array(values)[order], vectors_nk[:, order]


def iterate(a_nn, v_n, found_nk, tolerance, rounding, max_steps):
    for _ in range(max_steps):
        v_n = unit(without(found_nk, unit(without(found_nk, v_n))))
        image_n = without(found_nk, a_nn @ v_n)
        value = float(v_n @ image_n)
        if np.linalg.norm(image_n - value * v_n) <= max(tolerance * abs(value), rounding):
            return value, v_n
        v_n = image_n
    raise ArithmeticError(f"no eigenvector within {tolerance} after {max_steps} steps")


def require_square(a_nn):
    if a_nn.ndim != 2 or a_nn.shape[0] != a_nn.shape[1] or a_nn.size == 0:
        raise ValueError(f"expected a square matrix, got shape {a_nn.shape}")


def without(found_nk, v_n):
    return v_n - found_nk @ (found_nk.T @ v_n)


def unit(v_n):
    return v_n / np.linalg.norm(v_n)
