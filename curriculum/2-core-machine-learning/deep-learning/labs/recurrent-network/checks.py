"""Checks of the recurrent network, from two steps by hand to gradients through padding."""

import math

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
    torch.testing.assert_close(got, want, atol=tolerance, rtol=tolerance)


def test_two_steps_by_hand(learner):
    """One unit, W_x = 1, W_h = 2, bias 0, inputs 0.5 and 0: tanh(0.5) and then tanh(2 tanh(0.5))."""
    one = lambda *values: torch.tensor(values, dtype=torch.float64)
    got = learner.rnn(
        one(0.5, 0.0).view(1, 2, 1), torch.tensor([2]), one(1.0).view(1, 1), one(2.0).view(1, 1), one(0.0), one(0.0).view(1, 1)
    )
    first = math.tanh(0.5)
    close(got, one(first, math.tanh(2 * first), math.tanh(2 * first)).view(1, 3, 1))


def test_full_sentences_equal_the_reference(learner, reference, rng):
    args = tensors(rng, lengths=[5, 5, 5])
    close(learner.rnn(*args), reference.rnn(*args))


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
    assert not states[0, 2:5].any()
    assert not states[1, :5].any()
    assert states[2, :5].all()


def test_the_final_state_is_that_of_the_last_word(learner, rng):
    """Lengths 2, 4 and 5 of 5: the last entry equals the state at positions 1, 3 and 4."""
    states = learner.rnn(*tensors(rng, lengths=[2, 4, 5]))
    close(states[:, 5], torch.stack([states[0, 1], states[1, 3], states[2, 4]]))


def test_an_empty_sentence_keeps_its_start(learner, rng):
    args = tensors(rng, lengths=[0, 3, 0])
    states = learner.rnn(*args)
    close(states[[0, 2], 5], args[5][[0, 2]])


def test_a_sentence_alone_equals_the_sentence_in_a_batch(learner, rng):
    """Without its padding, and without its neighbours."""
    x, lengths, *weights, start = tensors(rng, lengths=[2, 4, 5])
    together = learner.rnn(x, lengths, *weights, start)
    for i, n in enumerate([2, 4, 5]):
        alone = learner.rnn(x[i : i + 1, :n], lengths[i : i + 1], *weights, start[i : i + 1])
        close(together[i : i + 1, :n], alone[:, :n])
        close(together[i, 5], alone[0, n])


def test_nan_in_the_padding_is_never_read(learner, rng):
    args = tensors(rng, lengths=[2, 4, 5])
    clean = learner.rnn(*args)
    args[0][0, 2:] = float("nan")
    args[0][1, 4:] = float("nan")
    close(learner.rnn(*args), clean)


def test_gradients_equal_the_reference(learner, reference, rng):
    """With respect to the inputs, both weights, the bias and the start."""
    args = tensors(rng, lengths=[5, 3, 1])
    weight = torch.tensor(rng.normal(size=(3, 6, 6)))
    wanting = [args[at].requires_grad_() for at in (0, 2, 3, 4, 5)]
    want = torch.autograd.grad((reference.rnn(*args) * weight).sum(), wanting)
    for got, expected in zip(learner.gradients("rnn", args, weight), want, strict=True):
        close(got, expected, 1e-8)


def test_the_first_word_gets_a_gradient_from_the_last_state(learner, rng):
    """Nothing cuts the path through time: six steps back it is small and not zero."""
    args = tensors(rng, B=1, T=6, lengths=[6])
    args[0].requires_grad_()
    weight = torch.zeros(1, 7, 6, dtype=torch.float64)
    weight[:, 6] = 1.0
    (grad,) = learner.gradients("rnn", args, weight)
    assert grad[0, 0].abs().max() > 0


def test_no_gradient_comes_from_the_padding(learner, rng):
    """Nan in the padding: every gradient is finite, and the padding's own is exactly 0."""
    args = tensors(rng, lengths=[2, 4, 5])
    args[0][0, 2:] = float("nan")
    for at in (0, 2, 3, 4, 5):
        args[at].requires_grad_()
    grads = learner.gradients("rnn", args, torch.ones(3, 6, 6, dtype=torch.float64))
    assert all(torch.isfinite(grad).all() for grad in grads)
    assert not grads[0][0, 2:].any()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), B=st.integers(1, 4), T=st.integers(1, 6), D=st.integers(1, 4), H=st.integers(1, 5))
def test_any_shape(learner, reference, seed, B, T, D, H):
    args = tensors(np.random.default_rng(seed), B, T, D, H)
    close(learner.rnn(*args), reference.rnn(*args))


def test_float32_stays_float32(learner, reference, rng):
    args = tensors(rng, dtype=torch.float32)
    got = learner.rnn(*args)
    assert got.dtype == torch.float32
    close(got, reference.rnn(*args), 1e-5)


def test_inputs_are_left_as_they_were(learner, rng):
    assert learner.unchanged_by("rnn", tensors(rng, lengths=[2, 0, 5]))


@pytest.mark.parametrize("lengths, word", [([2, 6, 1], "6"), ([2, -3, 1], "-3"), ([2, 1], "")])
def test_impossible_lengths_are_refused(learner, rng, lengths, word):
    with pytest.raises(ValueError) as error:
        learner.rnn(*tensors(rng, lengths=lengths))
    assert word in str(error.value)


def test_time(budget, rng):
    """A batch of 64 sentences of 20 words: one loop over time and none over the batch."""
    budget("rnn", tensors(rng, B=64, T=20, D=16, H=32, dtype=torch.float32), time_ratio=8)
