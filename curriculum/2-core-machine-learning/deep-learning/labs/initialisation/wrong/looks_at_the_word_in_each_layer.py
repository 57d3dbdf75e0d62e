"""Meets a wrong word only in a layer, and there may be none. Caught by: what is unknown is refused."""

import numpy as np

GAINS = {"linear": 1.0, "relu": 2**0.5}


def gain(after):
    if after not in GAINS:
        raise ValueError(f"{after} is neither linear nor relu")
    return GAINS[after]


def fan_in(shape):
    if len(shape) == 2:
        return shape[0]
    if len(shape) == 4:
        return shape[1] * shape[2] * shape[3]
    raise ValueError(f"two axes or four, not {shape}")


def initialise(shape, after, seed, kind="normal"):
    deviation = gain(after) / fan_in(shape) ** 0.5
    rng = np.random.default_rng(seed)
    if kind == "normal":
        return rng.normal(0, deviation, shape)
    if kind == "uniform":
        edge = 3**0.5 * deviation
        return rng.uniform(-edge, edge, shape)
    raise ValueError(f"the kind {kind} is unknown")


def sizes(x, weights, after):
    x = x.astype(float)
    out = []
    for w in weights:
        gain(after)
        x = x @ w
        if after == "relu":
            x = np.maximum(x, 0)
        out.append(float(np.sqrt((x**2).mean())))
    return out
