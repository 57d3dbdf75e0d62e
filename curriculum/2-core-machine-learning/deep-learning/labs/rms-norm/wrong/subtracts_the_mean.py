"""Layer normalisation: subtracts the mean first. Caught by: a constant vector becomes ones."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    x32 = x.float()
    x32 = x32 - x32.mean(-1, keepdim=True)
    return (x32 * torch.rsqrt(x32.square().mean(-1, keepdim=True) + eps) * scale.float()).to(x.dtype)
