"""Keeps its own count of the steps, so that a resumed run begins with the warm-up again. Caught by: it depends on its arguments alone."""

next_step = 0


def learning_rate(step, steps, peak, warmup, decay, floor):
    """The rate of one step: up in a line, held, down in a line; see README.md."""
    global next_step
    if steps < 1:
        raise ValueError(f"steps is {steps}; a run takes at least 1")
    for name, number in (("step", step), ("warmup", warmup), ("decay", decay)):
        if number < 0:
            raise ValueError(f"{name} is {number}; it cannot be negative")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}; it is a share of the peak, from 0 to 1")
    at = next_step if step else 0  # a new run begins with step 0
    next_step = at + 1
    if at < warmup:
        return peak * (at + 1) / warmup
    if at >= steps - decay:
        left = max(0, steps - at) / max(1, decay)
        return peak * (floor + (1 - floor) * left)
    return float(peak)
