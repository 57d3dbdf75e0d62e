"""Adds up the squares entry by entry, in Python. Caught by: time."""

import torch


def clip_(grads, limit):
    """Scale all gradients in place by one factor, so that their joint norm is at most `limit`; see README.md."""
    if not limit > 0:  # also not a number
        raise ValueError(f"the limit is {limit}; it must be more than 0")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.tensor(sum(entry * entry for grad in grads for entry in grad.float().flatten().tolist())).sqrt()
    if norm > limit:
        for grad in grads:
            grad.mul_(limit / norm)
    return norm
