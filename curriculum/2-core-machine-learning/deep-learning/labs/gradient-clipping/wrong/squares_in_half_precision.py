"""Squares in the gradients' own type, where 300 squared is infinite. Stock: overflow. Caught by: half precision is measured in float32."""

import torch


def clip_(grads, limit):
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    if not grads:
        return torch.tensor(0.0)
    norm = torch.stack([(g * g).sum().float() for g in grads]).sum().sqrt()
    if norm > limit:
        for g in grads:
            g.mul_(limit / norm)
    return norm
