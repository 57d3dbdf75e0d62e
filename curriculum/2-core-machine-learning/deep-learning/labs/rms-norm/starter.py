import torch


def rms_norm(x: torch.Tensor, scale: torch.Tensor, eps: float) -> torch.Tensor:
    """Each vector of the last axis divided by its root mean square, times `scale`; see README.md.

    x: (…, d); scale: (d,). Returns a tensor with the shape and dtype of `x`, computed in float32.
    """
    raise NotImplementedError
