"""Adds up the tensors' norms, 3 + 4, instead of their squares. Caught by: three and four by hand."""

import torch


def clip_(grads, limit):
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([g.float().norm() for g in grads]).sum()
    if norm > limit:
        for g in grads:
            g.mul_(limit / norm)
    return norm
