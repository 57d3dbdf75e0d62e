"""Unpacks batch, time and width, and serves no other number of axes. Caught by: any leading axes."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    B, T, _ = x.shape
    x32 = x.float()
    size = torch.sqrt(x32.square().mean(2) + eps).view(B, T, 1)
    return (x32 / size * scale.float()).to(x.dtype)
