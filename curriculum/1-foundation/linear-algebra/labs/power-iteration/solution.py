import numpy as np


def dominant(a_nn: np.ndarray, tolerance: float = 1e-10, max_steps: int = 10_000) -> tuple[float, np.ndarray]:
    """The eigenvalue of largest size, with its sign, and a unit eigenvector, by power iteration; see README.md."""
    a_nn = square(a_nn)
    v_n = unit(np.random.default_rng(0).normal(size=len(a_nn)))
    for _ in range(max_steps):
        image_n = a_nn @ v_n
        value = float(v_n @ image_n)
        if np.linalg.norm(image_n - value * v_n) <= tolerance * abs(value):
            return value, v_n
        v_n = unit(image_n)
    raise ArithmeticError(f"no eigenvector within {tolerance} after {max_steps} steps")


def leading(a_nn: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` eigenvalues of largest size of a symmetric matrix, and orthonormal eigenvectors as columns; see README.md."""
    rest_nn = square(a_nn).copy()
    n = len(rest_nn)
    if not np.allclose(rest_nn, rest_nn.T):
        raise ValueError("the matrix is not symmetric")
    if not 1 <= count <= n:
        raise ValueError(f"count is {count}, expected 1 to {n}")
    values_k, vectors_nk = np.zeros(count), np.zeros((n, count))
    rng = np.random.default_rng(0)
    for k in range(count):
        found_nk = vectors_nk[:, :k]
        v_n = unit(without(found_nk, rng.normal(size=n)))
        scale = np.abs(values_k).max()
        for _ in range(5_000):
            # The image still holds the errors of the pairs already found; they must not count as a residual of this one.
            image_n = without(found_nk, rest_nn @ v_n)
            values_k[k] = v_n @ image_n
            # What remains of a matrix of lower rank is rounding, and no direction in it can converge.
            if np.linalg.norm(image_n - values_k[k] * v_n) <= max(1e-11 * abs(values_k[k]), 1e-14 * n * scale):
                break
            v_n = unit(without(found_nk, unit(image_n)))
        else:
            raise ArithmeticError(f"pair {k} did not converge")
        vectors_nk[:, k] = v_n
        rest_nn -= values_k[k] * np.outer(v_n, v_n)
    return values_k, vectors_nk


def square(a_nn: np.ndarray) -> np.ndarray:
    a_nn = np.asarray(a_nn, dtype=np.float64)
    if a_nn.ndim != 2 or a_nn.shape[0] != a_nn.shape[1]:
        raise ValueError(f"expected a square matrix, got shape {a_nn.shape}")
    return a_nn


def without(found_nk: np.ndarray, v_n: np.ndarray) -> np.ndarray:
    """v_n less its parts along the vectors already found."""
    return v_n - found_nk @ (found_nk.T @ v_n)


def unit(v_n: np.ndarray) -> np.ndarray:
    return v_n / np.linalg.norm(v_n)
