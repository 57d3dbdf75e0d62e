"""Checks of initialisation, from counting products to thirty layers measured."""

import math
import re
from itertools import pairwise

import numpy as np
import pytest


def close(got, want, tolerance=1e-9):
    """A list of Python floats, as many as wanted and of the same values."""
    assert isinstance(got, list), f"sizes is {type(got).__name__}, expected a list"
    assert len(got) == len(want), f"there are {len(got)} sizes, expected {len(want)}"
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def is_array(w, shape):
    assert w.shape == shape, f"the weights have shape {w.shape}, expected {shape}"
    assert w.dtype == np.float64, f"the weights have dtype {w.dtype}, expected float64"


def is_drawn(w, shape, variance):
    """Mean 0 and the variance within six standard errors, which are at most variance * sqrt(2 / n) for both kinds of draw."""
    is_array(w, shape)
    got = w.var()
    assert abs(got - variance) < 6 * variance * math.sqrt(2 / w.size), f"the variance is {got:.7f}, expected {variance:.7f}"
    assert abs(w.mean()) < 6 * math.sqrt(variance / w.size), f"the mean is {w.mean():.5f}, expected 0"


def part_within(w, edge):
    return float((np.abs(w) < edge).mean())


def test_a_dense_layer_sums_its_inputs(learner):
    """(300, 50): each of the fifty outputs sums 300 products. (1, 7): one product."""
    for shape, want in (((300, 50), 300), ((50, 300), 50), ((1, 7), 1)):
        got = learner.fan_in(shape)
        assert got == want, f"fan_in({shape}) is {got}, expected {want}"


def test_a_convolution_sums_channels_rows_and_columns(learner):
    """(16, 3, 5, 7): each output sums 3 * 5 * 7 = 105 products."""
    for shape, want in (((16, 3, 5, 7), 105), ((1, 2, 1, 1), 2)):
        got = learner.fan_in(shape)
        assert got == want, f"fan_in({shape}) is {got}, expected {want}"


@pytest.mark.parametrize("shape", [(400, 250), (50, 2000)])
def test_linear_layers_get_one_over_fan_in(learner, shape):
    """(400, 250): a variance of 1/400, a deviation of 0.05, a mean of 0."""
    is_drawn(learner.initialise(shape, "linear", 0), shape, 1 / shape[0])


@pytest.mark.parametrize("kind", ["normal", "uniform"])
def test_a_relu_needs_twice_the_variance(learner, kind):
    """(400, 250) before a relu: 2/400, for both kinds."""
    is_drawn(learner.initialise((400, 250), "relu", 1, kind), (400, 250), 2 / 400)


@pytest.mark.parametrize("kind", ["normal", "uniform"])
def test_a_convolution_is_scaled_by_all_it_sums(learner, kind):
    """(64, 32, 3, 5) before a relu: 2 / (32 * 15)."""
    is_drawn(learner.initialise((64, 32, 3, 5), "relu", 4, kind), (64, 32, 3, 5), 2 / 480)


def test_normal_weights_have_a_bell(learner):
    """Of a normal distribution 68.3% lies within one standard deviation, of a uniform one 57.7%; normal is the default."""
    for w in (learner.initialise((400, 250), "linear", 3), learner.initialise((400, 250), "linear", 3, "normal")):
        is_drawn(w, (400, 250), 1 / 400)
        assert abs(part_within(w, 0.05) - 0.6827) < 0.01, f"{part_within(w, 0.05):.1%} lies within one deviation, expected 68.3%"
        assert part_within(w, 0.15) < 0.999, "nothing lies beyond three deviations, where a bell has 0.3%"


def test_uniform_weights_are_even_between_two_edges(learner):
    """A uniform distribution on (-a, a) has variance a²/3: with 1/400 a is 0.0866, and half of the weights lie within half of it."""
    w, edge = learner.initialise((400, 250), "linear", 2, kind="uniform"), math.sqrt(3 / 400)
    is_drawn(w, (400, 250), 1 / 400)
    assert np.abs(w).max() <= edge * (1 + 1e-12), f"a weight of size {np.abs(w).max():.4f} lies beyond {edge:.4f}"
    assert w.max() > 0.99 * edge and w.min() < -0.99 * edge, f"the weights reach from {w.min():.4f} to {w.max():.4f}, not to {edge:.4f}"
    assert abs(part_within(w, edge / 2) - 0.5) < 0.01, f"{part_within(w, edge / 2):.1%} lies within half of the edge, expected 50%"


@pytest.mark.parametrize("kind", ["normal", "uniform"])
def test_a_single_weight_is_drawn_too(learner, kind):
    """(1, 1) before a relu, from three hundred seeds: mean 0 and variance 2, and no two alike."""
    w = np.concatenate([learner.initialise((1, 1), "relu", seed, kind) for seed in range(300)])
    is_drawn(w, (300, 1), 2.0)
    assert len(set(w.ravel().tolist())) == 300, "two seeds gave the same weight"


def test_no_outputs_get_no_weights(learner):
    """(5, 0) and (0, 3, 2, 2): arrays without entries."""
    for shape in ((5, 0), (0, 3, 2, 2)):
        for kind in ("normal", "uniform"):
            is_array(learner.initialise(shape, "relu", 0, kind), shape)


@pytest.mark.parametrize("kind", ["normal", "uniform"])
@pytest.mark.parametrize("seed", [0, 9])
def test_the_seed_decides_the_weights(learner, seed, kind):
    """The same seed twice gives the same weights, the next seed others. 0 is a seed like any other."""
    first, again, other = (learner.initialise((5, 4), "relu", s, kind) for s in (seed, seed, seed + 1))
    assert np.array_equal(first, again), f"seed {seed} gave two arrays"
    is_array(other, (5, 4))
    assert other.shape == (5, 4) and (first != other).all(), f"seeds {seed} and {seed + 1} share weights"


