"""A list of small layer objects, each with its own forward and backward."""

import numpy as np


class Dense:
    def __init__(self, w, b):
        self.w, self.b = w, b

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, g):
        self.gw, self.gb = np.einsum("ni,no->io", self.x, g, optimize=True), np.einsum("no->o", g)
        return g @ self.w.T


class Relu:
    def forward(self, x):
        self.open = x > 0
        return np.where(self.open, x, 0.0)

    def backward(self, g):
        return np.where(self.open, g, 0.0)


def build(params):
    layers = []
    for w, b in params:
        layers += [Dense(w, b), Relu()]
    return layers[:-1]


def run(layers, x):
    expected = layers[0].w.shape[0]
    if x.shape[1] != expected:
        raise ValueError(f"{x.shape[1]} columns for {expected} inputs")
    for layer in layers:
        x = layer.forward(x)
    return x


def forward(params, x):
    return run(build(params), x)


def predict(params, x):
    return np.argmax(forward(params, x), 1)


def backward(layers, x, y):
    logits = run(layers, x)
    shifted = np.exp(logits - logits.max(1, keepdims=True))
    p = shifted / shifted.sum(1, keepdims=True)
    one_hot = np.eye(logits.shape[1])[y]
    top = logits.max(1)
    loss = np.mean(np.log(shifted.sum(1)) + top - (logits * one_hot).sum(1))
    g = (p - one_hot) / len(y)
    for layer in reversed(layers):
        g = layer.backward(g)
    return float(loss)


def loss_and_gradients(params, x, y):
    layers = build(params)
    loss = backward(layers, x, y)
    return loss, [(layer.gw, layer.gb) for layer in layers[::2]]


def train(x, y, sizes, epochs, batch, rate, seed):
    rng = np.random.default_rng(seed)
    layers = build([(rng.standard_normal((a, b)) * (2 / a) ** 0.5, np.zeros(b)) for a, b in zip(sizes[:-1], sizes[1:], strict=True)])
    for _ in range(epochs):
        order = np.arange(len(y))
        rng.shuffle(order)
        for rows in np.array_split(order, range(batch, len(order), batch)):
            backward(layers, x[rows], y[rows])
            for layer in layers[::2]:
                layer.w = layer.w - rate * layer.gw
                layer.b = layer.b - rate * layer.gb
    return [(layer.w, layer.b) for layer in layers[::2]]
