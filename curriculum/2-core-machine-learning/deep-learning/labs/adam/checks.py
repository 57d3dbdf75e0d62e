"""Checks of Adam, from one weight by hand to a valley that plain descent cannot follow."""

import re

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-12):
    """Equal in shape, and in value to a tolerance relative to each entry, or 1e-15 where that is less."""
    assert np.shape(got) == np.shape(want), f"the array has shape {np.shape(got)}, expected {np.shape(want)}"
    np.testing.assert_allclose(got, want, rtol=tolerance, atol=1e-15)


def same(got, want, tolerance=1e-9):
    """Parameters and state: the same names, shapes, dtypes and values."""
    (got_params, got_state), (want_params, want_state) = got, want
    assert set(got_state) == {"step", "m", "v"}, f"the state has the keys {sorted(got_state)}, expected m, step and v"
    assert got_state["step"] == want_state["step"], f"step is {got_state['step']}, expected {want_state['step']}"
    for what, arrays, wanted in (
        ("the parameters", got_params, want_params), ("m", got_state["m"], want_state["m"]), ("v", got_state["v"], want_state["v"]),
    ):  # fmt: skip
        assert set(arrays) == set(wanted), f"{what} has the names {sorted(arrays)}, expected {sorted(wanted)}"
        for name, array in wanted.items():
            assert arrays[name].dtype == array.dtype, f"{name!r} in {what} is {arrays[name].dtype}, expected {array.dtype}"
            close(arrays[name], array, tolerance)


def one(value, dtype="float64"):
    """A dictionary with one weight."""
    return {"w": np.array([value], dtype=dtype)}


def setting(rng, decay=0.0):
    """Two parameters, five gradients for each, and keyword arguments that are all unlike the defaults."""
    params = {"kernel": rng.normal(size=(3, 4)), "bias": rng.normal(size=4)}
    grads = [{name: rng.normal(size=p.shape) for name, p in params.items()} for _ in range(5)]
    return params, grads, {"rate": 0.03, "beta1": 0.8, "beta2": 0.95, "eps": 1e-3, "decay": decay}


def run(module, params, grads, **options):
    """Parameters and state after one step for each of the gradients."""
    state = module.start(params)
    for g in grads:
        params, state = module.step(params, g, state, **options)
    return params, state


def test_start_is_all_zeros(learner, rng):
    """Step 0, and for each name an array of zeros like the parameter, in its dtype."""
    params = {"kernel": rng.normal(size=(2, 3)), "bias": rng.normal(size=3).astype(np.float32), "none": np.zeros((0, 2))}
    zeros = {"kernel": np.zeros((2, 3)), "bias": np.zeros(3, np.float32), "none": np.zeros((0, 2))}
    same(({}, learner.start(params)), ({}, {"step": 0, "m": zeros, "v": zeros}))


def test_first_step_by_hand(learner):
    """w = 1, g = 4, rate 0.1: after correction m = 4 and v = 16, so the weight moves by 0.1 * 4 / 4, whatever g is."""
    state = {"step": 0, "m": one(0.0), "v": one(0.0)}
    got = learner.step(one(1.0), one(4.0), state, rate=0.1)
    same(got, (one(0.9), {"step": 1, "m": one(0.4), "v": one(0.016)}), 1e-8)


def test_second_step_by_hand(learner):
    """Then g = 0: m = 0.36 and v = 0.015984, corrected 36/19 and 0.015984/0.001999."""
    state = {"step": 1, "m": one(0.4), "v": one(0.016)}
    got = learner.step(one(0.9), one(0.0), state, rate=0.1)
    moved = 0.9 - 0.1 * (0.36 / 0.19) / (0.015984 / 0.001999) ** 0.5
    same(got, (one(moved), {"step": 2, "m": one(0.36), "v": one(0.015984)}), 1e-8)


def test_five_steps_equal_the_reference(learner, reference, rng):
    """A matrix and a bias, no setting at its default: parameters and state after five steps from the learner's own start."""
    params, grads, options = setting(rng)
    want = run(reference, params, grads, **options)
    same(run(learner, params, grads, **options), want)


