"""Checks of RMSNorm, from one vector by hand to the gradient and the budget."""

import re

import pytest
import torch
from hypothesis import given, settings, strategies as st


def draw(rng, *shape, size=1.0, dtype=torch.float32):
    return torch.tensor(rng.normal(size=shape) * size).to(dtype)


def close(got, want, tolerance=1e-5):
    assert got.shape == want.shape, f"the result has shape {tuple(got.shape)}, expected {tuple(want.shape)}"
    assert got.dtype == want.dtype, f"the result has dtype {got.dtype}, expected {want.dtype}"
    torch.testing.assert_close(got, want, atol=tolerance, rtol=tolerance)


def test_three_and_four_by_hand(learner):
    """The mean square of (3, 4) is 12.5: the result is (0.849, 1.131), and with the scale (1, 2) it is (0.849, 2.263)."""
    x = torch.tensor([3.0, 4.0])
    close(learner.rms_norm(x, torch.ones(2), 0.0), torch.tensor([0.848528, 1.131371]))
    close(learner.rms_norm(x, torch.tensor([1.0, 2.0]), 0.0), torch.tensor([0.848528, 2.262742]))


def test_a_constant_vector_becomes_ones(learner):
    """No mean is subtracted: (7, 7, 7) becomes (1, 1, 1), and (-7, -7, -7) its negative."""
    x = torch.tensor([[7.0, 7.0, 7.0], [-7.0, -7.0, -7.0]])
    close(learner.rms_norm(x, torch.ones(3), 0.0), torch.tensor([[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]]))


@pytest.mark.parametrize("shape", [(2, 5, 16), (16, 16), (3, 200), (200, 3)], ids=["batch", "square", "wide", "tall"])
def test_equals_the_reference(learner, reference, rng, shape):
    """A batch of sequences, a square, wide and tall: entries and scales of both signs."""
    x, scale = draw(rng, *shape), draw(rng, shape[-1])
    want = reference.rms_norm(x, scale, 1e-5)
    close(learner.rms_norm(x, scale, 1e-5), want)


def test_each_vector_by_itself(learner, rng):
    """A thousandfold vector in the batch changes nothing for its neighbours."""
    x, scale = draw(rng, 2, 3, 8), draw(rng, 8)
    before = learner.rms_norm(x, scale, 1e-5)
    x[1, 2] *= 1000
    after = learner.rms_norm(x, scale, 1e-5)
    close(after[0], before[0])
    close(after[1, :2], before[1, :2])


def test_eps_is_added_inside_the_root(learner):
    """Entries of 0.001 have the mean square 1e-6; with eps 1e-6 they become the root of one half, not nearly 1."""
    close(learner.rms_norm(torch.full((4,), 1e-3), torch.ones(4), 1e-6), torch.full((4,), 0.5**0.5))
    close(learner.rms_norm(torch.full((2, 4), -3.0), torch.ones(4), 16.0), torch.full((2, 4), -0.6))


def test_zeros_stay_zeros(learner):
    """The vector is zero, and its gradient finite: with eps 1e-4 it is the scale divided by 0.01."""
    x = torch.zeros(2, 4, requires_grad=True)
    close(learner.rms_norm(torch.zeros(2, 4), torch.ones(4), 1e-5), torch.zeros(2, 4))
    (slope,) = learner.gradients("rms_norm", (x, torch.ones(4), 1e-4))
    close(slope, torch.full((2, 4), 100.0), 1e-3)


@settings(max_examples=25, deadline=None)
@given(lead=st.lists(st.integers(1, 4), max_size=3), d=st.integers(1, 9))
def test_any_leading_axes(learner, reference, rng, lead, d):
    """A single vector, a batch of sequences, heads of it: what stands before the last axis does not matter."""
    x, scale = draw(rng, *lead, d), draw(rng, d)
    want = reference.rms_norm(x, scale, 1e-5)
    close(learner.rms_norm(x, scale, 1e-5), want)


@pytest.mark.parametrize("shape", [(0, 4), (2, 0, 4)], ids=["no vectors", "no positions"])
def test_an_empty_batch_stays_empty(learner, shape):
    """No vectors, or sequences of no positions: nothing to do, and nothing wrong."""
    close(learner.rms_norm(torch.zeros(shape), torch.ones(4), 1e-5), torch.zeros(shape))


@settings(max_examples=25, deadline=None)
@given(power=st.integers(-15, 15), d=st.integers(1, 12))
def test_the_length_of_the_input_does_not_matter(learner, rng, power, d):
    """Without eps, a multiple of the input has the same output: from 1e-15 of it to 1e15."""
    x, scale = draw(rng, 3, d) + 0.1, draw(rng, d)
    close(learner.rms_norm(x * 10.0**power, scale, 0.0), learner.rms_norm(x, scale, 0.0), 1e-4)


