"""Leaves bfloat16 and never goes back to it: the next layer is handed float32. Caught by: bfloat16 is rounded once."""

import torch


def rms_norm(x, scale, eps):
    """Each vector of the last axis divided by its root mean square, times `scale`; see README.md."""
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"the scale has the shape {tuple(scale.shape)}; vectors of length {d} need ({d},)")
    x32 = x.float()
    return x32 * torch.rsqrt(x32.square().mean(-1, keepdim=True) + eps) * scale.float()
