"""Low-rank adaptation: a frozen matrix and a small change of it that is learned (Hu et al. 2021, arXiv 2106.09685).

`adapt` puts a `LoraMatrix` in the place of each matrix of attention, as in the paper's experiments (section 4.2); everything else is
frozen. `x @ w` in the model works as before. `merge` adds the change to the matrix and gives the plain model back: then it costs nothing.

Shapes: a in, b out, r rank.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from modelwright.forge import references
from modelwright.forge.errors import ConfigError
from modelwright.forge.model import Grok, Layer

Lora = Callable[[Tensor, Tensor, Tensor, Tensor, float], Tensor]
MATRICES = ("query", "key", "value", "out")


class LoraMatrix(nn.Module):
    """W + (alpha / r) A B. A starts as a fan-in normal, B as zero, so that the model starts unchanged."""

    def __init__(self, w_ab: Tensor, rank: int, alpha: float, generator: torch.Generator, part: Lora) -> None:
        super().__init__()
        rows, columns = w_ab.shape
        self.alpha, self.part = alpha, part
        self.w_ab = nn.Parameter(w_ab.detach(), requires_grad=False)
        self.a_ar = nn.Parameter(torch.randn(rows, rank, generator=generator).to(w_ab) * rows**-0.5)
        self.b_rb = nn.Parameter(torch.zeros(rank, columns).to(w_ab))

    def product(self, x: Tensor) -> Tensor:
        return self.part(x, self.w_ab, self.a_ar, self.b_rb, self.alpha)

    @torch.no_grad()
    def merged(self) -> Tensor:
        return self.w_ab + (self.alpha / self.a_ar.shape[1]) * (self.a_ar @ self.b_rb)

    @classmethod
    def __torch_function__(cls, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        if func in (torch.matmul, Tensor.matmul, Tensor.__matmul__) and isinstance(args[1], LoraMatrix):
            return args[1].product(args[0])
        return NotImplemented


def adapt(model: Grok, rank: int, alpha: float, seed: int = 0, part: Lora = references.lora) -> Grok:
    """The same model object: all of it frozen but the new A and B."""
    if rank < 1 or rank > model.config.width:
        raise ConfigError(f"a rank of {rank} cannot be; it lies between 1 and the model's width, {model.config.width}")
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for layer in model.layers:
        assert isinstance(layer, Layer)
        for name in MATRICES:
            weight = getattr(layer.attention, name)
            if not isinstance(weight, nn.Parameter):
                raise ConfigError("this model has adapters already, or eight-bit weights; merge them or load its float weights first")
            delattr(layer.attention, name)
            setattr(layer.attention, name, LoraMatrix(weight, rank, alpha, generator, part))
    return model


def merge(model: Grok) -> Grok:
    """Adapters into their matrices; every parameter trains again."""
    for layer in model.layers:
        assert isinstance(layer, Layer)
        for name in MATRICES:
            held = getattr(layer.attention, name)
            if isinstance(held, LoraMatrix):
                delattr(layer.attention, name)
                setattr(layer.attention, name, nn.Parameter(held.merged()))
    for parameter in model.parameters():
        parameter.requires_grad_(True)
    return model


def adapters(model: Grok) -> dict[str, Tensor]:
    """Only what was learned, by name: far smaller than the model."""
    return {name: p.detach().contiguous() for name, p in model.named_parameters() if name.endswith((".a_ar", ".b_rb"))}
