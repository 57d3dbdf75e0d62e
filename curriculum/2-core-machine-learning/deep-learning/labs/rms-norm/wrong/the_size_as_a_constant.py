"""Takes the root mean square without a gradient, as if it did not depend on x. Caught by: gradients equal the reference."""

import torch


def rms_norm(x, scale, eps):
    """Each vector of the last axis divided by its root mean square, times `scale`; see README.md."""
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"the scale has the shape {tuple(scale.shape)}; vectors of length {d} need ({d},)")
    x32 = x.float()
    with torch.no_grad():
        size = torch.rsqrt(x32.square().mean(-1, keepdim=True) + eps)
    return (x32 * size * scale.float()).to(x.dtype)
