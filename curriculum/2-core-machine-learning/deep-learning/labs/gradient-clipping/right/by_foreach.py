"""Adds up the squares tensor by tensor, and scales by a factor that is 1 where nothing is to be shortened."""

import torch


def clip_(grads, limit):
    if not (limit > 0):
        raise ValueError(f"limit {limit} is not above 0")
    total = torch.zeros((), dtype=torch.float32)
    for g in grads:
        wide = g.detach().to(torch.float32).reshape(-1)
        total = total + wide @ wide
    norm = total.sqrt()
    factor = torch.ones(()) if limit == float("inf") else torch.minimum(torch.ones(()), limit / norm.clamp(min=1e-30))
    torch._foreach_mul_(list(grads), factor) if len(grads) else None
    return norm
