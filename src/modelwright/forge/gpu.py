"""The functions of `model.py` as a graphics card wants them, for use inside `torch.compile`.

Flash attention has no place for Grok's tanh between the product and the mask; FlexAttention (https://pytorch.org/blog/flexattention)
generates a fused kernel with it. Experts run as one grouped product over the sorted tokens, without a group's size ever coming back to
the host."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.attention.flex_attention import BlockMask, create_block_mask, flex_attention

from modelwright.forge import model as plain
from modelwright.forge.experts import gather_rows
from modelwright.forge.model import Ops


def causal_blocks(length: int, device: str) -> BlockMask:
    """Which blocks of keys each block of queries needs at all: half of them."""
    return create_block_mask(lambda b, h, q, k: q >= k, None, None, length, length, device=device)


def capped_attention(length: int, cap: float, device: str) -> Callable[..., Tensor]:
    """Causal attention for sequences of exactly this length; any other, or any mask, takes the plain road."""
    blocks = causal_blocks(length, device)

    def soft_cap(score: Tensor, b: Tensor, h: Tensor, q: Tensor, k: Tensor) -> Tensor:
        # cap tanh(x / cap), written with a sigmoid: one exponential instead of a long polynomial.
        return cap * (2.0 * torch.sigmoid(score * (2.0 / cap)) - 1.0)

    def attention(
        q_bthd: Tensor,
        k_bskd: Tensor,
        v_bskd: Tensor,
        cap_: float,
        visible_bts: Tensor | None = None,
        temperature_bt: Tensor | None = None,
    ) -> Tensor:
        usual = q_bthd.shape[1] == k_bskd.shape[1] == length and cap_ == cap and visible_bts is None and temperature_bt is None
        if not usual:
            return plain.attention(q_bthd, k_bskd, v_bskd, cap_, visible_bts, temperature_bt)
        q, k, v = (x.transpose(1, 2).to(v_bskd.dtype) for x in (q_bthd, k_bskd, v_bskd))
        out = flex_attention(q, k, v, score_mod=soft_cap, block_mask=blocks, enable_gqa=q.shape[1] != k.shape[1])
        return out.transpose(1, 2)

    return attention


def grouped_experts(
    x_nm: Tensor, chosen_nc: Tensor, gates_nc: Tensor, w_emf: Tensor, v_emf: Tensor, w1_efm: Tensor, expert: Callable[..., Tensor]
) -> Tensor:
    """`experts.grouped_experts` by grouped products in bfloat16; the expert is always Grok's gated MLP."""
    (n, m), (e, c) = x_nm.shape, (w_emf.shape[0], chosen_nc.shape[1])
    flat_r = chosen_nc.reshape(-1)
    order_r = flat_r.argsort(stable=True)
    inverse_r = torch.empty_like(order_r).scatter_(0, order_r, torch.arange(n * c, device=order_r.device))
    ends_e = F.one_hot(flat_r, e).sum(0).cumsum(0).to(torch.int32)
    x_rm = gather_rows(x_nm.bfloat16(), order_r // c, inverse_r.view(n, c))
    gate_rf = F.grouped_mm(x_rm, w_emf.bfloat16(), offs=ends_e)
    up_rf = F.grouped_mm(x_rm, v_emf.bfloat16(), offs=ends_e)
    # The gate is a number a row: it may as well be multiplied here, where the row is in hand.
    gates_r1 = gates_nc.reshape(-1)[order_r][:, None].to(gate_rf.dtype)
    y_rm = F.grouped_mm(F.gelu(gate_rf, approximate="tanh") * up_rf * gates_r1, w1_efm.bfloat16(), offs=ends_e)
    return gather_rows(y_rm, inverse_r, order_r[:, None]).view(n, c, m).sum(1).to(x_nm.dtype)


def ops(length: int, cap: float, device: str = "cuda", grouped: bool = True) -> Ops:
    attention = capped_attention(length, cap, device)
    return Ops(attention=attention, grouped_experts=grouped_experts) if grouped else Ops(attention=attention)
