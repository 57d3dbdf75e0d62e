"""Whole halves of a layer for training a small model on a CPU: PyTorch's products, and between them C (`native.c`), compiled once.

A small model's products take two thirds of a step; the rest goes to starting many small operations, on one thread, and to carrying their
results through memory. Here each half of a layer is one `autograd.Function` with its backward pass written out: read `forward` beside
`model.attention_half`, which says what it means, and `backward` from its end. The tests hold the two equal. It is optional: without a C
compiler, with a learner's part, a cache or a mask, `fast.py` computes the same. The library is kept in the user's cache under a name that
depends on the source, the compiler's flags and the processor. Set MODELWRIGHT_NATIVE=0 to do without.

Shapes: `model.py`'s; and r rows sorted by expert (n * c), x columns of queries, keys and values side by side.
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from modelwright.forge import experts, fast
from modelwright.forge import model as plain
from modelwright.forge.autograd import Function
from modelwright.forge.compiled import compiled
from modelwright.forge.experts import Routing, grouped_experts, router
from modelwright.forge.model import Cache, Experts, Layer, Mlp, Ops, Watch, Where

FLAGS = ("-O3", "-march=native", "-fno-math-errno", "-fno-trapping-math", "-fopenmp", "-fPIC")
_P, _L, _F, _I = ctypes.c_void_p, ctypes.c_long, ctypes.c_float, ctypes.c_int
SIGNATURES = {
    "rms_forward": (_P, _P, _P, _P, _P, _L, _L, _F),
    "rms_backward": (_P, _P, _P, _P, _P, _P, _P, _L, _L),
    "geglu_forward": (_P, _P, _P, _L),
    "geglu_backward": (_P, _P, _P, _P, _P, _P, _L),
    "attend_forward": (_P, _P, _P, _P, _P, _L, _L, _L, _L, _L, _F, _F),
    "attend_backward": (_P, _P, _P, _P, _P, _P, _L, _L, _L, _L, _L, _F, _F),
    "route": (_P, _P, _P, _P, _P, _P, _L, _L, _L),
    "route_backward": (_P, _P, _P, _P, _P, _L, _L, _L),
    "gather_sum": (_P, _P, _P, _P, _P, _L, _L, _L, _L, _I),
    "gather_sum_backward": (_P, _P, _P, _P, _P, _P, _L, _L, _L, _L),
}


@functools.cache
def library() -> ctypes.CDLL | None:
    """The compiled functions; None where they cannot be had."""
    return compiled("native.c", FLAGS, SIGNATURES)


def call(name: str, *arguments: Any) -> None:
    """A function of `native.c` on tensors' memory; None is a null pointer."""
    getattr(library(), name)(*(x.data_ptr() if isinstance(x, Tensor) else x for x in arguments))


