"""The model, ready to be asked for one token after another, for several replies at once.

A `Runner` holds keys and values of up to `slots` replies ("rows") and does two things: `prefill` takes in new prompts together, `decode`
takes one token of each row and gives the next logits. Rows 0 … n-1 are always the ones in use, so that a batch is a slice and nothing is
gathered; when a reply ends, the last row moves into its place. `Runner` calls the model as it is, with whatever parts it has.

For one token starting an operation costs more than its arithmetic, so there are two quicker ones for Grok's own parts. `NativeRunner`
(`native_runner.py`) takes the step in one call into C, where there is a compiler. `FastRunner` needs none and does with far fewer
operations: query, key and value are one product with the norm's scale and the logits' scale already inside; channels lie in pairs, so that
the rotation is one complex product; and only the experts that were chosen are read, without sorting.

Rows do not see each other. What they share, except in `NativeRunner`, is the order in which a product of matrices sums, which depends on
how many rows there are: logits differ from those of a reply that runs alone by float32's rounding, about 1e-6, and by nothing else.

Shapes as in `model.py`; n rows here are replies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from modelwright.forge import fast, native
from modelwright.forge.config import ModelConfig
from modelwright.forge.errors import ConfigError
from modelwright.forge.experts import grouped_experts, router
from modelwright.forge.model import Cache, Experts, Grok, Layer, Ops, rope_angles
from modelwright.forge.quantise import Int8Matrix

Weight = Tensor | Int8Matrix

CHUNK = 128
"""Room for keys and values grows by at least so many positions."""


class Runner:
    def __init__(self, model: Grok, slots: int = 16, limit: int | None = None) -> None:
        c = model.config
        self.model, self.config, self.slots = model, c, slots
        self.limit = limit or c.context
        """Most positions of a row."""
        self.lengths: list[int] = []
        """Of each row in use."""
        self._dtype, self._device = model.embedding.dtype, model.embedding.device
        self._k_lnksd = self._room(0)
        self._v_lnksd = self._room(0)

    def _room(self, positions: int) -> Tensor:
        c = self.config
        return torch.zeros(c.layers, self.slots, c.key_heads, positions, c.head_size, dtype=self._dtype, device=self._device)

    @property
    def rows(self) -> int:
        return len(self.lengths)

    def _reserve(self, positions: int) -> None:
        if positions > self.limit:
            raise ConfigError(f"a reply has room for {self.limit} tokens, prompt included; {positions} are needed")
        have = self._k_lnksd.shape[3]
        if positions > have:
            grown = min(max(positions, 2 * have, CHUNK), self.limit)
            for name in ("_k_lnksd", "_v_lnksd"):
                fresh = self._room(grown)
                fresh[:, :, :, :have] = getattr(self, name)
                setattr(self, name, fresh)

    @torch.inference_mode()
    def prefill(self, prompts: Sequence[Sequence[int]]) -> Tensor:
        """New rows at the end, one for each prompt; the logits of what comes after each: (prompts, v)."""
        if self.rows + len(prompts) > self.slots:
            raise ConfigError(f"{len(prompts)} prompts do not fit: {self.rows} of {self.slots} slots are taken")
        if not all(prompts):
            raise ConfigError("a prompt has no tokens; give at least one")
        longest = max(map(len, prompts))
        self._reserve(longest)
        # Padded on the right: what is behind a prompt's end is seen by no one before it, and overwritten by the reply.
        tokens_bt = torch.tensor([[*p, *[0] * (longest - len(p))] for p in prompts], device=self._device)
        hidden_btm, _ = self.model.body(tokens_bt, _Prefill(self, self.rows))
        self.lengths += map(len, prompts)
        last = torch.tensor([len(p) - 1 for p in prompts], device=self._device)
        return self.model.unembed(hidden_btm[torch.arange(len(prompts), device=self._device), last][:, None])[:, 0]

    @torch.inference_mode()
    def decode(self, tokens: Sequence[int]) -> Tensor:
        """The next token of every row; the logits after it: (n, v)."""
        self._reserve(max(self.lengths) + 1)
        logits_nv: Tensor = self.model(torch.tensor(tokens, device=self._device)[:, None], _Decode(self))[:, 0]
        self.lengths = [length + 1 for length in self.lengths]
        return logits_nv

    @torch.inference_mode()
    def remove(self, row: int) -> int:
        """End a row. Gives the row that has moved into its place (itself, where it was the last)."""
        last = self.rows - 1
        if row != last:
            length = self.lengths[last]
            for store in (self._k_lnksd, self._v_lnksd):
                store[:, row, :, :length] = store[:, last, :, :length]
            self.lengths[row] = length
        self.lengths.pop()
        return last

    def _store_keys(self, k_btkd: Tensor) -> Tensor:
        """Keys as they are kept."""
        return k_btkd


class OwnCacheRunner(Runner):
    """For a learner's cache, which knows rows of equal length only: each reply has one of its own, and they take turns."""

    def __init__(self, model: Grok, slots: int, limit: int | None, make: Callable[[ModelConfig, int, int], Cache]) -> None:
        super().__init__(model, slots, limit)
        self._make, self._caches = make, list[Cache]()

    def _reserve(self, positions: int) -> None:
        if positions > self.limit:
            raise ConfigError(f"a reply has room for {self.limit} tokens, prompt included; {positions} are needed")

    @torch.inference_mode()
    def prefill(self, prompts: Sequence[Sequence[int]]) -> Tensor:
        fresh = [self._make(self.config, 1, self.limit) for _ in prompts]
        logits = [self._next(prompt, cache) for prompt, cache in zip(prompts, fresh, strict=True)]
        self._caches += fresh
        self.lengths += map(len, prompts)
        return torch.cat(logits)

    @torch.inference_mode()
    def decode(self, tokens: Sequence[int]) -> Tensor:
        self._reserve(max(self.lengths) + 1)
        logits = [self._next([token], cache) for token, cache in zip(tokens, self._caches, strict=True)]
        self.lengths = [length + 1 for length in self.lengths]
        return torch.cat(logits)

    def _next(self, tokens: Sequence[int], cache: Cache) -> Tensor:
        hidden_1tm, _ = self.model.body(torch.tensor([list(tokens)], device=self._device), cache)
        return self.model.unembed(hidden_1tm[:, -1:])[:, 0]

    def remove(self, row: int) -> int:
        last = self.rows - 1
        self.lengths[row], self._caches[row] = self.lengths[last], self._caches[last]
        self.lengths.pop()
        self._caches.pop()
        return last


