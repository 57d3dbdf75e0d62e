"""A class that holds the factors, column by column with outer products, and a scratch test that uses NumPy's own solver."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Factors:
    matrix: np.ndarray
    order: list[int] = field(default_factory=list)

    def __post_init__(self):
        shape = np.shape(self.matrix)
        if len(shape) != 2:
            raise ValueError(f"a matrix has two axes, this has {len(shape)}")
        if shape[0] != shape[1]:
            raise ValueError("not square: {} rows, {} columns".format(*shape))
        self.size = shape[0]
        rest = np.asarray(self.matrix).astype(np.float64)
        limit = self.size * np.finfo(np.float64).eps * (np.max(np.abs(rest)) if self.size else 0)
        self.left, self.right = np.zeros_like(rest), np.zeros_like(rest)
        free = np.ones(self.size, dtype=bool)
        multipliers = np.zeros_like(rest)
        for step in range(self.size):
            sizes = np.where(free, np.abs(rest[:, step]), -1.0)
            row = int(np.argmax(sizes))
            if sizes[row] <= limit:
                raise ValueError(f"singular in step {step}")
            self.order.append(row)
            free[row] = False
            self.right[step, step:] = rest[row, step:]
            factor = np.where(free, rest[:, step] / rest[row, step], 0.0)
            multipliers[:, step] = factor
            rest = rest - factor[:, None] * rest[row][None, :]
        for step, row in enumerate(self.order):
            self.left[step, :step] = multipliers[row, :step]
            self.left[step, step] = 1


def lu(a_nn):
    factors = Factors(a_nn)
    return np.array(factors.order, dtype=np.int64), factors.left, factors.right


def solve(a_nn, b):
    order, left, right = lu(a_nn)
    values = np.array(b, dtype=float)
    if values.ndim not in (1, 2) or values.shape[0] != order.size:
        raise ValueError(f"b should have {order.size} rows and one or two axes; its shape is {values.shape}")
    flat = values.ndim == 1
    columns = (values[:, None] if flat else values)[order]
    for i in range(order.size):
        columns[i] = columns[i] - np.tensordot(left[i, :i], columns[:i], axes=1)
    for i in range(order.size - 1, -1, -1):
        columns[i] = (columns[i] - np.tensordot(right[i, i + 1 :], columns[i + 1 :], axes=1)) / right[i, i]
    return columns[:, 0] if flat else columns


if __name__ == "__main__":
    a, b = np.random.rand(5, 5), np.random.rand(5)
    print(np.abs(solve(a, b) - np.linalg.solve(a, b)).max())
