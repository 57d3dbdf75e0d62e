"""Checks of the schedule, from ten steps by hand to runs of any shape."""

import re

import pytest
from hypothesis import given, settings, strategies as st


def near(got, want, peak=1.0):
    """Floats, right to nine digits; what is exactly zero may be a rounding of the peak."""
    got, want = (list(x) if isinstance(x, list) else [x] for x in (got, want))
    assert len(got) == len(want), f"{len(got)} rates, expected {len(want)}"
    for rate in got:
        assert type(rate) is float, f"the rate is {rate!r}, of type {type(rate).__name__}, expected a float"
    assert got == pytest.approx(want, rel=1e-9, abs=1e-15 * peak)


def curve(module, steps, peak, warmup, decay, floor):
    return [module.learning_rate(step, steps, peak, warmup, decay, floor) for step in range(steps)]


def test_ten_steps_by_hand(learner):
    """Two steps up to 1, flat, and four steps down towards a fifth."""
    near(curve(learner, 10, 1.0, 2, 4, 0.2), [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.8, 0.6, 0.4])


def test_the_first_step_moves(learner):
    """With a warm-up of four, step 0 has a quarter of the peak; a rate of 0 would waste it."""
    near(learner.learning_rate(0, 100, 0.01, 4, 20, 0.0), 0.0025)


def test_the_warm_up_ends_at_the_peak(learner):
    """The last of ten steps of warm-up has the whole peak, the one before nine tenths, and none has more."""
    near([learner.learning_rate(step, 100, 3e-3, 10, 20, 0.1) for step in (8, 9, 10)], [2.7e-3, 3e-3, 3e-3])


def test_it_is_held_between(learner):
    """A warm-up of ten and a decay of twenty: the peak from step 10 to step 80 of 100."""
    near([learner.learning_rate(step, 100, 3e-3, 10, 20, 0.1) for step in (10, 11, 50, 79, 80)], [3e-3] * 5)


def test_the_decay_is_a_line_to_the_floor(learner):
    """Half-way down the last twenty steps the rate is half-way between peak and floor."""
    near([learner.learning_rate(step, 100, 1.0, 10, 20, 0.1) for step in (81, 90, 99)], [0.955, 0.55, 0.145])


def test_the_floor_is_a_share_of_the_peak(learner):
    """A peak of 4 and a floor of a quarter: from 4 to 1 in four steps. A floor of 1 is no decay, a floor of 0 leaves nothing."""
    near([learner.learning_rate(step, 8, 4.0, 0, 4, 0.25) for step in (4, 5, 6, 7, 8)], [4.0, 3.25, 2.5, 1.75, 1.0])
    near([learner.learning_rate(step, 8, 4.0, 0, 4, 1.0) for step in (4, 5, 6, 7, 8)], [4.0] * 5)
    near([learner.learning_rate(step, 8, 4.0, 0, 4, 0.0) for step in (4, 5, 6, 7, 8)], [4.0, 3.0, 2.0, 1.0, 0.0])


@pytest.mark.parametrize("peak", [1e-17, 3e-4, 1e9])
def test_a_peak_of_any_size(learner, peak):
    """Every rate is proportional to the peak, be it tiny or huge."""
    shares = [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.8, 0.6, 0.4]
    near(curve(learner, 10, peak, 2, 4, 0.2), [share * peak for share in shares], peak)


def test_after_the_end_it_stays_at_the_floor(learner):
    """Step 100 of 100, the next one, and a much later one."""
    near([learner.learning_rate(step, 100, 2.0, 10, 20, 0.1) for step in (100, 101, 500)], [0.2] * 3)
    near([learner.learning_rate(step, 100, 2.0, 10, 20, 0.0) for step in (100, 101, 500)], [0.0] * 3)


def test_after_the_end_without_a_decay(learner):
    """No decay: the peak up to the last step, and floor times peak from there on."""
    near([learner.learning_rate(step, 5, 2.0, 1, 0, 0.1) for step in (4, 5, 6, 50)], [2.0, 0.2, 0.2, 0.2])


def test_without_warm_up_or_decay(learner):
    """Zero steps of either: the peak from the first step to the last."""
    near(curve(learner, 5, 0.3, 0, 0, 0.0), [0.3] * 5)
    near(curve(learner, 4, 1.0, 0, 2, 0.0), [1.0, 1.0, 1.0, 0.5])
    near(curve(learner, 4, 1.0, 2, 0, 0.0), [0.5, 1.0, 1.0, 1.0])
    near(curve(learner, 1, 0.3, 0, 0, 0.0), [0.3])


