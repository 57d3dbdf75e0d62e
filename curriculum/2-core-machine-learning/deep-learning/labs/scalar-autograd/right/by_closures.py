"""Each result carries a function that hands its gradient on, and the order comes from counting uses (Kahn's algorithm)."""

import math


class Value:
    def __init__(self, data):
        self.data, self.grad = float(data), 0.0
        self._operands, self._push = (), lambda: None

    def _made(self, data, operands, push):
        out = Value(data)
        out._operands = operands
        out._push = lambda: push(out)
        return out

    @staticmethod
    def _value(x):
        if isinstance(x, Value):
            return x
        if type(x) in (int, float):
            return Value(x)
        return None

    def __add__(self, other):
        other = Value._value(other)
        if other is None:
            return NotImplemented

        def push(out):
            self.grad += out.grad
            other.grad += out.grad

        return self._made(self.data + other.data, (self, other), push)

    def __mul__(self, other):
        other = Value._value(other)
        if other is None:
            return NotImplemented

        def push(out):
            self.grad += other.data * out.grad
            other.grad += self.data * out.grad

        return self._made(self.data * other.data, (self, other), push)

    def __pow__(self, n):
        if type(n) not in (int, float):
            return NotImplemented

        def push(out):
            if n:
                self.grad += n * self.data ** (n - 1) * out.grad

        return self._made(self.data**n, (self,), push)

    def __truediv__(self, other):
        other = Value._value(other)
        return NotImplemented if other is None else self * other**-1

    def __rtruediv__(self, other):
        return Value._value(other) * self**-1

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        other = Value._value(other)
        return NotImplemented if other is None else self + other * -1

    def __rsub__(self, other):
        return Value._value(other) + self * -1

    __radd__, __rmul__ = __add__, __mul__

    def _unary(self, y, slope):
        def push(out):
            self.grad += slope * out.grad

        return self._made(y, (self,), push)

    def tanh(self):
        return self._unary(math.tanh(self.data), 1 - math.tanh(self.data) ** 2)

    def exp(self):
        return self._unary(math.exp(self.data), math.exp(self.data))

    def relu(self):
        return self._unary(self.data, 1.0) if self.data > 0 else self._unary(0.0, 0.0)

    def backward(self):
        uses, todo = {id(self): 0}, [self]
        while todo:
            node = todo.pop()
            node.grad = 0.0
            for operand in node._operands:
                if id(operand) not in uses:
                    uses[id(operand)] = 0
                    todo.append(operand)
                uses[id(operand)] += 1
        self.grad = 1.0
        ready = [self]
        while ready:
            node = ready.pop()
            node._push()
            for operand in node._operands:
                uses[id(operand)] -= 1
                if not uses[id(operand)]:
                    ready.append(operand)


def train_neuron(xs, ys, steps, rate):
    if len(xs) != len(ys) or len(xs) == 0:
        raise ValueError(f"{len(xs)} xs and {len(ys)} ys")
    w, b = Value(0.5), Value(0.0)
    for _ in range(steps):
        loss = sum(((x * w + b).tanh() - y) ** 2 for x, y in zip(xs, ys)) * (1 / len(xs))
        loss.backward()
        w.data -= rate * w.grad
        b.data -= rate * b.grad
    return w.data, b.data
