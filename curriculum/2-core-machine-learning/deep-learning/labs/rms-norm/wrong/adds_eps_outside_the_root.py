"""Guards the division instead of the root. Caught by: eps is added inside the root."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    x32 = x.float()
    return (x32 / (x32.square().mean(-1, keepdim=True).sqrt() + eps) * scale.float()).to(x.dtype)
