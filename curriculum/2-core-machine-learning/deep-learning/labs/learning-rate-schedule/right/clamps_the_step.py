"""Treats every step after the end as the end itself, and tells the phases apart by nested ifs."""


def not_negative(**numbers):
    for name in numbers:
        if numbers[name] < 0:
            raise ValueError(f"{name}={numbers[name]} is negative")


def learning_rate(step, steps, peak, warmup, decay, floor):
    not_negative(step=step, steps=steps, warmup=warmup, decay=decay, floor=floor)
    if steps == 0:
        raise ValueError("steps=0: there is no run")
    if floor > 1:
        raise ValueError(f"floor={floor} is above the peak")
    left = max(steps - step, 0)
    if left == 0:
        return peak * floor
    if step >= warmup:
        if left < decay:
            r = left / decay
            return peak * r + peak * floor * (1 - r)
        return peak
    return peak * ((step + 1) / warmup)
