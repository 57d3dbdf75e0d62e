"""Checks of the recurrent network, from two steps by hand to gradients through padding."""

import math
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st


def tensors(rng, B=3, T=5, D=4, H=6, lengths=None, dtype=torch.float64):
    """x, lengths, W_x, W_h, bias and start, with weights small enough that tanh stays awake."""
    draw = lambda *shape, scale=1.0: torch.tensor(rng.normal(size=shape) * scale, dtype=dtype)
    lengths = torch.tensor(rng.integers(0, T + 1, B) if lengths is None else lengths)
    return draw(B, T, D), lengths, draw(D, H, scale=0.5), draw(H, H, scale=0.4), draw(H, scale=0.3), draw(B, H, scale=0.5)


def close(got, want, tolerance=1e-9):
    assert got.shape == want.shape, f"shape {tuple(got.shape)}, expected {tuple(want.shape)}"
    assert got.dtype == want.dtype, f"dtype {got.dtype}, expected {want.dtype}"
    torch.testing.assert_close(got, want, atol=tolerance, rtol=tolerance)


def test_two_steps_by_hand(learner):
    """One unit, W_x = 1, W_h = 2, bias 0, inputs 0.5 and 0: tanh(0.5) and then tanh(2 tanh(0.5))."""
    one = lambda *values: torch.tensor(values, dtype=torch.float64)
    got = learner.rnn(
        one(0.5, 0.0).view(1, 2, 1), torch.tensor([2]), one(1.0).view(1, 1), one(2.0).view(1, 1), one(0.0), one(0.0).view(1, 1)
    )
    first = math.tanh(0.5)
    close(got, one(first, math.tanh(2 * first), math.tanh(2 * first)).view(1, 3, 1))


def test_the_bias_is_inside_the_tanh(learner):
    """One unit, one word 0.5 of weight 1, bias -2, start 0.25 of weight 4: tanh(0.5 + 1 - 2) = tanh(-0.5)."""
    one = lambda *values: torch.tensor(values, dtype=torch.float64)
    got = learner.rnn(one(0.5).view(1, 1, 1), torch.tensor([1]), one(1.0).view(1, 1), one(4.0).view(1, 1), one(-2.0), one(0.25).view(1, 1))
    close(got, one(math.tanh(-0.5), math.tanh(-0.5)).view(1, 2, 1))


def test_full_sentences_equal_the_reference(learner, reference, rng):
    """No padding at all: three sentences of five words."""
    args = tensors(rng, lengths=[5, 5, 5])
    want = reference.rnn(*args)
    close(learner.rnn(*args), want)


def test_the_weights_are_not_transposed(learner):
    """Only W_h[0, 1] is 1: unit 0 of the state before feeds unit 1 of the state after, and not the other way round."""
    zero, wh = torch.zeros(1, 1, 2, dtype=torch.float64), torch.zeros(2, 2, dtype=torch.float64)
    wh[0, 1] = 1.0
    start = torch.tensor([[0.3, 0.7]], dtype=torch.float64)
    got = learner.rnn(zero, torch.tensor([1]), torch.zeros(2, 2, dtype=torch.float64), wh, torch.zeros(2, dtype=torch.float64), start)
    close(got[0, 0], torch.tensor([0.0, math.tanh(0.3)], dtype=torch.float64))


def test_states_beyond_the_end_are_zero(learner, rng):
    """Lengths 2, 0 and 5 of 5."""
    states = learner.rnn(*tensors(rng, lengths=[2, 0, 5]))
    assert states.shape == (3, 6, 6), f"shape {tuple(states.shape)}, expected (3, 6, 6)"
    assert not states[0, 2:5].any(), f"beyond the end of the first sentence the states are {states[0, 2:5]}"
    assert not states[1, :5].any(), f"the states of an empty sentence are {states[1, :5]}"
    assert states[2, :5].all() and states[0, :2].all(), "a state within a sentence is 0"


def test_the_final_state_is_that_of_the_last_word(learner, rng):
    """Lengths 2, 4 and 5 of 5: the last entry equals the state at positions 1, 3 and 4."""
    states = learner.rnn(*tensors(rng, lengths=[2, 4, 5]))
    close(states[:, 5], torch.stack([states[0, 1], states[1, 3], states[2, 4]]))


def test_an_empty_sentence_keeps_its_start(learner, rng):
    """Two of three sentences have no word: their final state is the one they were given."""
    args = tensors(rng, lengths=[0, 3, 0])
    want = args[5][[0, 2]].clone()
    states = learner.rnn(*args)
    close(states[[0, 2], 5], want)


def test_a_sentence_alone_equals_the_sentence_in_a_batch(learner, rng):
    """Without its padding, and without its neighbours."""
    x, lengths, *weights, start = tensors(rng, lengths=[2, 4, 5])
    together = learner.rnn(x, lengths, *weights, start)
    for i, n in enumerate([2, 4, 5]):
        alone = learner.rnn(x[i : i + 1, :n], lengths[i : i + 1], *weights, start[i : i + 1])
        close(together[i : i + 1, :n], alone[:, :n])
        close(together[i, 5], alone[0, n])


@pytest.mark.parametrize("filler", [float("nan"), float("inf"), -float("inf"), 1e30], ids=str)
def test_nothing_in_the_padding_is_ever_read(learner, rng, filler):
    """Nan, infinity or a huge number beyond the ends: the result is the same."""
    args = tensors(rng, lengths=[2, 4, 0])
    clean = learner.rnn(*args)
    args[0][0, 2:] = filler
    args[0][1, 4:] = filler
    args[0][2] = filler
    close(learner.rnn(*args), clean)


