"""Takes the mean down the first axis: over the batch instead of the vector. Stock: axis. Caught by: each vector by itself."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    x32 = x.float()
    return (x32 * torch.rsqrt(x32.square().mean(0, keepdim=True) + eps) * scale.float()).to(x.dtype)
