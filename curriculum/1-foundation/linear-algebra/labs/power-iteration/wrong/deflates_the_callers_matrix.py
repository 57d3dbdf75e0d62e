"""Takes the found parts out of the caller's own matrix. Stock: mutation. Caught by: inputs are left as they were."""

import numpy as np


def square(a_nn):
    a = np.asarray(a_nn, dtype=np.float64)
    if a.ndim != 2 or a.shape[0] != a.shape[1]:
        raise ValueError(f"shape {a.shape} is not square")
    return a


def dominant(a_nn, tolerance=1e-10, max_steps=10_000):
    a = square(a_nn)
    v = np.random.default_rng(0).normal(size=len(a))
    v /= np.linalg.norm(v)
    for _ in range(max_steps):
        image = a @ v
        value = float(v @ image)
        if np.linalg.norm(image - value * v) <= tolerance * abs(value):
            return value, v
        v = image / np.linalg.norm(image)
    raise ArithmeticError("did not converge")


def leading(a_nn, count):
    rest = square(a_nn)
    n = len(rest)
    if not np.allclose(rest, rest.T) or not 1 <= count <= n:
        raise ValueError(f"not symmetric, or count {count} is not within 1 and {n}")
    values, vectors = np.zeros(count), np.zeros((n, count))
    rng = np.random.default_rng(0)
    for k in range(count):
        v = rng.normal(size=n)
        for _ in range(5_000):
            for _ in range(2):
                v = v / np.linalg.norm(v)
                v = v - vectors[:, :k] @ (vectors[:, :k].T @ v)
            v /= np.linalg.norm(v)
            image = rest @ v
            image -= vectors[:, :k] @ (vectors[:, :k].T @ image)
            values[k] = v @ image
            if np.linalg.norm(image - values[k] * v) <= 1e-11 * abs(values[k]) + 1e-14 * n * abs(values[0]):
                break
            v = image
        vectors[:, k] = v
        rest -= values[k] * np.outer(v, v)
    return values, vectors