def test_gradients_equal_the_reference(learner, reference, rng):
    """With respect to the inputs, both weights, the bias and the start; one sentence is empty."""
    args = tensors(rng, B=4, lengths=[5, 3, 1, 0])
    weight = torch.tensor(rng.normal(size=(4, 6, 6)))
    wanting = [args[at].requires_grad_() for at in (0, 2, 3, 4, 5)]
    want = torch.autograd.grad((reference.rnn(*args) * weight).sum(), wanting)
    for got, expected in zip(learner.gradients("rnn", args, weight), want, strict=True):
        close(got, expected, 1e-8)


ASKING = {"the inputs": 0, "the weights of the inputs": 2, "the weights of the state": 3, "the bias": 4, "the start": 5}


@pytest.mark.parametrize("at", ASKING.values(), ids=ASKING)
def test_each_argument_alone_gets_its_gradient(learner, reference, rng, at):
    """One argument wants a gradient and the others want none."""
    args = tensors(rng, lengths=[5, 3, 0])
    weight = torch.tensor(rng.normal(size=(3, 6, 6)))
    wanting = args[at].requires_grad_()
    (want,) = torch.autograd.grad((reference.rnn(*args) * weight).sum(), wanting)
    (got,) = learner.gradients("rnn", args, weight)
    close(got, want, 1e-8)


def test_the_first_word_gets_a_gradient_from_the_last_state(learner, rng):
    """Nothing cuts the path through time: six steps back it is small and not zero."""
    args = tensors(rng, B=1, T=6, lengths=[6])
    args[0].requires_grad_()
    weight = torch.zeros(1, 7, 6, dtype=torch.float64)
    weight[:, 6] = 1.0
    (grad,) = learner.gradients("rnn", args, weight)
    assert grad[0, 0].abs().max() > 0, "the gradient of the first word is 0"


@pytest.mark.parametrize("filler, scale", [(float("nan"), 1), (float("inf"), 4), (3.0, 1)], ids=["nan", "infinity", "three"])
def test_no_gradient_comes_from_the_padding(learner, reference, rng, filler, scale):
    """Nan, infinity or an ordinary number in the padding: every gradient is as without it, and the padding's own exactly 0."""
    x, lengths, wx, *others = tensors(rng, lengths=[2, 4, 5])
    args = (x, lengths, scale * wx, *others)
    args[0][0, 2:], args[0][1, 4:] = 0.0, 0.0
    weight = torch.tensor(rng.normal(size=(3, 6, 6)))
    wanting = [args[at].requires_grad_() for at in (0, 2, 3, 4, 5)]
    want = torch.autograd.grad((reference.rnn(*args) * weight).sum(), wanting)
    with torch.no_grad():
        args[0][0, 2:], args[0][1, 4:] = filler, filler
    grads = learner.gradients("rnn", args, weight)
    for got, expected in zip(grads, want, strict=True):
        close(got, expected, 1e-8)
    assert not grads[0][0, 2:].any() and not grads[0][1, 4:].any(), "the padding has a gradient"


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), B=st.integers(1, 4), T=st.integers(1, 6), D=st.integers(1, 4), H=st.integers(1, 5))
def test_any_shape(learner, reference, seed, B, T, D, H):
    """One to four sentences of one to six positions, some of them empty, down to a single number of each."""
    args = tensors(np.random.default_rng(seed), B, T, D, H)
    want = reference.rnn(*args)
    close(learner.rnn(*args), want)


@pytest.mark.parametrize("dtype, tolerance", [(torch.float32, 1e-5), (torch.float64, 1e-12)], ids=["float32", "float64"])
def test_the_dtype_is_kept(learner, reference, rng, dtype, tolerance):
    """float32 stays float32 and float64 stays float64, in every digit."""
    args = tensors(rng, dtype=dtype, lengths=[5, 2, 0])
    want = reference.rnn(*args)
    close(learner.rnn(*args), want, tolerance)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_inputs_are_left_as_they_were(learner, rng, dtype):
    """Neither the inputs, padding included, nor the lengths, weights or start are changed."""
    assert learner.unchanged_by("rnn", tensors(rng, lengths=[2, 0, 5], dtype=dtype)), "an argument was changed"


@pytest.mark.parametrize("bad", [6, 23, -1, -3])
@pytest.mark.parametrize("at", [0, 2], ids=["the first", "the last"])
def test_impossible_lengths_are_refused(learner, rng, bad, at):
    """Five positions: a length of 6, 23, -1 or -3 raises ValueError with that length in the message."""
    lengths = [2, 4, 1]
    lengths[at] = bad
    with pytest.raises(ValueError) as error:
        learner.rnn(*tensors(rng, lengths=lengths))
    assert re.search(rf"(?<![\d-]){bad}(?!\d)", str(error.value)), f"the message should hold the length {bad}: {error.value}"


@pytest.mark.parametrize("lengths", [[2, 1], [2, 1, 3, 4], [2], [[2], [1], [3]], [[2, 1, 3]], []], ids=str)
def test_as_many_lengths_as_sentences(learner, rng, lengths):
    """Three sentences and two lengths, four, one for all, a column or a row of them, or none: ValueError."""
    x, _, *others = tensors(rng, lengths=[2, 1, 3])
    with pytest.raises(ValueError):
        learner.rnn(x, torch.tensor(lengths, dtype=torch.int64), *others)


def test_time(budget, rng):
    """A batch of 64 sentences of 20 words: one loop over time and none over the batch."""
    budget("rnn", tensors(rng, B=64, T=20, D=16, H=32, dtype=torch.float32), time_ratio=8)
