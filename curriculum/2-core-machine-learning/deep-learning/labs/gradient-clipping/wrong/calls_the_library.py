"""Hands the gradients to PyTorch's own clipping, in parameters made for the purpose. Stock: library-call. Caught by: the file uses only what the task allows."""

import torch
from torch.nn.utils import clip_grad_norm_


def clip_(grads, limit):
    if not limit > 0:
        raise ValueError(f"the limit is {limit}")
    holders = [torch.nn.Parameter(torch.empty_like(g)) for g in grads]
    for holder, g in zip(holders, grads, strict=True):
        holder.grad = g
    return clip_grad_norm_(holders, limit).float()
