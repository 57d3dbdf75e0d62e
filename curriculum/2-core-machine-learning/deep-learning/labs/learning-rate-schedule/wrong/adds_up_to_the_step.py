"""Walks from step 0 to the one that is asked for. Caught by: a late step costs no more than an early one."""


def learning_rate(step, steps, peak, warmup, decay, floor):
    """The rate of one step: up in a line, held, down in a line; see README.md."""
    if steps < 1:
        raise ValueError(f"steps is {steps}; a run takes at least 1")
    for name, number in (("step", step), ("warmup", warmup), ("decay", decay)):
        if number < 0:
            raise ValueError(f"{name} is {number}; it cannot be negative")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}; it is a share of the peak, from 0 to 1")
    rate = 0.0
    for at in range(step + 1):
        if at < warmup:
            rate = peak * (at + 1) / warmup
        elif at >= steps - decay:
            rate = peak * (floor + (1 - floor) * max(0, steps - at) / max(1, decay))
        else:
            rate = float(peak)
    return rate
