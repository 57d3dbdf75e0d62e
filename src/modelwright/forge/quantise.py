"""Weights in eight bits, a quarter of float32's memory, with a float32 scale for each group of rows of each column, as Grok-1 was released.

Only matrices of attention and experts are quantised, as in the release; norms, router and embedding stay. An `Int8Matrix` stands where a
matrix stood: `x @ w` works as before, in float32, from eight-bit weights. Nothing about activations is rounded, so a reply still does not
depend on what else is in the batch. It saves memory. It is also faster where decoding is compiled (`decode.c` makes floats of the bytes in
registers), and slower where it is not, since PyTorch writes the floats to memory first; `bench/forge_decoding.py` measures both.

Shapes: a in, b out, groups along a; any leading axes (experts).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from modelwright.forge.errors import ConfigError
from modelwright.forge.model import Experts, Grok, Layer, Mlp

GROUP = 128


def quantise(w_ab: Tensor, group: int = GROUP) -> tuple[Tensor, Tensor]:
    """int8 (a, b) and scales (a / group, b): symmetric, scale = largest magnitude / 127, or 1 for zeros. Leading axes go along."""
    a = w_ab.shape[-2]
    if w_ab.dim() < 2 or group < 1 or a % group:
        raise ValueError(f"{tuple(w_ab.shape)} cannot be cut into groups of {group} along its first axis")
    w_ghb = w_ab.float().unflatten(-2, (a // group, group))
    scale_gb = w_ghb.abs().amax(-2) / 127
    scale_gb = torch.where(scale_gb == 0, torch.ones_like(scale_gb), scale_gb)
    q_ghb = (w_ghb / scale_gb.unsqueeze(-2)).round_().clamp_(-127, 127)
    return q_ghb.to(torch.int8).flatten(-3, -2), scale_gb


def dequantise(q_ab: Tensor, scale_gb: Tensor) -> Tensor:
    groups = scale_gb.shape[-2]
    if q_ab.shape[-2] % groups or q_ab.shape[-1] != scale_gb.shape[-1]:
        raise ValueError(f"weights {tuple(q_ab.shape)} and scales {tuple(scale_gb.shape)} do not belong together")
    w_ab: Tensor = (q_ab.unflatten(-2, (groups, -1)).float() * scale_gb.unsqueeze(-2)).flatten(-3, -2)
    return w_ab


def group_for(rows: int, wanted: int = GROUP) -> int:
    """The largest group of at most `wanted` rows that divides them evenly."""
    return next(group for group in range(min(wanted, rows), 0, -1) if rows % group == 0)


Quantise = Callable[[Tensor, int], tuple[Tensor, Tensor]]
"""The part: a matrix and a group to int8 and scales."""


class Int8Matrix:
    """A quantised matrix, or a stack of them, that can be multiplied by from the left and indexed."""

    def __init__(self, q_ab: Tensor, scale_gb: Tensor) -> None:
        self.q_ab, self.scale_gb = q_ab, scale_gb

    @classmethod
    def of(cls, w_ab: Tensor, group: int = GROUP, part: Quantise = quantise) -> Int8Matrix:
        w_ab, group = w_ab.detach(), group_for(w_ab.shape[-2], group)
        if w_ab.dim() == 2 or part is quantise:
            return cls(*part(w_ab, group))
        made = [part(w, group) for w in w_ab]  # a learner's knows one matrix at a time
        return cls(torch.stack([q for q, _ in made]), torch.stack([scale for _, scale in made]))

    @property
    def shape(self) -> torch.Size:
        return self.q_ab.shape

    @property
    def bytes(self) -> int:
        return self.q_ab.numel() + 4 * self.scale_gb.numel()

    def __len__(self) -> int:
        return len(self.q_ab)

    def __getitem__(self, index: Any) -> Int8Matrix:
        return Int8Matrix(self.q_ab[index], self.scale_gb[index])

    def float(self) -> Tensor:
        return dequantise(self.q_ab, self.scale_gb)

    def product(self, x: Tensor) -> Tensor:
        """x @ self. For a few rows the scales are applied to what each group gives, which is far smaller than the weights."""
        rows, groups = x.shape[-2], self.scale_gb.shape[-2]
        if self.q_ab.dim() > 2 or rows > 16 or x.dim() > 2:
            return x @ self.float().to(x.dtype)
        x_gnh = x.unflatten(-1, (groups, -1)).transpose(0, 1)
        y_gnb = torch.bmm(x_gnh, self.q_ab.view(groups, -1, self.q_ab.shape[-1]).to(x.dtype))
        return y_gnb.mul_(self.scale_gb[:, None]).sum(0)

    @classmethod
    def __torch_function__(cls, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        if func in (torch.matmul, Tensor.matmul, Tensor.__matmul__) and isinstance(args[1], Int8Matrix) and isinstance(args[0], Tensor):
            return args[1].product(args[0])
        return NotImplemented


ATTENTION, MLP = ("query", "key", "value", "out"), ("linear", "linear_v", "linear_1")


def quantise_model(model: Grok, group: int = GROUP, part: Quantise = quantise) -> Grok:
    """The same model object, its large matrices replaced. It can generate and be measured, and no longer be trained."""
    if group < 1:
        raise ConfigError(f"a group of {group} rows cannot share a scale; give at least 1")
    for layer in model.layers:
        assert isinstance(layer, Layer)
        for module, names in ((layer.attention, ATTENTION), (layer.experts, MLP), (layer.mlp, MLP)):
            if module is None:
                continue
            assert isinstance(module, Mlp | Experts) or module is layer.attention
            for name in names:
                weight = getattr(module, name)
                if isinstance(weight, Tensor):
                    delattr(module, name)
                    setattr(module, name, Int8Matrix.of(weight, group, part))
    return model


def model_bytes(model: Grok) -> int:
    """Bytes of all weights, as they are held."""
    size = sum(tensor.numel() * tensor.element_size() for tensor in (*model.parameters(), *model.buffers()))
    return size + sum(value.bytes for module in model.modules() for value in vars(module).values() if isinstance(value, Int8Matrix))
