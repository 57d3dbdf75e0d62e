"""Takes the mean over all axes, so that every vector has the size of the batch. Caught by: each vector by itself."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    x32 = x.float()
    return (x32 * torch.rsqrt(x32.square().mean() + eps) * scale.float()).to(x.dtype)
