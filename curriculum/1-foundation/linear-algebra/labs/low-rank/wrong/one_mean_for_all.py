"""Takes away one mean of all the numbers from every column. Stock: axis. Caught by: where the data lie does not matter."""

from itertools import combinations

import numpy as np


def truncated_svd(a_nm: np.ndarray, rank: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    a_nm = np.asarray(a_nm, dtype=np.float64)
    if a_nm.ndim != 2:
        raise ValueError(f"expected a matrix, got {a_nm.ndim} axes")
    if not 1 <= rank <= min(a_nm.shape):
        raise ValueError(f"{rank} is not within 1 and {min(a_nm.shape)}")
    if a_nm.shape[0] < a_nm.shape[1]:
        u_mk, s_k, vt_kn = truncated_svd(a_nm.T, rank)
        return vt_kn.T, s_k, u_mk.T
    # The triangle has the same singular values and only m rows, so each rotation is cheap.
    q_nm, r_mm = np.linalg.qr(a_nm)
    turned_mm, v_mm = orthogonalise(r_mm)
    lengths_m = np.linalg.norm(turned_mm, axis=0)
    order_k = np.argsort(-lengths_m)[:rank]
    s_k = lengths_m[order_k]
    u_nk = q_nm @ (turned_mm[:, order_k] / np.where(s_k == 0, 1.0, s_k))
    return u_nk, s_k, v_mm[:, order_k].T


def orthogonalise(r_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    m = len(r_mm)
    # Rows are contiguous, so the columns of both matrices are kept as rows, side by side: one rotation turns both.
    both = np.hstack([r_mm.T, np.eye(m)])
    rounding = (1e-15 * np.linalg.norm(r_mm)) ** 2
    turned = True
    while turned:
        turned = False
        for p, q in combinations(range(m), 2):
            x, y = both[p, :m], both[q, :m]
            a, b, g = x @ x, y @ y, x @ y
            if abs(g) <= 1e-14 * (a * b) ** 0.5 or min(a, b) <= rounding:
                continue
            turned = True
            z = (b - a) / (2 * g)
            t = np.copysign(1.0, z) / (abs(z) + (1 + z * z) ** 0.5)
            c = 1 / (1 + t * t) ** 0.5
            both[[p, q]] = c * both[p] - c * t * both[q], c * t * both[p] + c * both[q]
    return both[:, :m].T, both[:, m:].T


def principal(x_nd: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    x_nd = np.asarray(x_nd, dtype=np.float64)
    if x_nd.ndim != 2 or len(x_nd) < 2:
        raise ValueError(f"expected a matrix of at least two rows, got shape {x_nd.shape}")
    n, d = x_nd.shape
    mean_d = x_nd.mean(axis=0)
    # Rows of zeros vary nothing, and with them no data are wide: there are d directions to be found.
    centred = np.vstack([x_nd - x_nd.mean(), np.zeros((d, d))])
    _, s_k, directions_kd = truncated_svd(centred, count)
    peaks_k = directions_kd[np.arange(count), np.abs(directions_kd).argmax(axis=1)]
    return mean_d, np.where(peaks_k[:, None] < 0, -directions_kd, directions_kd), s_k**2 / (n - 1)
