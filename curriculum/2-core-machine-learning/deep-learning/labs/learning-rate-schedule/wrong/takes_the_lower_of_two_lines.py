"""Takes the smaller of warm-up and decay, which differs where a short run makes them overlap. Caught by: in a short run the warm up goes first."""


def learning_rate(step, steps, peak, warmup, decay, floor):
    for name, number, least in (("steps", steps, 1), ("step", step, 0), ("warmup", warmup, 0), ("decay", decay, 0)):
        if number < least:
            raise ValueError(f"{name} is {number}, expected at least {least}")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}, expected a share from 0 to 1")
    if step >= steps:
        return peak * floor
    rising = (step + 1) / warmup if step < warmup else 1.0
    falling = floor + (1 - floor) * (steps - step) / decay if step >= steps - decay else 1.0
    return peak * min(rising, falling)
