"""Adds 1e-8 of its own to be safe, which is not small beside a small vector. Caught by: the length of the input does not matter."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    x32 = x.float()
    return (x32 * torch.rsqrt(x32.square().mean(-1, keepdim=True) + max(eps, 1e-8)) * scale.float()).to(x.dtype)
