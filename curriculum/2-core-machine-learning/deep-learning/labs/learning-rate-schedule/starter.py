def learning_rate(step: int, steps: int, peak: float, warmup: int, decay: int, floor: float) -> float:
    """The rate of one step: up in a line, held, down in a line; see README.md.

    step counts from 0 and steps is how many there are; warmup and decay are numbers of steps, floor is a share of the peak.
    """
    raise NotImplementedError
