"""Refuses the right runs, with a message that does not say what is wrong with them. Caught by: impossible runs are refused."""


def learning_rate(step, steps, peak, warmup, decay, floor):
    if steps < 1 or min(step, warmup, decay) < 0 or not 0 <= floor <= 1:
        raise ValueError("this run is not possible: a number is too small or too large")
    if step >= steps:
        return peak * floor
    if step < warmup:
        return peak * (step + 1) / warmup
    if step >= steps - decay:
        left = (steps - step) / decay
        return peak * (floor + (1 - floor) * left)
    return peak
