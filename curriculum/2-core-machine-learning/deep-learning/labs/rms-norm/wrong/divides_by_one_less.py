"""Takes the mean of the squares as a variance does, with d - 1 below. Caught by: three and four by hand."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    x32 = x.float()
    return (x32 * torch.rsqrt(x32.square().sum(-1, keepdim=True) / max(d - 1, 1) + eps) * scale.float()).to(x.dtype)