class _Prefill:
    """A `Cache` for the model's own forward pass: the prompts are all there is to see, and are kept on the way."""

    def __init__(self, runner: Runner, first: int) -> None:
        self.runner, self.first = runner, first

    def positions(self, t: int) -> Tensor:
        return torch.arange(t, device=self.runner._device)[None]

    def append(self, layer: int, k_btkd: Tensor, v_btkd: Tensor) -> tuple[Tensor, Tensor]:
        (b, t), r = k_btkd.shape[:2], self.runner
        r._k_lnksd[layer, self.first : self.first + b, :, :t] = r._store_keys(k_btkd).transpose(1, 2)
        r._v_lnksd[layer, self.first : self.first + b, :, :t] = v_btkd.transpose(1, 2)
        return k_btkd, v_btkd

    def visible(self, t: int) -> Tensor | None:
        return None

    def advance(self, t: int) -> None:
        pass


class _Decode:
    """A `Cache` for one more token of each row."""

    def __init__(self, runner: Runner) -> None:
        self.runner = runner
        self.lengths_n = torch.tensor(runner.lengths, device=runner._device)
        self.rows_n = torch.arange(runner.rows, device=runner._device)
        self.end = max(runner.lengths) + 1

    def positions(self, t: int) -> Tensor:
        return self.lengths_n[:, None]

    def append(self, layer: int, k_btkd: Tensor, v_btkd: Tensor) -> tuple[Tensor, Tensor]:
        r, n = self.runner, self.runner.rows
        r._k_lnksd[layer, self.rows_n, :, self.lengths_n] = k_btkd[:, 0]
        r._v_lnksd[layer, self.rows_n, :, self.lengths_n] = v_btkd[:, 0]
        return r._k_lnksd[layer, :n, :, : self.end].transpose(1, 2), r._v_lnksd[layer, :n, :, : self.end].transpose(1, 2)

    def visible(self, t: int) -> Tensor | None:
        if min(self.runner.lengths) + 1 == self.end:
            return None
        return (torch.arange(self.end, device=self.lengths_n.device) <= self.lengths_n[:, None])[:, None]

    def advance(self, t: int) -> None:
        pass


