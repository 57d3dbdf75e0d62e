"""Sends the gradient back through the variance and the mean, one after the other, as the paper writes it."""

import numpy as np


def batch_norm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    if x.ndim != 2:
        raise ValueError(f"bad shape {x.shape}")
    for name, array in {"gamma": gamma, "beta": beta, "running_mean": running_mean, "running_var": running_var}.items():
        if array.ndim != 1 or len(array) != x.shape[1]:
            raise ValueError(f"{name} {array.shape} does not fit x {x.shape}")
    if training and len(x) <= 1:
        raise ValueError(f"only {len(x)} row(s)")
    mean = x.sum(0) / len(x) if training else running_mean
    centred = x - mean
    var = (centred**2).sum(0) / len(x) if training else running_var
    if training:
        new_mean = running_mean + momentum * (mean - running_mean)
        new_var = running_var + momentum * (x.var(0, ddof=1) - running_var)
    else:
        new_mean, new_var = running_mean, running_var
    scale = (var + eps) ** -0.5
    cache = {"centred": centred, "scale": scale, "gamma": gamma, "mode": "train" if training else "eval"}
    return centred * scale * gamma + beta, new_mean, new_var, cache


def batch_norm_backward(grad_y, cache):
    centred, scale = cache["centred"], cache["scale"]
    n = len(grad_y)
    grad_hat = grad_y * cache["gamma"]
    grad_x = grad_hat * scale
    if cache["mode"] == "train":
        grad_var = (grad_hat * centred).sum(0) * -0.5 * scale**3
        grad_mean = -grad_x.sum(0)
        grad_x = grad_x + grad_var * 2 * centred / n + grad_mean / n
    return grad_x, (grad_y * centred * scale).sum(0), grad_y.sum(0)
