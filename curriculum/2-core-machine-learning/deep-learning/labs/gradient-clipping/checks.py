"""Checks of clipping, from two numbers by hand to half precision and the budget."""

import math

import pytest
import torch
from hypothesis import given, settings, strategies as st


def draw(rng, shapes=((3, 4), (7,), (2, 3, 2)), size=1.0, dtype=torch.float32):
    return [torch.tensor(rng.normal(size=shape) * size).to(dtype) for shape in shapes]


def close(got, want, tolerance=1e-5):
    torch.testing.assert_close(got, want, atol=tolerance, rtol=tolerance)


def joint(grads):
    return math.sqrt(sum(float((grad.double() ** 2).sum()) for grad in grads))


def test_three_and_four_by_hand(learner):
    """Joint norm 5, limit 1: both become a fifth, and the answer is 5."""
    a, b = torch.tensor([3.0]), torch.tensor([4.0])
    norm = learner.clip_([a, b], 1.0)
    close(norm, torch.tensor(5.0))
    close(a, torch.tensor([0.6]))
    close(b, torch.tensor([0.8]))


def test_short_gradients_keep_every_bit(learner, rng):
    """A joint norm under the limit is left alone, not stretched to it."""
    grads = draw(rng, size=0.01)
    before = [grad.clone() for grad in grads]
    close(learner.clip_(grads, 1.0), torch.tensor(joint(before)))
    assert all(torch.equal(grad, was) for grad, was in zip(grads, before))


def test_one_factor_for_all(learner, rng):
    """A long tensor and a short one shrink alike, and so does every entry: the direction is kept."""
    grads = draw(rng, shapes=((4,), (4,)), size=10.0)
    grads[1] *= 1e-3
    before = [grad.clone() for grad in grads]
    learner.clip_(grads, 2.0)
    for grad, was in zip(grads, before):
        close(grad / was, torch.full((4,), 2.0 / joint(before)), 1e-4)


def test_the_norm_after_is_the_limit(learner, rng):
    grads = draw(rng, size=30.0)
    learner.clip_(grads, 0.5)
    close(joint(grads), 0.5, 1e-4)


def test_the_tensors_themselves_change(learner, rng):
    """Handed over in a tuple, whose places nobody can fill anew."""
    grads = tuple(draw(rng, size=30.0))
    learner.clip_(grads, 0.5)
    close(joint(grads), 0.5, 1e-4)


@settings(max_examples=25, deadline=None)
@given(
    shapes=st.lists(st.lists(st.integers(0, 4), max_size=3), min_size=1, max_size=5),
    size=st.sampled_from([1e-4, 0.3, 1.0, 1e4]),
    limit=st.sampled_from([0.1, 1.0, 50.0, math.inf]),
)
def test_any_shapes_and_any_limit(learner, rng, shapes, size, limit):
    """Tensors without axes or without entries among them: each becomes itself times min(1, limit / norm)."""
    grads = draw(rng, [tuple(shape) for shape in shapes], size)
    before = [grad.clone() for grad in grads]
    norm = joint(before)
    close(learner.clip_(grads, limit), torch.tensor(norm), 1e-4)
    factor = min(1.0, limit / norm) if norm else 1.0
    for grad, was in zip(grads, before):
        close(grad, was * factor, 1e-4)


def test_zeros_stay_zeros(learner):
    grads = [torch.zeros(3), torch.zeros(2, 2)]
    close(learner.clip_(grads, 1.0), torch.tensor(0.0))
    assert all(bool((grad == 0).all()) for grad in grads)


def test_nothing_to_clip(learner):
    """The norm of no gradients is 0."""
    close(learner.clip_([], 1.0), torch.tensor(0.0))


def test_without_a_limit_it_only_measures(learner, rng):
    grads = draw(rng, size=1e3)
    before = [grad.clone() for grad in grads]
    close(learner.clip_(grads, math.inf), torch.tensor(joint(before)), 1e-4)
    assert all(torch.equal(grad, was) for grad, was in zip(grads, before))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_measured_in_float32(learner, dtype):
    """A hundred entries of 300: their squares do not fit into float16, and the norm of 3,000 needs more digits than bfloat16 has."""
    grads = [torch.full((100,), 300.0, dtype=dtype), torch.full((1,), 40.0, dtype=dtype)]
    norm = learner.clip_(grads, 30.0)
    assert norm.dtype == torch.float32
    close(norm, torch.tensor(math.hypot(3000.0, 40.0)), 1e-6)
    assert [grad.dtype for grad in grads] == [dtype, dtype]
    close(grads[0].float(), torch.full((100,), 3.0), 1e-2)


@pytest.mark.parametrize("number", [math.inf, math.nan])
def test_what_is_not_finite_is_told(learner, rng, number):
    """One spoiled number among thousands, and the norm says so."""
    grads = draw(rng, shapes=((40, 50), (7,)))
    grads[0][3, 4] = number
    assert not torch.isfinite(learner.clip_(grads, 1.0))


@pytest.mark.parametrize("limit", [0.0, -1.0, math.nan])
def test_impossible_limits_are_refused(learner, rng, limit):
    with pytest.raises(ValueError) as error:
        learner.clip_(draw(rng), limit)
    assert str(limit).removesuffix(".0") in str(error.value)


def test_time(budget, rng):
    """Twelve matrices: a pass to measure and a pass to scale, no loop over entries."""
    # A repeated call finds them short enough, and need not scale: whoever always scales does twice the work, on a busy machine five times.
    budget("clip_", (draw(rng, [(128, 128)] * 12), 1.0), time_ratio=20)
