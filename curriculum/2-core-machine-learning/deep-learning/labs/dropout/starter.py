import numpy as np


def dropout(x: np.ndarray, p: float, seed: int, training: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """Inverted dropout: (what comes out, the boolean mask of what was kept); see README.md."""
    raise NotImplementedError


def dropout_backward(grad_y: np.ndarray, mask: np.ndarray, p: float, training: bool = True) -> np.ndarray:
    """The gradient with respect to dropout's input."""
    raise NotImplementedError
