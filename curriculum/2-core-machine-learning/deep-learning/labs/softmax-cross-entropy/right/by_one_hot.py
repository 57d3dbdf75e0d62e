"""Works on all rows with a one-hot matrix of targets, and weights the rows by whether they count."""

import numpy as np


def cross_entropy(logits_nc, targets_n, ignore=-1):
    if logits_nc.ndim != 2:
        raise ValueError("logits must have two dimensions")
    n, c = logits_nc.shape
    if targets_n.shape != (n,):
        raise ValueError("one target a row")
    weight = (targets_n != ignore).astype(np.float64)
    bad = (weight > 0) & ~np.isin(targets_n, np.arange(c))
    if bad.any():
        raise ValueError(f"no such class: {targets_n[bad].tolist()}")
    weight /= max(weight.sum(), 1.0)
    x = logits_nc.astype(np.float64)
    top = x.max(axis=1, keepdims=True)
    top[~np.isfinite(top)] = 0.0
    log_p = x - top - np.log(np.exp(x - top).sum(axis=1, keepdims=True))
    one_hot = targets_n[:, None] == np.arange(c)
    loss = -np.where(one_hot & (weight[:, None] > 0), log_p * weight[:, None], 0.0).sum()
    grad = (np.exp(log_p) - one_hot) * weight[:, None]
    return float(loss), grad.astype(logits_nc.dtype)
