import torch
from torch import Tensor


def rms_norm(x: Tensor, scale: Tensor, eps: float) -> Tensor:
    """Each vector of the last axis divided by its root mean square, times `scale`; see README.md."""
    d = x.shape[-1]
    if scale.shape != (d,):
        raise ValueError(f"the scale has the shape {tuple(scale.shape)}; vectors of length {d} need ({d},)")
    x32 = x.float()
    mean_square = x32.square().mean(-1, keepdim=True)
    return (x32 * torch.rsqrt(mean_square + eps) * scale.float()).to(x.dtype)
