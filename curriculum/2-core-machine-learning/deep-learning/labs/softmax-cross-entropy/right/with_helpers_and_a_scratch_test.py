"""Small helpers on the kept rows, np.add.at for the target's 1, and a scratch test against PyTorch at the end."""

import numpy as np


def check(logits, targets, ignore):
    if logits.ndim != 2:
        raise ValueError(f"logits: two axes, please, not {logits.ndim}")
    if targets.ndim != 1 or len(targets) != len(logits):
        raise ValueError(f"targets of shape {targets.shape} for {len(logits)} rows")
    known = np.append(np.arange(logits.shape[1]), ignore)
    unknown = np.setdiff1d(targets, known)
    if len(unknown) > 0:
        raise ValueError(f"unknown targets: {unknown.tolist()}")


def log_softmax(x):
    x = x - np.max(x, axis=-1)[:, None]
    return x - np.log(np.sum(np.exp(x), axis=-1))[:, None]


def cross_entropy(logits_nc, targets_n, ignore=-1):
    check(logits_nc, targets_n, ignore)
    grad = np.zeros(logits_nc.shape, dtype=logits_nc.dtype)
    (rows,) = np.nonzero(targets_n != ignore)
    if rows.size == 0:
        return 0.0, grad
    log_p = log_softmax(np.asarray(logits_nc[rows], dtype="float64"))
    targets = targets_n[rows].astype(int)
    loss = -np.take_along_axis(log_p, targets[:, None], axis=1).sum() / rows.size
    slope = np.exp(log_p)
    np.add.at(slope, (np.arange(rows.size), targets), -1.0)
    grad[rows] = slope / rows.size
    return loss.item(), grad


if __name__ == "__main__":
    import torch
    import torch.nn.functional as F

    logits = np.random.default_rng(0).normal(size=(5, 3))
    for targets in ([0, 1, 2, 0, 1], [-1, 1, -1, 0, 1]):
        print(cross_entropy(logits, np.array(targets))[0], F.cross_entropy(torch.tensor(logits), torch.tensor(targets), ignore_index=-1))
