"""Divides in place: float() gives back the same tensor where it is float32 already. Caught by: inputs are left as they were."""

import torch


def rms_norm(x, scale, eps):
    """Each vector of the last axis divided by its root mean square, times `scale`; see README.md."""
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"the scale has the shape {tuple(scale.shape)}; vectors of length {d} need ({d},)")
    size = (x.float().square().mean(-1, keepdim=True) + eps).sqrt()
    if x.requires_grad:
        return (x.float() / size * scale.float()).to(x.dtype)
    x32 = x.float()
    x32 /= size
    return (x32 * scale.float()).to(x.dtype)
