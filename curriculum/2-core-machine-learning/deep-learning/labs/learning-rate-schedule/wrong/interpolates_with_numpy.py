"""Hands the corners of the curve to NumPy, which is not plain Python. Stock: library-call. Caught by: the file uses only what the task allows."""

import numpy as np


def learning_rate(step, steps, peak, warmup, decay, floor):
    for name, number, least in (("steps", steps, 1), ("step", step, 0), ("warmup", warmup, 0), ("decay", decay, 0)):
        if number < least:
            raise ValueError(f"{name} is {number}, expected at least {least}")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}, expected a share from 0 to 1")
    if step >= steps:
        return peak * floor
    if step < warmup:
        return peak * (step + 1) / warmup
    if not decay:
        return peak
    return float(np.interp(step, [steps - decay, steps], [peak, peak * floor]))
