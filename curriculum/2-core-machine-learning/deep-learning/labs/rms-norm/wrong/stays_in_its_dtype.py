"""Never leaves the input dtype, so bfloat16 loses digits at each step. Caught by: bfloat16 is rounded once."""

import torch


def rms_norm(x, scale, eps):
    """Each vector of the last axis divided by its root mean square, times `scale`; see README.md."""
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"the scale has the shape {tuple(scale.shape)}; vectors of length {d} need ({d},)")
    return (x * torch.rsqrt(x.square().mean(-1, keepdim=True) + eps) * scale).to(x.dtype)
