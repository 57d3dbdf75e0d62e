"""Never leaves the input dtype: the square of 300 is more than float16 can hold. Stock: overflow. Caught by: squares of halves do not overflow."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    return (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * scale).to(x.dtype)
