"""Returns w and b as Values. Caught by: one step of training by hand."""

import math


def lift(x):
    if isinstance(x, Value):
        return x
    if isinstance(x, (int, float)):
        return Value(x)
    raise TypeError(f"not a number: {x!r}")


class Value:
    def __init__(self, data, parents=()):
        self.data, self.grad, self.parents = data, 0.0, parents

    def __add__(self, other):
        other = lift(other)
        return Value(self.data + other.data, ((self, 1.0), (other, 1.0)))

    def __mul__(self, other):
        other = lift(other)
        return Value(self.data * other.data, ((self, other.data), (other, self.data)))

    def __pow__(self, n):
        if not isinstance(n, (int, float)):
            raise TypeError(f"not a number: {n!r}")
        return Value(self.data**n, ((self, n * self.data ** (n - 1) if n else 0.0),))

    def __truediv__(self, other):
        return self * lift(other) ** -1

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -lift(other)

    def __rsub__(self, other):
        return lift(other) - self

    def __rtruediv__(self, other):
        return lift(other) / self

    __radd__, __rmul__ = __add__, __mul__

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, ((self, 1 - t * t),))

    def exp(self):
        e = math.exp(self.data)
        return Value(e, ((self, e),))

    def relu(self):
        return Value(max(self.data, 0.0), ((self, float(self.data > 0)),))

    def backward(self):
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, done = stack.pop()
            if done:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(parent, False) for parent, _ in node.parents]
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in node.parents:
                parent.grad += slope * node.grad


def train_neuron(xs, ys, steps, rate):
    if not xs or len(xs) != len(ys):
        raise ValueError(f"{len(xs)} xs and {len(ys)} ys")
    w, b = Value(0.5), Value(0.0)
    for _ in range(steps):
        loss = sum(((w * x + b).tanh() - y) ** 2 for x, y in zip(xs, ys)) / len(xs)
        loss.backward()
        w, b = Value(w.data - rate * w.grad), Value(b.data - rate * b.grad)
    return w, b
