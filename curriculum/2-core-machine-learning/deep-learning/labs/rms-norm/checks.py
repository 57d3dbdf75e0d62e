"""Checks of RMSNorm, from one vector by hand to the gradient and the budget."""

import pytest
import torch
from hypothesis import given, settings, strategies as st


def draw(rng, *shape, size=1.0, dtype=torch.float32):
    return torch.tensor(rng.normal(size=shape) * size).to(dtype)


def close(got, want, tolerance=1e-5):
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


def test_equals_the_reference(learner, reference, rng):
    x, scale = draw(rng, 2, 5, 16), draw(rng, 16)
    close(learner.rms_norm(x, scale, 1e-5), reference.rms_norm(x, scale, 1e-5))


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


def test_zeros_stay_zeros(learner):
    """The vector and its gradient are finite."""
    x = torch.zeros(2, 4, requires_grad=True)
    close(learner.rms_norm(torch.zeros(2, 4), torch.ones(4), 1e-5), torch.zeros(2, 4))
    (slope,) = learner.gradients("rms_norm", (x, torch.ones(4), 1e-5))
    assert torch.isfinite(slope).all(), f"the gradient at zero is {slope}"


@settings(max_examples=25, deadline=None)
@given(lead=st.lists(st.integers(1, 4), max_size=3), d=st.integers(1, 9))
def test_any_leading_axes(learner, reference, rng, lead, d):
    """A single vector, a batch of sequences, heads of it: what stands before the last axis does not matter."""
    x, scale = draw(rng, *lead, d), draw(rng, d)
    close(learner.rms_norm(x, scale, 1e-5), reference.rms_norm(x, scale, 1e-5))


@settings(max_examples=25, deadline=None)
@given(factor=st.floats(1e-3, 1e6), d=st.integers(1, 12))
def test_the_length_of_the_input_does_not_matter(learner, rng, factor, d):
    """Without eps, a multiple of the input has the same output."""
    x, scale = draw(rng, 3, d), draw(rng, d)
    close(learner.rms_norm(x * factor, scale, 0.0), learner.rms_norm(x, scale, 0.0), 1e-4)


def test_bfloat16_is_rounded_once(learner, reference, rng):
    """The answer is that of float32 arithmetic, scale included, rounded at the end."""
    x, scale = draw(rng, 64, 128, dtype=torch.bfloat16), draw(rng, 128)
    got = learner.rms_norm(x, scale, 1e-5)
    assert got.dtype == torch.bfloat16
    want = reference.rms_norm(x.float(), scale, 1e-5).to(torch.bfloat16)
    assert (got != want).float().mean() < 0.01, f"{int((got != want).sum())} of {want.numel()} entries were rounded on the way"


def test_squares_of_halves_do_not_overflow(learner):
    """300 squared is more than float16 can hold; in float32 it is nothing special."""
    x = torch.tensor([300.0, -300.0, 300.0, 300.0], dtype=torch.float16)
    close(learner.rms_norm(x, torch.ones(4, dtype=torch.float16), 1e-5), torch.tensor([1.0, -1.0, 1.0, 1.0], dtype=torch.float16), 1e-3)


def test_gradients_equal_the_reference(learner, reference, rng):
    """For the input and for the scale; the root mean square depends on the input, too."""
    x, scale = draw(rng, 3, 4, 8).requires_grad_(), draw(rng, 8).requires_grad_()
    weight = draw(rng, 3, 4, 8)
    want = torch.autograd.grad((reference.rms_norm(x, scale, 1e-5) * weight).sum(), (x, scale))
    for got, expected in zip(learner.gradients("rms_norm", (x, scale, 1e-5), weight), want):
        close(got, expected, 1e-4)


def test_the_gradient_is_at_right_angles_to_the_input(learner, rng):
    """Making a vector longer changes nothing, so no gradient points along it."""
    x = draw(rng, 6, 16).requires_grad_()
    (slope,) = learner.gradients("rms_norm", (x, torch.ones(16), 0.0), draw(rng, 6, 16))
    close((slope * x.detach()).sum(-1), torch.zeros(6), 1e-4)


def test_inputs_are_left_as_they_were(learner, rng):
    assert learner.unchanged_by("rms_norm", (draw(rng, 3, 8), draw(rng, 8), 1e-5))


@pytest.mark.parametrize("shape", [(3,), (1,), (2, 4)])
def test_a_scale_of_another_shape_is_refused(learner, shape):
    """Also a scale of length 1, which would broadcast."""
    with pytest.raises(ValueError) as error:
        learner.rms_norm(torch.ones(2, 4), torch.ones(*shape), 1e-5)
    assert "4" in str(error.value) and str(shape[0]) in str(error.value)


def test_time_and_memory(budget, rng):
    """A few passes over the tensor, no loop over its vectors."""
    budget("rms_norm", (draw(rng, 8, 128, 256), draw(rng, 256), 1e-5), time_ratio=5, memory_ratio=4)
