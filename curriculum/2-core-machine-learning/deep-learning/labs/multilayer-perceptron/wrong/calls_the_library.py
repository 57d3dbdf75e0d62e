"""Leaves the way back to PyTorch. Stock: library-call. Caught by: the file uses only what the task allows."""

import numpy as np
import torch


def layers(params, x):
    if x.shape[1] != len(params[0][0]):
        raise ValueError(f"{x.shape[1]} columns for {len(params[0][0])} inputs")
    hidden = [x]
    for w, b in params[:-1]:
        hidden.append(np.maximum(hidden[-1] @ w + b, 0))
    return hidden, hidden[-1] @ params[-1][0] + params[-1][1]


def forward(params, x):
    return layers(params, x)[1]


def loss_and_gradients(params, x, y):
    forward(params, x)
    leaves = [[torch.tensor(part, requires_grad=True) for part in pair] for pair in params]
    h = torch.tensor(x)
    for at, (w, b) in enumerate(leaves):
        h = (h.relu() if at else h) @ w + b
    loss = torch.nn.functional.cross_entropy(h, torch.tensor(y).long())
    loss.backward()
    return loss.item(), [(np.asarray(w.grad), np.asarray(b.grad)) for w, b in leaves]


def predict(params, x):
    return forward(params, x).argmax(1)


def train(x, y, sizes, epochs, batch, rate, seed):
    if x.shape[1] != sizes[0]:
        raise ValueError(f"{x.shape[1]} columns for {sizes[0]} inputs")
    rng = np.random.default_rng(seed)
    params = [(rng.normal(size=(a, b)) * np.sqrt(2 / a), np.zeros(b)) for a, b in zip(sizes, sizes[1:])]
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            _, grads = loss_and_gradients(params, x[rows], y[rows])
            params = [(w - rate * gw, b - rate * gb) for (w, b), (gw, gb) in zip(params, grads)]
    return params
