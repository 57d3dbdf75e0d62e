def learning_rate(step, steps, peak, warmup, decay, floor):
    """The rate of one step: up in a line, held, down in a line; see README.md."""
    if steps < 1:
        raise ValueError(f"steps is {steps}; a run takes at least 1")
    for name, number in (("step", step), ("warmup", warmup), ("decay", decay)):
        if number < 0:
            raise ValueError(f"{name} is {number}; it cannot be negative")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}; it is a share of the peak, from 0 to 1")
    if step >= steps:
        return peak * floor
    if step < warmup:
        return peak * (step + 1) / warmup
    if step >= steps - decay:
        return peak * (floor + (1 - floor) * (steps - step) / decay)
    return peak
