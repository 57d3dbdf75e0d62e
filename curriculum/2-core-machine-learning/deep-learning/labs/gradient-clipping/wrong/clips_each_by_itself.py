"""Clips every tensor to the limit by its own norm, which turns the direction. Caught by: one factor for all."""

import torch


def clip_(grads, limit):
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([g.float().norm() for g in grads]).norm()
    for g in grads:
        own = g.float().norm()
        if own > limit:
            g.mul_(limit / own)
    return norm
