"""Multiplies all vectors with each other and reads the diagonal: the squares of the lengths, at a high price. Caught by: time and memory."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    rows = x.float().reshape(-1, d)
    squares = (rows @ rows.T).diagonal()[:, None] / d
    return (rows * torch.rsqrt(squares + eps) * scale.float()).reshape(x.shape).to(x.dtype)
