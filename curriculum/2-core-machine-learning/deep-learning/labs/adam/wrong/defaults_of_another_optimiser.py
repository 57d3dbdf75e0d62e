"""Copies the defaults of PyTorch's AdamW, which decays by 0.01. Caught by: the defaults are those of the papers."""

import numpy as np


def start(params):
    return {"step": 0, "m": {k: np.zeros_like(p) for k, p in params.items()}, "v": {k: np.zeros_like(p) for k, p in params.items()}}


def step(params, grads, state, rate=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=1e-2, decoupled=True):
    if params.keys() != grads.keys():
        raise ValueError(f"names differ: {params.keys() ^ grads.keys()}")
    t, out, m, v = state["step"] + 1, {}, {}, {}
    for k, p in params.items():
        g = grads[k]
        if g.shape != p.shape:
            raise ValueError(f"gradient of {k}: {g.shape}, parameter: {p.shape}")
        if not decoupled:
            g = g + decay * p
        m[k] = (beta1 * state["m"][k] + (1 - beta1) * g).astype(p.dtype)
        v[k] = (beta2 * state["v"][k] + (1 - beta2) * g**2).astype(p.dtype)
        m_hat, v_hat = m[k] / (1 - beta1**t), v[k] / (1 - beta2**t)
        new = p - rate * m_hat / (np.sqrt(v_hat) + eps)
        if decoupled:
            new = new - rate * decay * p
        out[k] = new.astype(p.dtype)
    return out, {"step": t, "m": m, "v": v}