def test_epsilon_is_outside_the_root(learner):
    """A gradient of 1e-4 with eps 1e-4 takes half a step; inside the root it would be nearly nothing."""
    new, _ = learner.step(one(0.0), one(1e-4), learner.start(one(0.0)), rate=1.0, eps=1e-4)
    close(new["w"], [-0.5])


def test_decoupled_decay_by_hand(learner):
    """With no gradient a weight of 2 shrinks by rate * decay * 2 = 0.04, and the averages stay 0."""
    got = learner.step(one(2.0), one(0.0), learner.start(one(2.0)), rate=0.1, decay=0.2, decoupled=True)
    same(got, (one(1.96), {"step": 1, "m": one(0.0), "v": one(0.0)}))


def test_decoupled_decay_takes_the_weight_before_the_step(learner):
    """w = 2, g = 4, rate 0.5, decay 0.4: 2 - 0.5 - 0.5 * 0.4 * 2 = 1.1, where the moved weight of 1.5 would lose only 0.3."""
    new, _ = learner.step(one(2.0), one(4.0), learner.start(one(2.0)), rate=0.5, decay=0.4)
    close(new["w"], [1.1], 1e-8)


def test_decay_in_the_gradient_by_hand(learner):
    """The L2 kind sees a gradient of 0.2 * 2 = 0.4, whose first step is a whole rate, 0.1; the averages see it too."""
    got = learner.step(one(2.0), one(0.0), learner.start(one(2.0)), rate=0.1, decay=0.2, decoupled=False)
    same(got, (one(1.9), {"step": 1, "m": one(0.04), "v": one(0.00016)}), 1e-7)


@pytest.mark.parametrize("decoupled", [True, False])
def test_five_steps_with_decay_equal_the_reference(learner, reference, rng, decoupled):
    """Both kinds of decay, on weights of either sign."""
    params, grads, options = setting(rng, decay=0.3)
    want = run(reference, params, grads, decoupled=decoupled, **options)
    same(run(learner, params, grads, decoupled=decoupled, **options), want)


def test_the_defaults_are_those_of_the_papers(learner):
    """rate 0.001, beta1 0.9, beta2 0.999, eps 1e-8, no decay, and decoupled where there is decay."""
    state = learner.start(one(0.0))
    new, state = learner.step(one(0.0), one(1e-8), state)  # m and the root of v are both 1e-8, and so is eps: half a rate
    close(new["w"], [-0.0005], 1e-9)
    close(state["m"]["w"] * 1e9, [1.0], 1e-9)
    close(state["v"]["w"] * 1e19, [1.0], 1e-9)
    new, _ = learner.step(one(100.0), one(0.0), learner.start(one(100.0)))
    close(new["w"], [100.0], 0)
    new, _ = learner.step(one(100.0), one(0.0), learner.start(one(100.0)), decay=0.5)
    close(new["w"], [99.95])


@settings(max_examples=15, deadline=None)
@given(scale=st.sampled_from([1e-3, 1.0, 1e3]), steps=st.integers(1, 5))
def test_steps_do_not_depend_on_the_scale_of_the_gradient(learner, scale, steps):
    """Multiplying every gradient by a constant moves the weights by the same amounts, as long as eps is tiny."""
    rng = np.random.default_rng(steps)
    params, grads = {"w": np.zeros(3)}, [{"w": rng.normal(size=3)} for _ in range(steps)]
    scaled = [{"w": g["w"] * scale} for g in grads]
    close(run(learner, params, scaled, eps=1e-15)[0]["w"], run(learner, params, grads, eps=1e-15)[0]["w"], 1e-9)


@pytest.mark.parametrize("decoupled", [True, False])
@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_each_array_keeps_its_dtype(learner, reference, rng, kind, decoupled):
    """A float32 and a float64 parameter side by side, with gradients of either dtype, through three steps."""
    params = {"kernel": rng.normal(size=(3, 4)).astype(np.float32), "bias": rng.normal(size=5)}
    grads = [{name: rng.normal(size=p.shape).astype(kind) for name, p in params.items()} for _ in range(3)]
    want = run(reference, params, grads, decay=0.1, decoupled=decoupled)
    same(run(learner, params, grads, decay=0.1, decoupled=decoupled), want, 1e-4)


