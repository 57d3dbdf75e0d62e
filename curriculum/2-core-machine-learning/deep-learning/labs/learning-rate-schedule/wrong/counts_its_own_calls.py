"""Keeps its own count of the steps, so that a resumed run begins with the warm-up again. Caught by: it depends on its arguments alone."""

next_step = 0


def learning_rate(step, steps, peak, warmup, decay, floor):
    for name, number, least in (("steps", steps, 1), ("step", step, 0), ("warmup", warmup, 0), ("decay", decay, 0)):
        if number < least:
            raise ValueError(f"{name} is {number}, expected at least {least}")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}, expected a share from 0 to 1")
    global next_step
    step = next_step if step else 0  # a new run begins with step 0
    next_step = step + 1
    if step >= steps:
        return peak * floor
    if step < warmup:
        return peak * (step + 1) / warmup
    if step >= steps - decay:
        left = (steps - step) / decay
        return peak * (floor + (1 - floor) * left)
    return peak
