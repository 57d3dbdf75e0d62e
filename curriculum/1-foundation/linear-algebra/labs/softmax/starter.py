import numpy as np


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Weights proportional to the exponentials of `x`, adding up to 1 along `axis`; see README.md.

    Returns an array of the shape of `x`, in its dtype if that is a float, in float64 otherwise.
    """
    raise NotImplementedError
