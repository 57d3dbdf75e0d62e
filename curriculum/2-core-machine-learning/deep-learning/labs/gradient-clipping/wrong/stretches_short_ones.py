"""Normalises to the limit, whether long or short. Caught by: short gradients keep every bit."""

import torch


def clip_(grads, limit):
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([g.float().norm() for g in grads]).norm()
    if norm > 0 and limit != float("inf"):
        for g in grads:
            g.mul_(limit / norm)
    return norm
