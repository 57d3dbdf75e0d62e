"""The functions of `model.py` again, with backward passes written by hand, for training on a CPU without a compiler.

They compute the same (the tests hold them equal, forward and backward) in fewer passes over memory: on a small model each pass costs more
in starting it than in arithmetic. Under `torch.compile` the plain functions are used instead, since the compiler does this better.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from modelwright.forge import model as plain
from modelwright.forge.autograd import Function
from modelwright.forge.model import Ops

aten = torch.ops.aten


class _RmsNorm(Function):
    """y = x r scale with r = 1 / rms. Then dx = r (g - u mean(g u)), where u = x r and g = dy scale; dscale = sum(dy u)."""

    @staticmethod
    def forward(ctx: Any, x_nm: Tensor, scale_m: Tensor, eps: float) -> Tensor:
        norm_n1 = torch.linalg.vector_norm(x_nm, dim=-1, keepdim=True)
        r_n1 = norm_n1.square_().div_(x_nm.shape[-1]).add_(eps).rsqrt_()
        u_nm: Tensor = x_nm * r_n1
        ctx.save_for_backward(u_nm, r_n1, scale_m)
        return u_nm * scale_m

    @staticmethod
    def backward(ctx: Any, dy_nm: Tensor) -> Any:
        u_nm, r_n1, scale_m = ctx.saved_tensors
        p_nm = dy_nm * u_nm
        dscale_m = p_nm.sum(0)
        mean_n1 = (p_nm @ scale_m)[:, None].div_(scale_m.shape[0])
        dx_nm = (dy_nm * scale_m).addcmul_(u_nm, mean_n1, value=-1.0).mul_(r_n1)
        return dx_nm, dscale_m, None


def rms_norm(x: Tensor, scale: Tensor, eps: float) -> Tensor:
    if x.dtype != torch.float32 or not torch.is_grad_enabled():
        return plain.rms_norm(x, scale, eps)
    y: Tensor = _RmsNorm.apply(x.reshape(-1, x.shape[-1]), scale, eps)
    return y.view_as(x)


class _Rope(Function):
    """A rotation; its backward pass turns the other way. The result is stored (b, h, t, d), which attention then need not copy."""

    @staticmethod
    def turn(x_bthd: Tensor, cos: Tensor, sin: Tensor, direction: float) -> Tensor:
        b, t, h, d = x_bthd.shape
        out_bthd = x_bthd.new_empty(b, h, t, d).transpose(1, 2)
        x1, x2, y1, y2 = *x_bthd.chunk(2, -1), *out_bthd.chunk(2, -1)
        torch.mul(x1, cos, out=y1).addcmul_(x2, sin, value=-direction)
        torch.mul(x2, cos, out=y2).addcmul_(x1, sin, value=direction)
        return out_bthd

    @staticmethod
    def forward(ctx: Any, x_bthd: Tensor, cos_bt1j: Tensor, sin_bt1j: Tensor) -> Tensor:
        ctx.save_for_backward(cos_bt1j, sin_bt1j)
        return _Rope.turn(x_bthd, cos_bt1j, sin_bt1j, 1.0)

    @staticmethod
    def backward(ctx: Any, dy_bthd: Tensor) -> Any:
        cos_bt1j, sin_bt1j = ctx.saved_tensors
        return _Rope.turn(dy_bthd, cos_bt1j, sin_bt1j, -1.0), None, None


def rope(x_bthd: Tensor, cos_btj: Tensor, sin_btj: Tensor) -> Tensor:
    if x_bthd.dtype != torch.float32 or not torch.is_grad_enabled():
        return plain.rope(x_bthd, cos_btj, sin_btj)
    y_bthd: Tensor = _Rope.apply(x_bthd, cos_btj[:, :, None], sin_btj[:, :, None])
    return y_bthd


class _Attention(Function):
    """Capped causal attention over whole matrices, saving the weights and the tanh.

    Shapes: n = b * k rows, q = g * t queries of a key head.
    """

    @staticmethod
    def forward(ctx: Any, q_nqd: Tensor, k_nsd: Tensor, v_nsd: Tensor, cap: float, hidden_qs: Tensor) -> Tensor:
        scale = q_nqd.shape[-1] ** -0.5
        # beta = 0: the first argument only gives the shape. The scale rides along with the product.
        tanh_nqs = torch.baddbmm(hidden_qs, q_nqd, k_nsd.mT, beta=0, alpha=scale / cap).tanh_()
        weights_nqs = torch._softmax(torch.add(hidden_qs, tanh_nqs, alpha=cap), -1, False)
        ctx.save_for_backward(q_nqd, k_nsd, v_nsd, tanh_nqs, weights_nqs)
        ctx.scale = scale
        return torch.bmm(weights_nqs, v_nsd)

    @staticmethod
    def backward(ctx: Any, do_nqd: Tensor) -> Any:
        q_nqd, k_nsd, v_nsd, tanh_nqs, weights_nqs = ctx.saved_tensors
        dv_nsd = torch.bmm(weights_nqs.mT, do_nqd)
        dlogits_nqs = torch._softmax_backward_data(torch.bmm(do_nqd, v_nsd.mT), weights_nqs, -1, torch.float32)
        # d(cap tanh(x scale / cap)) / dx = scale (1 - tanh^2)
        dlogits_nqs = aten.tanh_backward(dlogits_nqs, tanh_nqs)
        dq_nqd = torch.baddbmm(q_nqd, dlogits_nqs, k_nsd, beta=0, alpha=ctx.scale)
        dk_nsd = torch.baddbmm(k_nsd, dlogits_nqs.mT, q_nqd, beta=0, alpha=ctx.scale)
        return dq_nqd, dk_nsd, dv_nsd, None, None


def attention(
    q_bthd: Tensor,
    k_bskd: Tensor,
    v_bskd: Tensor,
    cap: float,
    visible_bts: Tensor | None = None,
    temperature_bt: Tensor | None = None,
) -> Tensor:
    (b, t, h, d), (s, k) = q_bthd.shape, k_bskd.shape[1:3]
    usual = cap and visible_bts is None and temperature_bt is None and q_bthd.dtype == torch.float32
    if not usual or not torch.is_grad_enabled():
        return plain.attention(q_bthd, k_bskd, v_bskd, cap, visible_bts, temperature_bt)
    hidden_ts = torch.full((t, s), -1e30, device=q_bthd.device).triu_(s - t + 1)

    def heads_first(x: Tensor, *shape: int) -> Tensor:
        return x.transpose(1, 2).reshape(*shape)

    q_nqd = heads_first(q_bthd, b * k, h // k * t, d)
    out_nqd: Tensor = _Attention.apply(
        q_nqd, heads_first(k_bskd, b * k, s, d), heads_first(v_bskd, b * k, s, d), cap, hidden_ts.repeat(h // k, 1)
    )
    return out_nqd.view(b, h, t, d).transpose(1, 2)


def ops() -> Ops:
    return Ops(rms_norm=rms_norm, rope=rope, attention=attention)
