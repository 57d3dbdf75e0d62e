"""Checks of clipping, from two numbers by hand to half precision and the budget."""

import math
import re

import pytest
import torch
from hypothesis import given, settings, strategies as st


def draw(rng, shapes=((3, 4), (7,), (2, 3, 2)), size=1.0, dtype=torch.float32):
    return [torch.tensor(rng.normal(size=shape) * size).to(dtype) for shape in shapes]


def close(got, want, tolerance=1e-5):
    """A tensor of the wanted shape, dtype and values, with a relative tolerance."""
    assert got.shape == want.shape, f"the tensor has shape {tuple(got.shape)}, expected {tuple(want.shape)}"
    assert got.dtype == want.dtype, f"the tensor has dtype {got.dtype}, expected {want.dtype}"
    torch.testing.assert_close(got, want, atol=0.0, rtol=tolerance)


def is_norm(got, want, tolerance=1e-5):
    """A float32 tensor without axes."""
    assert isinstance(got, torch.Tensor), f"the norm is {type(got).__name__}, expected a tensor"
    close(got, torch.tensor(float(want), dtype=torch.float32), tolerance)


def joint(grads):
    return math.sqrt(sum(float((grad.double() ** 2).sum()) for grad in grads))


def are_same(grads, before):
    for grad, was in zip(grads, before, strict=True):
        close(grad, was, 0.0)


def are_scaled(grads, before, factor, tolerance=1e-5):
    for grad, was in zip(grads, before, strict=True):
        close(grad, (was.double() * factor).to(was.dtype), tolerance)


def test_three_and_four_by_hand(learner):
    """Joint norm 5, limit 1: both become a fifth, and the answer is 5."""
    a, b = torch.tensor([3.0]), torch.tensor([4.0])
    is_norm(learner.clip_([a, b], 1), 5.0)
    close(a, torch.tensor([0.6]))
    close(b, torch.tensor([0.8]))


@pytest.mark.parametrize("limit", [5.0, 5.5, 100.0])
def test_short_gradients_keep_every_bit(learner, rng, limit):
    """A joint norm of 5 at or under the limit is left alone, not stretched to it; so is a short one drawn at random."""
    for grads in ([torch.tensor([3.0]), torch.tensor([[4.0]])], draw(rng, size=0.01)):
        before = [grad.clone() for grad in grads]
        is_norm(learner.clip_(grads, limit), joint(before))
        are_same(grads, before)


def test_one_factor_for_all(learner, rng):
    """A long tensor and a short one shrink alike, and so does every entry: the direction is kept."""
    grads = draw(rng, shapes=((4,), (4,)), size=10.0)
    grads[1] *= 1e-3
    before = [grad.clone() for grad in grads]
    learner.clip_(grads, 2.0)
    are_scaled(grads, before, 2.0 / joint(before))


def test_the_norm_after_is_the_limit(learner, rng):
    """Drawn with a joint norm of about 160, limit 0.5."""
    grads = draw(rng, size=30.0)
    learner.clip_(grads, 0.5)
    assert abs(joint(grads) - 0.5) < 1e-5, f"the joint norm after is {joint(grads):.6f}, expected 0.5"


@pytest.mark.parametrize("size", [1e-7, 1e-5, 1e5, 1e9])
def test_very_short_and_very_long_gradients(learner, size):
    """(3, 4) times a small or a large number, with a limit of a fifth of the norm: nothing is added to what is divided by."""
    grads = [torch.tensor([3.0 * size, 0.0]), torch.tensor([-4.0 * size])]
    before = [grad.clone() for grad in grads]
    is_norm(learner.clip_(grads, size), 5 * size)
    are_scaled(grads, before, 0.2)


def test_the_tensors_themselves_change(learner, rng):
    """Handed over in a tuple, whose places nobody can fill anew, and in a list, which holds the same tensors afterwards."""
    for kind in (tuple, list):
        tensors = draw(rng, size=30.0)
        before = [grad.clone() for grad in tensors]
        learner.clip_(kind(tensors), 0.5)
        are_scaled(tensors, before, 0.5 / joint(before))


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
    is_norm(learner.clip_(grads, limit), norm, 1e-4)
    are_scaled(grads, before, min(1.0, limit / norm) if norm else 1.0, 1e-4)


def test_any_memory_layout(learner, rng):
    """A transposed matrix, and one with its axes in another order: not in one piece, and clipped all the same."""
    grads = [
        torch.tensor(rng.normal(size=(3, 4)), dtype=torch.float32).T,
        torch.tensor(rng.normal(size=(2, 3, 4)), dtype=torch.float32).permute(2, 0, 1),
    ]
    before = [grad.clone() for grad in grads]
    is_norm(learner.clip_(grads, 0.5), joint(before))
    are_scaled(grads, before, 0.5 / joint(before))


