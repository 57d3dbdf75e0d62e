import numpy as np


def dominant(a_nn: np.ndarray, tolerance: float = 1e-10, max_steps: int = 10_000) -> tuple[float, np.ndarray]:
    """The eigenvalue of largest size, with its sign, and a unit eigenvector, by power iteration; see README.md."""
    require_square(a_nn)
    start_n = np.random.default_rng(0).normal(size=len(a_nn))
    return iterate(a_nn, start_n, np.empty((len(a_nn), 0)), tolerance, 0.0, max_steps)


def leading(a_nn: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The `count` eigenvalues of largest size of a symmetric matrix, and orthonormal eigenvectors as columns; see README.md."""
    require_square(a_nn)
    n = len(a_nn)
    if not np.allclose(a_nn, a_nn.T):
        raise ValueError("the matrix is not symmetric")
    if not 1 <= count <= n:
        raise ValueError(f"count is {count}, expected 1 to {n}")
    rng = np.random.default_rng(0)
    values, vectors_nk = [], np.empty((n, 0))
    for _ in range(count):
        # What remains of a matrix of lower rank is rounding, and no direction in it can converge.
        rounding = 1e-13 * abs(values[0]) if values else 0.0
        value, vector_n = iterate(a_nn, rng.normal(size=n), vectors_nk, 1e-11, rounding, 10_000)
        values.append(value)
        vectors_nk = np.column_stack([vectors_nk, vector_n])
    return np.array(values), vectors_nk


def iterate(
    a_nn: np.ndarray, v_n: np.ndarray, found_nk: np.ndarray, tolerance: float, rounding: float, max_steps: int
) -> tuple[float, np.ndarray]:
    """Power iteration in what is orthogonal to `found_nk`, until the residual is small against the value, or is rounding."""
    for _ in range(max_steps):
        # Twice: when little is left, the first subtraction leaves rounding along what was found.
        v_n = unit(without(found_nk, unit(without(found_nk, v_n))))
        image_n = without(found_nk, a_nn @ v_n)
        value = float(v_n @ image_n)
        if np.linalg.norm(image_n - value * v_n) <= max(tolerance * abs(value), rounding):
            return value, v_n
        v_n = image_n
    raise ArithmeticError(f"no eigenvector within {tolerance} after {max_steps} steps")


def require_square(a_nn: np.ndarray) -> None:
    if a_nn.ndim != 2 or a_nn.shape[0] != a_nn.shape[1] or a_nn.size == 0:
        raise ValueError(f"expected a square matrix, got shape {a_nn.shape}")


def without(found_nk: np.ndarray, v_n: np.ndarray) -> np.ndarray:
    """v_n less its parts along the vectors already found."""
    return v_n - found_nk @ (found_nk.T @ v_n)


def unit(v_n: np.ndarray) -> np.ndarray:
    return v_n / np.linalg.norm(v_n)
