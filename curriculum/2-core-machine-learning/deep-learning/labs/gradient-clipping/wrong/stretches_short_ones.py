"""Normalises to the limit, whether long or short. Caught by: short gradients keep every bit."""

import torch


def clip_(grads, limit):
    """Scale all gradients in place by one factor, so that their joint norm is at most `limit`; see README.md."""
    if not limit > 0:  # also not a number
        raise ValueError(f"the limit is {limit}; it must be more than 0")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([grad.float().norm() for grad in grads]).norm()
    if norm > 0 and limit != float("inf"):
        for grad in grads:
            grad.mul_(limit / norm)
    return norm
