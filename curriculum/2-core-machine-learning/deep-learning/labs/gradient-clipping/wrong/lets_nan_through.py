"""Asks for what is wrong instead of what is right: no comparison with NaN is true. Caught by: impossible limits are refused."""

import torch


def clip_(grads, limit):
    if limit <= 0:
        raise ValueError(f"the limit is {limit}")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([g.float().norm() for g in grads]).norm()
    if norm > limit:
        for g in grads:
            g.mul_(limit / norm)
    return norm
