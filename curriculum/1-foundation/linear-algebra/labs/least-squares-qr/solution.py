import numpy as np


def qr(a_nm: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Orthonormal columns q_nm and an upper triangle r_mm, its diagonal positive, by Householder reflections."""
    r_nm = np.array(a_nm, dtype=np.float64)
    if r_nm.ndim != 2:
        raise ValueError(f"expected a matrix, got {r_nm.ndim} axes")
    n, m = r_nm.shape
    if m > n:
        raise ValueError(f"{m} columns cannot be independent in {n} rows")
    mirrors = []
    for k in range(m):
        v = r_nm[k:, k].copy()
        # Adding with the sign of v[0] keeps the two numbers from cancelling.
        v[0] += np.copysign(np.linalg.norm(v), v[0])
        v /= np.linalg.norm(v) or 1.0
        reflect(r_nm[k:, k:], v)
        mirrors.append(v)
    q_nm = np.eye(n, m)
    for k in reversed(range(m)):
        reflect(q_nm[k:, k:], mirrors[k])
    r_mm = np.triu(r_nm[:m])
    diagonal = np.abs(np.diag(r_mm))
    if m and not diagonal.min() > n * np.finfo(float).eps * diagonal.max():
        raise ValueError("the columns are dependent, as far as float64 can tell")
    signs_m = np.sign(np.diag(r_mm))
    return q_nm * signs_m, r_mm * signs_m[:, None]


def reflect(block: np.ndarray, v: np.ndarray) -> None:
    """Mirrors the columns of `block`, in place, in the plane orthogonal to the unit vector v."""
    block -= 2 * v[:, None] * (v @ block)


def least_squares(a_nm: np.ndarray, y_n: np.ndarray) -> np.ndarray:
    """The m coefficients x for which the length of a_nm @ x - y_n is smallest."""
    q_nm, r_mm = qr(a_nm)
    if y_n.shape != (len(q_nm),):
        raise ValueError(f"a matrix of {len(q_nm)} rows needs y of shape ({len(q_nm)},), got {y_n.shape}")
    x_m = q_nm.T @ y_n
    for k in reversed(range(len(x_m))):
        x_m[k] = (x_m[k] - r_mm[k, k + 1 :] @ x_m[k + 1 :]) / r_mm[k, k]
    return x_m
