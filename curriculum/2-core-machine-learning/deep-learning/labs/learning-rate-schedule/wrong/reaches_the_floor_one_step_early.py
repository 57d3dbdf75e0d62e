"""Gives the last step the floor itself: its line has one step less. Caught by: ten steps by hand."""


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
    if step >= steps - decay:
        left = min(1.0, (steps - 1 - step) / max(1, decay - 1))
        return peak * (floor + (1 - floor) * left)
    return peak
