"""Lets a scale of another dtype decide about the result. Caught by: the dtype is that of the input."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    x32 = x.float()
    return (x32 * torch.rsqrt(x32.square().mean(-1, keepdim=True) + eps) * scale.float()).to(torch.promote_types(x.dtype, scale.dtype))
