"""The element-wise work of a small model in C: `native.c`, compiled once with the machine's own compiler, called on tensors' memory.

It is optional. Where there is no C compiler, `fast.py` computes the same with PyTorch's operations; the tests hold all three equal. The
products stay PyTorch's. The library is kept in the user's cache under a name that depends on the source, the compiler's flags and the
processor. Set MODELWRIGHT_NATIVE=0 to do without.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

import torch
from torch import Tensor

from modelwright.forge import fast
from modelwright.forge import model as plain
from modelwright.forge.model import Ops

FLAGS = ("-O3", "-march=native", "-ffast-math", "-fopenmp", "-fPIC")
_P, _L, _F, _I = ctypes.c_void_p, ctypes.c_long, ctypes.c_float, ctypes.c_int
SIGNATURES = {
    "rms_forward": (_P, _P, _P, _P, _L, _L, _F),
    "rms_backward": (_P, _P, _P, _P, _P, _P, _L, _L),
    "rope": (_P, _P, _P, _P, _L, _L, _L, _L, _L, _L, _L, _L, _F, _I),
    "capped_softmax": (_P, _P, _L, _L, _L, _F),
    "capped_softmax_backward": (_P, _P, _P, _L, _L, _L),
    "geglu_forward": (_P, _P, _P, _L),
    "geglu_backward": (_P, _P, _P, _P, _P, _P, _L),
}


@functools.cache
def library() -> ctypes.CDLL | None:
    """The compiled functions; None where they cannot be had."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if os.environ.get("MODELWRIGHT_NATIVE") == "0" or compiler is None or platform.system() != "Linux":
        return None
    # PyTorch brings its own OpenMP; a second one would have its own threads, and the two would fight for the cores.
    found = sorted((Path(torch.__file__).parent / "lib").glob("libgomp*.so*"))
    if not found:
        return None
    source = Path(__file__).with_name("native.c")
    what = source.read_bytes() + " ".join((*FLAGS, compiler, str(found[0]), _processor())).encode()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "modelwright"
    file = cache / f"native-{hashlib.sha256(what).hexdigest()[:16]}.so"
    try:
        if not file.exists():
            cache.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=cache) as folder:
                made = Path(folder) / "native"
                options = {"check": True, "capture_output": True, "timeout": 120}
                subprocess.run([compiler, *FLAGS, "-c", str(source), "-o", f"{made}.o"], **options)  # type: ignore[call-overload]
                subprocess.run([compiler, "-shared", f"{made}.o", str(found[0]), "-lm", "-o", f"{made}.so"], **options)  # type: ignore[call-overload]
                Path(f"{made}.so").replace(file)
        loaded = ctypes.CDLL(str(file))
        for name, types in SIGNATURES.items():
            getattr(loaded, name).argtypes = types
            getattr(loaded, name).restype = None
        return loaded
    except (OSError, subprocess.SubprocessError, AttributeError):
        return None


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next((line for line in lines if line.startswith("flags")), "")
    except OSError:
        return platform.machine()


def _c() -> ctypes.CDLL:
    found = library()
    assert found is not None
    return found


def _usual(x: Tensor) -> bool:
    """What the C functions are for: training in float32 on a CPU."""
    return x.dtype == torch.float32 and x.device.type == "cpu" and torch.is_grad_enabled()


class _RmsNorm(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x_nm: Tensor, scale_m: Tensor, eps: float) -> Tensor:
        n, m = x_nm.shape
        y_nm, r_n = torch.empty_like(x_nm), x_nm.new_empty(n)
        _c().rms_forward(x_nm.data_ptr(), scale_m.data_ptr(), y_nm.data_ptr(), r_n.data_ptr(), n, m, eps)
        ctx.save_for_backward(x_nm, scale_m, r_n)
        return y_nm

    @staticmethod
    def backward(ctx, dy_nm: Tensor):
        x_nm, scale_m, r_n = ctx.saved_tensors
        (n, m), dy_nm = x_nm.shape, dy_nm.contiguous()
        dx_nm, parts = torch.empty_like(x_nm), x_nm.new_zeros(torch.get_num_threads(), m)
        pointers = (x.data_ptr() for x in (x_nm, scale_m, r_n, dy_nm, dx_nm, parts))
        _c().rms_backward(*pointers, n, m)
        return dx_nm, parts.sum(0), None


def rms_norm(x: Tensor, scale: Tensor, eps: float) -> Tensor:
    if not _usual(x):
        return plain.rms_norm(x, scale, eps)
    return _RmsNorm.apply(x.reshape(-1, x.shape[-1]).contiguous(), scale, eps).view_as(x)


def _turn(x_bthd: Tensor, cos_btj: Tensor, sin_btj: Tensor, direction: float, heads_first: bool) -> Tensor:
    b, t, h, d = x_bthd.shape
    if x_bthd.stride(3) != 1:
        x_bthd = x_bthd.contiguous()
    y = x_bthd.new_empty((b, h, t, d) if heads_first else (b, t, h, d))
    angles_b = 0 if len(cos_btj) == 1 else t * d // 2
    pointers = (x.data_ptr() for x in (x_bthd, cos_btj, sin_btj, y))
    _c().rope(*pointers, b, t, h, d, *x_bthd.stride()[:3], angles_b, direction, int(heads_first))
    return y.transpose(1, 2) if heads_first else y


