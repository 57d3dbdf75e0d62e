"""A small class that keeps its unit rows, einsum for the dot products, and a scratch test at the end."""

import numpy as np
from numpy.typing import ArrayLike


class Rows:
    def __init__(self, rows: ArrayLike) -> None:
        self.rows = np.array(rows, dtype="float64")
        if self.rows.ndim != 2:
            raise ValueError("rows need exactly two axes, got " + str(self.rows.ndim))
        self.width = self.rows.shape[1]

    def unit(self) -> np.ndarray:
        largest = np.max(np.abs(self.rows), axis=-1, initial=0.0)
        largest[largest == 0.0] = 1.0
        rows = self.rows / largest[:, np.newaxis]
        lengths = np.sqrt(np.einsum("nd,nd->n", rows, rows))
        lengths[lengths == 0.0] = 1.0
        return rows / lengths[:, np.newaxis]


def cosine_similarity(a_nd: ArrayLike, b_md: ArrayLike) -> np.ndarray:
    first, second = Rows(a_nd), Rows(b_md)
    if first.width != second.width:
        raise ValueError(f"a has rows of width {first.width}, b has rows of width {second.width}")
    return np.einsum("nd,md->nm", first.unit(), second.unit(), optimize=True).clip(-1, 1)


if __name__ == "__main__":
    from scipy.spatial.distance import cdist

    x = np.random.default_rng(0).normal(size=(5, 3))
    for i, row in enumerate(x):
        print(i, row, cosine_similarity(x, x)[i], 1 - cdist(x, x, "cosine")[i])
