"""Puts new tensors into the caller's list and leaves the optimiser its old ones. Stock: mutation. Caught by: the tensors themselves change."""

import torch


def clip_(grads, limit):
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([g.float().norm() for g in grads]).norm()
    if norm > limit:
        for i, g in enumerate(grads):
            grads[i] = g * (limit / norm)
    return norm
