import numpy as np


def dominant(a_nn: np.ndarray, tolerance: float = 1e-10, max_steps: int = 10_000) -> tuple[float, np.ndarray]:
    """The eigenvalue of largest size, with its sign, and a unit eigenvector, by power iteration; see README.md."""
    raise NotImplementedError


def leading(a_nn: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` eigenvalues of largest size of a symmetric matrix, and orthonormal eigenvectors as columns; see README.md."""
    raise NotImplementedError
