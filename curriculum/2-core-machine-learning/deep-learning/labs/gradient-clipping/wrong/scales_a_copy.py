"""Names the scaled tensor g and changes nothing. Caught by: the norm after is the limit."""

import torch


def clip_(grads, limit):
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([g.float().norm() for g in grads]).norm()
    if norm > limit:
        for g in grads:
            g = g * (limit / norm)
    return norm
