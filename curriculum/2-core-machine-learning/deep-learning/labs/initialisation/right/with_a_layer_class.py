"""A class for what follows a layer, a match on the shape, and a scratch test that draws as it likes."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.random import Generator, default_rng


@dataclass(frozen=True)
class After:
    gain: float
    apply: Callable


def relu(x):
    return x * (x > 0)


FOLLOWERS = {"linear": After(1, lambda x: x), "relu": After(2**0.5, relu)}


def look_up(after):
    follower = FOLLOWERS.get(after)
    if follower is None:
        raise ValueError(f"after = '{after}' is not known, only {list(FOLLOWERS)}")
    return follower


def fan_in(shape):
    match tuple(shape):
        case (inputs, _):
            return inputs
        case (_, inputs, height, width):
            return inputs * height * width
    raise ValueError("not a layer: " + " x ".join(str(size) for size in shape))


def draw(rng: Generator, kind: str, shape, std: float) -> np.ndarray:
    if kind == "normal":
        return rng.normal(0, std, shape)
    elif kind == "uniform":
        return rng.uniform(-std * np.sqrt(3), std * np.sqrt(3), shape)
    else:
        raise ValueError("kind '%s' is neither normal nor uniform" % kind)


def initialise(shape, after, seed, kind="normal"):
    return draw(default_rng(seed), kind, shape, look_up(after).gain / np.sqrt(fan_in(shape)))


def rms(x):
    return np.sqrt(np.square(x).mean()).item()


def sizes(x, weights, after):
    follower = look_up(after)
    activations = [np.asarray(x, dtype=float)]
    for w in weights:
        activations.append(follower.apply(np.dot(activations[-1], np.asarray(w, dtype=float))))
    return [rms(a) for a in activations[1:]]


if __name__ == "__main__":
    np.random.seed(0)
    layers = [initialise((100, 100), "relu", i) for i in range(20)]
    print(sizes(np.random.randn(50, 100), layers, "relu"))
