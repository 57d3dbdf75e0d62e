import numpy as np


def start(params):
    """The state before the first step: {"step": 0, "m": zeros, "v": zeros}."""
    zeros = lambda: {name: np.zeros_like(p) for name, p in params.items()}
    return {"step": 0, "m": zeros(), "v": zeros()}


def step(params, grads, state, rate=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0, decoupled=True):
    """One step of Adam: (the new parameters, the new state); see README.md."""
    for name in params.keys() ^ grads.keys():
        raise ValueError(f"{name!r} is among the parameters or among the gradients only")
    t = state["step"] + 1
    new_params, new_state = {}, {"step": t, "m": {}, "v": {}}
    for name, p in params.items():
        g = grads[name]
        if g.shape != p.shape:
            raise ValueError(f"the gradient of {name!r} has the shape {g.shape}, the parameter {p.shape}")
        if not decoupled:
            g = g + decay * p
        m = beta1 * state["m"][name] + (1 - beta1) * g
        v = beta2 * state["v"][name] + (1 - beta2) * g**2
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        moved = p - rate * m_hat / (np.sqrt(v_hat) + eps)
        if decoupled:
            moved = moved - rate * decay * p
        new_params[name] = moved.astype(p.dtype)
        new_state["m"][name], new_state["v"][name] = m.astype(p.dtype), v.astype(p.dtype)
    return new_params, new_state
