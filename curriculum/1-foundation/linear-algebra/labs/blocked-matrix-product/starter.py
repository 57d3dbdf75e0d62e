import numpy as np


def combine_columns(a_nk: np.ndarray, x_k: np.ndarray) -> np.ndarray:
    """The columns of `a_nk`, weighted by `x_k` and added up: shape (n,); see README.md."""
    raise NotImplementedError


def matmul(a_nk: np.ndarray, b_km: np.ndarray) -> np.ndarray:
    """The matrix product, shape (n, m), with one Python loop at most; see README.md."""
    raise NotImplementedError


def matmul_blocked(a_nk: np.ndarray, b_km: np.ndarray, block: int = 64) -> np.ndarray:
    """The matrix product, shape (n, m), from pieces of at most block x block entries; see README.md."""
    raise NotImplementedError
