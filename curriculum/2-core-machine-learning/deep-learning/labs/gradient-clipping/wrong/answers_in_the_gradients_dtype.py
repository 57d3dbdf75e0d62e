"""Measures in float32 and answers in the type of the first gradient. Stock: dtype. Caught by: half precision is measured in float32."""

import torch


def clip_(grads, limit):
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([g.float().norm() for g in grads]).norm()
    if norm > limit:
        for g in grads:
            g.mul_(limit / norm)
    return norm.to(grads[0].dtype)
