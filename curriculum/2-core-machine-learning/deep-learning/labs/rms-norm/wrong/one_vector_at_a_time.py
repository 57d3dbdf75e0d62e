"""A loop over the vectors: right, and slow. Caught by: the file uses only what the task allows."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    if not x.numel():
        return x.clone()
    rows = [row * torch.rsqrt((row * row).mean() + eps) * scale.float() for row in x.float().reshape(-1, d)]
    return torch.stack(rows).reshape(x.shape).to(x.dtype)