def test_nothing_to_train_is_no_error(learner):
    """A dictionary without names, and arrays of shapes (0,) and (2, 0): the step is counted all the same."""
    same(learner.step({}, {}, learner.start({})), ({}, {"step": 1, "m": {}, "v": {}}))
    nothing = lambda: {"a": np.zeros(0), "b": np.zeros((2, 0), np.float32)}
    same(learner.step(nothing(), nothing(), learner.start(nothing())), (nothing(), {"step": 1, "m": nothing(), "v": nothing()}))


@pytest.mark.parametrize("decoupled", [True, False])
def test_inputs_are_left_as_they_were(learner, rng, decoupled):
    """Parameters, gradients and the state, arrays and dictionaries, with and without decay; start leaves the parameters."""
    params, grads, _ = setting(rng)
    state = {"step": 3, "m": grads[1], "v": {name: g**2 for name, g in grads[2].items()}}
    for decay in (0.0, 0.1):
        args = (params, grads[0], state, 1e-3, 0.9, 0.999, 1e-8, decay, decoupled)
        assert learner.unchanged_by("step", args), "step changed the parameters, the gradients or the state"
    assert learner.unchanged_by("start", (params,)), "start changed the parameters"


def test_a_narrow_valley_is_descended(learner, reference):
    """f = 500 x^2 + y^2 / 2 from (1, 1): after 300 steps at rate 0.05 the learner is where the reference is, and close to 0."""
    slope = np.array([1000.0, 1.0])

    def descend(module):
        params = {"xy": np.array([1.0, 1.0])}
        state = module.start(params)
        for _ in range(300):
            params, state = module.step(params, {"xy": slope * params["xy"]}, state, rate=0.05)
        return params["xy"]

    want = descend(reference)
    got = descend(learner)
    np.testing.assert_allclose(got, want, atol=1e-6, rtol=0)
    assert np.abs(got).max() < 0.05, f"after 300 steps at {got}, expected both entries within 0.05 of 0"


@pytest.mark.parametrize(
    "names",
    [["kernel"], [], ["kernel", "bias", "scale"], ["kernel", "scale"]],
    ids=["one missing", "all missing", "one too many", "one another"],
)
def test_names_that_do_not_match_are_refused(learner, names):
    """A gradient too few, none at all, one too many, and one under another name: ValueError that names one of them."""
    params = {"kernel": np.ones(2), "bias": np.ones(2)}
    with pytest.raises(ValueError) as error:
        learner.step(params, {name: np.ones(2) for name in names}, learner.start(params))
    odd = set(names) ^ set(params)
    said = set(re.findall(r"[a-z]+", str(error.value)))
    assert odd & said, f"the message should name one of {sorted(odd)}: {error.value}"


def test_a_gradient_without_any_parameters_is_refused(learner):
    """No parameters, and a gradient named scale: ValueError that names it."""
    with pytest.raises(ValueError) as error:
        learner.step({}, {"scale": np.ones(2)}, learner.start({}))
    assert re.search(r"\bscale\b", str(error.value)), f"the message should name scale: {error.value}"


@pytest.mark.parametrize("shape", [(5, 3), (3,), (1, 3), (2, 1), (1, 1), (), (6,), (3, 2), (2, 3, 1), (1, 2, 3)])
def test_a_gradient_of_another_shape_is_refused(learner, shape):
    """For a parameter of shape (2, 3): ValueError with the name of the gradient, also where broadcasting would stretch it."""
    params = {"kernel": np.ones((2, 3)), "bias": np.ones(3)}
    with pytest.raises(ValueError) as error:
        learner.step(params, {"kernel": np.ones(shape), "bias": np.ones(3)}, learner.start(params))
    assert re.search(r"\bkernel\b", str(error.value)), f"the message should name kernel: {error.value}"


def test_time(budget, rng):
    """Four matrices of 200 by 100: whole arrays at a time, no Python loop over their entries."""
    params = {name: rng.normal(size=(200, 100)) for name in "abcd"}
    state = {"step": 4, "m": params, "v": {name: p**2 for name, p in params.items()}}
    budget("step", (params, params, state), time_ratio=8)
