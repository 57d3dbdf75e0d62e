"""The router and the experts: who computes what for each token. Three ways to run the experts, one meaning.

`straight_experts` is the meaning, a loop that anyone can check; `grouped_experts` is what runs: it sorts the (token, expert) pairs by
expert, so that each expert's tokens lie together, and multiplies all experts at once. Routing follows Grok-1's release: softmax over
all experts, then the top two, not renormalised; no capacity limit, no token dropped.

Shapes (also `model.py`'s): n tokens   e experts   c chosen   r rows = n * c   p rows after padding   m width   f expert width
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from modelwright.forge.autograd import Function


class Routing(NamedTuple):
    gates_nc: Tensor
    chosen_nc: Tensor
    probs_ne: Tensor


def geglu(x: Tensor, w_mf: Tensor, v_mf: Tensor, w1_fm: Tensor) -> Tensor:
    """One expert: a gelu-gated product, then down (arXiv 2002.05202). Works alike on (n, m) and on batches of them."""
    return (F.gelu(x @ w_mf, approximate="tanh") * (x @ v_mf)) @ w1_fm


def router(x_nm: Tensor, w_me: Tensor, chosen: int, bias_e: Tensor | None = None, cap: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:
    """Gates (n, c), chosen experts (n, c) and all probabilities (n, e), in float32.

    `bias_e` moves the choice and not the gates; `cap` is Grok-2's.
    """
    with torch.autocast(x_nm.device.type, enabled=False):
        logits_ne = x_nm.float() @ w_me.float()
    if cap:
        logits_ne = cap * torch.tanh(logits_ne / cap)
    probs_ne = logits_ne.softmax(-1)
    chosen_nc = (probs_ne if bias_e is None else probs_ne + bias_e).topk(chosen, dim=-1).indices
    return probs_ne.gather(-1, chosen_nc), chosen_nc, probs_ne


def balance_loss(probs_ne: Tensor, chosen_nc: Tensor) -> Tensor:
    """Switch's auxiliary loss (arXiv 2101.03961, eq. 4): experts * sum of (share of choices * mean probability). 1 when balanced."""
    e = probs_ne.shape[-1]
    share_e = F.one_hot(chosen_nc, e).to(probs_ne.dtype).mean((0, 1))
    return e * (share_e * probs_ne.mean(0)).sum()


def straight_experts(
    x_nm: Tensor,
    chosen_nc: Tensor,
    gates_nc: Tensor,
    w_emf: Tensor,
    v_emf: Tensor,
    w1_efm: Tensor,
    expert: Callable[..., Tensor] = geglu,
) -> Tensor:
    """The meaning: for each expert, take its tokens, compute, and add what comes out times the gate."""
    out_nm = torch.zeros_like(x_nm)
    for e in range(len(w_emf)):
        token, place = (chosen_nc == e).nonzero(as_tuple=True)
        y = expert(x_nm[token], w_emf[e], v_emf[e], w1_efm[e]) * gates_nc[token, place, None].to(x_nm.dtype)
        out_nm = out_nm.index_add(0, token, y.to(x_nm.dtype))
    return out_nm


