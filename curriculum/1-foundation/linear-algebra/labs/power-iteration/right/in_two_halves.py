"""One loop serves both functions: deflation is applied as a product, and no second matrix is kept."""

import numpy as np


def converge(times, n, v, tolerance, floor, max_steps):
    for _ in range(max_steps):
        w = times(v)
        value = np.dot(v, w)
        if np.sqrt(((w - value * v) ** 2).sum()) <= max(tolerance * abs(value), floor):
            return float(value), v
        v = w / np.sqrt((w**2).sum())
    raise ArithmeticError("power iteration did not converge")


def matrix(a):
    a = np.array(a, dtype=float)
    if a.ndim != 2 or len(set(a.shape)) != 1 or not len(a):
        raise ValueError(f"{a.shape} is not the shape of a square matrix")
    return a


def dominant(a_nn, tolerance=1e-10, max_steps=10_000):
    a = matrix(a_nn)
    v = np.random.default_rng(0).uniform(-1, 1, len(a))
    return converge(lambda x: a @ x, len(a), v / np.linalg.norm(v), tolerance, 0.0, max_steps)


def leading(a_nn, count):
    a = matrix(a_nn)
    if not np.allclose(a, a.T) or count < 1 or count > len(a):
        raise ValueError("leading needs a symmetric matrix and a count from 1 to n")
    values, vectors = [], []

    def clean(x):
        for _ in range(2):
            for v in vectors:
                x = x - (v @ x) * v
        return x

    rng = np.random.default_rng(0)
    for _ in range(count):
        start = clean(rng.normal(size=len(a)))
        floor = 1e-13 * len(a) * abs(values[0]) if values else 0.0
        value, v = converge(lambda x: clean(a @ x), len(a), start / np.linalg.norm(start), 1e-11, floor, 10_000)
        values.append(value)
        vectors.append(v)
    return np.array(values), np.array(vectors).T
