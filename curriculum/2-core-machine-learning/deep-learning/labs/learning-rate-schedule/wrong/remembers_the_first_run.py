"""Makes the table of a run once, and uses it for every other run of that length. Caught by: it depends on its arguments alone."""

tables = {}


def learning_rate(step, steps, peak, warmup, decay, floor):
    for name, number, least in (("steps", steps, 1), ("step", step, 0), ("warmup", warmup, 0), ("decay", decay, 0)):
        if number < least:
            raise ValueError(f"{name} is {number}, expected at least {least}")
    if not 0 <= floor <= 1:
        raise ValueError(f"floor is {floor}, expected a share from 0 to 1")
    if steps not in tables:
        tables[steps] = [rate(at, steps, peak, warmup, decay, floor) for at in range(steps)]
    return tables[steps][step] if step < steps else peak * floor


def rate(step, steps, peak, warmup, decay, floor):
    if step < warmup:
        return peak * (step + 1) / warmup
    if step >= steps - decay:
        left = (steps - step) / decay
        return peak * (floor + (1 - floor) * left)
    return peak
