class Value:
    """A number that remembers how it was computed; see README.md."""

    def __init__(self, data: float):
        raise NotImplementedError

    # + - * / ** and the unary minus, tanh(), exp() and relu() are yours to add.

    def backward(self) -> None:
        """Fill `grad` of every value that this one was made from."""
        raise NotImplementedError


def train_neuron(xs: list[float], ys: list[float], steps: int, rate: float) -> tuple[float, float]:
    """Fit y = tanh(w x + b) by gradient descent on the mean squared error, from w = 0.5 and b = 0.0."""
    raise NotImplementedError
