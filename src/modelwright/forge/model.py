"""Grok-1, whole: embedding, 64 times (attention, experts), head. Read it top to bottom; nothing else is needed to know what it computes.

It is checked against xAI's released JAX code (https://github.com/xai-org/grok-1) to float32's rounding by `modelwright forge verify`;
what Grok-2 adds is marked where it is added. The plain functions come first, one for each part that a learner can replace; `Ops`
gathers them and the modules below call only what `Ops` holds. `experts.py` holds the routing, `fast.py` the same functions with
hand-written backward passes. Training, caching and sampling are elsewhere.

Shapes are part of names:
    b batch   t queries (time)   s keys   m width   h query heads   k key heads   g query heads per key head   d head size
    n tokens (b * t)   e experts   c chosen experts   f expert width   v vocabulary
Matrices are (in, out), as in the release: `x_tm @ w_mf`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from modelwright.forge.config import ModelConfig
from modelwright.forge.errors import ContextError
from modelwright.forge.experts import Routing, balance_loss, geglu, grouped_experts, router

# The parts, as functions.


def embed(tokens_bt: Tensor, embedding_vm: Tensor, scale: float) -> Tensor:
    """Rows of the embedding, scaled by sqrt(width) so that they start as large as what the layers add. (b, t, m)"""
    return F.embedding(tokens_bt, embedding_vm) * scale


def unembed(hidden_btm: Tensor, embedding_vm: Tensor, scale: float) -> Tensor:
    """Logits: how much each position's vector points along each token's. (b, t, v), float32"""
    return (hidden_btm @ embedding_vm.T).float() * scale


def rms_norm(x: Tensor, scale: Tensor, eps: float) -> Tensor:
    """Divide each vector (the last axis) by its root mean square, in float32 whatever comes in (arXiv 1910.07467)."""
    x32 = x.float()
    return (x32 * torch.rsqrt(x32.square().mean(-1, keepdim=True) + eps) * scale.float()).to(x.dtype)


def rope_angles(positions_bt: Tensor, head_size: int, base: float) -> tuple[Tensor, Tensor]:
    """Cosines and sines of position * base^(-2j/d) for j < d/2, each (b, t, d/2), float32."""
    j = torch.arange(0, head_size, 2, device=positions_bt.device, dtype=torch.float32)
    angles = positions_bt[..., None].float() * base ** (-j / head_size)
    return angles.cos(), angles.sin()


def rope(x_bthd: Tensor, cos_btj: Tensor, sin_btj: Tensor) -> Tensor:
    """Turn channel j and channel j + d/2 together by the position's j-th angle (arXiv 2104.09864, the rotate-half form)."""
    cos, sin = cos_btj[:, :, None], sin_btj[:, :, None]
    a, b = x_bthd.float().chunk(2, dim=-1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), dim=-1).to(x_bthd.dtype)


def visible_keys(tokens_bs: Tensor, t: int, pad: int | None) -> Tensor:
    """Which keys each of the last `t` positions may attend to: none that is later, none that is padding. (b, t, s), bool"""
    s = tokens_bs.shape[1]
    causal_ts = torch.ones(t, s, dtype=torch.bool, device=tokens_bs.device).tril(s - t)
    if pad is None:
        return causal_ts.expand(tokens_bs.shape[0], t, s)
    return causal_ts & (tokens_bs != pad)[:, None, :]


