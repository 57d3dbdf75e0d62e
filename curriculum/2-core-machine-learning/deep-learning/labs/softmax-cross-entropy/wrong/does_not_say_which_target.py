"""Refuses the target and does not say which it was. Caught by: a target that is no class is refused."""

import numpy as np


def cross_entropy(logits_nc, targets_n, ignore=-1):
    if logits_nc.ndim != 2 or targets_n.shape != logits_nc.shape[:1]:
        raise ValueError(f"shapes {logits_nc.shape} and {targets_n.shape} do not fit")
    counts = targets_n != ignore
    bad = targets_n[counts & ((targets_n < 0) | (targets_n >= logits_nc.shape[1]))]
    if bad.size:
        raise ValueError(f"a target is not between 0 and {logits_nc.shape[1] - 1}")
    grad = np.zeros_like(logits_nc)
    if not counts.any():
        return 0.0, grad
    x = logits_nc[counts].astype(np.float64)
    x -= x.max(1, keepdims=True)
    log_p = x - np.log(np.exp(x).sum(1, keepdims=True))
    picked = np.arange(len(x)), targets_n[counts]
    loss = -log_p[picked].mean()
    p = np.exp(log_p)
    p[picked] -= 1
    grad[counts] = p / len(x)
    return float(loss), grad
