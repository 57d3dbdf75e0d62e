"""A frozen run that knows its phases, made anew for each call; the scratch test at the end prints the table of the task."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Run:
    steps: int
    peak: float
    warmup: int
    decay: int
    floor: float

    def __post_init__(self):
        if self.steps < 1:
            raise ValueError("steps must be positive")
        if self.warmup < 0:
            raise ValueError("warmup must not be negative")
        if self.decay < 0:
            raise ValueError("decay must not be negative")
        if self.floor < 0.0 or self.floor > 1.0:
            raise ValueError("floor must lie in [0, 1]")

    def phase(self, step):
        if step >= self.steps:
            return "over"
        if step < self.warmup:
            return "warm-up"
        return "decay" if self.steps - step <= self.decay else "flat"

    def rate(self, step):
        lowest = self.floor * self.peak
        match self.phase(step):
            case "over":
                return lowest
            case "warm-up":
                return self.peak / self.warmup * (step + 1)
            case "decay":
                return lowest + (self.peak - lowest) / self.decay * (self.steps - step)
            case _:
                return self.peak


def learning_rate(step: int, steps: int, peak: float, warmup: int, decay: int, floor: float) -> float:
    run = Run(steps, peak, warmup, decay, floor)
    if step < 0:
        raise ValueError("step must not be negative")
    return run.rate(step)


if __name__ == "__main__":
    for step in range(11):
        print(step, learning_rate(step, 10, 1.0, 2, 4, 0.2))