def test_types_side_by_side(learner):
    """(3) in float32, (4) in float16 and (12) in bfloat16: joint norm 13, and each keeps its type."""
    grads = [torch.tensor([3.0]), torch.tensor([4.0], dtype=torch.float16), torch.tensor([12.0], dtype=torch.bfloat16)]
    before = [grad.clone() for grad in grads]
    is_norm(learner.clip_(grads, 6.5), 13.0)
    are_scaled(grads, before, 0.5, 1e-2)
    is_norm(learner.clip_(grads[::-1], 3.25), 6.5)
    are_scaled(grads, before, 0.25, 1e-2)


def test_zeros_stay_zeros(learner):
    """A norm of 0, with any limit: nothing is divided by it."""
    for limit in (1.0, 1e-30, math.inf):
        grads = [torch.zeros(3), torch.zeros(2, 2), torch.zeros(2, dtype=torch.float16)]
        before = [grad.clone() for grad in grads]
        is_norm(learner.clip_(grads, limit), 0.0)
        are_same(grads, before)


def test_nothing_to_clip(learner):
    """The norm of no gradients is 0, and so is that of tensors without entries."""
    for grads in ([], (), [torch.zeros(0)], [torch.zeros(0, 3), torch.zeros(2, 0)]):
        is_norm(learner.clip_(grads, 1.0), 0.0)


def test_without_a_limit_it_only_measures(learner, rng):
    """Every bit is kept, however long the gradients are."""
    for grads in (draw(rng, size=1e3), draw(rng, size=1e3, dtype=torch.float16)):
        before = [grad.clone() for grad in grads]
        is_norm(learner.clip_(grads, math.inf), joint(before), 1e-4)
        are_same(grads, before)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=["float16", "bfloat16"])
def test_half_precision_is_measured_in_float32(learner, dtype):
    """A hundred entries of 300: their squares do not fit into float16, and the norm of 3,000.27 needs more digits than bfloat16 has."""
    grads = [torch.full((100,), 300.0, dtype=dtype), torch.full((1,), 40.0, dtype=dtype)]
    before = [grad.clone() for grad in grads]
    norm = math.hypot(3000.0, 40.0)
    is_norm(learner.clip_(grads, 30.0), norm, 1e-6)
    are_scaled(grads, before, 30.0 / norm, 1e-2)
    long = [torch.full((400,), 60_000.0, dtype=dtype)]
    is_norm(learner.clip_(long, math.inf), float(torch.tensor(60_000.0, dtype=dtype)) * 20, 1e-6)


def test_a_factor_too_small_for_float16(learner):
    """Four entries of 60,000 and a limit of 0.0012: the factor 1e-8 is 0 in float16, but the result, 0.0006, is not."""
    grads = [torch.full((4,), 60_000.0, dtype=torch.float16)]
    before = [grad.clone() for grad in grads]
    learner.clip_(grads, 0.0012)
    are_scaled(grads, before, 1e-8, 1e-2)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16], ids=["float32", "float16"])
@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan])
def test_what_is_not_finite_is_told(learner, rng, number, dtype):
    """One spoiled number among many, in the first tensor or in the last, and the norm says so, with and without a limit."""
    for which in (0, 1):
        for limit in (1.0, math.inf):
            grads = draw(rng, shapes=((4, 5), (7,)), dtype=dtype)
            grads[which].view(-1)[3] = number
            norm = learner.clip_(grads, limit)
            assert not bool(torch.isfinite(norm)), f"the norm is {norm}, expected one that is not finite"


@pytest.mark.parametrize("limit", [0.0, -1.0, -1e-9, -math.inf, math.nan])
def test_impossible_limits_are_refused(learner, rng, limit):
    """0, below 0, and NaN: ValueError that says which, also where there is nothing to clip."""
    for grads in (draw(rng), []):
        with pytest.raises(ValueError) as error:
            learner.clip_(grads, limit)
        said = re.findall(r"(?<![\w.])(?:nan|-inf|-?\d+(?:\.\d+)?(?:e-?\d+)?)(?!\w)", str(error.value).lower())
        assert any(float(number) == limit or number == str(limit) for number in said), f"the message should say {limit}: {error.value}"


def test_time(budget, rng):
    """Twelve matrices: a pass to measure and a pass to scale, no loop over entries."""
    # A repeated call finds them short enough, and need not scale: whoever always scales does twice the work, on a busy machine five times.
    budget("clip_", (draw(rng, [(128, 128)] * 12), 1.0), time_ratio=20)