KINDS = [torch.float32, torch.bfloat16, torch.float16]
NAMES = ["float32", "bfloat16", "float16"]


@pytest.mark.parametrize("scale_kind", KINDS, ids=[f"scale {name}" for name in NAMES])
@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_the_dtype_is_that_of_the_input(learner, kind, scale_kind):
    """Any of the three types for x, any for the scale: the result is as x is."""
    got = learner.rms_norm(torch.tensor([[7.0, -7.0]], dtype=kind), torch.tensor([2.0, 3.0], dtype=scale_kind), 0.0)
    close(got, torch.tensor([[2.0, -3.0]], dtype=kind), 1e-5)


@pytest.mark.parametrize("scale_kind", KINDS, ids=[f"scale {name}" for name in NAMES])
@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_it_is_rounded_once(learner, reference, rng, kind, scale_kind):
    """The answer is that of float32 arithmetic, scale included, rounded at the end."""
    x, scale = draw(rng, 64, 128, dtype=kind), draw(rng, 128, dtype=scale_kind)
    exact = reference.rms_norm(x.float(), scale.float(), 1e-5)
    want = exact.to(kind)
    got = learner.rms_norm(x, scale, 1e-5)
    assert got.dtype == kind, f"the result has dtype {got.dtype}, expected {kind}"
    assert got.shape == want.shape, f"the result has shape {tuple(got.shape)}, expected {tuple(want.shape)}"
    if kind == torch.float32:
        close(got, want, 1e-6)
    else:
        assert (got != want).float().mean() < 0.01, f"{int((got != want).sum())} of {want.numel()} entries were rounded on the way"


def test_squares_of_halves_do_not_overflow(learner):
    """300 squared is more than float16 can hold; in float32 it is nothing special."""
    x = torch.tensor([300.0, -300.0, 300.0, 300.0], dtype=torch.float16)
    want = torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float16)
    close(learner.rms_norm(x, torch.ones(4, dtype=torch.float16), 1e-5), want, 1e-3)


def test_gradients_equal_the_reference(learner, reference, rng):
    """For the input and for the scale; the root mean square depends on the input, too."""
    x, scale = draw(rng, 3, 4, 8).requires_grad_(), draw(rng, 8).requires_grad_()
    weight = draw(rng, 3, 4, 8)
    want = torch.autograd.grad((reference.rms_norm(x, scale, 1e-5) * weight).sum(), (x, scale))
    for got, expected in zip(learner.gradients("rms_norm", (x, scale, 1e-5), weight), want, strict=True):
        close(got, expected, 1e-4)


def test_the_gradient_is_at_right_angles_to_the_input(learner, rng):
    """Making a vector longer changes nothing, so no gradient points along it."""
    x = draw(rng, 6, 16).requires_grad_()
    (slope,) = learner.gradients("rms_norm", (x, torch.ones(16), 0.0), draw(rng, 6, 16))
    close((slope * x.detach()).sum(-1), torch.zeros(6), 1e-4)


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_inputs_are_left_as_they_were(learner, rng, kind):
    """Neither x nor the scale is changed, whichever type they have."""
    assert learner.unchanged_by("rms_norm", (draw(rng, 3, 8, dtype=kind), draw(rng, 8, dtype=kind), 1e-5)), "x or the scale was changed"


@pytest.mark.parametrize("shape", [(21,), (1,), (21, 34), (34, 34), (1, 34), (34, 1), ()], ids=str)
def test_a_scale_of_another_shape_is_refused(learner, shape):
    """Vectors of length 34 and a scale that is not (34,): ValueError that says both, also where it would broadcast."""
    with pytest.raises(ValueError) as error:
        learner.rms_norm(torch.ones(34, 34), torch.ones(shape), 1e-5)
    named = set(re.findall(r"\d+", str(error.value)))
    assert {"34", *map(str, shape)} <= named, f"the message should name 34 and the sizes {shape}: {error.value}"


@pytest.mark.parametrize("shape", [(8, 128, 256), (4096, 4), (2, 40_000)], ids=["a batch", "many short vectors", "few long ones"])
def test_time_and_memory(budget, rng, shape):
    """A few passes over the tensor, no loop over its vectors."""
    budget("rms_norm", (draw(rng, *shape), draw(rng, shape[-1]), 1e-5), time_ratio=6, memory_ratio=5)
