"""The mastery model: the same numbers whichever way they are asked for, and movements that a person would call sensible."""

import msgspec
import pytest
from course import course
from histories import Diary, histories
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from modelwright.journal.events import Event
from modelwright.learner import LearnerError, fold
from modelwright.learner.tracing import INPUTS, Prior, Weights, default_tracer, exercise, inputs, load_weights

COURSE = course()
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)


@settings(max_examples=40, deadline=None, phases=QUICK)
@given(history=histories(COURSE, 40), kind=st.sampled_from(["compute", "choose", "code", "order"]), difficulty=st.floats(1, 5))
def test_one_exercise_and_many_together_get_the_same_bits(history: list[Event], kind: str, difficulty: float) -> None:
    tracer, state = default_tracer(), fold(COURSE, history)
    rows = [inputs(state, id, trace, exercise(kind, difficulty), n, n > 1) for n, (id, trace) in enumerate(state.skills.items())]
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
