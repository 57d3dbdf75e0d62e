"""Prepares both lines before it looks which one counts, and divides by 0 where there is none. Stock: small-input. Caught by: without warm up or decay."""


def learning_rate(step, steps, peak, warmup, decay, floor):
    for name, number, least in (("steps", steps, 1), ("step", step, 0), ("warmup", warmup, 0), ("decay", decay, 0)):
        if number < least:
            raise ValueError(f"{name} is {number}, expected at least {least}")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}, expected a share from 0 to 1")
    rising = (step + 1) / warmup
    falling = (steps - step) / decay
    if step >= steps:
        return peak * floor
    if step < warmup:
        return peak * rising
    if step >= steps - decay:
        return peak * (floor + (1 - floor) * falling)
    return peak
