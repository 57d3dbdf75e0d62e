"""Flattens with view, which wants a tensor in one piece. Stock: axis. Caught by: any memory layout."""

import torch


def clip_(grads, limit):
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.cat([g.view(-1).float() for g in grads]).norm()
    if norm > limit:
        for g in grads:
            g.mul_(limit / norm)
    return norm
