"""Leaves before the limit is looked at where there is nothing to clip. Caught by: impossible limits are refused."""

import torch


def clip_(grads, limit):
    if not grads:
        return torch.tensor(0.0)
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    norm = torch.stack([g.float().norm() for g in grads]).norm()
    if norm > limit:
        for g in grads:
            g.mul_(limit / norm)
    return norm
