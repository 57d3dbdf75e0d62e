"""Checks of initialisation, from counting products to thirty layers measured."""

import math

import numpy as np
import pytest


def close(got, want, tolerance=1e-9):
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def variance_is(weights, want):
    """Within five standard errors, which are at most want * sqrt(2 / n) for both kinds of draw."""
    assert abs(weights.var() - want) < 5 * want * math.sqrt(2 / weights.size), f"variance {weights.var():.6f}, expected {want:.6f}"


def test_a_dense_layer_sums_its_inputs(learner):
    """(300, 50): each of the fifty outputs sums 300 products."""
    assert learner.fan_in((300, 50)) == 300


def test_a_convolution_sums_channels_rows_and_columns(learner):
    """(16, 3, 5, 7): each output sums 3 * 5 * 7 = 105 products."""
    assert learner.fan_in((16, 3, 5, 7)) == 105


def test_linear_layers_get_one_over_fan_in(learner):
    """(400, 250): a variance of 1/400, a deviation of 0.05, a mean of 0."""
    w = learner.initialise((400, 250), "linear", 0)
    assert w.shape == (400, 250)
    assert w.dtype == np.float64
    variance_is(w, 1 / 400)
    assert abs(w.mean()) < 5 * 0.05 / math.sqrt(w.size)


def test_a_relu_needs_twice_the_variance(learner):
    """(400, 250) before a relu: 2/400."""
    variance_is(learner.initialise((400, 250), "relu", 1), 2 / 400)


def test_uniform_weights_have_the_same_variance(learner):
    """A uniform distribution on (-a, a) has variance a²/3; none of the weights lies beyond a."""
    w = learner.initialise((400, 250), "relu", 2, kind="uniform")
    variance_is(w, 2 / 400)
    assert np.abs(w).max() <= math.sqrt(3 * 2 / 400) * (1 + 1e-12)
    assert abs(w.mean()) < 5 * math.sqrt(2 / 400 / w.size)


def test_normal_weights_have_a_bell(learner):
    """Of a normal distribution 68.3% lies within one standard deviation; of a uniform one 57.7%."""
    w = learner.initialise((400, 250), "linear", 3)
    assert abs((np.abs(w) < 0.05).mean() - 0.6827) < 5 * math.sqrt(0.6827 * 0.3173 / w.size)


def test_a_convolution_is_scaled_by_all_it_sums(learner):
    """(64, 32, 3, 3) before a relu: 2 / (32 * 9)."""
    variance_is(learner.initialise((64, 32, 3, 3), "relu", 4), 2 / 288)


def test_the_seed_decides_the_weights(learner):
    first, again, other = (learner.initialise((5, 4), "relu", seed) for seed in (9, 9, 10))
    close(first, again, 0)
    assert (first != other).any()


def test_sizes_by_hand(learner):
    """(3, 4) has size sqrt(12.5); times 2 and through a relu, then times -1, which leaves nothing."""
    x, twice, minus = np.array([[3.0, 4.0]]), 2 * np.eye(2), -np.eye(2)
    close(learner.sizes(x, [twice, minus], "relu"), [math.sqrt(50.0), 0.0])
    close(learner.sizes(x, [twice, minus], "linear"), [math.sqrt(50.0), math.sqrt(50.0)])


def test_sizes_equal_the_reference(learner, reference, rng):
    x, weights = rng.normal(size=(8, 5)), [rng.normal(size=(5, 7)), rng.normal(size=(7, 3))]
    for after in ("linear", "relu"):
        close(learner.sizes(x, weights, after), reference.sizes(x, weights, after))


@pytest.mark.parametrize("after", ["linear", "relu"])
def test_thirty_layers_keep_the_size(learner, reference, rng, after):
    """Widths that go up and down between 200 and 400: the size after every layer stays between 1/5 and 5, where chance has six standard deviations of room."""
    widths = [300 if i == 0 else (400 if i % 2 else 200) for i in range(31)]
    weights = [learner.initialise((a, b), after, i) for i, (a, b) in enumerate(zip(widths, widths[1:]))]
    measured = reference.sizes(rng.normal(size=(64, 300)), weights, after)
    assert all(0.2 < size < 5.0 for size in measured), f"after layers 1, 10, 20 and 30: {[round(measured[i], 4) for i in (0, 9, 19, 29)]}"


@pytest.mark.parametrize(
    "call, word",
    [
        (("fan_in", (3,)), "3"),
        (("fan_in", (2, 3, 4)), "4"),
        (("initialise", (2, 3), "swish", 0), "swish"),
        (("initialise", (2, 3), "relu", 0, "cauchy"), "cauchy"),
        (("sizes", np.ones((1, 2)), [np.eye(2)], "swish"), "swish"),
    ],
)
def test_what_is_unknown_is_refused(learner, call, word):
    name, *args = call
    with pytest.raises(ValueError) as error:
        getattr(learner, name)(*args)
    assert word in str(error.value)


def test_inputs_are_left_as_they_were(learner, rng):
    assert learner.unchanged_by("sizes", (rng.normal(size=(3, 4)), [rng.normal(size=(4, 4))], "relu"))
