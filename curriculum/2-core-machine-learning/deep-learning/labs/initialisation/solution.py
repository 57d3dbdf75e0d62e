import math

import numpy as np

GAINS = {"linear": 1.0, "relu": math.sqrt(2.0)}


def gain(after):
    if after not in GAINS:
        raise ValueError(f"{after!r} is none of {', '.join(GAINS)}")
    return GAINS[after]


def fan_in(shape):
    """How many products one output of the layer sums."""
    if len(shape) == 2:
        return shape[0]
    if len(shape) == 4:
        return shape[1] * shape[2] * shape[3]
    raise ValueError(f"a weight has two axes or four, not the shape {tuple(shape)}")


def initialise(shape, after, seed, kind="normal"):
    """Weights of variance gain² / fan-in, for a layer that is followed by `after`; see README.md."""
    deviation = gain(after) / math.sqrt(fan_in(shape))
    rng = np.random.default_rng(seed)
    if kind == "normal":
        return rng.normal(scale=deviation, size=shape)
    if kind == "uniform":
        edge = math.sqrt(3.0) * deviation
        return rng.uniform(-edge, edge, size=shape)
    raise ValueError(f"kind is 'normal' or 'uniform', not {kind!r}")


def sizes(x, weights, after):
    """The root mean square of the activations after each layer."""
    gain(after)
    x = x.astype(np.float64)
    out = []
    for w in weights:
        x = x @ w
        if after == "relu":
            x = np.maximum(x, 0.0)
        out.append(float(np.sqrt(np.mean(x**2))))
    return out
