"""Takes the Euclidean norm of each vector and the root of d, and divides in the end."""

import math

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.dim() != 1 or len(scale) != d:
        raise ValueError(f"scale is {list(scale.shape)}, needed is [{d}]")
    wide = x.to(torch.float32)
    # |x|^2 / d + eps = (|x|^2 + d eps) / d
    size = torch.sqrt((wide * wide).sum(dim=-1, keepdim=True) + d * eps)
    return (math.sqrt(d) * scale.to(torch.float32) * wide / size).type(x.dtype)
