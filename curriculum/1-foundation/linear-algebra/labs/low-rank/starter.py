import numpy as np


def truncated_svd(a_nm: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The `rank` largest singular values, with the columns of u and the rows of vt that belong to them; see README.md."""
    raise NotImplementedError


def principal(x_nd: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, directions (as rows) and variances of the `count` principal components of the rows; see README.md."""
    raise NotImplementedError
