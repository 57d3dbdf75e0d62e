"""Refuses a negative floor and forgets that a share ends at 1. Caught by: impossible runs are refused."""


def learning_rate(step, steps, peak, warmup, decay, floor):
    for name, number, least in (("steps", steps, 1), ("step", step, 0), ("warmup", warmup, 0), ("decay", decay, 0)):
        if number < least:
            raise ValueError(f"{name} is {number}, expected at least {least}")
    if floor < 0:
        raise ValueError(f"floor is {floor}, expected a share from 0 to 1")
    if step >= steps:
        return peak * floor
    if step < warmup:
        return peak * (step + 1) / warmup
    if step >= steps - decay:
        left = (steps - step) / decay
        return peak * (floor + (1 - floor) * left)
    return peak
