"""Each phase is a share of the peak; outside of the warm-up the share is what the decay leaves of 1."""


def learning_rate(step, steps, peak, warmup, decay, floor):
    wrong = [name for name, bad in {
        "steps": steps <= 0, "step": step < 0, "warmup": warmup < 0, "decay": decay < 0, "floor": floor < 0 or floor > 1,
    }.items() if bad]  # fmt: skip
    if wrong:
        raise ValueError("impossible: " + ", ".join(wrong))
    into = step - (steps - decay)  # how far into the decay
    if step >= steps:
        share = floor
    elif warmup and step + 1 <= warmup:
        share = (step + 1) / warmup
    elif into <= 0:
        share = 1.0
    else:
        share = 1.0 - (1.0 - floor) * into / decay
    return share * peak
