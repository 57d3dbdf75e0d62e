"""Uses the training gradient in both modes. Caught by: gradient equals differences."""

import numpy as np


def batch_norm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    """Returns (y, new running mean, new running variance, cache); see README.md."""
    if x.ndim != 2 or x.shape[1:] != gamma.shape:
        raise ValueError(f"x must be (N, {gamma.size}), not {x.shape}")
    n = len(x)
    if training:
        if n < 2:
            raise ValueError(f"a batch of {n} has no variance to normalise by: at least 2 rows are needed in training")
        mean, var = x.mean(axis=0), x.var(axis=0)
        new_mean = (1 - momentum) * running_mean + momentum * mean
        new_var = (1 - momentum) * running_var + momentum * var * n / (n - 1)
    else:
        mean, var = running_mean, running_var
        new_mean, new_var = running_mean.copy(), running_var.copy()
    root = np.sqrt(var + eps)
    x_hat = (x - mean) / root
    return gamma * x_hat + beta, new_mean, new_var, (x_hat, gamma, root, training)


def batch_norm_backward(grad_y, cache):
    """Returns the gradients with respect to x, gamma and beta."""
    x_hat, gamma, root, training = cache
    grad_gamma, grad_beta = (grad_y * x_hat).sum(axis=0), grad_y.sum(axis=0)
    g = grad_y * gamma
    if len(g):
        g = g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)
    return g / root, grad_gamma, grad_beta
