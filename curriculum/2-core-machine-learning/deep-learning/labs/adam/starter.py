import numpy as np

Arrays = dict[str, np.ndarray]


def start(params: Arrays) -> dict:
    """The state before the first step: {"step": 0, "m": zeros, "v": zeros}."""
    raise NotImplementedError


def step(
    params: Arrays,
    grads: Arrays,
    state: dict,
    rate: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    decay: float = 0.0,
    decoupled: bool = True,
) -> tuple[Arrays, dict]:
    """One step of Adam: (the new parameters, the new state); see README.md."""
    raise NotImplementedError
