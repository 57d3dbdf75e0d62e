import numpy as np


def batch_norm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    """Returns (y, new running mean, new running variance, cache); see README.md."""
    if x.ndim != 2:
        raise ValueError(f"x must have two axes, not the shape {x.shape}")
    n, d = x.shape
    for array in (gamma, beta, running_mean, running_var):
        if array.shape != (d,):
            raise ValueError(f"x has {d} columns, so every other array must be ({d},), not {array.shape}")
    if training:
        if n < 2:
            raise ValueError(f"a batch of {n} has no variance to normalise by")
        mean, var = x.mean(axis=0), x.var(axis=0)
        new_mean = (1 - momentum) * running_mean + momentum * mean
        new_var = (1 - momentum) * running_var + momentum * var * n / (n - 1)
    else:
        mean, var = new_mean, new_var = running_mean, running_var
    root = np.sqrt(var + eps)
    x_hat = (x - mean) / root
    return gamma * x_hat + beta, new_mean, new_var, (x_hat, gamma, root, training)


def batch_norm_backward(grad_y, cache):
    """Returns the gradients with respect to x, gamma and beta."""
    x_hat, gamma, root, training = cache
    grad_gamma, grad_beta = (grad_y * x_hat).sum(axis=0), grad_y.sum(axis=0)
    g = grad_y * gamma
    if training:  # every row moved the mean and the variance of its column
        g = g - g.mean(axis=0) - x_hat * (g * x_hat).mean(axis=0)
    return g / root, grad_gamma, grad_beta
