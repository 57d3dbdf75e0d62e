"""Iterates on what is left of the matrix, keeps each vector orthogonal to the earlier ones, and starts each pair anew."""

import numpy as np


def checked(a_nn):
    a = np.asarray(a_nn, dtype=float)
    if a.ndim != 2:
        raise ValueError(f"a matrix has two axes, not {a.ndim}")
    rows, columns = a.shape
    if rows != columns or rows < 1:
        raise ValueError(f"not a square matrix: {rows} rows, {columns} columns")
    return a


def dominant(a_nn, tolerance=1e-10, max_steps=10_000):
    a = checked(a_nn)
    v = np.random.default_rng(7).standard_normal(a.shape[0])
    v /= np.linalg.norm(v)
    for _ in range(max_steps):
        w = a @ v
        value = v @ w
        if np.linalg.norm(w - value * v) <= tolerance * abs(value):
            return float(value), v
        v = w / np.linalg.norm(w)
    raise ArithmeticError(f"{max_steps} steps were not enough")


def leading(a_nn, count):
    rest = checked(a_nn).copy()
    if not np.allclose(rest, rest.T):
        raise ValueError("not a symmetric matrix")
    if count not in range(1, len(rest) + 1):
        raise ValueError(f"{count} pairs of a matrix of {len(rest)} rows")
    basis = np.zeros((count, len(rest)))
    values = np.zeros(count)
    generator = np.random.default_rng(1)

    def cleaned(x):
        for _ in range(2):
            x = x - basis.T @ (basis @ x)
            length = np.linalg.norm(x)
            if length == 0:
                return x
            x = x / length
        return x

    for k in range(count):
        v = cleaned(generator.uniform(-1, 1, len(rest)))
        enough = 1e-13 * len(rest) * np.abs(values).max(initial=0)
        for _ in range(20_000):
            w = rest @ v
            w = w - basis.T @ (basis @ w)
            values[k] = v @ w
            if np.linalg.norm(w - values[k] * v) <= max(1e-12 * abs(values[k]), enough):
                break
            v = cleaned(w)
        else:
            raise ArithmeticError("no convergence")
        basis[k] = v
        rest -= values[k] * np.outer(v, v)
    return values, basis.T.copy()


if __name__ == "__main__":
    m = np.random.rand(4, 4)
    print(leading(m + m.T, 2), np.linalg.eigh(m + m.T))
