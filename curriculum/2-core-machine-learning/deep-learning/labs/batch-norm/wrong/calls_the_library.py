"""Leaves both passes to PyTorch. Stock: library-call. Caught by: the file uses only what the task allows."""

import torch


def batch_norm(x, gamma, beta, running_mean, running_var, training, momentum=0.1, eps=1e-5):
    if x.ndim != 2:
        raise ValueError(f"x must have two axes, not {x.ndim}")
    for array in (gamma, beta, running_mean, running_var):
        if array.shape != x.shape[1:]:
            raise ValueError(f"an array of shape {array.shape} for {x.shape[1]} columns")
    if training and len(x) < 2:
        raise ValueError(f"{len(x)} rows are too few")
    mean, var = torch.tensor(running_mean), torch.tensor(running_var)
    y = torch.nn.functional.batch_norm(torch.tensor(x), mean, var, torch.tensor(gamma), torch.tensor(beta), training, momentum, eps)
    return y.numpy(), mean.numpy(), var.numpy(), (x, gamma, beta, running_mean, running_var, training, eps)


def batch_norm_backward(grad_y, cache):
    x, gamma, beta, mean, var = (torch.tensor(array) for array in cache[:5])
    leaves = [leaf.requires_grad_() for leaf in (x, gamma, beta)]
    y = torch.nn.functional.batch_norm(x, mean, var, gamma, beta, cache[5], 0.1, cache[6])
    return tuple(grad.numpy() for grad in torch.autograd.grad(y, leaves, torch.tensor(grad_y)))
