"""Cuts off the entries beyond the limit. Caught by: one factor for all."""

import torch


def clip_(grads, limit):
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([g.float().norm() for g in grads]).norm()
    if norm > limit:
        for g in grads:
            g.clamp_(-limit, limit)
    return norm