class _Prepared:
    """One layer's weights as `FastRunner` wants them."""

    def __init__(self, layer: Layer) -> None:
        c, a = layer.config, layer.attention
        scale = c.scale_of_attention / (c.attention_cap or 1.0)
        before_m, d = layer.norms[0].detach(), c.head_size

        def fuse(q: Tensor, k: Tensor, v: Tensor, factor: float) -> Tensor:
            return torch.cat((paired(q * factor, d), paired(k, d), v), dim=1).detach()

        self.before_attention: Tensor | None = None
        self.qkv: Weight
        if isinstance(a.query, Int8Matrix):  # the same eight bits, so that the same is computed; only scales take the factor in
            parts: tuple[Any, ...] = (a.query, a.key, a.value)
            self.qkv = Int8Matrix(fuse(*(p.q_ab for p in parts), 1), fuse(*(p.scale_gb for p in parts), scale))
            self.before_attention = before_m
        else:
            self.qkv = before_m[:, None] * fuse(a.query, a.key, a.value, scale)
        self.out = held(a.out)
        self.after_attention, self.before_experts, self.after_experts = (layer.norms[i].detach() for i in (1, 2, 3))
        self.mlp = None if layer.mlp is None else (held(layer.mlp.linear), held(layer.mlp.linear_v), held(layer.mlp.linear_1))
        e = layer.experts
        self.router = e.router.detach().float() if isinstance(e, Experts) else None
        self.bias_e = e.bias_e if isinstance(e, Experts) and bool(e.bias_e.any()) else None
        self.w, self.v, self.w1 = held(e.linear), held(e.linear_v), held(e.linear_1)


def held(weight: Weight) -> Weight:
    return weight if isinstance(weight, Int8Matrix) else weight.detach()


