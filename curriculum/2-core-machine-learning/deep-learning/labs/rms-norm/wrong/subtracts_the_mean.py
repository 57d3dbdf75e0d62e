"""Layer normalisation: subtracts the mean first. Caught by: a constant vector becomes ones."""

import torch


def rms_norm(x, scale, eps):
    """Each vector of the last axis divided by its root mean square, times `scale`; see README.md."""
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"the scale has the shape {tuple(scale.shape)}; vectors of length {d} need ({d},)")
    x32 = x.float()
    x32 = x32 - x32.mean(-1, keepdim=True)
    return (x32 * torch.rsqrt(x32.square().mean(-1, keepdim=True) + eps) * scale.float()).to(x.dtype)
