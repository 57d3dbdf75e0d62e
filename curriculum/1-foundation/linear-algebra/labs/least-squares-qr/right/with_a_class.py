"""Reflections with their sizes kept in a class, applied to y without ever forming q; and a scratch test with NumPy's own QR."""

import numpy as np


class Triangle:
    def __init__(self, matrix):
        self.work = np.array(matrix, dtype=float)
        if self.work.ndim != 2:
            raise ValueError("a matrix, please: got %d axes" % self.work.ndim)
        self.rows, self.columns = self.work.shape
        if self.columns > self.rows:
            raise ValueError(f"{self.columns} columns in only {self.rows} rows")
        self.mirrors = []
        for k in range(self.columns):
            x = self.work[k:, k]
            length = np.linalg.norm(x)
            mirror = x.copy()
            mirror[0] = x[0] + length if x[0] >= 0 else x[0] - length
            size = mirror @ mirror
            if size > 0:
                self.work[k:, k:] -= np.outer(mirror, (2 / size) * (mirror @ self.work[k:, k:]))
            self.mirrors.append((mirror, size))
        diagonal = abs(self.work[: self.columns].diagonal())
        if self.columns and diagonal.min() <= self.rows * np.finfo(float).eps * diagonal.max():
            raise ValueError("dependent columns")
        self.signs = np.where(self.work[: self.columns].diagonal() < 0, -1.0, 1.0)

    def upper(self):
        return np.triu(self.work[: self.columns]) * self.signs[:, np.newaxis]

    def back(self, block):
        for k in range(self.columns - 1, -1, -1):
            mirror, size = self.mirrors[k]
            block[k:] -= np.outer(mirror, 2 / size * (mirror @ block[k:]))
        return block

    def forth(self, y):
        y = y.copy()
        for k, (mirror, size) in enumerate(self.mirrors):
            y[k:] -= mirror * (2 / size * (mirror @ y[k:]))
        return y[: self.columns] * self.signs


def qr(a_nm):
    t = Triangle(a_nm)
    return t.back(np.eye(t.rows, t.columns)) * t.signs, t.upper()


def least_squares(a_nm, y_n):
    t = Triangle(a_nm)
    y = np.array(y_n, dtype=float)
    if y.shape != (t.rows,):
        raise ValueError(f"y should have shape ({t.rows},)")
    upper, x = t.upper(), t.forth(y)
    for k in range(t.columns)[::-1]:
        x[k] = (x[k] - np.sum(upper[k, k + 1 :] * x[k + 1 :])) / upper[k, k]
    return x


if __name__ == "__main__":
    a = np.random.rand(6, 3)
    print(qr(a)[1], np.linalg.qr(a)[1])
