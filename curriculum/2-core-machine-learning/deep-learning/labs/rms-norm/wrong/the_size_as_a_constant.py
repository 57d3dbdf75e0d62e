"""Takes the root mean square without a gradient, as if it did not depend on x. Caught by: gradients equal the reference."""

import torch


def rms_norm(x, scale, eps):
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"scale has shape {tuple(scale.shape)}, expected ({d},)")
    x32 = x.float()
    with torch.no_grad():
        size = torch.rsqrt(x32.square().mean(-1, keepdim=True) + eps)
    return (x32 * size * scale.float()).to(x.dtype)
