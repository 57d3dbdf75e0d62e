"""Aims at 0 and stops at the floor when it meets it: a steeper line, and then a flat piece. Caught by: the decay is a line to the floor."""


def learning_rate(step, steps, peak, warmup, decay, floor):
    """The rate of one step: up in a line, held, down in a line; see README.md."""
    if steps < 1:
        raise ValueError(f"steps is {steps}; a run takes at least 1")
    for name, number in (("step", step), ("warmup", warmup), ("decay", decay)):
        if number < 0:
            raise ValueError(f"{name} is {number}; it cannot be negative")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}; it is a share of the peak, from 0 to 1")
    if step < warmup:
        return peak * (step + 1) / warmup
    if step >= steps - decay:
        left = max(0, steps - step) / max(1, decay)
        return peak * max(floor, left)
    return float(peak)
