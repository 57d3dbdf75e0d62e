"""A small class for one parameter's averages, which works in float64 throughout, and a scratch test against PyTorch."""

from copy import deepcopy
from dataclasses import dataclass

import numpy as np


@dataclass
class Averages:
    m: np.ndarray
    v: np.ndarray

    def see(self, g, beta1, beta2):
        self.m = beta1 * self.m + (1.0 - beta1) * g
        self.v = beta2 * self.v + (1.0 - beta2) * np.square(g)

    def direction(self, t, beta1, beta2, eps):
        return self.m / (1.0 - beta1**t) / (eps + np.sqrt(self.v / (1.0 - beta2**t)))


def start(params):
    m = {name: 0 * array for name, array in params.items()}
    return dict(step=0, m=m, v=deepcopy(m))


def step(params, grads, state, rate=1e-3, beta1=0.9, beta2=0.999, eps=1e-8, decay=0.0, decoupled=True):
    for name in params:
        if name not in grads:
            raise ValueError(f"there is no gradient for {name}")
    for name in grads:
        if name not in params:
            raise ValueError(f"the gradient {name} belongs to no parameter")
        if np.shape(grads[name]) != params[name].shape:
            raise ValueError(f"{name}: wrong shape")
    new, state = {}, {"step": state["step"] + 1, "m": dict(state["m"]), "v": dict(state["v"])}
    for name in params:
        weight, g = params[name].astype("float64"), grads[name].astype("float64")
        averages = Averages(state["m"][name].astype("float64"), state["v"][name].astype("float64"))
        averages.see(g if decoupled else g + decay * weight, beta1, beta2)
        change = averages.direction(state["step"], beta1, beta2, eps)
        if decoupled:
            change += decay * weight
        kind = params[name].dtype
        new[name] = (weight - rate * change).astype(kind)
        state["m"][name], state["v"][name] = averages.m.astype(kind), averages.v.astype(kind)
    return new, state


if __name__ == "__main__":
    import torch

    w = torch.nn.Parameter(torch.tensor([2.0, -1.0]))
    optimiser = torch.optim.AdamW([w], lr=0.1, weight_decay=0.3)
    mine = {"w": np.array([2.0, -1.0])}
    memory = start(mine)
    for _ in range(4):
        optimiser.zero_grad()
        (w**3).sum().backward()
        optimiser.step()
        mine, memory = step(mine, {"w": 3 * mine["w"] ** 2}, memory, rate=0.1, decay=0.3)
        print(w.tolist(), mine["w"])
