"""Blocks as objects, sums by np.add.reduce and cumulative addition, and a scratch test that uses @."""

import numpy as np
from numpy.typing import NDArray


class Blocks:
    """The starts and ends of pieces of a side."""

    def __init__(self, side: int, block: int) -> None:
        if block <= 0:
            raise ValueError("a block needs at least one entry, got %d" % block)
        self.edges = list(range(0, side, block)) + [side]

    def __iter__(self):
        for start, end in zip(self.edges[:-1], self.edges[1:], strict=True):
            yield slice(start, end)


def _checked(first, second, axes):
    first, second = np.asarray(first), np.asarray(second)
    if first.ndim != 2:
        raise ValueError("the first argument is not a matrix")
    if second.ndim != axes:
        raise ValueError(f"the second argument has {second.ndim} axes")
    if first.shape[-1] != second.shape[0]:
        raise ValueError(f"cannot combine: {first.shape} and {second.shape}")
    return first, second, np.result_type(first, second)


def combine_columns(a_nk: NDArray, x_k: NDArray) -> NDArray:
    a, x, dtype = _checked(a_nk, x_k, 1)
    return np.add.reduce(np.multiply(a.T.astype(dtype), x.astype(dtype)[:, None]), axis=0, dtype=dtype)


def matmul(a_nk: NDArray, b_km: NDArray) -> NDArray:
    a, b, dtype = _checked(a_nk, b_km, 2)
    result = np.zeros((a.shape[0], b.shape[1]), dtype=dtype)
    for column in range(b.shape[1]):
        result[:, column] = combine_columns(a, b[:, column])
    return result


def matmul_blocked(a_nk: NDArray, b_km: NDArray, block: int = 64) -> NDArray:
    a, b, dtype = _checked(a_nk, b_km, 2)
    result = np.zeros((a.shape[0], b.shape[1]), dtype=dtype)
    for inner in Blocks(a.shape[1], block):
        for across in Blocks(b.shape[1], block):
            for down in Blocks(a.shape[0], block):
                result[down, across] = result[down, across] + matmul(a[down, inner], b[inner, across])
    return result


if __name__ == "__main__":
    p, q = np.random.rand(7, 5), np.random.rand(5, 9)
    print(np.allclose(matmul_blocked(p, q, 2), p @ q))
