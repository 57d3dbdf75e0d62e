import numpy as np


def lu(a_nn: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Row order, lower and upper triangle such that `a_nn[rows] == l @ u`, by partial pivoting; see README.md."""
    raise NotImplementedError


def solve(a_nn: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The solution of `a_nn @ x = b` for one right-hand side (n,) or many (n, m); see README.md."""
    raise NotImplementedError
