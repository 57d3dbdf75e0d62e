"""Divides by the largest entry of all against overflow; an empty batch has none. Stock: small-input. Caught by: an empty batch stays empty."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    x32 = x.float()
    largest = x32.detach().abs().max().clamp_min(1e-12)
    x32 = x32 / largest
    return (x32 * torch.rsqrt(x32.square().mean(-1, keepdim=True) + eps / largest**2) * scale.float()).to(x.dtype)
