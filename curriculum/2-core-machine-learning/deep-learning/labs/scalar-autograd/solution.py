import math


def lift(x):
    """A Value as it is, a plain number as a new leaf."""
    if isinstance(x, Value):
        return x
    if isinstance(x, (int, float)):
        return Value(x)
    raise TypeError(f"a Value computes with numbers and Values, not with {type(x).__name__}")


class Value:
    """A number that remembers how it was computed; see README.md."""

    def __init__(self, data, parents=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents  # pairs: (operand, derivative of this value with respect to it)

    def __add__(self, other):
        other = lift(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = lift(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def __truediv__(self, other):
        other = lift(other)
        return Value(self.data / other.data, ((self, 1.0 / other.data), (other, -self.data / other.data**2)))

    def __pow__(self, exponent):
        if not isinstance(exponent, (int, float)):
            raise TypeError(f"the exponent is a plain number, not {type(exponent).__name__}")
        return Value(self.data**exponent, ((self, exponent * self.data ** (exponent - 1) if exponent else 0.0),))

    def __neg__(self):
        return Value(-self.data, ((self, -1.0),))

    def __sub__(self, other):
        return self + (-lift(other))

    def __rsub__(self, other):
        return lift(other) - self

    def __rtruediv__(self, other):
        return lift(other) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, ((self, 1.0 - t * t),))

    def exp(self):
        e = math.exp(self.data)
        return Value(e, ((self, e),))

    def relu(self):
        return Value(max(self.data, 0.0), ((self, 1.0 if self.data > 0 else 0.0),))

    def backward(self):
        """Fill `grad` of every value that this one was made from."""
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, operands_done = stack.pop()
            if operands_done:
                order.append(node)
            elif id(node) not in seen:
                seen.add(id(node))
                stack.append((node, True))
                stack.extend((parent, False) for parent, _ in node.parents)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):  # every use of a node comes before it
            for parent, derivative in node.parents:
                parent.grad += derivative * node.grad


def train_neuron(xs, ys, steps, rate):
    """Fit y = tanh(w x + b) by gradient descent on the mean squared error, from w = 0.5 and b = 0.0."""
    if not xs or len(xs) != len(ys):
        raise ValueError(f"as many xs as ys and at least one, not {len(xs)} and {len(ys)}")
    w, b = Value(0.5), Value(0.0)
    for _ in range(steps):
        loss = Value(0.0)
        for x, y in zip(xs, ys):
            loss = loss + ((w * x + b).tanh() - y) ** 2
        (loss / len(xs)).backward()
        w, b = Value(w.data - rate * w.grad), Value(b.data - rate * b.grad)
    return w.data, b.data