def grouped_experts(
    x_nm: Tensor,
    chosen_nc: Tensor,
    gates_nc: Tensor,
    w_emf: Tensor,
    v_emf: Tensor,
    w1_efm: Tensor,
    expert: Callable[..., Tensor] = geglu,
) -> Tensor:
    """The same by sorted groups. On a graphics card in bfloat16 one grouped product, elsewhere a batched one over padded groups."""
    (n, m), (e, c) = x_nm.shape, (len(w_emf), chosen_nc.shape[1])
    if n * c <= 2 * c:  # one or two tokens, as when decoding: only the chosen experts' weights are read
        return _few_rows(x_nm, chosen_nc, gates_nc, w_emf, v_emf, w1_efm, expert)
    flat_r = chosen_nc.reshape(-1)
    order_r = flat_r.argsort(stable=True)  # sorted row -> (token, place)
    counts_e = torch.bincount(flat_r, minlength=e) if not x_nm.is_cuda else F.one_hot(flat_r, e).sum(0)
    inverse_r = torch.empty_like(order_r).scatter_(0, order_r, torch.arange(n * c, device=order_r.device))

    if x_nm.is_cuda and expert is geglu and (torch.is_autocast_enabled("cuda") or x_nm.dtype == torch.bfloat16):
        # No group size ever comes back to the host, so nothing waits for the device.
        ends_e = counts_e.cumsum(0).to(torch.int32)
        x_rm = gather_rows(x_nm, order_r // c, inverse_r.view(n, c)).bfloat16()
        gated_rf = F.gelu(F.grouped_mm(x_rm, w_emf.bfloat16(), offs=ends_e), approximate="tanh")
        up_rf = F.grouped_mm(x_rm, v_emf.bfloat16(), offs=ends_e)
        y_rm = F.grouped_mm(gated_rf * up_rf, w1_efm.bfloat16(), offs=ends_e)
        y_ncm = gather_rows(y_rm, inverse_r, order_r[:, None]).view(n, c, m)
    else:
        # Row r of expert e goes to slot e * size + (r - first row of e). Groups shorter than the longest end in rows of zeros.
        size = int(counts_e.max())
        starts_e = counts_e.cumsum(0) - counts_e
        slot_r = inverse_r + flat_r * size - starts_e[flat_r]  # (token, place) -> padded slot
        x_epm = _Scatter.apply(x_nm, slot_r, e * size, c).view(e, size, m)
        y_epm = expert(x_epm, w_emf, v_emf, w1_efm)
        y_ncm = _Gather.apply(y_epm.reshape(e * size, m), slot_r).view(n, c, m)
    return torch.einsum("ncm,nc->nm", y_ncm, gates_nc.to(y_ncm.dtype)).to(x_nm.dtype)


def _few_rows(
    x_nm: Tensor,
    chosen_nc: Tensor,
    gates_nc: Tensor,
    w_emf: Tensor,
    v_emf: Tensor,
    w1_efm: Tensor,
    expert: Callable[..., Tensor],
) -> Tensor:
    """For so few rows sorting costs more than it saves: pick each row's expert weights."""
    (n, m), c = x_nm.shape, chosen_nc.shape[1]
    flat_r = chosen_nc.reshape(-1)
    x_r1m = x_nm[:, None].expand(n, c, m).reshape(n * c, 1, m)
    y_ncm = expert(x_r1m, w_emf[flat_r], v_emf[flat_r], w1_efm[flat_r]).view(n, c, m)
    return torch.einsum("ncm,nc->nm", y_ncm, gates_nc.to(y_ncm.dtype)).to(x_nm.dtype)


class _Scatter(Function):
    """Token rows to padded slots; the backward pass gathers, so that it is the same to the bit each time (index_add need not be)."""

    @staticmethod
    def forward(x_nm: Tensor, slot_r: Tensor, slots: int, c: int) -> Tensor:
        n, m = x_nm.shape
        return x_nm.new_zeros(slots, m).index_copy_(0, slot_r, x_nm[:, None].expand(n, c, m).reshape(n * c, m))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        x_nm, slot_r, _, c = inputs
        ctx.save_for_backward(slot_r)
        ctx.shape = (x_nm.shape[0], c, x_nm.shape[1])

    @staticmethod
    def backward(ctx: Any, grad_sm: Tensor) -> Any:
        (slot_r,) = ctx.saved_tensors
        return grad_sm.index_select(0, slot_r).view(ctx.shape).sum(1), None, None, None


class _Gather(Function):
    """Padded slots back to (token, place) rows; each slot is read at most once, so the backward pass is a plain copy."""

    @staticmethod
    def forward(y_sm: Tensor, slot_r: Tensor) -> Tensor:
        return y_sm.index_select(0, slot_r)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        y_sm, slot_r = inputs
        ctx.save_for_backward(slot_r)
        ctx.slots = y_sm.shape[0]

    @staticmethod
    def backward(ctx: Any, grad_rm: Tensor) -> Any:
        (slot_r,) = ctx.saved_tensors
        return grad_rm.new_zeros(ctx.slots, grad_rm.shape[1]).index_copy_(0, slot_r, grad_rm), None


class _GatherRows(Function):
    """rows[index] where `readers` (rows, k) lists the k places that read each row: the backward pass is a gather and a sum."""

    @staticmethod
    def forward(rows: Tensor, index: Tensor, readers: Tensor) -> Tensor:
        return rows.index_select(0, index)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        ctx.save_for_backward(inputs[2])

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        (readers,) = ctx.saved_tensors
        return grad.index_select(0, readers.reshape(-1)).view(*readers.shape, -1).sum(1), None, None


def gather_rows(rows: Tensor, index: Tensor, readers: Tensor) -> Tensor:
    gathered: Tensor = _GatherRows.apply(rows, index, readers)
    return gathered


class Health(NamedTuple):
    """What a person should see of a router: how uneven, how sure, and how many experts do nothing."""

    most: float
    """Largest share of one expert in any layer, times the number of experts: 1 is even."""
    entropy: float
    """Mean over the layers, as a fraction of the largest possible: 1 is undecided, 0 is certain."""
    dead: int
    """Experts, over all layers, with less than a hundredth of an even share."""


def health(load_le: Tensor, entropy_l: Tensor) -> Health:
    _layers, experts = load_le.shape
    even = 1.0 / experts
    most = float(load_le.max()) / even
    return Health(most, float(entropy_l.mean() / torch.tensor(float(experts)).log()), int((load_le < 0.01 * even).sum()))
