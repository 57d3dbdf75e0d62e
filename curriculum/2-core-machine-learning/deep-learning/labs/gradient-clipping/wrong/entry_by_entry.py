"""Adds up the squares entry by entry, in Python. Caught by: time."""

import torch


def clip_(grads, limit):
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.tensor(sum(float(entry) ** 2 for g in grads for entry in g.float().flatten())).sqrt()
    if norm > limit:
        for g in grads:
            g.mul_(limit / norm)
    return norm
