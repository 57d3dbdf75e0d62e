"""Starts every pair from the same vector, blind to the rest of a plane. Caught by: equal values get orthogonal vectors."""

import numpy as np


def dominant(a_nn, tolerance=1e-10, max_steps=10_000):
    a = np.asarray(a_nn, dtype=float)
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ValueError(f"not a square matrix: {a.shape}")
    v = np.random.default_rng(0).standard_normal(a.shape[0])
    for _ in range(max_steps):
        v = v / np.linalg.norm(v)
        w = a @ v
        value = v @ w
        if np.linalg.norm(w - value * v) <= tolerance * abs(value):
            return float(value), v
        v = w
    raise ArithmeticError(f"{max_steps} steps were not enough")


def leading(a_nn, count):
    rest = np.array(a_nn, dtype=float)
    if rest.ndim != 2 or rest.shape[0] != rest.shape[1] or not np.allclose(rest, rest.T):
        raise ValueError("not a symmetric matrix")
    if count not in range(1, len(rest) + 1):
        raise ValueError(f"{count} pairs of a matrix of {len(rest)} rows")
    pairs = []
    for _ in range(count):
        value, v = dominant(rest, tolerance=1e-11)
        rest = rest - value * np.outer(v, v)
        pairs.append((value, v))
    return np.array([value for value, _ in pairs]), np.column_stack([v for _, v in pairs])
