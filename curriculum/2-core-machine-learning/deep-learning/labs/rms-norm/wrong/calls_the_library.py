"""Leaves it to PyTorch. Stock: library-call. Caught by: the file uses only what the task allows."""

import torch.nn.functional as F


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    return F.rms_norm(x.float(), (d,), scale.float(), eps).to(x.dtype)
