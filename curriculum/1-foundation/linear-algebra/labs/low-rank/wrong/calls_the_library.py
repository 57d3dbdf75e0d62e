"""Calls the library, which does the whole task. Stock: library-call. Caught by: the file uses only what the task allows."""

import numpy as np


def truncated_svd(a_nm, rank):
    a_nm = np.array(a_nm, dtype=np.float64)
    if a_nm.ndim != 2 or not 1 <= rank <= min(a_nm.shape):
        raise ValueError(f"rank {rank} of shape {a_nm.shape}")
    u_nm, s_m, vt_mm = np.linalg.svd(a_nm, full_matrices=False)
    return u_nm[:, :rank], s_m[:rank], vt_mm[:rank]


def principal(x_nd, count):
    x_nd = np.array(x_nd, dtype=np.float64)
    if x_nd.ndim != 2 or len(x_nd) < 2 or not 1 <= count <= x_nd.shape[1]:
        raise ValueError(f"{count} directions of shape {x_nd.shape}")
    n, d = x_nd.shape
    mean_d = x_nd.mean(axis=0)
    _, s_k, directions_kd = truncated_svd(np.vstack([x_nd - mean_d, np.zeros((d, d))]), count)
    for row in directions_kd:
        row *= np.sign(row[np.abs(row).argmax()])
    return mean_d, directions_kd, s_k**2 / (n - 1)
