import numpy as np


def cross_entropy(logits_nc, targets_n, ignore=-1):
    """Mean cross-entropy over the rows that are not ignored, and its gradient with respect to the logits; see README.md."""
    if logits_nc.ndim != 2 or targets_n.shape != logits_nc.shape[:1]:
        raise ValueError(f"logits (N, C) and targets (N,) are needed, not {logits_nc.shape} and {targets_n.shape}")
    counts_n = targets_n != ignore
    classes = logits_nc.shape[1]
    strange = targets_n[counts_n & ((targets_n < 0) | (targets_n >= classes))]
    if strange.size:
        raise ValueError(f"target {strange[0]} is not one of the {classes} classes")
    rows = np.flatnonzero(counts_n)
    grad_nc = np.zeros_like(logits_nc)
    if not len(rows):
        return 0.0, grad_nc
    x_mc = logits_nc[rows].astype(np.float64)
    x_mc -= x_mc.max(axis=1, keepdims=True)
    e_mc = np.exp(x_mc)
    sum_m1 = e_mc.sum(axis=1, keepdims=True)
    picked = np.arange(len(rows)), targets_n[rows]
    loss = np.mean(np.log(sum_m1[:, 0]) - x_mc[picked])
    p_mc = e_mc / sum_m1
    p_mc[picked] -= 1.0
    grad_nc[rows] = p_mc / len(rows)
    return float(loss), grad_nc
