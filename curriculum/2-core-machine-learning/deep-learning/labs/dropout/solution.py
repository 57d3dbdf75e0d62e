import numpy as np


def dropout(x, p, seed, training=True):
    """Inverted dropout: (what comes out, the boolean mask of what was kept); see README.md."""
    require_probability(p)
    if not training:
        return x, np.ones(x.shape, dtype=bool)
    mask = np.random.default_rng(seed).random(x.shape) >= p
    return (x * mask / (1 - p)).astype(x.dtype), mask


def dropout_backward(grad_y, mask, p, training=True):
    """The gradient with respect to dropout's input."""
    require_probability(p)
    if not training:
        return grad_y
    return (grad_y * mask / (1 - p)).astype(grad_y.dtype)


def require_probability(p):
    """ValueError unless 0 <= p < 1."""
    if not 0 <= p < 1:  # also not a number
        raise ValueError(f"p must be at least 0 and below 1, not {p}")
