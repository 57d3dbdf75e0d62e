"""What was learned stays learned: a fact with its date, gained and lost by evidence about the skill, and by nothing else."""

from __future__ import annotations

import random

import pytest
from course import DAY, course
from histories import Diary, histories
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from modelwright.curriculum import Curriculum
from modelwright.journal import events as e
from modelwright.journal.events import Event
from modelwright.learner import State, fold, forecast
from modelwright.learner.beliefs import BELIED, SURE, learned, learned_at, standing
from modelwright.learner.folding import prove
from modelwright.learner.fsrs import scheduler
from modelwright.learner.traces import SkillTrace

COURSE = course()
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)


def facts(state: State) -> dict[str, int]:
    return {id: trace.learned_at for id, trace in state.skills.items() if trace.learned_at}


def named(data: e.Data) -> set[str]:
    """The skills that an event says something about."""
    if isinstance(data, e.Placed):
        return set(data.skills)
    if isinstance(data, e.Enrolled):
        return {s.id for m in data.background for s in getattr(COURSE.modules.get(m), "skills", ())}
    if isinstance(data, e.ChapterRead):
        return {s for ch in COURSE.resources[data.resource].chapters if ch.number == data.chapter for s in ch.skills}
    if isinstance(data, e.LessonFinished) and data.lesson in COURSE.lessons:
        return set(COURSE.lessons[data.lesson].skills)
    return set(getattr(data, "skills", ()))


@settings(max_examples=25, deadline=None, phases=QUICK)
@given(seed=st.integers(0, 10_000), success=st.floats(0.3, 1.0), away=st.sampled_from([0, 0, 3, 60]))
def test_no_skill_is_lost_on_an_evening_without_evidence_on_it(seed: int, success: float, away: int) -> None:
    rng = random.Random(seed)
    diary = Diary(COURSE)
    before: dict[str, int] = {}
    for _ in range(12):
        done = len(diary.events)
        diary.wait(1 + (away if rng.random() < 0.1 else 0)).follow(success=success, rng=rng)
        evidence = set().union(*(named(event.data) for event in diary.events[done:]), set())
        after = facts(diary.state)
        assert before.keys() - after.keys() <= evidence
        assert all(after[s] == at for s, at in before.items() if s not in evidence)
        before = after


@settings(max_examples=60, deadline=None, phases=QUICK)
@given(history=histories(COURSE, 40))
def test_whatever_happens_only_what_an_event_speaks_of_comes_or_goes(history: list[Event]) -> None:
    state = State()
    for event in history:
        before, state = facts(state), fold(COURSE, [event], state)
        after = facts(state)
        assert before.keys() - after.keys() <= named(event.data)
        if not isinstance(event.data, e.GoalsChanged):  # another book may be one that was read already
            assert after.keys() - before.keys() <= named(event.data)
    assert facts(fold(COURSE, history)) == facts(state)


def test_a_bad_evening_with_other_things_takes_nothing_away(diary: Diary, course: Curriculum) -> None:
    diary.learn("algebra/vectors", "algebra/softmax")
    before, share = facts(diary.state), forecast(course, diary.state, diary.now, words=False).done
    assert {"algebra/vectors", "algebra/softmax"} <= before.keys()
    diary.wait(1).lesson("algebra/row-by-column")
    for _ in range(6):
        diary.answers("algebra/multiply", False, False, False).answers("algebra/ranks", False, False)
    assert before.items() <= facts(diary.state).items()
    assert forecast(course, diary.state, diary.now, words=False).done >= share
    diary.wait(1).answers("algebra/lengths", True)
    assert learned(course, diary.state, "algebra/vectors")


def test_sixty_days_away_fade_and_take_nothing_away(diary: Diary, course: Curriculum) -> None:
    diary.learn("algebra/vectors")
    at = learned_at(diary.state, "algebra/vectors")
    assert at
    diary.wait(60).answers("algebra/ranks", False, False)
    assert learned_at(diary.state, "algebra/vectors") == at
    assert standing(course, diary.state, "algebra/vectors", diary.now) == "fading"


