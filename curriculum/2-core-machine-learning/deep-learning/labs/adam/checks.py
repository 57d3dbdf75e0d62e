"""Checks of Adam, from one weight by hand to a valley that plain descent cannot follow."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st


def close(got, want, tolerance=1e-9):
    np.testing.assert_allclose(got, want, atol=tolerance, rtol=tolerance)


def setting(rng, decay=0.0):
    """Two parameters, a gradient for each, and keyword arguments that are all unlike the defaults."""
    params = {"w": rng.normal(size=(3, 4)), "b": rng.normal(size=4)}
    grads = [{name: rng.normal(size=p.shape) for name, p in params.items()} for _ in range(5)]
    return params, grads, {"rate": 0.03, "beta1": 0.8, "beta2": 0.95, "eps": 1e-3, "decay": decay}


def run(module, params, grads, **settings_):
    """Parameters and state after one step for each of the gradients."""
    state = module.start(params)
    for g in grads:
        params, state = module.step(params, g, state, **settings_)
    return params, state


def same(got, want, tolerance=1e-9):
    (got_params, got_state), (want_params, want_state) = got, want
    assert got_state["step"] == want_state["step"]
    for name in want_params:
        close(got_params[name], want_params[name], tolerance)
        close(got_state["m"][name], want_state["m"][name], tolerance)
        close(got_state["v"][name], want_state["v"][name], tolerance)


def test_start_is_all_zeros(learner, rng):
    state = learner.start({"w": rng.normal(size=(2, 3))})
    assert state["step"] == 0
    close(state["m"]["w"], np.zeros((2, 3)))
    close(state["v"]["w"], np.zeros((2, 3)))


def test_first_step_by_hand(learner):
    """w = 1, g = 4, rate 0.1: after correction m = 4 and v = 16, so the weight moves by 0.1 * 4 / 4, whatever g is."""
    params = {"w": np.array([1.0])}
    new, state = learner.step(params, {"w": np.array([4.0])}, learner.start(params), rate=0.1)
    close(new["w"], [0.9], 1e-6)
    close(state["m"]["w"], [0.4])
    close(state["v"]["w"], [0.016])
    assert state["step"] == 1


def test_second_step_by_hand(learner):
    """Then g = 0: m = 0.36 and v = 0.015984, corrected 36/19 and 0.015984/0.001999."""
    params = {"w": np.array([1.0])}
    params, state = learner.step(params, {"w": np.array([4.0])}, learner.start(params), rate=0.1)
    params, state = learner.step(params, {"w": np.array([0.0])}, state, rate=0.1)
    close(state["m"]["w"], [0.36])
    close(params["w"], [0.9 - 0.1 * (0.36 / 0.19) / (0.015984 / 0.001999) ** 0.5], 1e-6)


def test_five_steps_equal_the_reference(learner, reference, rng):
    params, grads, options = setting(rng)
    same(run(learner, params, grads, **options), run(reference, params, grads, **options))


def test_epsilon_is_outside_the_root(learner):
    """A gradient of 1e-4 with eps 1e-4 takes half a step; inside the root it would be nearly nothing."""
    params = {"w": np.array([0.0])}
    new, _ = learner.step(params, {"w": np.array([1e-4])}, learner.start(params), rate=1.0, eps=1e-4)
    close(new["w"], [-0.5], 1e-6)


def test_decoupled_decay_by_hand(learner):
    """With no gradient a weight of 2 shrinks by rate * decay * 2 = 0.04, and the averages stay 0."""
    params = {"w": np.array([2.0])}
    new, state = learner.step(params, {"w": np.array([0.0])}, learner.start(params), rate=0.1, decay=0.2)
    close(new["w"], [1.96])
    close(state["m"]["w"], [0.0])


def test_decay_in_the_gradient_by_hand(learner):
    """The L2 kind sees a gradient of 0.2 * 2 = 0.4, whose first step is a whole rate, 0.1."""
    params = {"w": np.array([2.0])}
    new, state = learner.step(params, {"w": np.array([0.0])}, learner.start(params), rate=0.1, decay=0.2, decoupled=False)
    close(new["w"], [1.9], 1e-6)
    close(state["m"]["w"], [0.04])


@pytest.mark.parametrize("decoupled", [True, False])
def test_five_steps_with_decay_equal_the_reference(learner, reference, rng, decoupled):
    params, grads, options = setting(rng, decay=0.3)
    options["decoupled"] = decoupled
    same(run(learner, params, grads, **options), run(reference, params, grads, **options))


@settings(max_examples=20, deadline=None)
@given(scale=st.sampled_from([1e-3, 1.0, 1e3]), steps=st.integers(1, 6))
def test_steps_do_not_depend_on_the_scale_of_the_gradient(learner, scale, steps):
    """Multiplying every gradient by a constant moves the weights by the same amounts, as long as eps is tiny."""
    rng = np.random.default_rng(steps)
    params, grads = {"w": np.zeros(3)}, [{"w": rng.normal(size=3)} for _ in range(steps)]
    scaled = [{"w": g["w"] * scale} for g in grads]
    close(run(learner, params, scaled, eps=1e-15)[0]["w"], run(learner, params, grads, eps=1e-15)[0]["w"], 1e-9)


def test_float32_stays_float32(learner, rng):
    params = {"w": rng.normal(size=3).astype(np.float32)}
    new, state = learner.step(params, {"w": np.ones(3, dtype=np.float32)}, learner.start(params), decay=0.1)
    assert (new["w"].dtype, state["m"]["w"].dtype, state["v"]["w"].dtype) == (np.float32,) * 3


def test_inputs_are_left_as_they_were(learner, rng):
    """Parameters, gradients and the state, in the first step and later ones."""
    params, grads, _ = setting(rng)
    state = {"step": 3, "m": grads[1], "v": {name: g**2 for name, g in grads[2].items()}}
    assert learner.unchanged_by("step", (params, grads[0], state))


def test_a_narrow_valley_is_descended(learner, reference):
    """f = 500 x^2 + y^2 / 2 from (1, 1): after 300 steps at rate 0.05 the learner is where the reference is, and close to 0."""
    slope = np.array([1000.0, 1.0])

    def descend(module):
        params = {"xy": np.array([1.0, 1.0])}
        state = module.start(params)
        for _ in range(300):
            params, state = module.step(params, {"xy": slope * params["xy"]}, state, rate=0.05)
        return params["xy"]

    got = descend(learner)
    close(got, descend(reference), 1e-6)
    assert np.abs(got).max() < 0.05


@pytest.mark.parametrize(
    "grads, word",
    [({"w": np.ones(2)}, "b"), ({"w": np.ones(2), "b": np.ones(3), "c": np.ones(1)}, "c"), ({"w": np.ones(5), "b": np.ones(3)}, "w")],
)
def test_gradients_that_do_not_match_are_refused(learner, grads, word):
    params = {"w": np.ones(2), "b": np.ones(3)}
    with pytest.raises(ValueError) as error:
        learner.step(params, grads, learner.start(params))
    assert word in str(error.value)
