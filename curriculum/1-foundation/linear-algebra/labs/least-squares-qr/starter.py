import numpy as np


def qr(a_nm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal columns q_nm and an upper triangle r_mm, its diagonal positive, with q @ r == a; see README.md."""
    raise NotImplementedError


def least_squares(a_nm: np.ndarray, y_n: np.ndarray) -> np.ndarray:
    """The m coefficients x for which the length of a_nm @ x - y_n is smallest; see README.md."""
    raise NotImplementedError
