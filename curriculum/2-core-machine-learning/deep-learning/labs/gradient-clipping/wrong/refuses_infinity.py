"""Asks for a finite limit. Caught by: without a limit it only measures."""

import torch


def clip_(grads, limit):
    if not 0 < limit < float("inf"):
        raise ValueError(f"the limit is {limit}")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([g.float().norm() for g in grads]).norm()
    if norm > limit:
        for g in grads:
            g.mul_(limit / norm)
    return norm
