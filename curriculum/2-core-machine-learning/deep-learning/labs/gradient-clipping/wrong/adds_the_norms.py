"""Adds up the tensors' norms, 3 + 4, instead of their squares. Caught by: three and four by hand."""

import torch


def clip_(grads, limit):
    """Scale all gradients in place by one factor, so that their joint norm is at most `limit`; see README.md."""
    if not limit > 0:  # also not a number
        raise ValueError(f"the limit is {limit}; it must be more than 0")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([grad.float().norm() for grad in grads]).sum()
    if norm > limit:
        for grad in grads:
            grad.mul_(limit / norm)
    return norm
