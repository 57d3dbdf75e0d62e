"""The mastery model: the same numbers whichever way they are asked for, and movements that a person would call sensible."""

import random

import msgspec
import pytest
from course import course
from histories import Diary, histories
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from modelwright.journal import events as e
from modelwright.journal.events import Event
from modelwright.learner import LearnerError, fold
from modelwright.learner.filtering import STANDARD, observe, repeated
from modelwright.learner.state import State
from modelwright.learner.traces import Repeats, SkillTrace
from modelwright.learner.tracing import INPUTS, Exercise, Prior, Weights, default_tracer, exercise, inputs, load_weights, sigmoid

COURSE = course()
UNKNOWN = Exercise(STANDARD, sigmoid(STANDARD))
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)


@settings(max_examples=40, deadline=None, phases=QUICK)
@given(history=histories(COURSE, 40), kind=st.sampled_from(["compute", "choose", "code", "order"]), difficulty=st.floats(1, 5))
def test_one_exercise_and_many_together_get_the_same_bits(history: list[Event], kind: str, difficulty: float) -> None:
    tracer, state = default_tracer(), fold(COURSE, history)
    asked = exercise(kind, difficulty)
    rows = [inputs(state, id, trace, asked, Repeats(n, n // 2, 1 - n)) for n, (id, trace) in enumerate(state.skills.items())]
    assert all(len(row) == len(INPUTS) for row in rows)
    rows *= 1 + 600 // max(len(rows), 1)
    assert tracer.logits(rows) == [tracer.logit(row) for row in rows]


def test_weights_may_use_some_inputs_and_wrong_ones_say_what_to_do() -> None:
    layers = [([[0.5, 0.0], [1.0, -1.0]], [0.1, -0.1]), ([[1.0], [-2.0]], [0.3])]
    weights = Weights(2, {"fitted_on": "nothing"}, ["ability", "share"], layers, Prior())
    tracer = load_weights(msgspec.json.encode(weights))
    row = [0.0] * len(INPUTS)
    row[INPUTS.index("ability")], row[INPUTS.index("share")] = 2.0, 0.7
    a, b = 1.0 + 0.7 + 0.1, -0.7 - 0.1
    assert tracer.logit(row) == pytest.approx(a / (1 + a) - 2 * b / (1 - b) + 0.3)
    history = Diary(COURSE).learn("algebra/vectors").events
    assert fold(COURSE, history, tracer=tracer).canonical() != fold(COURSE, history).canonical()
    for wrong in (
        b"{}",
        msgspec.json.encode(Weights(1, {}, ["ease"], [([[1.0]], [0.0])])),
        msgspec.json.encode(Weights(2, {}, ["luck"], [([[1.0]], [0.0])])),
        msgspec.json.encode(Weights(2, {}, ["ease"], [([[1.0], [2.0]], [0.0])])),
        msgspec.json.encode(Weights(2, {}, ["ease"], [])),
    ):
        with pytest.raises(LearnerError, match=r"bench/tracing\.py"):
            load_weights(wrong)


def item(diary: Diary, id: str, right: bool) -> Diary:
    return diary.add(
        e.ItemAnswered(
            item=id, skills=["algebra/vectors"], right=right, seconds=20, item_kind="choose", difficulty=2.0, setting="chapter"
        )
    )  # fmt: skip


def read_of(state: State, repeats: Repeats | None) -> dict[str, float]:
    row = inputs(state, "algebra/vectors", state.skills["algebra/vectors"], exercise("choose", 2.0), repeats)
    return dict(zip(INPUTS, row, strict=True))


def test_the_inputs_say_whether_an_exercise_was_answered_before_when_and_with_which_outcome() -> None:
    diary = Diary(COURSE)
    for id, right in (("a", False), ("b", True), ("a", True), ("a", False), ("a", False)):
        item(diary, id, right)
    state = fold(COURSE, diary.events)
    assert list(state.items) == ["a", "b"]
    assert state.items["a"] == Repeats(answers=4, right=1, streak=-2, counted_at=5, run=3)
    assert (state.again, state.again_right) == (3, 1)
    again = read_of(state, state.items["a"])
    assert (again["seen"], again["seen_right"], again["seen_now"]) == (4 / 5, -1, 1)
    assert again["seen_share"] == pytest.approx(2 * 2 / 6 - 1)
    assert (again["seen_run"], again["seen_wrong"]) == (3 / 5, 2 / 3)
    long_ago = read_of(state, state.items["b"])
    assert (long_ago["seen"], long_ago["seen_right"], long_ago["seen_now"], long_ago["seen_run"], long_ago["seen_wrong"]) == (
        1 / 2, 1, 1 / 4, 0, 0,
    )  # fmt: skip
    new = read_of(state, None)
    assert {name: new[name] for name in INPUTS if name.startswith("seen")} == dict.fromkeys(
        ("seen", "seen_right", "seen_share", "seen_now", "seen_run", "seen_wrong"), 0
    )
    assert read_of(state, Repeats()) == new


def test_a_problem_with_new_numbers_is_another_exercise_and_leaves_no_trace_of_the_last() -> None:
    diary = Diary(COURSE)
    id = next(iter(COURSE.problems))
    skills = list(COURSE.problems[id].skills)

    def answer(seed: int, right: bool) -> None:
        diary.add(e.ProblemAnswered(problem=id, seed=seed, skills=skills, answer="", right=right, seconds=60))

    answer(7, False)
    answer(7, True)
    same = fold(COURSE, diary.events).problems[id]
    assert (same.seed, same.repeats.answers, same.repeats.streak) == (7, 2, 1)
    answer(8, True)
    other = fold(COURSE, diary.events)
    assert (other.problems[id].answered, other.problems[id].repeats.answers, other.again) == (3, 1, 1)
    small = len(other.canonical())
    for seed in range(100, 300):
        answer(seed, seed % 3 > 0)
    assert len(fold(COURSE, diary.events).canonical()) < small + 300


def test_a_learner_far_from_the_level_of_the_data_is_seen_as_such_for_all_exercises_and_for_those_of_before() -> None:
    state, trace = State(), SkillTrace()
    row = dict(zip(INPUTS, inputs(state, "s", trace, exercise("compute", 2.0)), strict=True))
    assert (row["level"], row["level_again"]) == (pytest.approx(0), pytest.approx(0))
    state.answers, state.rights, state.again, state.again_right = 180.0, 6.0, 45, 7
    row = dict(zip(INPUTS, inputs(state, "s", trace, exercise("compute", 2.0)), strict=True))
    assert row["level"] == pytest.approx(20 / 200 - 0.7)
    assert row["level_again"] == pytest.approx(10 / 50 - 0.6)


def test_what_came_right_twice_is_foreseen_well_above_a_new_exercise_and_what_was_just_missed_below_it() -> None:
    """For learners right in 42 of 100 exercises of one skill, and in 31 of 100 second tries at once."""
    tracer = default_tracer()
    for seed in range(6):
        rng = random.Random(seed)
        state, trace = State(ability_variance=tracer.prior.ability), SkillTrace(variance=tracer.prior.skill)
        state.skills["s"] = trace
        for _ in range(60):
            repeats = Repeats()
            while repeats.answers < 5 and not repeats.right:
                right = rng.random() < (0.31 if repeats.answers else 0.42)
                observe(state, [("s", trace)], float(right), 1.0, 0, UNKNOWN, tracer.prior)
                repeated(state, repeats, right)
        known = Repeats(answers=2, right=2, streak=2, counted_at=state.count - 30, run=1)
        missed = Repeats(answers=1, right=0, streak=-1, counted_at=state.count, run=1)
        right, new, wrong = (tracer.logit(inputs(state, "s", trace, UNKNOWN, repeats)) for repeats in (known, None, missed))
        assert right > new + 0.5
        assert wrong < new
