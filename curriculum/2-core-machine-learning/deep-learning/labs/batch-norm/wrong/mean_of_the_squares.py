"""Takes the variance as the mean of the squares less the squared mean. Caught by: a column far from zero."""

import numpy as np


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
        mean, var = x.mean(0), (x**2).mean(0) - x.mean(0) ** 2
        running_mean = (1 - momentum) * running_mean + momentum * mean
        running_var = (1 - momentum) * running_var + momentum * x.var(0, ddof=1)
    root = np.sqrt(var + eps)
    x_hat = (x - mean) / root
    return gamma * x_hat + beta, running_mean, running_var, (x_hat, gamma, root, training)


def batch_norm_backward(grad_y, cache):
    x_hat, gamma, root, training = cache
    grad_gamma, grad_beta = (grad_y * x_hat).sum(0), grad_y.sum(0)
    g = grad_y * gamma
    if training:
        g = g - g.mean(0) - x_hat * (g * x_hat).mean(0)
    return g / root, grad_gamma, grad_beta
