import numpy as np


def activations(params, x):
    """What goes into each layer, and at the end the logits."""
    inputs = params[0][0].shape[0]
    if x.shape[1] != inputs:
        raise ValueError(f"the first layer takes {inputs} columns, not {x.shape[1]}")
    inputs_of = [x]
    for w, b in params[:-1]:
        inputs_of.append(np.maximum(inputs_of[-1] @ w + b, 0.0))
    w, b = params[-1]
    return inputs_of, inputs_of[-1] @ w + b


def forward(params, x):
    """The logits, (N, classes): dense layers with a relu after each but the last."""
    return activations(params, x)[1]


def loss_and_gradients(params, x, y):
    """The mean softmax cross-entropy of the batch, and its gradient for every weight and bias."""
    inputs_of, logits = activations(params, x)
    rows = np.arange(len(x))
    logits = logits - logits.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(logits).sum(axis=1, keepdims=True))
    loss = float(np.mean(log_sum[:, 0] - logits[rows, y]))
    grad = np.exp(logits - log_sum)
    grad[rows, y] -= 1.0
    grad /= len(x)
    grads = []
    for layer in range(len(params) - 1, -1, -1):
        grads.append((inputs_of[layer].T @ grad, grad.sum(axis=0)))
        if layer:  # through the weights, then through the relu that made this layer's input
            grad = (grad @ params[layer][0].T) * (inputs_of[layer] > 0)
    return loss, grads[::-1]


def predict(params, x):
    """The class of the largest logit of each row."""
    return forward(params, x).argmax(axis=1)


def train(x, y, sizes, epochs, batch, rate, seed):
    """Parameters trained from He's initialisation by plain minibatch gradient descent; see README.md."""
    rng = np.random.default_rng(seed)
    params = [(rng.normal(scale=np.sqrt(2 / a), size=(a, b)), np.zeros(b)) for a, b in zip(sizes, sizes[1:])]
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            _, grads = loss_and_gradients(params, x[rows], y[rows])
            params = [(w - rate * gw, b - rate * gb) for (w, b), (gw, gb) in zip(params, grads)]
    return params
