"""Takes eigenvectors of AA', which has a row and a column for every image. Caught by: time and memory."""

import numpy as np


def truncated_svd(a_nm: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The `rank` largest singular values with their vectors, by the one-sided Jacobi method."""
    a_nm = np.array(a_nm, dtype=np.float64)
    if a_nm.ndim != 2:
        raise ValueError(f"expected a matrix, got {a_nm.ndim} axes")
    if not 1 <= rank <= min(a_nm.shape):
        raise ValueError(f"rank {rank} is not within 1 and {min(a_nm.shape)}, the smaller side")
    if a_nm.shape[0] < a_nm.shape[1]:
        u_mk, s_k, vt_kn = truncated_svd(a_nm.T, rank)
        return vt_kn.T, s_k, u_mk.T
    values, vectors = np.linalg.eigh(a_nm @ a_nm.T)
    u_nk = vectors[:, ::-1][:, :rank]
    s_k = np.sqrt(np.maximum(values[::-1][:rank], 0.0))
    return u_nk, s_k, (u_nk.T @ a_nm) / np.where(s_k == 0, 1.0, s_k)[:, None]


def principal(x_nd: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, directions (as rows) and variances of the `count` principal components of the rows."""
    x_nd = np.asarray(x_nd, dtype=np.float64)
    if x_nd.ndim != 2 or len(x_nd) < 2:
        raise ValueError(f"expected a matrix of at least two rows, got shape {x_nd.shape}")
    n, d = x_nd.shape
    if not 1 <= count <= d:
        raise ValueError(f"count {count} is not within 1 and {d}, the width of a row")
    mean_d = x_nd.mean(axis=0)
    # The triangle of the QR factorisation is square for tall data; padding makes it so for wide data.
    centred = np.vstack([x_nd - mean_d, np.zeros((max(d - n, 0), d))])
    _, s_k, directions_kd = truncated_svd(centred, count)
    peak_k1 = np.abs(directions_kd).argmax(axis=1)[:, None]
    return mean_d, directions_kd * np.sign(np.take_along_axis(directions_kd, peak_k1, axis=1)), s_k**2 / (n - 1)
