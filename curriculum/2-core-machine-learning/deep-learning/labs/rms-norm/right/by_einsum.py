"""Lays all vectors out as rows, and takes the squares by a product of each row with itself."""

import torch


def rms_norm(x, scale, eps):
    length = x.shape[-1]
    if tuple(scale.shape) != (length,):
        raise ValueError(f"{tuple(scale.shape)} is not ({length},)")
    rows = x.reshape(-1, length).float()
    squares = torch.einsum("nd,nd->n", rows, rows) / length
    out = torch.einsum("nd,n,d->nd", rows, (squares + eps) ** -0.5, scale.float())
    return out.reshape(x.shape).to(x.dtype)
