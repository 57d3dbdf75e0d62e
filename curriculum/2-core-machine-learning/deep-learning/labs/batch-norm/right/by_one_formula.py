"""Keeps x itself in a dataclass, works everything out again on the way back, and tries it against PyTorch at the end."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Cache:
    x: np.ndarray
    gamma: np.ndarray
    mean: np.ndarray
    var: np.ndarray
    eps: float
    training: bool

    def x_hat(self):
        return (self.x - self.mean) / self.deviation()

    def deviation(self):
        return np.sqrt(self.var + self.eps)


def batch_norm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    if len(np.shape(x)) != 2:
        raise ValueError("x needs two axes")
    count, width = x.shape
    for other in (gamma, beta, running_mean, running_var):
        if np.shape(other) != (width,):
            raise ValueError(f"shapes {x.shape} and {np.shape(other)}")
    if not training:
        cache = Cache(x, gamma, running_mean, running_var, eps, False)
        return beta + gamma * cache.x_hat(), running_mean.copy(), running_var.copy(), cache
    if count in (0, 1):
        raise ValueError(f"cannot normalise over {count} rows")
    cache = Cache(x, gamma, np.mean(x, axis=0), np.var(x, axis=0), eps, True)
    keep = 1 - momentum
    unbiased = np.einsum("nd,nd->d", x - cache.mean, x - cache.mean) / (count - 1)
    return beta + gamma * cache.x_hat(), keep * running_mean + momentum * cache.mean, keep * running_var + momentum * unbiased, cache


def batch_norm_backward(grad_y, cache):
    x_hat, n = cache.x_hat(), grad_y.shape[0]
    grad_gamma, grad_beta = np.einsum("nd,nd->d", grad_y, x_hat), np.add.reduce(grad_y)
    factor = cache.gamma / cache.deviation()
    if cache.training:
        return factor / n * (n * grad_y - grad_beta - x_hat * grad_gamma), grad_gamma, grad_beta
    return factor * grad_y, grad_gamma, grad_beta


if __name__ == "__main__":
    import torch

    rng = np.random.default_rng(1)
    x = rng.normal(size=(5, 2))
    there = torch.nn.BatchNorm1d(2, dtype=torch.float64)
    print(there(torch.tensor(x)), there.running_var)
    print(batch_norm(x, np.ones(2), np.zeros(2), np.zeros(2), np.ones(2), True)[:3])
