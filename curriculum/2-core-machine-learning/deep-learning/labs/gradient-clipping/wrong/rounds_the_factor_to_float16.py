"""Converts the factor to the tensor's type, where a small one is 0. Caught by: a factor too small for float16."""

import torch


def clip_(grads, limit):
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([g.float().norm() for g in grads]).norm()
    if norm > limit:
        for g in grads:
            g.mul_((limit / norm).to(g.dtype))
    return norm
