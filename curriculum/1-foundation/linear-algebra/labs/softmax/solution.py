import numpy as np


def softmax(x: np.ndarray, axis: int = -1) -> np.ndarray:
    """Weights proportional to the exponentials of `x`, adding up to 1 along `axis`; see README.md."""
    x = np.asarray(x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis {axis} does not exist in an array of {x.ndim} axes")
    if x.shape[axis] == 0:
        raise ValueError(f"axis {axis} has length 0: there is nothing to share the weight among")
    result = x.dtype if x.dtype.kind == "f" else np.dtype(np.float64)
    work = x.astype(np.float32 if result == np.float16 else result, copy=False)
    largest = work.max(axis=axis, keepdims=True)
    # NaN and +inf win every maximum, and -inf wins only where there is nothing else.
    if not np.isfinite(largest).all():
        raise ValueError("a slice holds NaN or inf, or nothing but -inf, and has no softmax")
    weights = np.exp(work - largest)
    weights /= weights.sum(axis=axis, keepdims=True)
    return weights.astype(result, copy=False)