def test_in_a_short_run_the_warm_up_goes_first(learner):
    """Four steps with a warm-up of three and a decay of three; three steps with a warm-up of ten."""
    near(curve(learner, 4, 1.0, 3, 3, 0.0), [1 / 3, 2 / 3, 1.0, 1 / 3])
    near(curve(learner, 3, 1.0, 10, 2, 0.5), [0.1, 0.2, 0.3])


def test_a_warm_up_longer_than_the_run_ends_with_it(learner):
    """Three steps with a warm-up of ten: steps 3, 5 and 9 come after the end, and have floor times peak."""
    near([learner.learning_rate(step, 3, 1.0, 10, 2, 0.25) for step in (2, 3, 5, 9, 10)], [0.3, 0.25, 0.25, 0.25, 0.25])


def test_a_longer_run_only_lengthens_the_flat_part(learner):
    """Up to where the short run begins to decay, the long one has the same rates."""
    short = [learner.learning_rate(step, 200, 1e-3, 20, 40, 0.1) for step in range(160)]
    near([learner.learning_rate(step, 1000, 1e-3, 20, 40, 0.1) for step in range(160)], short)


def test_it_depends_on_its_arguments_alone(learner):
    """A resumed run asks for a late step first; asked in any order, and beside another run, the answers are the same."""
    there = curve(learner, 30, 1.0, 5, 10, 0.1)
    back = [learner.learning_rate(step, 30, 1.0, 5, 10, 0.1) for step in reversed(range(30))]
    near(back[::-1], there)
    near(learner.learning_rate(0, 30, 1.0, 2, 10, 0.1), 0.5)


RUNS = {
    "steps": st.integers(1, 60),
    "warmup": st.integers(0, 70),
    "decay": st.integers(0, 70),
    "floor": st.sampled_from([0.0, 1e-6, 0.1, 0.5, 1.0]),
}


@settings(max_examples=12, deadline=None)
@given(**RUNS)
def test_it_rises_and_then_falls(learner, steps, warmup, decay, floor):
    """Where the two do not overlap: never above the peak, no fall before the decay, no rise after the warm-up."""
    steps = max(steps, warmup + decay)
    rates = curve(learner, steps, 2.0, warmup, decay, floor)
    pairs = list(zip(rates, rates[1:], strict=False))
    assert max(rates) <= 2.0 + 1e-12, f"the largest rate is {max(rates)}, the peak 2.0"
    falls = [i + 1 for i, (a, b) in enumerate(pairs) if b < a - 1e-12]
    rises = [i + 1 for i, (a, b) in enumerate(pairs) if b > a + 1e-12]
    assert all(step > steps - decay for step in falls), f"it falls at step {falls[0]}; the decay begins after step {steps - decay}"
    assert all(step < warmup for step in rises), f"it rises at step {rises[-1]}; the warm-up takes {warmup} steps"


@settings(max_examples=60, deadline=None)
@given(step=st.integers(0, 80), **RUNS)
def test_any_run(learner, reference, step, steps, warmup, decay, floor):
    """Any step of any run, overlapping or not, and after its end."""
    want = reference.learning_rate(step, steps, 3e-4, warmup, decay, floor)
    near(learner.learning_rate(step, steps, 3e-4, warmup, decay, floor), want)


IMPOSSIBLE = [("steps", 0), ("steps", -3), ("step", -1), ("warmup", -1), ("decay", -1), ("floor", -0.001), ("floor", 1.001)]


@pytest.mark.parametrize("name, value", IMPOSSIBLE, ids=[f"{name} {value}" for name, value in IMPOSSIBLE])
def test_impossible_runs_are_refused(learner, name, value):
    """No steps, a negative number of anything, a floor outside 0 to 1: ValueError that names the argument."""
    run = {"step": 3, "steps": 10, "peak": 1.0, "warmup": 2, "decay": 4, "floor": 0.1} | {name: value}
    with pytest.raises(ValueError) as error:
        learner.learning_rate(**run)
    assert re.search(rf"\b{name}\b", str(error.value)), f"the message should name {name}: {error.value}"


def test_the_outermost_runs_are_possible(learner):
    """One step; step 0; no warm-up and no decay; a floor of exactly 0 and of exactly 1."""
    near(learner.learning_rate(0, 1, 1.0, 0, 0, 0.0), 1.0)
    near(learner.learning_rate(0, 1, 1.0, 0, 1, 1.0), 1.0)
    near(learner.learning_rate(0, 1, 1.0, 1, 0, 1.0), 1.0)


def test_a_late_step_costs_no_more_than_an_early_one(budget):
    """Step 400,000 of half a million, in constant time."""
    budget("learning_rate", (400_000, 500_000, 1e-3, 1000, 200_000, 0.1), time_ratio=50)
