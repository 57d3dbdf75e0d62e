"""Leaves bfloat16 and never goes back to it: the next layer is handed float32. Stock: dtype. Caught by: it is rounded once."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    x32 = x.float()
    return x32 * torch.rsqrt(x32.square().mean(-1, keepdim=True) + eps) * scale.float()
