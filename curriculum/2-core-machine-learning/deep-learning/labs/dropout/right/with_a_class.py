"""A layer that knows its probability, with in-place work on copies of its own and a scratch test."""

import numpy as np
from numpy.random import Generator, default_rng


class Dropout:
    def __init__(self, p: float):
        if not (p >= 0.0 and p < 1.0):
            raise ValueError("p = " + str(p))
        self.keep = 1.0 - float(p)

    def draw(self, generator: Generator, shape: tuple) -> np.ndarray:
        return generator.uniform(size=shape) < self.keep

    def apply(self, values: np.ndarray, mask: np.ndarray) -> np.ndarray:
        values = values.copy()
        values /= self.keep
        values[~mask] = 0
        return values


def dropout(x, p, seed, training=True):
    layer = Dropout(p)
    if training:
        mask = layer.draw(default_rng(seed), x.shape)
        return layer.apply(x, mask), mask
    return x.copy(), np.ones_like(x, dtype=bool)


def dropout_backward(grad_y, mask, p, training=True):
    layer = Dropout(p)
    return layer.apply(grad_y, mask) if training else +grad_y


if __name__ == "__main__":
    x = np.random.randn(4, 5)
    for training in (True, False):
        print(dropout(x, 0.5, 0, training))
    print(np.mean([dropout(x, 0.5, seed)[0] for seed in range(1000)], axis=0) - x)
