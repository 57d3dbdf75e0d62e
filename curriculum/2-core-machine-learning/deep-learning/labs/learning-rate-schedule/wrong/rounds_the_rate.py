"""Rounds to six places for a tidy log: small rates lose digits, and the smallest are 0. Caught by: a peak of any size."""


def learning_rate(step, steps, peak, warmup, decay, floor):
    for name, number, least in (("steps", steps, 1), ("step", step, 0), ("warmup", warmup, 0), ("decay", decay, 0)):
        if number < least:
            raise ValueError(f"{name} is {number}, expected at least {least}")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}, expected a share from 0 to 1")
    return round(exact(step, steps, peak, warmup, decay, floor), 6)


def exact(step, steps, peak, warmup, decay, floor):
    if step >= steps:
        return peak * floor
    if step < warmup:
        return peak * (step + 1) / warmup
    if step >= steps - decay:
        left = (steps - step) / decay
        return peak * (floor + (1 - floor) * left)
    return peak