def test_one_slip_is_forgiven_and_wrong_answers_on_it_are_not(diary: Diary, course: Curriculum) -> None:
    diary.learn("algebra/vectors")
    at = learned_at(diary.state, "algebra/vectors")
    diary.wait(10).answers("algebra/lengths", False)
    assert learned_at(diary.state, "algebra/vectors") == at
    diary.answers("algebra/lengths", False, False)
    assert not learned(course, diary.state, "algebra/vectors")
    diary.wait(1).answers("algebra/lengths", *[True] * 8)
    assert learned_at(diary.state, "algebra/vectors") > at + 10 * DAY


def test_luck_that_the_same_evening_belies_makes_nothing_learned(diary: Diary, course: Curriculum) -> None:
    diary.lesson("algebra/vectors-as-data").answers("algebra/lengths", True, True, True)
    assert learned(course, diary.state, "algebra/vectors")
    diary.answers("algebra/lengths", False)
    assert not learned(course, diary.state, "algebra/vectors")


def test_one_choice_that_may_be_guessed_makes_nothing_learned_and_a_second_does(diary: Diary, course: Curriculum) -> None:
    choice = e.ItemAnswered(
        item="algebra/unknown", skills=["algebra/vectors"], right=True, seconds=30, item_kind="choose", difficulty=2, setting="chapter"
    )
    diary.lesson("algebra/vectors-as-data").add(choice)
    assert not learned(course, diary.state, "algebra/vectors")
    assert learned(course, diary.add(choice).state, "algebra/vectors")


def test_what_was_lost_by_wrong_answers_needs_more_than_the_same_luck_to_come_back(diary: Diary, course: Curriculum) -> None:
    diary.learn("algebra/vectors").wait(10).answers("algebra/lengths", False, False, False, False)
    trace = diary.state.skills["algebra/vectors"]
    assert (trace.learned_at, trace.lost) == (0, 1)
    diary.lesson("algebra/vectors-as-data").wait(1)
    proof = [diary.answers("algebra/lengths", True).state.skills["algebra/vectors"].proof for _ in range(2)]
    assert proof[0] < 2 * SURE
    assert proof == sorted(proof), "what was answered before it was explained again weighs no more"


@pytest.mark.parametrize("guessed", [0.03, 0.28])
def test_right_answers_of_a_kind_that_is_easily_guessed_prove_less(guessed: float) -> None:
    """Half of the answers right is what somebody would have who half has the skill and guesses the rest."""
    trace = SkillTrace()
    for _ in range(12):
        prove(trace, 1.0, 1.0, 0, guessed, scheduler((), False))
        prove(trace, 0.0, 1.0, 0, guessed, scheduler((), False))
    assert trace.proof < BELIED
    one_formula, one_choice = SkillTrace(), SkillTrace()
    prove(one_formula, 1.0, 1.0, 0, 0.0, scheduler((), False))
    prove(one_choice, 1.0, 1.0, 0, guessed, scheduler((), False))
    assert one_choice.proof < one_formula.proof


@pytest.mark.parametrize("by", ["test", "self-report"])
def test_a_claim_ends_with_the_answer_that_belies_it(diary: Diary, course: Curriculum, by: str) -> None:
    diary.add(e.Placed(skills={"algebra/vectors": 0.9}, by=by))  # type: ignore[arg-type]
    assert learned_at(diary.state, "algebra/vectors") == diary.now
    assert learned(course, diary.wait(30).answers("algebra/lengths", True).state, "algebra/vectors")
    diary.add(e.Placed(skills={"algebra/softmax": 0.8}, by="self-report")).answers("algebra/logits", False)
    assert not learned(course, diary.state, "algebra/softmax")


def test_a_chapter_taken_back_is_no_longer_read_and_another_book_takes_nothing_away(diary: Diary, course: Curriculum) -> None:
    diary.add(e.ChapterRead(resource="python/crash", chapter=1, hours=1.5))
    assert learned(course, diary.state, "python/names")
    diary.add(e.GoalsChanged(books={"python": "algebra/light"}))
    assert learned(course, diary.state, "python/names")
    diary.add(e.ChapterRead(resource="python/crash", chapter=1, hours=0, done=False))
    assert not learned(course, diary.state, "python/names")
