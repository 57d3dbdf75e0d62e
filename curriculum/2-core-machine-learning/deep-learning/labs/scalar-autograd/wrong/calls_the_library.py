"""Lets PyTorch's autograd do the work, behind a Value of its own. Stock: library-call. Caught by: the file uses only what the task allows."""

import torch


class Value(torch.Tensor):
    def __new__(cls, data):
        value = torch.tensor(float(data), dtype=torch.float64).as_subclass(cls)
        value.requires_grad = True
        return value


def train_neuron(xs, ys, steps, rate):
    if not xs or len(xs) != len(ys):
        raise ValueError(f"{len(xs)} xs and {len(ys)} ys")
    w, b = Value(0.5), Value(0.0)
    for _ in range(steps):
        loss = sum(((w * x + b).tanh() - y) ** 2 for x, y in zip(xs, ys)) / len(xs)
        loss.backward()
        w, b = Value(w - rate * w.grad), Value(b - rate * b.grad)
    return float(w), float(b)
