import numpy as np


def fan_in(shape: tuple[int, ...]) -> int:
    """How many products one output of the layer sums."""
    raise NotImplementedError


def initialise(shape: tuple[int, ...], after: str, seed: int, kind: str = "normal") -> np.ndarray:
    """Weights of variance gain² / fan-in, for a layer that is followed by `after`; see README.md."""
    raise NotImplementedError


def sizes(x: np.ndarray, weights: list[np.ndarray], after: str) -> list[float]:
    """The root mean square of the activations after each layer."""
    raise NotImplementedError