def paired(weight_mx: Tensor, head_size: int) -> Tensor:
    """Columns of each head reordered so that channels j and j + d/2, which turn together, lie side by side."""
    m, x = weight_mx.shape
    return weight_mx.view(m, x // head_size, 2, head_size // 2).transpose(2, 3).reshape(m, x)


class FastRunner(Runner):
    def __init__(self, model: Grok, slots: int = 16, limit: int | None = None) -> None:
        super().__init__(model, slots, limit)
        c = self.config
        self._layers = [_Prepared(layer) for layer in model.layers]  # type: ignore[arg-type]
        self._embedding = model.embedding.detach()
        self._head = (model.embedding if model.head is None else model.head).detach()
        self._final = model.final_norm.detach() * c.output_scale
        cos, sin = rope_angles(torch.arange(self.limit)[None], c.head_size, c.rope_base)
        self._turn_s1j = torch.complex(cos[0], sin[0])[:, None].to(self._device)
        self._c = c.query_heads * c.head_size, c.key_heads * c.head_size

    def _store_keys(self, k_btkd: Tensor) -> Tensor:
        stored: Tensor = k_btkd.unflatten(-1, (2, -1)).transpose(-1, -2).flatten(-2)
        return stored

    @torch.inference_mode()
    def decode(self, tokens: Sequence[int]) -> Tensor:
        c, n, lengths = self.config, self.rows, self.lengths
        end = max(lengths) + 1
        self._reserve(end)
        even = min(lengths) + 1 == end
        places_n = torch.tensor(lengths)
        hidden_n1s: Tensor | None = None
        turn_n1j = self._turn_s1j[end - 1 : end] if even else self._turn_s1j[places_n]
        rows_n = None if even else torch.arange(n)
        if not even:
            hidden_n1s = torch.zeros(n, 1, end).masked_fill_(torch.arange(end) > places_n[:, None, None], -1e30)
        temperature_n11: Tensor | None = None
        if c.temperature_start:
            temperature_n11 = (places_n.float().clamp(min=c.temperature_start).log() / math.log(c.temperature_start))[:, None, None]
        (q_size, k_size), k, d = self._c, c.key_heads, c.head_size
        group = c.query_heads // k
        h_nm = F.embedding(torch.tensor(tokens), self._embedding).float() * c.scale_of_embedding

        for i, w in enumerate(self._layers):
            x_nm = norm(h_nm, c.norm_eps)
            qkv_nx = product(x_nm if w.before_attention is None else x_nm.mul_(w.before_attention), w.qkv)
            qk = torch.view_as_complex(qkv_nx[:, : q_size + k_size].view(n, -1, d // 2, 2)) * turn_n1j
            qk_nxd = torch.view_as_real(qk).view(n, -1, d)
            k_nksd, v_nksd = self._k_lnksd[i, :n], self._v_lnksd[i, :n]
            k_nkd, v_nkd = qk_nxd[:, c.query_heads :], qkv_nx[:, q_size + k_size :].view(n, k, d)
            if rows_n is None:
                k_nksd[:, :, end - 1] = k_nkd
                v_nksd[:, :, end - 1] = v_nkd
            else:
                k_nksd[rows_n, :, places_n] = k_nkd
                v_nksd[rows_n, :, places_n] = v_nkd
            k_xsd, v_xsd = k_nksd[:, :, :end].flatten(0, 1), v_nksd[:, :, :end].flatten(0, 1)
            logits_xgs = torch.bmm(qk_nxd[:, : c.query_heads].reshape(n * k, group, d), k_xsd.mT)
            if c.attention_cap:
                logits_xgs.tanh_().mul_(c.attention_cap)
            if temperature_n11 is not None or hidden_n1s is not None:
                logits_nxs = logits_xgs.view(n, k * group, end)
                if temperature_n11 is not None:
                    logits_nxs.mul_(temperature_n11)
                if hidden_n1s is not None:
                    logits_nxs.add_(hidden_n1s)
            o_xgd = torch.bmm(logits_xgs.softmax(-1), v_xsd)
            y_nm = product(o_xgd.view(n, q_size), w.out)
            h_nm = torch.addcmul(h_nm, norm(y_nm, c.norm_eps), w.after_attention)
            x_nm = norm(h_nm, c.norm_eps).mul_(w.before_experts)
            y_nm = self._experts(x_nm, w)
            if w.mlp is not None:
                y_nm = (y_nm + gated(x_nm, *w.mlp)) * 0.5**0.5
            h_nm = torch.addcmul(h_nm, norm(y_nm, c.norm_eps), w.after_experts)

        self.lengths = [length + 1 for length in lengths]
        logits_nv = F.linear(norm(h_nm, c.norm_eps).mul_(self._final), self._head)
        return logits_nv.div_(c.final_cap).tanh_().mul_(c.final_cap) if c.final_cap else logits_nv

    def _experts(self, x_nm: Tensor, w: _Prepared) -> Tensor:
        if w.router is None:
            return gated(x_nm, w.w, w.v, w.w1)
        c, n = self.config, x_nm.shape[0]
        if n > 2:
            gates_nc, chosen_nc, _ = router(x_nm, w.router, c.chosen, w.bias_e, c.router_cap)
            return self._many(x_nm, gates_nc, chosen_nc, w)
        logits_ne = x_nm @ w.router
        if c.router_cap:
            logits_ne = c.router_cap * torch.tanh(logits_ne / c.router_cap)
        # For so few numbers Python is quicker than four more operations on tensors.
        out = []
        for x_1m, probs in zip(x_nm.split(1), logits_ne.softmax(-1).tolist(), strict=True):
            score = probs if w.bias_e is None else [p + b for p, b in zip(probs, w.bias_e.tolist(), strict=True)]
            y_1m = None
            for e in sorted(range(c.experts), key=score.__getitem__, reverse=True)[: c.chosen]:
                part_1m = gated(x_1m, w.w[e], w.v[e], w.w1[e]).mul_(probs[e])
                y_1m = part_1m if y_1m is None else y_1m.add_(part_1m)
            assert y_1m is not None
            out.append(y_1m)
        return out[0] if n == 1 else torch.cat(out)

    def _many(self, x_nm: Tensor, gates_nc: Tensor, chosen_nc: Tensor, w: _Prepared) -> Tensor:
        """Each expert's rows side by side, padded to the longest group: three products for all experts together."""
        (n, m), (experts, c) = x_nm.shape, (self.config.experts, chosen_nc.shape[1])
        flat = chosen_nc.flatten().tolist()
        places = []
        counts = [0] * experts
        for e in flat:
            places.append(counts[e])
            counts[e] += 1
        size = max(counts)
        used = [e for e in range(experts) if counts[e]]
        # One product over all experts reads the unused ones' weights for nothing, but costs fewer operations than going one by one.
        if len(used) <= experts // 2 or isinstance(w.w, Int8Matrix):
            return grouped_few(x_nm, flat, gates_nc, w, used)
        assert isinstance(w.v, Tensor)
        assert isinstance(w.w1, Tensor)
        slots_r = torch.tensor([e * size + place for e, place in zip(flat, places, strict=True)])
        x_em = x_nm.new_zeros(experts * size, m)
        x_em[slots_r] = x_nm.repeat_interleave(c, 0)
        x_esm = x_em.view(experts, size, m)
        a_esf = F.gelu(torch.bmm(x_esm, w.w), approximate="tanh").mul_(torch.bmm(x_esm, w.v))
        y_ncm = torch.bmm(a_esf, w.w1).view(-1, m)[slots_r].view(n, c, m)
        return torch.bmm(gates_nc[:, None], y_ncm)[:, 0]


def grouped_few(x_nm: Tensor, flat: list[int], gates_nc: Tensor, w: _Prepared, used: list[int]) -> Tensor:
    """Expert by expert, only those that someone chose."""
    c = gates_nc.shape[1]
    y_nm, gates_r1 = torch.zeros_like(x_nm), gates_nc.reshape(-1, 1)
    for e in used:
        rows = torch.tensor([r for r, chosen in enumerate(flat) if chosen == e])
        tokens = rows // c
        x_rm = x_nm[tokens]
        y_nm.index_add_(0, tokens, gated(x_rm, w.w[e], w.v[e], w.w1[e]).mul_(gates_r1[rows]))
    return y_nm


def product(x: Tensor, w: Weight) -> Tensor:
    return torch.mm(x, w) if isinstance(w, Tensor) else w.product(x)


def gated(x: Tensor, w: Weight, v: Weight, w1: Weight) -> Tensor:
    return product(F.gelu(product(x, w), approximate="tanh").mul_(product(x, v)), w1)


def norm(x_nm: Tensor, eps: float) -> Tensor:
    """RMS norm without its scale."""
    y_nm: Tensor = x_nm * torch.linalg.vector_norm(x_nm, dim=-1, keepdim=True).square_().div_(x_nm.shape[-1]).add_(eps).rsqrt_()
    return y_nm


def usual(ops: Ops) -> bool:
    """Whether a model has no part of a learner's in what decoding uses, so that the quick runners compute the same."""
    names = ("embed", "unembed", "rms_norm", "rope", "attention", "geglu", "router", "residual")
    ours = (Ops(), fast.ops(), native.ops())
    return ops.grouped_experts is grouped_experts and any(all(getattr(ops, n) is getattr(known, n) for n in names) for known in ours)


def runner(model: Grok, slots: int = 16, limit: int | None = None) -> Runner:
    """The fastest runner that is faithful to the model's parts, precision and device."""
    if not (usual(model.ops) and model.embedding.dtype == torch.float32 and model.embedding.device.type == "cpu"):
        return Runner(model, slots, limit)
    from modelwright.forge import native_runner

    kind = FastRunner if native_runner.library() is None else native_runner.NativeRunner
    return kind(model, slots, limit)
