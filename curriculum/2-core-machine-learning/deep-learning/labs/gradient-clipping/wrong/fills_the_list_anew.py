"""Puts new tensors into the list and leaves the optimiser its old ones. Caught by: the tensors themselves change."""

import torch


def clip_(grads, limit):
    """Scale all gradients in place by one factor, so that their joint norm is at most `limit`; see README.md."""
    if not limit > 0:  # also not a number
        raise ValueError(f"the limit is {limit}; it must be more than 0")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([grad.float().norm() for grad in grads]).norm()
    if norm > limit:
        for i in range(len(grads)):
            grads[i] = grads[i] * (limit / norm).to(grads[i].dtype)
    return norm
