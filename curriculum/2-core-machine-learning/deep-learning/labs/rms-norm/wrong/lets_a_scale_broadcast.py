"""Does not look at the scale, and one number serves all channels. Caught by: a scale of another shape is refused."""

import torch


def rms_norm(x, scale, eps):
    x32 = x.float()
    return (x32 * torch.rsqrt(x32.square().mean(-1, keepdim=True) + eps) * scale.float()).to(x.dtype)
