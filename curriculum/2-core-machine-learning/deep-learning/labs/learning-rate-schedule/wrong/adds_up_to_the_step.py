"""Walks from step 0 to the one that is asked for. Caught by: a late step costs no more than an early one."""


def learning_rate(step, steps, peak, warmup, decay, floor):
    for name, number, least in (("steps", steps, 1), ("step", step, 0), ("warmup", warmup, 0), ("decay", decay, 0)):
        if number < least:
            raise ValueError(f"{name} is {number}, expected at least {least}")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}, expected a share from 0 to 1")
    if step >= steps:
        return peak * floor
    share = 0.0
    for at in range(step + 1):
        if at < warmup:
            share = (at + 1) / warmup
        elif at >= steps - decay:
            share = floor + (1 - floor) * (steps - at) / decay
        else:
            share = 1.0
    return peak * share
