"""Divides in place: float() gives back the same tensor where it is float32 already. Stock: mutation. Caught by: inputs are left as they were."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    size = (x.float().square().mean(-1, keepdim=True) + eps).sqrt()
    if x.requires_grad:
        return (x.float() / size * scale.float()).to(x.dtype)
    x32 = x.float()
    x32 /= size
    return (x32 * scale.float()).to(x.dtype)
