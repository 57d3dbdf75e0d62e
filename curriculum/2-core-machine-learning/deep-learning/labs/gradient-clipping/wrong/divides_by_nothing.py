"""Works the factor out as a Python number, and divides by 0 where all gradients are 0. Caught by: zeros stay zeros."""

import torch


def clip_(grads, limit):
    """Scale all gradients in place by one factor, so that their joint norm is at most `limit`; see README.md."""
    if not limit > 0:  # also not a number
        raise ValueError(f"the limit is {limit}; it must be more than 0")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([grad.float().norm() for grad in grads]).norm()
    factor = min(1.0, limit / norm.item())
    for grad in grads:
        grad.mul_(factor)
    return norm