def attention_weights(
    q_bthd: Tensor, k_bskd: Tensor, cap: float, visible_bts: Tensor | None = None, temperature_bt: Tensor | None = None
) -> Tensor:
    """How much each query takes from each key: (b, k, g, t, s), float32. The order matters: scale, cap, then mask."""
    (b, t, h, d), (s, k) = q_bthd.shape, k_bskd.shape[1:3]
    # Query head i belongs to key head i // g: the group axis comes second, so that neighbours share a key head.
    q_btkgd = q_bthd.float().reshape(b, t, k, h // k, d)
    logits_bkgts = torch.einsum("btkgd,bskd->bkgts", q_btkgd, k_bskd.float()) * d**-0.5
    if cap:
        logits_bkgts = cap * torch.tanh(logits_bkgts / cap)
    if temperature_bt is not None:  # Grok-2
        logits_bkgts = logits_bkgts * temperature_bt[:, None, None, :, None]
    if visible_bts is None:
        visible_bts = torch.ones(t, s, dtype=torch.bool, device=q_bthd.device).tril(s - t)[None]
    # The release masks with -1e30, not with minus infinity: a query that sees no key attends to all alike and stays finite.
    weights_bkgts: Tensor = logits_bkgts.masked_fill(~visible_bts[:, None, None], -1e30).softmax(-1)
    return weights_bkgts


def attention(
    q_bthd: Tensor,
    k_bskd: Tensor,
    v_bskd: Tensor,
    cap: float,
    visible_bts: Tensor | None = None,
    temperature_bt: Tensor | None = None,
) -> Tensor:
    """Grouped-query attention with soft-capped logits; the queries are the last t of s positions. (b, t, h, d)

    Float32 inside. `visible_bts` says which keys may be seen; None is "no later one".
    """
    weights_bkgts = attention_weights(q_bthd, k_bskd, cap, visible_bts, temperature_bt)
    return torch.einsum("bkgts,bskd->btkgd", weights_bkgts, v_bskd.float()).reshape(q_bthd.shape).to(q_bthd.dtype)


def residual(
    h_btm: Tensor, before: Callable[[Tensor], Tensor], sublayer: Callable[[Tensor], Tensor], after: Callable[[Tensor], Tensor]
) -> Tensor:
    """Grok's block: normalise, work, normalise again, add. The second norm fixes how much each layer may add."""
    return h_btm + after(sublayer(before(h_btm)))


def cross_entropy(logits_nv: Tensor, targets_n: Tensor, counted_n: Tensor) -> Tensor:
    """Mean negative log-likelihood of the counted targets, float32; zero (not NaN) where none is counted."""
    losses_n = F.cross_entropy(logits_nv.float(), targets_n, reduction="none")
    return (losses_n * counted_n).sum() / counted_n.sum().clamp(min=1)


def attention_half(layer: Layer, h_btm: Tensor, where: Where, cache: Cache | None, watch: Watch | None) -> Tensor:
    return layer.ops.residual(h_btm, layer.norm(0), lambda x: layer.attention(x, where, layer.index, cache, watch), layer.norm(1))


def experts_half(layer: Layer, h_btm: Tensor) -> tuple[Tensor, Routing | None]:
    routing: Routing | None = None

    def mix(x_btm: Tensor) -> Tensor:
        nonlocal routing
        out_btm: Tensor
        if isinstance(layer.experts, Experts):
            out_btm, routing = layer.experts(x_btm)
        else:
            out_btm = layer.experts(x_btm)
        # Grok-2: a dense MLP beside the experts; the root keeps the sum as large as one of them.
        return out_btm if layer.mlp is None else (out_btm + layer.mlp(x_btm)) * 0.5**0.5

    return layer.ops.residual(h_btm, layer.norm(2), mix, layer.norm(3)), routing


@dataclass(frozen=True)
class Ops:
    """The functions that a model is made of. `fast.ops()` and a learner's parts give others for the same contracts."""

    embed: Callable[..., Tensor] = embed
    unembed: Callable[..., Tensor] = unembed
    rms_norm: Callable[..., Tensor] = rms_norm
    rope: Callable[..., Tensor] = rope
    visible_keys: Callable[..., Tensor] = visible_keys
    attention: Callable[..., Tensor] = attention
    geglu: Callable[..., Tensor] = geglu
    router: Callable[..., tuple[Tensor, Tensor, Tensor]] = router
    grouped_experts: Callable[..., Tensor] = grouped_experts
    residual: Callable[..., Tensor] = residual
    cross_entropy: Callable[..., Tensor] = cross_entropy
    balance_loss: Callable[..., Tensor] = balance_loss
    # The two halves of a layer, made of the above. `native.py` does each whole, as long as none of what it is made of is a learner's.
    attention_half: Callable[..., Tensor] = attention_half
    experts_half: Callable[..., tuple[Tensor, Routing | None]] = experts_half


PLAIN = Ops()


class Cache(Protocol):
    """Keys and values of earlier positions. `cache.py` has one; a server may bring its own."""

    def positions(self, t: int) -> Tensor:
        """Positions of the next t tokens of each row: (b, t)."""

    def append(self, layer: int, k_btkd: Tensor, v_btkd: Tensor) -> tuple[Tensor, Tensor]:
        """Store, and return all keys and values so far: (b, s, k, d)."""

    def visible(self, t: int) -> Tensor | None:
        """Which of the s keys each new query may see: (b, t, s); None where the queries are simply the last t."""

    def advance(self, t: int) -> None:
        """Called once, after the last layer."""


@dataclass
class Watch:
    """Give one to `body` to see inside: a layer at a time, attention weights (b, k, g, t, s) and routings."""

    attention: list[Tensor] = field(default_factory=list)
    routings: list[Routing] = field(default_factory=list)


class Where(NamedTuple):
    """What every layer needs to know about the positions in hand; computed once for all of them."""

    cos_btj: Tensor
    sin_btj: Tensor
    visible_bts: Tensor | None
    temperature_bt: Tensor | None


class Loss(NamedTuple):
    total: Tensor
    cross_entropy: Tensor
    balance: Tensor
    load_le: Tensor
    """Of each layer, the fraction of the choices that went to each expert; sums to 1."""
    entropy_l: Tensor
    """Of each layer, the router's mean entropy in nats."""


# The modules.


def matrix(*shape: int, fan_in: int) -> nn.Parameter:
    weight = torch.empty(*shape)
    return nn.Parameter(weight if weight.is_meta else weight.normal_(std=fan_in**-0.5))


class Attention(nn.Module):
    def __init__(self, config: ModelConfig, ops: Ops) -> None:
        super().__init__()
        c = self.config = config
        self.ops = ops
        self.query = matrix(c.width, c.query_heads * c.head_size, fan_in=c.width)
        self.key = matrix(c.width, c.key_heads * c.head_size, fan_in=c.width)
        self.value = matrix(c.width, c.key_heads * c.head_size, fan_in=c.width)
        self.out = matrix(c.query_heads * c.head_size, c.width, fan_in=c.query_heads * c.head_size)

    def forward(self, x_btm: Tensor, where: Where, layer: int, cache: Cache | None, watch: Watch | None) -> Tensor:
        c, (b, t, _) = self.config, x_btm.shape
        q_bthd = (x_btm @ self.query).view(b, t, c.query_heads, c.head_size)
        k_btkd = (x_btm @ self.key).view(b, t, c.key_heads, c.head_size)
        v_btkd = (x_btm @ self.value).view(b, t, c.key_heads, c.head_size)
        q_bthd = self.ops.rope(q_bthd, where.cos_btj, where.sin_btj)
        k_btkd = self.ops.rope(k_btkd, where.cos_btj, where.sin_btj)
        if c.attention_scale is not None:  # the part divides by sqrt(d) itself
            q_bthd = q_bthd * (c.attention_scale * c.head_size**0.5)
        k_bskd, v_bskd = (k_btkd, v_btkd) if cache is None else cache.append(layer, k_btkd, v_btkd)
        extra = () if where.visible_bts is None and where.temperature_bt is None else (where.visible_bts, where.temperature_bt)
        o_bthd = self.ops.attention(q_bthd, k_bskd, v_bskd, c.attention_cap, *extra)
        if watch is not None:
            watch.attention.append(attention_weights(q_bthd, k_bskd, c.attention_cap, *extra))
        return o_bthd.reshape(b, t, -1) @ self.out


class Mlp(nn.Module):
    """One gated MLP: all of a dense twin's, or what stands beside the experts in Grok-2."""

    def __init__(self, width: int, size: int, ops: Ops) -> None:
        super().__init__()
        self.ops = ops
        self.linear = matrix(width, size, fan_in=width)
        self.linear_v = matrix(width, size, fan_in=width)
        self.linear_1 = matrix(size, width, fan_in=size)

    def forward(self, x_btm: Tensor) -> Tensor:
        return self.ops.geglu(x_btm, self.linear, self.linear_v, self.linear_1)


class Experts(nn.Module):
    """The router and the experts it sends each token to."""

    bias_e: Tensor

    def __init__(self, config: ModelConfig, ops: Ops) -> None:
        super().__init__()
        c = self.config = config
        self.ops = ops
        self.router = matrix(c.width, c.experts, fan_in=c.width)
        self.linear = matrix(c.experts, c.width, c.ffn, fan_in=c.width)
        self.linear_v = matrix(c.experts, c.width, c.ffn, fan_in=c.width)
        self.linear_1 = matrix(c.experts, c.ffn, c.width, fan_in=c.ffn)
        # Added to the probabilities when experts are chosen, never to the gates: training may balance the load with it
        # (arXiv 2408.15664). Zero, as in the release, unless training does.
        self.register_buffer("bias_e", torch.zeros(c.experts))

    def forward(self, x_btm: Tensor) -> tuple[Tensor, Routing]:
        x_nm = x_btm.reshape(-1, x_btm.shape[-1])
        routing = Routing(*self.ops.router(x_nm, self.router, self.config.chosen, self.bias_e, self.config.router_cap))
        weights = (self.linear, self.linear_v, self.linear_1)
        return self.ops.grouped_experts(x_nm, routing.chosen_nc, routing.gates_nc, *weights, self.ops.geglu).view_as(x_btm), routing


class Layer(nn.Module):
    def __init__(self, config: ModelConfig, ops: Ops, index: int) -> None:
        super().__init__()
        self.config, self.ops, self.index = config, ops, index
        self.attention = Attention(config, ops)
        self.experts = Experts(config, ops) if config.routed else Mlp(config.width, config.ffn, ops)
        self.mlp = Mlp(config.width, config.residual_size, ops) if config.residual_size else None
        self.norms = nn.ParameterList(torch.ones(config.width) for _ in range(4))

    def norm(self, i: int) -> Callable[[Tensor], Tensor]:
        return lambda x: self.ops.rms_norm(x, self.norms[i], self.config.norm_eps)

    def forward(self, h_btm: Tensor, where: Where, cache: Cache | None = None, watch: Watch | None = None) -> tuple[Tensor, Routing | None]:
        h_btm = self.ops.attention_half(self, h_btm, where, cache, watch)
        return self.ops.experts_half(self, h_btm)


class Grok(nn.Module):
    """`model(tokens_bt)` gives logits (b, t, v); `model.loss(tokens_bt, targets_bt)` what training minimises."""

    def __init__(self, config: ModelConfig, ops: Ops = PLAIN) -> None:
        super().__init__()
        self.config, self.ops = config, ops
        self.checkpointing = False
        """Keep only each layer's input for the backward pass and compute the rest again: less memory, a third more work."""
        # An embedding row has length 1 before the scale of sqrt(width): each channel starts with variance 1, as a norm leaves it.
        self.embedding = matrix(config.vocab, config.width, fan_in=config.width)
        self.layers = nn.ModuleList(Layer(config, ops, i) for i in range(config.layers))
        self.final_norm = nn.Parameter(torch.ones(config.width))
        self.head = None if config.tied else matrix(config.vocab, config.width, fan_in=config.width)

    def body(
        self,
        tokens_bt: Tensor,
        cache: Cache | None = None,
        watch: Watch | None = None,
        visible_bts: Tensor | None = None,
        packed: bool = False,
    ) -> tuple[Tensor, list[Routing]]:
        """Everything but the head: (b, t, m), and each layer's routing.

        `packed` promises that no token is padding, which saves the mask; `visible_bts` gives another mask, such as one that keeps
        documents apart.
        """
        c, (b, t) = self.config, tokens_bt.shape
        if cache is None:
            positions_bt = torch.arange(t, device=tokens_bt.device)[None]
            if visible_bts is None and c.pad is not None and not packed:
                visible_bts = self.ops.visible_keys(tokens_bt, t, c.pad)
        else:
            positions_bt, visible_bts = cache.positions(t), cache.visible(t)
        temperature_bt = None
        if c.temperature_start:  # Grok-2
            temperature_bt = (positions_bt.float().clamp(min=c.temperature_start).log() / math.log(c.temperature_start)).expand(b, t)
        where = Where(*rope_angles(positions_bt, c.head_size, c.rope_base), visible_bts, temperature_bt)

        h_btm = self.ops.embed(tokens_bt, self.embedding, c.scale_of_embedding)
        routings: list[Routing] = []
        for layer in self.layers:
            if self.checkpointing and torch.is_grad_enabled():
                h_btm, routing = checkpoint(layer, h_btm, where, use_reentrant=False)
            else:
                h_btm, routing = layer(h_btm, where, cache, watch)
            if routing is not None:
                routings.append(routing)
        if cache is not None:
            cache.advance(t)
        if watch is not None:
            watch.routings.extend(routings)
        return self.ops.rms_norm(h_btm, self.final_norm, c.norm_eps), routings

    def unembed(self, hidden_btm: Tensor) -> Tensor:
        c = self.config
        logits_btv = self.ops.unembed(hidden_btm, self.embedding if self.head is None else self.head, c.output_scale)
        return c.final_cap * torch.tanh(logits_btv / c.final_cap) if c.final_cap else logits_btv  # the cap: Grok-2

    def forward(self, tokens_bt: Tensor, cache: Cache | None = None, watch: Watch | None = None) -> Tensor:
        """Logits (b, t, v), float32. With a cache, the tokens are those that come after what it holds."""
        return self.unembed(self.body(tokens_bt, cache, watch)[0])

    def loss(
        self,
        tokens_bt: Tensor,
        targets_bt: Tensor,
        counted_bt: Tensor | None = None,
        balance: float = 0.0,
        visible_bts: Tensor | None = None,
        packed: bool = False,
    ) -> Loss:
        """Mean loss over the counted targets (all that are not padding, if not said), plus `balance` times the balancing loss."""
        hidden_btm, routings = self.body(tokens_bt, visible_bts=visible_bts, packed=packed)
        if counted_bt is None:
            counted_bt = torch.ones_like(targets_bt, dtype=torch.bool) if self.config.pad is None else targets_bt != self.config.pad
        logits_nv = self.unembed(hidden_btm).flatten(0, 1)
        ce = self.ops.cross_entropy(logits_nv, targets_bt.flatten(), counted_bt.flatten())
        if not routings:
            none = torch.zeros(0, device=ce.device)
            return Loss(ce, ce.detach().clone(), torch.zeros_like(ce), none, none)
        balances = torch.stack([self.ops.balance_loss(r.probs_ne, r.chosen_nc) for r in routings]).mean()
        with torch.no_grad():
            load_le = torch.stack([F.one_hot(r.chosen_nc, self.config.experts).float().mean((0, 1)) for r in routings])
            entropy_l = torch.stack([-torch.xlogy(r.probs_ne, r.probs_ne).sum(-1).mean() for r in routings])
        # Copies, not views: FSDP watches what a forward pass returns.
        return Loss(ce + balance * balances, ce.detach().clone(), balances.detach().clone(), load_le, entropy_l)

    @torch.no_grad()
    def steer(self, load_le: Tensor, rate: float) -> None:
        """Balance by bias: make experts with less than their share of the load a little easier to choose (arXiv 2408.15664)."""
        for layer, load_e in zip(self.layers, load_le, strict=True):
            assert isinstance(layer, Layer)
            assert isinstance(layer.experts, Experts)
            layer.experts.bias_e += rate * torch.sign(1.0 / self.config.experts - load_e)


def on_meta(config: ModelConfig) -> Grok:
    """The model with shapes and no storage: what counting 314 billion parameters needs."""
    with torch.device("meta"):
        return Grok(config)


def count(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


def document_mask(tokens_bt: Tensor, end: int) -> Tensor:
    """Each position sees its own document only: what follows an end token is another one. (b, t, t), bool"""
    t = tokens_bt.shape[1]
    ends_bt = (tokens_bt == end).long()
    document_bt = ends_bt.cumsum(1) - ends_bt  # the end token still belongs to the document that it closes
    causal_tt = torch.ones(t, t, dtype=torch.bool, device=tokens_bt.device).tril()
    return causal_tt & (document_bt[:, :, None] == document_bt[:, None, :])


def check_context(config: ModelConfig, length: int) -> None:
    if length > config.context:
        raise ContextError(f"{length} tokens do not fit this model's context of {config.context}")
