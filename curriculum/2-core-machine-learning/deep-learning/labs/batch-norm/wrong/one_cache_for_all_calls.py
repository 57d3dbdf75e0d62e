"""Keeps what the way back needs in a global, which the next forward pass overwrites. Caught by: each cache belongs to its own call."""

import numpy as np

CACHE = {}


def batch_norm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    if x.ndim != 2:
        raise ValueError(f"x must have two axes, not {x.ndim}")
    for array in (gamma, beta, running_mean, running_var):
        if array.shape != x.shape[1:]:
            raise ValueError(f"an array of shape {array.shape} for {x.shape[1]} columns")
    mean, var = running_mean, running_var
    if training:
        if len(x) < 2:
            raise ValueError(f"{len(x)} rows are too few to normalise by")
        mean, var = x.mean(0), x.var(0)
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * x.var(0, ddof=1)
    root = np.sqrt(var + eps)
    x_hat = (x - mean) / root
    CACHE.update(x_hat=x_hat, gamma=gamma, root=root, training=training)
    return gamma * x_hat + beta, running_mean, running_var, None


def batch_norm_backward(grad_y, cache):
    x_hat, gamma, root, training = CACHE["x_hat"], CACHE["gamma"], CACHE["root"], CACHE["training"]
    grad_gamma, grad_beta = (grad_y * x_hat).sum(0), grad_y.sum(0)
    g = grad_y * gamma
    if training:
        g = g - g.mean(0) - x_hat * (g * x_hat).mean(0)
    return g / root, grad_gamma, grad_beta
