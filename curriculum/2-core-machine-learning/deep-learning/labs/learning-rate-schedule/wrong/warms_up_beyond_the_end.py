"""Lets a warm-up that is longer than the run go on after it. Caught by: a warm up longer than the run ends with it."""


def learning_rate(step, steps, peak, warmup, decay, floor):
    for name, number, least in (("steps", steps, 1), ("step", step, 0), ("warmup", warmup, 0), ("decay", decay, 0)):
        if number < least:
            raise ValueError(f"{name} is {number}, expected at least {least}")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}, expected a share from 0 to 1")
    if step < warmup:
        return peak * (step + 1) / warmup
    if step >= steps:
        return peak * floor
    if step >= steps - decay:
        left = (steps - step) / decay
        return peak * (floor + (1 - floor) * left)
    return peak
