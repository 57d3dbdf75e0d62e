"""Bits per byte: the cross-entropy of the bytes that came, to base 2."""

import numpy as np


def score(truth: np.ndarray, predictions: np.ndarray) -> float:
    """truth: (n,) bytes as numbers; predictions: (n, 256) probabilities, each above 0."""
    return float(-np.log2(predictions[np.arange(len(truth)), truth]).mean())
