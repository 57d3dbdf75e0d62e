import numpy as np


def cosine_similarity(a_nd: np.ndarray, b_md: np.ndarray) -> np.ndarray:
    """The cosine of the angle between every row of `a_nd` and every row of `b_md`; see README.md.

    Returns a float64 array of shape (n, m), every entry within [-1, 1].
    """
    raise NotImplementedError
