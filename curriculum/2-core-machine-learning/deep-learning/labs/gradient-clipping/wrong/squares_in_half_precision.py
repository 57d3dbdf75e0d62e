"""Squares in the gradients' own type, where 300 squared is infinite. Caught by: half precision is measured in float32."""

import torch


def clip_(grads, limit):
    """Scale all gradients in place by one factor, so that their joint norm is at most `limit`; see README.md."""
    if not limit > 0:  # also not a number
        raise ValueError(f"the limit is {limit}; it must be more than 0")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([(grad * grad).sum().float() for grad in grads]).sum().sqrt()
    if norm > limit:
        for grad in grads:
            grad.mul_(limit / norm)
    return norm
