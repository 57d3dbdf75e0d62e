"""Takes roots of the eigenvalues of A'A, whose rounding errors are 1e-8. Caught by: small singular values are not lost."""

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
    # The triangle has the same singular values and only m rows, so each rotation is cheap.
    q_nm, r_mm = np.linalg.qr(a_nm)
    v_mm = np.linalg.eigh(r_mm.T @ r_mm)[1]
    turned_mm = r_mm @ v_mm
    lengths_m = np.sqrt(np.abs(np.linalg.eigvalsh(r_mm.T @ r_mm)))
    order_k = np.argsort(-lengths_m, kind="stable")[:rank]
    s_k = lengths_m[order_k]
    u_nk = q_nm @ (turned_mm[:, order_k] / np.where(s_k == 0, 1.0, s_k))
    return u_nk, s_k, v_mm[:, order_k].T


def orthogonalise(a_mm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotates pairs of columns until all are orthogonal: returns (a @ v, v)."""
    m = a_mm.shape[1]
    # Rows are contiguous, so the columns of both matrices are kept as rows, side by side: one rotation turns both.
    both = np.hstack([a_mm.T, np.eye(m)])
    inner = a_mm.shape[0]
    negligible = (1e-15 * np.linalg.norm(a_mm)) ** 2
    for _ in range(60):
        turned = False
        for p in range(m - 1):
            for q in range(p + 1, m):
                x, y = both[p, :inner], both[q, :inner]
                a, b, g = x @ x, y @ y, x @ y
                if abs(g) <= 1e-15 * (a * b) ** 0.5 or min(a, b) <= negligible:
                    continue
                turned = True
                z = (b - a) / (2 * g)
                t = np.copysign(1.0, z) / (abs(z) + (1 + z * z) ** 0.5)
                c = 1 / (1 + t * t) ** 0.5
                both[[p, q]] = c * both[p] - c * t * both[q], c * t * both[p] + c * both[q]
        if not turned:
            break
    return both[:, :inner].T, both[:, inner:].T


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
