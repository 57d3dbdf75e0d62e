"""Clips every tensor to the limit by its own norm, which turns the direction. Caught by: one factor for all."""

import torch


def clip_(grads, limit):
    """Scale all gradients in place by one factor, so that their joint norm is at most `limit`; see README.md."""
    if not limit > 0:  # also not a number
        raise ValueError(f"the limit is {limit}; it must be more than 0")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([grad.float().norm() for grad in grads]).norm()
    for grad in grads:
        own = grad.float().norm()
        if own > limit:
            grad.mul_(limit / own)
    return norm
