"""Builds PyTorch's layer and puts the scale into it. Caught by: the file uses only what the task allows."""

from torch import nn


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    layer = nn.RMSNorm(d, eps=eps, elementwise_affine=False)
    return (layer(x.float()) * scale.float()).to(x.dtype)
