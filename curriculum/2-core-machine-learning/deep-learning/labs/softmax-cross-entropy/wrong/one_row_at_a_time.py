"""A loop over the rows: right, and slow. Caught by: the file uses only what the task allows."""

import numpy as np


def cross_entropy(logits_nc, targets_n, ignore=-1):
    if logits_nc.ndim != 2 or targets_n.shape != logits_nc.shape[:1]:
        raise ValueError(f"shapes {logits_nc.shape} and {targets_n.shape} do not fit")
    counts = targets_n != ignore
    bad = targets_n[counts & ((targets_n < 0) | (targets_n >= logits_nc.shape[1]))]
    if bad.size:
        raise ValueError(f"target {bad[0]} is no class")
    grad = np.zeros_like(logits_nc)
    if not counts.any():
        return 0.0, grad
    n, loss = counts.sum(), 0.0
    for i in range(len(logits_nc)):
        if counts[i]:
            x = logits_nc[i].astype(np.float64)
            x -= x.max()
            log_p = x - np.log(np.exp(x).sum())
            loss -= log_p[targets_n[i]] / n
            p = np.exp(log_p)
            p[targets_n[i]] -= 1
            grad[i] = p / n
    return float(loss), grad