class _Rope(torch.autograd.Function):
    """Forward the result is stored heads first, as attention reads it; backward as the projections want it."""

    @staticmethod
    def forward(ctx, x_bthd: Tensor, cos_btj: Tensor, sin_btj: Tensor) -> Tensor:
        ctx.save_for_backward(cos_btj, sin_btj)
        return _turn(x_bthd, cos_btj, sin_btj, 1.0, heads_first=True)

    @staticmethod
    def backward(ctx, dy_bthd: Tensor):
        cos_btj, sin_btj = ctx.saved_tensors
        return _turn(dy_bthd, cos_btj, sin_btj, -1.0, heads_first=False), None, None


def rope(x_bthd: Tensor, cos_btj: Tensor, sin_btj: Tensor) -> Tensor:
    if not _usual(x_bthd):
        return plain.rope(x_bthd, cos_btj, sin_btj)
    return _Rope.apply(x_bthd, cos_btj.contiguous(), sin_btj.contiguous())


class _Attention(torch.autograd.Function):
    """n = b * k rows, q = g * t queries of a key head."""

    @staticmethod
    def forward(ctx, q_nqd: Tensor, k_nsd: Tensor, v_nsd: Tensor, cap: float, t: int) -> Tensor:
        n, q, s = q_nqd.shape[0], q_nqd.shape[1], k_nsd.shape[1]
        ctx.t, ctx.scale = t, q_nqd.shape[2] ** -0.5
        logits_nqs = torch.baddbmm(q_nqd.new_empty(()), q_nqd, k_nsd.mT, beta=0, alpha=ctx.scale)
        weights_nqs = torch.empty_like(logits_nqs)
        _c().capped_softmax(logits_nqs.data_ptr(), weights_nqs.data_ptr(), n * q, t, s, cap)
        ctx.save_for_backward(q_nqd, k_nsd, v_nsd, logits_nqs, weights_nqs)
        return torch.bmm(weights_nqs, v_nsd)

    @staticmethod
    def backward(ctx, do_nqd: Tensor):
        q_nqd, k_nsd, v_nsd, tanh_nqs, weights_nqs = ctx.saved_tensors
        n, q, s = weights_nqs.shape
        dv_nsd = torch.bmm(weights_nqs.mT, do_nqd)
        grad_nqs = torch.bmm(do_nqd, v_nsd.mT)
        _c().capped_softmax_backward(grad_nqs.data_ptr(), tanh_nqs.data_ptr(), weights_nqs.data_ptr(), n * q, ctx.t, s)
        dq_nqd = torch.baddbmm(q_nqd, grad_nqs, k_nsd, beta=0, alpha=ctx.scale)
        dk_nsd = torch.baddbmm(k_nsd, grad_nqs.mT, q_nqd, beta=0, alpha=ctx.scale)
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
    if not cap or visible_bts is not None or temperature_bt is not None or not _usual(q_bthd):
        return plain.attention(q_bthd, k_bskd, v_bskd, cap, visible_bts, temperature_bt)
    heads_first = lambda x, *shape: x.transpose(1, 2).reshape(*shape)
    q_nqd = heads_first(q_bthd, b * k, h // k * t, d)
    out_nqd = _Attention.apply(q_nqd, heads_first(k_bskd, b * k, s, d), heads_first(v_bskd, b * k, s, d), cap, t)
    return out_nqd.view(b, h, t, d).transpose(1, 2)


class _Geglu(torch.autograd.Function):
    """One expert on (n, m), or all of them on (e, p, m)."""

    @staticmethod
    def forward(ctx, x_nm: Tensor, w_mf: Tensor, v_mf: Tensor, w1_fm: Tensor) -> Tensor:
        g_nf, u_nf = x_nm @ w_mf, x_nm @ v_mf
        h_nf = torch.empty_like(g_nf)
        _c().geglu_forward(g_nf.data_ptr(), u_nf.data_ptr(), h_nf.data_ptr(), h_nf.numel())
        ctx.save_for_backward(x_nm, w_mf, v_mf, w1_fm, g_nf, u_nf)
        return h_nf @ w1_fm

    @staticmethod
    def backward(ctx, dy_nm: Tensor):
        x_nm, w_mf, v_mf, w1_fm, g_nf, u_nf = ctx.saved_tensors
        dh_nf = dy_nm @ w1_fm.mT
        dg_nf, du_nf, h_nf = torch.empty_like(g_nf), torch.empty_like(g_nf), torch.empty_like(g_nf)
        pointers = (x.data_ptr() for x in (g_nf, u_nf, dh_nf, dg_nf, du_nf, h_nf))
        _c().geglu_backward(*pointers, g_nf.numel())
        add = torch.addmm if x_nm.dim() == 2 else torch.baddbmm
        dx_nm = add(dg_nf @ w_mf.mT, du_nf, v_mf.mT)
        return dx_nm, x_nm.mT @ dg_nf, x_nm.mT @ du_nf, h_nf.mT @ dy_nm


def geglu(x: Tensor, w_mf: Tensor, v_mf: Tensor, w1_fm: Tensor) -> Tensor:
    if not _usual(x) or torch.is_autocast_enabled("cpu") or not x.numel():
        return plain.geglu(x, w_mf, v_mf, w1_fm)
    if w_mf.dim() == 3:
        return _Geglu.apply(x, w_mf, v_mf, w1_fm)
    return _Geglu.apply(x.reshape(-1, x.shape[-1]), w_mf, v_mf, w1_fm).view(*x.shape[:-1], -1)


def ops() -> Ops:
    """With the C functions where they can be had, else `fast.ops()`."""
    if library() is None:
        return fast.ops()
    return Ops(rms_norm=rms_norm, rope=rope, attention=attention, geglu=geglu)
