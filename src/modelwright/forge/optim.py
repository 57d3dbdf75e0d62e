"""The two optimisers and the schedule. AdamW moves embeddings, norms and routers; Muon, if chosen, moves the matrices inside the layers.

Muon (Keller Jordan, https://kellerjordan.github.io/posts/muon) replaces a matrix's momentum by the nearest matrix whose singular values are
all about 1; scaled as in Moonlight (arXiv 2502.16982), its steps are as large as AdamW's, so that one learning rate serves both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Chosen by Jordan to push small singular values up fast; the result lies within about 0.7 and 1.2, which is near enough to 1."""


def learning_rate(step: int, steps: int, peak: float, warmup: int, decay: int, floor: float = 0.0) -> float:
    """Up in a line, stable, then down in a line to `floor * peak` over the last `decay` steps (arXiv 2404.06395)."""
    if step < warmup:
        return peak * (step + 1) / warmup
    if step >= steps - decay:
        return peak * (floor + (1 - floor) * max(0, steps - step) / max(1, decay))
    return peak


def orthogonalise(g_ab: Tensor, steps: int = 5) -> Tensor:
    """About the nearest (semi-)orthogonal matrix, by an odd polynomial of the singular values; leading axes are batches."""
    a, b, c = NEWTON_SCHULZ
    x: Tensor = g_ab.bfloat16() if g_ab.is_cuda else g_ab.float()
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return (x.mT if tall else x).to(g_ab.dtype)


def adamw_step(
    param: Tensor, grad: Tensor, m: Tensor, v: Tensor, step: int, lr: float, beta1: float, beta2: float, eps: float, decay: float
) -> tuple[Tensor, Tensor, Tensor]:
    """One step of AdamW (arXiv 1711.05101) in the plainest form; training uses PyTorch's fused kernel of the same."""
    m = beta1 * m + (1 - beta1) * grad
    v = beta2 * v + (1 - beta2) * grad.square()
    m_hat, v_hat = m / (1 - beta1**step), v / (1 - beta2**step)
    return param - lr * decay * param - lr * m_hat / (v_hat.sqrt() + eps), m, v


class Muon(torch.optim.Optimizer):
    """Momentum, made orthogonal. Matrices of one shape are stacked, so that a layer's four projections cost one product and not four."""

    def __init__(
        self,
        params: list[nn.Parameter],
        lr: float = 1e-3,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        steps: int = 5,
        orthogonalise: Callable[[Tensor, int], Tensor] = orthogonalise,
    ) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay, "steps": steps})
        self.orthogonalise = orthogonalise

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            stacks: dict[tuple[int, ...], list[tuple[Tensor, Tensor]]] = defaultdict(list)
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["momentum"] = torch.zeros_like(p)
                state["momentum"].lerp_(p.grad, 1 - group["momentum"])
                update = torch.lerp(p.grad, state["momentum"], group["momentum"])  # Nesterov's look ahead
                stacks[tuple(p.shape[-2:])].append((p, update))
            for (rows, columns), pairs in stacks.items():
                size = 0.2 * max(rows, columns) ** 0.5  # the root mean square of AdamW's usual step
                whole = [update.full_tensor() if hasattr(update, "full_tensor") else update for _, update in pairs]
                stacked = torch.cat([update.reshape(-1, rows, columns) for update in whole])
                done = self.orthogonalise(stacked, group["steps"]).split([update.numel() // (rows * columns) for update in whole])
                for (p, _), update in zip(pairs, done, strict=True):
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                    p.add_(_like(update.view(p.shape), p), alpha=-group["lr"] * size)


def _like(update: Tensor, p: Tensor) -> Tensor:
    """The part of a whole update that belongs to this process, where the parameter is sharded."""
    if not hasattr(p, "device_mesh"):
        return update
    from torch.distributed.tensor import DTensor, distribute_tensor

    assert isinstance(p, DTensor)
    return distribute_tensor(update, p.device_mesh, p.placements)


def is_matrix(name: str) -> bool:
    """Whether Muon may have it: the matrices of attention and of the experts. A router's columns are logits, not a map."""
    return ".attention." in name or (".experts.linear" in name) or ".mlp." in name


def optimisers(
    model: nn.Module,
    lr: float,
    betas: tuple[float, float] = (0.9, 0.95),
    weight_decay: float = 0.1,
    muon: bool = True,
    muon_lr: float = 1.0,
    muon_steps: int = 5,
    orthogonalise: Callable[[Tensor, int], Tensor] = orthogonalise,
    adamw: type[torch.optim.Optimizer] | None = None,
) -> list[torch.optim.Optimizer]:
    """Each group carries `scale`: what the schedule's rate is multiplied by for it. Norms and the router are not decayed."""
    matrices, decayed, free = [], [], []
    for name, p in model.named_parameters():
        if muon and is_matrix(name):
            matrices.append(p)
        elif p.dim() >= 2 and not name.endswith("router"):
            decayed.append(p)
        else:
            free.append(p)
    groups = [{"params": decayed, "weight_decay": weight_decay}, {"params": free, "weight_decay": 0.0}]
    cls: Any = adamw or torch.optim.AdamW
    sharded = any(hasattr(p, "device_mesh") for p in decayed)  # then some tensors may be sharded and others not: one at a time
    extra = {} if adamw else {"foreach": False} if sharded else {"fused": True}
    found: list[torch.optim.Optimizer] = [cls([g for g in groups if g["params"]], lr=lr, betas=betas, eps=1e-8, **extra)]
    if matrices:
        found.append(Muon(matrices, lr=lr, weight_decay=weight_decay, steps=muon_steps, orthogonalise=orthogonalise))
    for optimiser in found:
        for group in optimiser.param_groups:
            group["scale"] = muon_lr if isinstance(optimiser, Muon) else 1.0
    return found


def clip(parameters: Iterable[Tensor], limit: float) -> Tensor:
    """Scale the gradients so that their joint norm is at most `limit` (Pascanu, Mikolov and Bengio, arXiv 1211.5063, algorithm 1); the
    norm before. As `torch.nn.utils.clip_grad_norm_`, but gradients within the limit are not multiplied by one."""
    parameters = list(parameters)
    norm = nn.utils.get_total_norm([p.grad for p in parameters if p.grad is not None], foreach=True)
    if norm > limit:
        nn.utils.clip_grads_with_norm_(parameters, limit, norm)
    return norm


def set_rate(found: list[torch.optim.Optimizer], rate: float) -> None:
    for optimiser in found:
        for group in optimiser.param_groups:
            group["lr"] = rate * group["scale"]