def test_sizes_by_hand(learner):
    """(3, 4) has size sqrt(12.5); times 2 and through a relu, then times -1, which leaves nothing."""
    x, twice, minus = np.array([[3.0, 4.0]]), 2 * np.eye(2), -np.eye(2)
    close(learner.sizes(x, [twice, minus], "relu"), [math.sqrt(50.0), 0.0])
    close(learner.sizes(x, [twice, minus], "linear"), [math.sqrt(50.0), math.sqrt(50.0)])


@pytest.mark.parametrize("after", ["linear", "relu"])
@pytest.mark.parametrize("batch", [1, 8])
def test_sizes_equal_the_reference(learner, reference, rng, batch, after):
    """Three layers of different widths, with a mean that is not 0."""
    x, weights = rng.normal(size=(batch, 5)) + 1, [rng.normal(size=(5, 7)), rng.normal(size=(7, 3)), rng.normal(size=(3, 6))]
    want = reference.sizes(x, weights, after)
    close(learner.sizes(x, weights, after), want)


def test_sizes_are_python_floats(learner):
    """One for each layer, and none for no layers."""
    got = learner.sizes(np.ones((2, 3)), [np.eye(3), np.eye(3)], "linear")
    close(got, [1.0, 1.0])
    assert [type(size) for size in got] == [float, float], f"a size is {type(got[0]).__name__}, expected float"
    close(learner.sizes(np.ones((2, 3)), [], "relu"), [])


@pytest.mark.parametrize("kind", ["float16", "float32", "int8"])
def test_sizes_are_computed_in_float64(learner, kind):
    """3 and 4, times 100 and then times 100: 50,000 and its square do not fit into float16, nor the products into int8."""
    x, w = np.array([[3, 4]]).astype(kind), np.array([[100, 0], [0, 100]]).astype(kind)
    want = [math.sqrt(12.5) * 100, math.sqrt(12.5) * 10_000]
    for after in ("linear", "relu"):
        close(learner.sizes(x, [w, w], after), want)
    third = np.array([[1 / 3]]).astype("float32")
    w = third.astype(kind) + 1
    want = [float(third[0, 0]) * float(w[0, 0])]
    close(learner.sizes(third, [w], "linear"), want, 1e-14)


@pytest.mark.parametrize("after", ["linear", "relu"])
def test_thirty_layers_keep_the_size(learner, reference, rng, after):
    """Widths up and down between 200 and 400: the size after each layer stays between 1/5 and 5, where chance has six deviations of room."""
    widths = [300 if i == 0 else (400 if i % 2 else 200) for i in range(31)]
    weights = [learner.initialise(shape, after, i) for i, shape in enumerate(pairwise(widths))]
    measured = reference.sizes(rng.normal(size=(64, 300)), weights, after)
    some = {i + 1: round(measured[i], 4) for i in (0, 9, 19, 29)}
    assert len(measured) == 30 and all(0.2 < size < 5.0 for size in measured), (
        f"the sizes after layers 1, 10, 20 and 30 are {some}, expected about 1"
    )


@pytest.mark.parametrize("shape", [(), (21,), (21, 34, 55), (21, 34, 55, 2, 3)])
def test_a_shape_of_no_layer_is_refused(learner, shape):
    """No axes, one, three and five: ValueError with the numbers of the shape, from both functions."""
    for name, more in (("fan_in", ()), ("initialise", ("relu", 0)), ("initialise", ("linear", 0, "uniform"))):
        with pytest.raises(ValueError) as error:
            getattr(learner, name)(shape, *more)
        named = set(re.findall(r"\d+", str(error.value)))
        assert {str(size) for size in shape} <= named, f"{name}: the message should name the sizes {shape}: {error.value}"


def test_what_is_unknown_is_refused(learner):
    """Other words for what follows, and for the kind of draw; none at all; sizes without layers: ValueError with the word."""
    tries = [
        ("swish", "initialise", (2, 3), "swish", 0),
        ("swish", "initialise", (2, 3), "swish", 0, "uniform"),
        ("ReLU", "initialise", (2, 3), "ReLU", 0),
        ("cauchy", "initialise", (2, 3), "relu", 0, "cauchy"),
        ("Normal", "initialise", (2, 3), "linear", 0, "Normal"),
        ("swish", "sizes", np.ones((1, 2)), [np.eye(2)], "swish"),
        ("swish", "sizes", np.ones((1, 2)), [], "swish"),
        ("", "sizes", np.ones((1, 2)), [np.eye(2)], ""),
        ("", "initialise", (2, 3), "", 0),
        ("", "initialise", (2, 3), "relu", 0, ""),
    ]
    for word, name, *args in tries:
        with pytest.raises(ValueError) as error:
            getattr(learner, name)(*args)
        assert re.search(rf"(?<!\w){word}(?!\w)", str(error.value)), f"{name}: the message should say {word!r}: {error.value}"


@pytest.mark.parametrize("after", ["linear", "relu"])
@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_inputs_are_left_as_they_were(learner, rng, after, kind):
    """x, the weights and the list that holds them."""
    x, weights = rng.normal(size=(3, 4)).astype(kind), [rng.normal(size=(4, 4)).astype(kind) for _ in range(2)]
    assert learner.unchanged_by("sizes", (x, weights, after)), "sizes changed an argument"
