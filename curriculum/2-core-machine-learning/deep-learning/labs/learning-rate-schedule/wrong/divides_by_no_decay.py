"""Divides by the decay, also where there is none. Caught by: without warm up or decay."""


def learning_rate(step, steps, peak, warmup, decay, floor):
    """The rate of one step: up in a line, held, down in a line; see README.md."""
    if steps < 1:
        raise ValueError(f"steps is {steps}; a run takes at least 1")
    for name, number in (("step", step), ("warmup", warmup), ("decay", decay)):
        if number < 0:
            raise ValueError(f"{name} is {number}; it cannot be negative")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}; it is a share of the peak, from 0 to 1")
    rising = (step + 1) / warmup
    falling = max(0, steps - step) / decay
    if step < warmup:
        return peak * rising
    if step >= steps - decay:
        return peak * (floor + (1 - floor) * falling)
    return float(peak)
