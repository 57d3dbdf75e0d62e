"""Hands the step to PyTorch's optimiser. Stock: library-call. Caught by: the file uses only what the task allows."""

import numpy as np
import torch


def start(params):
    return {"step": 0, "m": {k: np.zeros_like(p) for k, p in params.items()}, "v": {k: np.zeros_like(p) for k, p in params.items()}}


def step(params, grads, state, rate=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0, decoupled=True):
    if params.keys() != grads.keys():
        raise ValueError(f"names differ: {params.keys() ^ grads.keys()}")
    weights = {k: torch.nn.Parameter(torch.tensor(p)) for k, p in params.items()}
    kind = torch.optim.AdamW if decoupled else torch.optim.Adam
    optimiser = kind(weights.values(), lr=rate, betas=(beta1, beta2), eps=eps, weight_decay=decay)
    for k, w in weights.items():
        if grads[k].shape != params[k].shape:
            raise ValueError(f"shape of {k}")
        w.grad = torch.tensor(grads[k]).to(w.dtype)
        m, v = torch.tensor(state["m"][k]), torch.tensor(state["v"][k])
        optimiser.state[w] = {"step": torch.tensor(float(state["step"])), "exp_avg": m, "exp_avg_sq": v}
    optimiser.step()
    m = {k: optimiser.state[w]["exp_avg"].numpy() for k, w in weights.items()}
    v = {k: optimiser.state[w]["exp_avg_sq"].numpy() for k, w in weights.items()}
    return {k: w.detach().numpy() for k, w in weights.items()}, {"step": state["step"] + 1, "m": m, "v": v}
