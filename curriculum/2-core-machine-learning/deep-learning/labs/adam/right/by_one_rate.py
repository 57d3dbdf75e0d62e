"""Folds both corrections into the step size, as the paper suggests at the end of its section 2, and shrinks the weight first."""
import math

import numpy as np


def start(params):
    return {
        "step": 0,
        "m": {k: np.zeros(p.shape, p.dtype) for k, p in params.items()},
        "v": {k: np.zeros(p.shape, p.dtype) for k, p in params.items()},
    }


def step(params, grads, state, rate=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0, decoupled=True):
    if set(params) != set(grads):
        raise ValueError("names differ: " + ", ".join(sorted(set(params) ^ set(grads))))
    for k in params:
        if np.shape(grads[k]) != np.shape(params[k]):
            raise ValueError(f"shape of {k}")
    t = state["step"] + 1
    grow = math.sqrt(1 - beta2**t)
    scale = rate * grow / (1 - beta1**t)
    out, m_out, v_out = {}, {}, {}
    for k, p in params.items():
        g = grads[k] if decoupled else grads[k] + p * decay
        m_out[k] = (state["m"][k] + (1 - beta1) * (g - state["m"][k])).astype(p.dtype)
        v_out[k] = (state["v"][k] + (1 - beta2) * (g * g - state["v"][k])).astype(p.dtype)
        q = p * (1 - rate * decay) if decoupled else p
        out[k] = (q - scale * m_out[k] / (np.sqrt(v_out[k]) + eps * grow)).astype(p.dtype)
    return out, {"step": t, "m": m_out, "v": v_out}
