"""Turns half of the columns against the other half, all pairs of a round at once, as a tournament is drawn."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Decomposition:
    left: np.ndarray  # columns of unit length
    values: np.ndarray
    right: np.ndarray  # rows

    def first(self, k):
        return self.left[:, :k], self.values[:k], self.right[:k]


def rounds(m):
    """Every pair of m players (m even) meets once in m - 1 rounds: the first stays seated, the others move on by one place."""
    seats = list(range(m))
    for _ in range(m - 1):
        pairs = np.sort([seats[: m // 2], seats[m // 2 :][::-1]], axis=0)
        yield pairs[0], pairs[1]
        seats = [seats[0], seats[-1], *seats[1:-1]]


def jacobi(r):
    m = r.shape[1]
    odd = m % 2
    r = np.concatenate([r, np.zeros((r.shape[0], odd))], axis=1)
    v = np.eye(m + odd)
    floor = 1e-15 * np.linalg.norm(r)
    for _ in range(30):
        moved = False
        for i, j in rounds(m + odd):
            x, y = r[:, i], r[:, j]
            xx, yy, xy = (np.einsum("ij,ij->j", *pair) for pair in ((x, x), (y, y), (x, y)))
            lengths = np.sqrt(xx) * np.sqrt(yy)
            turn = (np.abs(xy) > 1e-14 * lengths) & (np.sqrt(np.minimum(xx, yy)) > floor)
            if turn.any():
                moved = True
                angle = np.where(turn, 0.5 * np.arctan2(2 * xy, xx - yy), 0.0)
                c, s = np.cos(angle), np.sin(angle)
                for a in (r, v):
                    a[:, i], a[:, j] = c * a[:, i] + s * a[:, j], c * a[:, j] - s * a[:, i]
        if not moved:
            break
    return r, v


def decompose(a):
    if a.shape[0] < a.shape[1]:
        other = decompose(a.T)
        return Decomposition(other.right.T, other.values, other.left.T)
    m = a.shape[1]
    q, r = np.linalg.qr(a)
    turned, v = jacobi(r)
    lengths = np.linalg.norm(turned, axis=0)
    # A column that was added to make their number even has length 0 and, as the last, comes last.
    order = np.lexsort((np.arange(len(lengths)), -lengths))[:m]
    values = lengths[order]
    left = np.zeros((len(a), m))
    alive = values > 0
    left[:, alive] = q @ (turned[:, order[alive]] / values[alive])
    return Decomposition(left, values, v[:m, order].T)


def table(x):
    x = np.array(x, dtype="float64")
    if x.ndim != 2:
        raise ValueError(f"a matrix has two axes, this has {x.ndim}")
    return x


def truncated_svd(a_nm, rank):
    a = table(a_nm)
    if rank < 1 or rank > min(a.shape):
        raise ValueError(f"rank must be from 1 to {min(a.shape)}, not {rank}")
    return decompose(a).first(rank)


def principal(x_nd, count):
    x = table(x_nd)
    n, d = x.shape
    if n < 2:
        raise ValueError("one row does not vary")
    if count < 1 or count > d:
        raise ValueError(f"count must be from 1 to {d}, not {count}")
    mean = np.add.reduce(x, 0) / n
    padded = np.zeros((n + d, d))
    padded[:n] = x - mean
    _, s, rows = decompose(padded).first(count)
    peaks = rows[np.arange(count), np.abs(rows).argmax(1)]
    return mean, np.where(peaks[:, None] < 0, -rows, rows), s * s / (n - 1)


if __name__ == "__main__":
    a = np.random.default_rng(1).normal(size=(7, 5))
    print(truncated_svd(a, 5)[1] - np.linalg.svd(a, compute_uv=False))
