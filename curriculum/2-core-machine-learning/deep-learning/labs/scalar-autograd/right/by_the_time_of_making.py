"""Every value carries a number that counts upwards, so that going backwards in time is an order; a scratch test at the end."""

from math import exp, tanh


class Value:
    made = 0

    def __init__(self, data, *edges):
        self.data = data
        self.grad = 0.0
        self.edges = edges
        Value.made += 1
        self.at = Value.made

    @classmethod
    def of(cls, thing):
        if not isinstance(thing, (cls, int, float)):
            raise TypeError("a Value or a number is expected, got " + type(thing).__name__)
        return thing if isinstance(thing, cls) else cls(thing)

    def __add__(self, other):
        other = self.of(other)
        return Value(self.data + other.data, (self, 1), (other, 1))

    def __sub__(self, other):
        other = self.of(other)
        return Value(self.data - other.data, (self, 1), (other, -1))

    def __mul__(self, other):
        other = self.of(other)
        return Value(self.data * other.data, (self, other.data), (other, self.data))

    def __truediv__(self, other):
        other = self.of(other)
        q = self.data / other.data
        return Value(q, (self, 1 / other.data), (other, -q / other.data))

    def __radd__(self, other):
        return self.of(other) + self

    def __rsub__(self, other):
        return self.of(other) - self

    def __rmul__(self, other):
        return self.of(other) * self

    def __rtruediv__(self, other):
        return self.of(other) / self

    def __neg__(self):
        return 0 - self

    def __pow__(self, n):
        if isinstance(n, Value) or not isinstance(n, (int, float)):
            raise TypeError("the exponent has to be a number")
        slope = 0 if n == 0 else n * self.data ** (n - 1)
        return Value(self.data**n, (self, slope))

    def tanh(self):
        y = tanh(self.data)
        return Value(y, (self, (1 - y) * (1 + y)))

    def exp(self):
        y = exp(self.data)
        return Value(y, (self, y))

    def relu(self):
        if self.data <= 0:
            return Value(0.0, (self, 0))
        return Value(self.data, (self, 1))

    def backward(self):
        graph = {self.at: self}
        todo = [self]
        for node in todo:
            node.grad = 0.0
            for operand, _ in node.edges:
                if operand.at not in graph:
                    graph[operand.at] = operand
                    todo.append(operand)
        self.grad = 1.0
        for at in sorted(graph, reverse=True):
            for operand, slope in graph[at].edges:
                operand.grad += graph[at].grad * slope


def train_neuron(xs, ys, steps, rate):
    pairs = list(zip(xs, ys))
    if len(xs) != len(ys):
        raise ValueError("xs and ys differ in length")
    if not pairs:
        raise ValueError("nothing to learn from")
    w, b = 0.5, 0.0
    for _ in range(steps):
        weight, bias = Value(w), Value(b)
        errors = [(weight * x + bias).tanh() - y for x, y in pairs]
        total = errors[0] * errors[0]
        for error in errors[1:]:
            total += error * error
        loss = total / len(pairs)
        loss.backward()
        w -= rate * weight.grad
        b -= rate * bias.grad
    return w, b


if __name__ == "__main__":
    import numpy as np

    x = np.linspace(-2, 2, 9).tolist()
    print(train_neuron(x, [tanh(2 * v - 1) for v in x], 300, 1.0))
