"""Stacks the norms of an empty list, which PyTorch refuses. Stock: small-input. Caught by: nothing to clip."""

import torch


def clip_(grads, limit):
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    norm = torch.stack([g.float().norm() for g in grads]).norm()
    if norm > limit:
        for g in grads:
            g.mul_(limit / norm)
    return norm
