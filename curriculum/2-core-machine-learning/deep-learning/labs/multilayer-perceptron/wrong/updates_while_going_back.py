"""Shows the lower layers weights that this step has already changed. Caught by: gradients equal the reference."""

import numpy as np


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
    hidden, logits = layers(params, x)
    rows = np.arange(len(x))
    logits = logits - logits.max(1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    loss = -log_p[rows, y].mean()
    g = np.exp(log_p)
    g[rows, y] -= 1
    g /= len(x)
    grads = []
    for h, (w, _) in zip(hidden[::-1], params[::-1]):
        grads.insert(0, (h.T @ g, g.sum(0)))
        g = g @ (w - 0.1 * grads[0][0]).T * (h > 0)
    return float(loss), grads


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
