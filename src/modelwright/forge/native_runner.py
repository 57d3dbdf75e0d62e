"""A `Runner` whose step is one call into C (`decode.c`): for Grok's own parts, in float32 or eight bits, on a CPU with a C compiler.

It computes what `FastRunner` computes, reads the model's weights where they lie, and copies none. What this adds to the speed: a reply's
logits do not depend on who else is in the batch, nor on the number of threads, to the bit. Where there is no compiler, or with
MODELWRIGHT_NATIVE=0, `runner.runner` takes `FastRunner`.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from modelwright.forge.compiled import compiled
from modelwright.forge.model import Experts, Grok, rope_angles
from modelwright.forge.quantise import Int8Matrix
from modelwright.forge.runner import Runner

# No leave to reorder sums: see `decode.c`.
FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fopenmp", "-fPIC")
_P, _L, _F = ctypes.c_void_p, ctypes.c_long, ctypes.c_float
ALONE = 4_000_000
"""Multiplications of a step below which a second thread costs more than it helps."""


class _Matrix(ctypes.Structure):
    _fields_ = (("data", _P), ("scale", _P), ("group", _L))


class _Layer(ctypes.Structure):
    _fields_ = (
        *((name, _P) for name in ("before_attention", "after_attention", "before_experts", "after_experts")),
        *((name, _Matrix) for name in ("query", "key", "value", "out", "linear", "linear_v", "linear_1")),
        *((name, _P) for name in ("router", "bias")),
        *((name, _Matrix) for name in ("beside", "beside_v", "beside_1")),
    )


class _Model(ctypes.Structure):
    _fields_ = (
        *((name, _L) for name in ("layers", "m", "h", "k", "d", "e", "c", "f", "residual", "v", "slots", "positions")),
        *((name, _F) for name in ("eps", "scale", "cap", "router_cap", "final_cap")),
        *((name, _F) for name in ("embedding_scale", "output_scale", "temperature_start")),
        *((name, _P) for name in ("embedding", "head", "final", "cosines", "sines")),
        ("layer", ctypes.POINTER(_Layer)),
        *((name, _P) for name in ("keys", "values")),
    )


@functools.cache
def library() -> ctypes.CDLL | None:
    found = compiled("decode.c", FLAGS, {"decode": (_P, _P, _P, _L, _P, _L)})
    if found is not None:
        found.decode.restype = ctypes.c_int
    return found


class NativeRunner(Runner):
    def __init__(self, model: Grok, slots: int = 16, limit: int | None = None) -> None:
        super().__init__(model, slots, limit)
        c = self.config
        self._held: list[Tensor] = []
        """Whatever C reads must live as long as this."""
        cos, sin = rope_angles(torch.arange(self.limit)[None], c.head_size, c.rope_base)
        self._layers = (_Layer * c.layers)(*(self._layer(layer) for layer in model.layers))
        self._c = _Model(
            layers=c.layers, m=c.width, h=c.query_heads, k=c.key_heads, d=c.head_size, e=c.experts if c.routed else 1,
            c=c.chosen if c.routed else 1, f=c.ffn, residual=c.residual_size, v=c.vocab, slots=slots,
            eps=c.norm_eps, scale=c.scale_of_attention, cap=c.attention_cap, router_cap=c.router_cap, final_cap=c.final_cap,
            embedding_scale=c.scale_of_embedding, output_scale=c.output_scale, temperature_start=c.temperature_start,
            embedding=self._at(model.embedding), head=self._at(model.embedding if model.head is None else model.head),
            final=self._at(model.final_norm), cosines=self._at(cos), sines=self._at(sin), layer=self._layers,
        )  # fmt: skip
        self._work = c.active_parameters
        found = library()
        assert found is not None
        self._decode = found.decode

    def _at(self, tensor: Tensor | None) -> int | None:
        if tensor is None:
            return None
        self._held.append(tensor.detach().contiguous())
        return self._held[-1].data_ptr()

    def _matrix(self, weight: Any) -> _Matrix:
        if isinstance(weight, Int8Matrix):
            return _Matrix(self._at(weight.q_ab), self._at(weight.scale_gb), weight.shape[-2] // weight.scale_gb.shape[-2])
        return _Matrix(self._at(weight), None, 0)

    def _layer(self, layer: Any) -> _Layer:
        a, e, beside = layer.attention, layer.experts, layer.mlp
        routed = isinstance(e, Experts)
        parts = (a.query, a.key, a.value, a.out, e.linear, e.linear_v, e.linear_1)
        bias = e.bias_e if routed and bool(e.bias_e.any()) else None
        none = (_Matrix(None, None, 0),) * 3
        return _Layer(
            *map(self._at, layer.norms), *map(self._matrix, parts), self._at(e.router) if routed else None, self._at(bias),
            *(none if beside is None else map(self._matrix, (beside.linear, beside.linear_v, beside.linear_1))),
        )  # fmt: skip

    def decode(self, tokens: Sequence[int]) -> Tensor:
        n, lengths = self.rows, self.lengths
        self._reserve(max(lengths) + 1)
        c = self._c
        c.positions, c.keys, c.values = self._k_lnksd.shape[3], self._k_lnksd.data_ptr(), self._v_lnksd.data_ptr()
        logits_nv = torch.empty(n, self.config.vocab)
        threads = torch.get_num_threads() if self._work * n > ALONE else 1
        row = _L * n
        if self._decode(ctypes.byref(c), row(*tokens), row(*lengths), n, logits_nv.data_ptr(), threads):
            raise MemoryError(f"there is no memory for one step of {n} replies")
        self.lengths = [length + 1 for length in lengths]
        return logits_nv
