import numpy as np


def cross_entropy(logits_nc: np.ndarray, targets_n: np.ndarray, ignore: int = -1) -> tuple[float, np.ndarray]:
    """Mean cross-entropy over the rows that are not ignored, and its gradient with respect to the logits; see README.md."""
    raise NotImplementedError