def norm(x_nm: Tensor, scale_m: Tensor, eps: float, h_nm: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """RMS norm, added to h if there is one; and one over each row's root mean square, for the backward pass."""
    y_nm, r_n = torch.empty_like(x_nm), x_nm.new_empty(len(x_nm))
    call("rms_forward", x_nm, scale_m, h_nm, y_nm, r_n, *x_nm.shape, eps)
    return y_nm, r_n


def norm_backward(dy_nm: Tensor, x_nm: Tensor, scale_m: Tensor, r_n: Tensor, base_nm: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Gradients of x (added to `base_nm`) and of the scale."""
    dx_nm, parts = torch.empty_like(x_nm), x_nm.new_zeros(torch.get_num_threads(), x_nm.shape[1])
    call("rms_backward", x_nm, scale_m, r_n, dy_nm, base_nm, dx_nm, parts, *x_nm.shape)
    return dx_nm, parts[0]


class _AttentionHalf(Function):
    """h + norm(attention(norm(h)))."""

    @staticmethod
    def forward(
        ctx: Any,
        h_btm: Tensor,
        before_m: Tensor,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        out: Tensor,
        after_m: Tensor,
        cos: Tensor,
        sin: Tensor,
        sizes: Any,
        scale: float,
        cap: float,
        eps: float,
    ) -> Any:
        b, t, m = h_btm.shape
        h_nm = h_btm.reshape(-1, m)
        x_nm, r_n = norm(h_nm, before_m, eps)
        qkv_mx = torch.cat((query, key, value), 1)
        qkv_nx = x_nm @ qkv_mx
        o_nm, seen = h_nm.new_empty(b * t, len(out)), h_nm.new_empty(b * sizes[0] * t, 2)
        call("attend_forward", qkv_nx, cos, sin, o_nm, seen, b, t, *sizes, scale, cap)
        y_nm = o_nm @ out
        sum_nm, r_after_n = norm(y_nm, after_m, eps, h_nm)
        ctx.save_for_backward(h_nm, before_m, r_n, x_nm, qkv_mx, qkv_nx, cos, sin, seen, o_nm, out, y_nm, after_m, r_after_n)
        ctx.constants, ctx.columns = (b, t, *sizes, scale, cap), (query.shape[1], key.shape[1], value.shape[1])
        return sum_nm.view_as(h_btm)

    @staticmethod
    def backward(ctx: Any, dsum_btm: Tensor) -> Any:
        h_nm, before_m, r_n, x_nm, qkv_mx, qkv_nx, cos, sin, seen, o_nm, out, y_nm, after_m, r_after_n = ctx.saved_tensors
        dsum_nm = dsum_btm.reshape(h_nm.shape).contiguous()
        dy_nm, dafter_m = norm_backward(dsum_nm, y_nm, after_m, r_after_n)
        dout, do_nm = o_nm.T @ dy_nm, dy_nm @ out.T
        dqkv_nx = torch.empty_like(qkv_nx)
        call("attend_backward", qkv_nx, cos, sin, seen, do_nm, dqkv_nx, *ctx.constants)
        dquery, dkey, dvalue = (x_nm.T @ dqkv_nx).split(ctx.columns, 1)
        dh_nm, dbefore_m = norm_backward(dqkv_nx @ qkv_mx.T, h_nm, before_m, r_n, base_nm=dsum_nm)
        return dh_nm.view_as(dsum_btm), dbefore_m, dquery, dkey, dvalue, dout, dafter_m, *[None] * 6


def attention_half(layer: Layer, h_btm: Tensor, where: Where, cache: Cache | None, watch: Watch | None) -> Tensor:
    c, a, o = layer.config, layer.attention, layer.ops
    matrices = (a.query, a.key, a.value, a.out)
    ours = o.rms_norm is fast.rms_norm and o.rope is fast.rope and o.attention is fast.attention and o.residual is plain.residual
    simple = cache is None and watch is None and where.visible_bts is None and where.temperature_bt is None
    if not (ours and simple and len(where.cos_btj) == 1 and _usual(h_btm, *matrices)):
        return plain.attention_half(layer, h_btm, where, cache, watch)
    sizes = (c.query_heads, c.key_heads, c.head_size)
    constants = (where.cos_btj, where.sin_btj, sizes, c.scale_of_attention, c.attention_cap, c.norm_eps)
    out_btm: Tensor = _AttentionHalf.apply(h_btm, layer.norms[0], *matrices, layer.norms[1], *constants)
    return out_btm


class _MlpHalf(Function):
    """h + norm(mlp(norm(h))), for one gated MLP."""

    @staticmethod
    def forward(ctx: Any, h_btm: Tensor, before_m: Tensor, w_mf: Tensor, v_mf: Tensor, w1_fm: Tensor, after_m: Tensor, eps: float) -> Any:
        h_nm = h_btm.reshape(-1, h_btm.shape[-1])
        x_nm, r_n = norm(h_nm, before_m, eps)
        g_nf, u_nf = x_nm @ w_mf, x_nm @ v_mf
        a_nf = torch.empty_like(g_nf)
        call("geglu_forward", g_nf, u_nf, a_nf, a_nf.numel())
        y_nm = a_nf @ w1_fm
        sum_nm, r_after_n = norm(y_nm, after_m, eps, h_nm)
        ctx.save_for_backward(h_nm, before_m, r_n, x_nm, w_mf, v_mf, g_nf, u_nf, w1_fm, y_nm, after_m, r_after_n)
        return sum_nm.view_as(h_btm)

    @staticmethod
    def backward(ctx: Any, dsum_btm: Tensor) -> Any:
        h_nm, before_m, r_n, x_nm, w_mf, v_mf, g_nf, u_nf, w1_fm, y_nm, after_m, r_after_n = ctx.saved_tensors
        dsum_nm = dsum_btm.reshape(h_nm.shape).contiguous()
        dy_nm, dafter_m = norm_backward(dsum_nm, y_nm, after_m, r_after_n)
        du_nf = dy_nm @ w1_fm.T  # until geglu_backward has run, this is da
        dg_nf, a_nf = torch.empty_like(g_nf), torch.empty_like(g_nf)
        call("geglu_backward", g_nf, u_nf, du_nf, dg_nf, du_nf, a_nf, a_nf.numel())
        dw1_fm, dw_mf, dv_mf = a_nf.T @ dy_nm, x_nm.T @ dg_nf, x_nm.T @ du_nf
        dx_nm = (dg_nf @ w_mf.T).addmm_(du_nf, v_mf.T)
        dh_nm, dbefore_m = norm_backward(dx_nm, h_nm, before_m, r_n, base_nm=dsum_nm)
        return dh_nm.view_as(dsum_btm), dbefore_m, dw_mf, dv_mf, dw1_fm, dafter_m, None


class _ExpertsHalf(Function):
    """h + norm(experts(norm(h))). Tokens are copied to rows sorted by expert; `grouped_mm` multiplies each expert's rows by its matrix."""

    @staticmethod
    def forward(
        ctx: Any,
        h_btm: Tensor,
        before_m: Tensor,
        router_me: Tensor,
        bias_e: Tensor,
        w_emf: Tensor,
        v_emf: Tensor,
        w1_efm: Tensor,
        after_m: Tensor,
        c: Any,
        eps: float,
    ) -> Any:
        h_nm = h_btm.reshape(-1, h_btm.shape[-1])
        (n, m), e = h_nm.shape, len(bias_e)
        x_nm, r_n = norm(h_nm, before_m, eps)
        probs_ne = x_nm @ router_me
        chosen_nc, slots_nc, tokens_r = (torch.empty(shape, dtype=torch.long) for shape in ((n, c), (n, c), (n * c,)))
        ends_e = torch.empty(e, dtype=torch.int32)
        call("route", probs_ne, bias_e, chosen_nc, slots_nc, tokens_r, ends_e, n, e, c)
        x_rm = x_nm.index_select(0, tokens_r)
        g_rf, u_rf = F.grouped_mm(x_rm, w_emf, offs=ends_e), F.grouped_mm(x_rm, v_emf, offs=ends_e)
        a_rf = torch.empty_like(g_rf)
        call("geglu_forward", g_rf, u_rf, a_rf, a_rf.numel())
        y_rm = F.grouped_mm(a_rf, w1_efm, offs=ends_e)
        y_nm = torch.empty_like(h_nm)
        call("gather_sum", y_rm, slots_nc, probs_ne, chosen_nc, y_nm, n, e, c, m, 0)
        sum_nm, r_after_n = norm(y_nm, after_m, eps, h_nm)
        ctx.save_for_backward(
            h_nm, before_m, r_n, x_nm, router_me, probs_ne, chosen_nc, slots_nc, ends_e, x_rm, w_emf, v_emf, g_rf, u_rf, w1_efm, y_rm,
            y_nm, after_m, r_after_n,
        )  # fmt: skip
        ctx.shape = h_btm.shape
        ctx.mark_non_differentiable(chosen_nc)
        ctx.set_materialize_grads(False)
        return sum_nm.view_as(h_btm), probs_ne, chosen_nc

    @staticmethod
    def backward(ctx: Any, dsum_btm: Tensor, dprobs_ne: Tensor, _: Any) -> Any:
        (
            h_nm, before_m, r_n, x_nm, router_me, probs_ne, chosen_nc, slots_nc, ends_e, x_rm, w_emf, v_emf, g_rf, u_rf, w1_efm, y_rm,
            y_nm, after_m, r_after_n,
        ) = ctx.saved_tensors  # fmt: skip
        (n, m), (e, c) = h_nm.shape, (probs_ne.shape[1], chosen_nc.shape[1])
        dsum_nm = torch.zeros_like(h_nm) if dsum_btm is None else dsum_btm.reshape(n, m).contiguous()
        dy_nm, dafter_m = norm_backward(dsum_nm, y_nm, after_m, r_after_n)
        dy_rm, dgates_nc = y_rm.clone(), h_nm.new_empty(n, c)
        call("gather_sum_backward", dy_rm, slots_nc, probs_ne, chosen_nc, dy_nm, dgates_nc, n, e, c, m)
        du_rf = F.grouped_mm(dy_rm, w1_efm.mT, offs=ends_e)  # until geglu_backward has run, this is da
        dg_rf, a_rf = torch.empty_like(g_rf), torch.empty_like(g_rf)
        call("geglu_backward", g_rf, u_rf, du_rf, dg_rf, du_rf, a_rf, a_rf.numel())
        dw1_efm, dw_emf, dv_emf = (F.grouped_mm(x.T, dy, offs=ends_e) for x, dy in ((a_rf, dy_rm), (x_rm, dg_rf), (x_rm, du_rf)))
        dx_rm = F.grouped_mm(dg_rf, w_emf.mT, offs=ends_e).add_(F.grouped_mm(du_rf, v_emf.mT, offs=ends_e))
        dlogits_ne = torch.empty_like(probs_ne)
        dprobs_ne = None if dprobs_ne is None else dprobs_ne.contiguous()
        call("route_backward", probs_ne, chosen_nc, dprobs_ne, dgates_nc, dlogits_ne, n, e, c)
        dx_nm = dlogits_ne @ router_me.T
        call("gather_sum", dx_rm, slots_nc, None, chosen_nc, dx_nm, n, e, c, m, 1)
        dh_nm, dbefore_m = norm_backward(dx_nm, h_nm, before_m, r_n, base_nm=dsum_nm)
        return dh_nm.view(ctx.shape), dbefore_m, x_nm.T @ dlogits_ne, None, dw_emf, dv_emf, dw1_efm, dafter_m, None, None


def experts_half(layer: Layer, h_btm: Tensor) -> tuple[Tensor, Routing | None]:
    c, x, o = layer.config, layer.experts, layer.experts.ops
    ours = o.rms_norm is fast.rms_norm and o.geglu is experts.geglu and layer.ops.residual is plain.residual and layer.mlp is None
    if ours and isinstance(x, Mlp) and _usual(h_btm, x.linear, x.linear_v, x.linear_1):
        return _MlpHalf.apply(h_btm, layer.norms[2], x.linear, x.linear_v, x.linear_1, layer.norms[3], c.norm_eps), None
    # grouped_mm wants rows of a multiple of 16 bytes.
    fits = o.router is router and o.grouped_experts is grouped_experts and not c.router_cap and c.width % 4 == 0 and c.ffn % 4 == 0
    if not (ours and fits and isinstance(x, Experts) and _usual(h_btm, x.router, x.linear, x.linear_v, x.linear_1)):
        return plain.experts_half(layer, h_btm)
    weights = (x.router, x.bias_e, x.linear, x.linear_v, x.linear_1)
    h_btm, probs_ne, chosen_nc = _ExpertsHalf.apply(h_btm, layer.norms[2], *weights, layer.norms[3], c.chosen, c.norm_eps)
    return h_btm, Routing(probs_ne.gather(-1, chosen_nc), chosen_nc, probs_ne)


def _usual(h_btm: Tensor, *matrices: Any) -> bool:
    """What these halves are for: float32 on a CPU, plain matrices that all train, no autocast."""
    return (
        h_btm.dtype == torch.float32
        and h_btm.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
        and all(type(x) in (nn.Parameter, Tensor) and x.dtype == torch.float32 and x.is_contiguous() for x in matrices)
    )


def ops() -> Ops:
    """With whole halves in C where they can be had, else `fast.ops()`."""
    if library() is None:
        return fast.ops()
    return dataclasses.replace(fast.ops(), attention_half=attention_half, experts_half=experts_half)
