"""Leaves it to PyTorch. Stock: library-call. Caught by: the file uses only what the task allows."""

import numpy as np
import torch
import torch.nn.functional as F


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
    x = torch.tensor(logits_nc, dtype=torch.float64, requires_grad=True)
    loss = F.cross_entropy(x[torch.tensor(counts)], torch.tensor(targets_n[counts]).long())
    loss.backward()
    return loss.item(), np.asarray(x.grad).astype(logits_nc.dtype)
