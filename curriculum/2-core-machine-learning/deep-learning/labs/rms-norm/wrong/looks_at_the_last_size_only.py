"""Compares only the last size of the scale, and a row of the right length passes. Caught by: a scale of another shape is refused."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.dim() == 0 or scale.shape[-1] != d:
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    x32 = x.float()
    return (x32 * torch.rsqrt(x32.square().mean(-1, keepdim=True) + eps) * scale.float()).to(x.dtype)
