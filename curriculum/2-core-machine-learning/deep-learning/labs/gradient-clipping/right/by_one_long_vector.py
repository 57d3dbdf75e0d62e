"""Lays all gradients end to end to measure them, in a class of its own, and tries it on a model with PyTorch's clipping beside it."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor


class Clipper:
    def __init__(self, limit: float):
        if math.isnan(limit) or limit <= 0:
            raise ValueError("cannot clip to " + str(limit))
        self.limit = limit

    @torch.no_grad()
    def norm(self, grads: Sequence[Tensor]) -> Tensor:
        pieces = [torch.zeros(1)] + [g.flatten().float() for g in grads]
        return torch.linalg.vector_norm(torch.cat(pieces))

    @torch.no_grad()
    def __call__(self, grads: Sequence[Tensor]) -> Tensor:
        norm = self.norm(grads)
        if norm.item() <= self.limit:
            return norm
        scale = self.limit / norm
        for i in range(len(grads)):
            grads[i].copy_(grads[i].float() * scale)
        return norm


def clip_(grads, limit):
    return Clipper(limit)(grads)


if __name__ == "__main__":
    model = torch.nn.Linear(3, 2)
    model(torch.randn(5, 3)).pow(2).sum().backward()
    mine = [p.grad.clone() for p in model.parameters()]
    print(clip_(mine, 0.1), torch.nn.utils.clip_grad_norm_(model.parameters(), 0.1))
    print(mine, [p.grad for p in model.parameters()])
