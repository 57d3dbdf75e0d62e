"""What the learner chose of an evening themselves: done anyway, or not tonight."""

import random

import pytest
from course import DAY
from histories import Diary

from modelwright.curriculum import Curriculum
from modelwright.journal import events as e
from modelwright.learner import State, Step, fold, put_off, why_not


def wish(diary: Diary, what: str, *targets: str) -> Diary:
    return diary.add(e.Chosen(targets=list(targets), wish=what))  # type: ignore[arg-type]


def named(steps: tuple[Step, ...]) -> list[str]:
    return [id for step in steps for id in step.named]


def test_what_was_put_off_is_not_in_the_evening_and_is_back_on_the_next_day(diary: Diary) -> None:
    first = diary.evening().steps[0]
    wish(diary, "not-tonight", *first.named)
    assert not set(first.named) & set(named(diary.evening().steps))
    diary.wait(1)
    assert set(first.named) <= set(named(diary.evening().steps))


def test_nothing_that_is_put_off_ever_comes_on_that_evening(course: Curriculum) -> None:
    """Over a lived-in life, each kind of step in its turn, and one after another until nothing is left."""
    diary, rng, seen = Diary(course), random.Random(7), set()
    for _ in range(30):
        evening = Diary(course)
        evening.events, evening.now = list(diary.events), diary.now
        gone: set[str] = set()
        for _ in range(12):
            step = rng.choice(evening.evening(90).steps)
            if step.kind == "rest":
                break
            seen.add(step.kind)
            wish(evening, "not-tonight", *step.named)
            gone |= set(step.named)
            assert not gone & set(named(evening.evening(90).steps)), (step, gone)
        diary.follow(60, 0.7, rng)
        diary.wait(rng.choice([1, 1, 2, 9]))
    assert {"lesson", "problem", "lab", "review"} <= seen


def test_a_skill_or_a_module_that_is_put_off_takes_all_that_is_about_it_along(diary: Diary) -> None:
    wish(diary.learn("algebra/vectors").wait(3), "not-tonight", "algebra")
    steps = diary.evening(90).steps
    assert not any(skill.startswith("algebra/") for step in steps if step.kind != "review" for skill in step.skills), steps


def test_what_is_done_anyway_stands_first_and_says_what_it_rests_on(diary: Diary) -> None:
    wish(diary, "now", "algebra/what-rank-counts")
    first = diary.evening().steps[0]
    assert (first.target, first.row) == ("algebra/what-rank-counts", "chosen")
    assert first.reason.startswith("You chose it. It rests on matrix products")
    assert "which you do not have yet" in first.reason
    diary.lesson("algebra/what-rank-counts")
    assert all(step.row != "chosen" for step in diary.evening().steps), "it is done"


def test_what_was_chosen_is_forgotten_with_the_evening(diary: Diary) -> None:
    wish(diary, "now", "algebra/what-rank-counts").wait(1)
    assert diary.evening().steps[0].target != "algebra/what-rank-counts"


def test_the_last_word_on_a_thing_holds(diary: Diary) -> None:
    first = diary.evening().steps[0].target
    wish(diary, "not-tonight", first)
    wish(diary, "now", first)
    assert diary.evening().steps[0].row == "chosen"
    wish(diary, "not-tonight", first)
    assert first not in named(diary.evening().steps)
    wish(diary, "as-planned", first)
    assert diary.evening().steps[0].target == first
    assert diary.evening().steps[0].row != "chosen"


@pytest.mark.parametrize("minutes", [20, 45, 60, 120])
@pytest.mark.parametrize("target", ["algebra/softmax", "algebra/what-rank-counts", "algebra/strang#3", "algebra/lengths"])
def test_an_evening_with_something_chosen_holds_its_minutes(diary: Diary, target: str, minutes: int) -> None:
    wish(diary, "now", target)
    steps = diary.evening(minutes).steps
    assert target in steps[0].named
    assert sum(step.minutes for step in steps) <= minutes


def test_an_evening_that_is_over_goes_on_with_what_was_chosen(diary: Diary) -> None:
    assert diary.evening(0).over
    wish(diary, "now", "algebra/vectors-as-data")
    assert diary.evening(0).steps[0].target == "algebra/vectors-as-data"
    assert not diary.evening(0).over


def test_cards_can_be_put_off(diary: Diary) -> None:
    diary.learn("algebra/vectors").wait(1)
    assert any(step.kind == "review" for step in diary.evening().steps)
    wish(diary, "not-tonight", "cards")
    assert all(step.kind != "review" for step in diary.evening().steps)
    assert put_off(diary.state, diary.now) == ("cards",)


def test_why_not_offers_what_can_be_done_about_it(diary: Diary) -> None:
    state, now = diary.state, diary.now
    locked = why_not(diary.course, state, now, "algebra/what-rank-counts")
    assert locked.step is not None
    assert locked.step.kind == "lesson"
    assert not locked.tonight
    here = why_not(diary.course, state, now, diary.evening().steps[0].target)
    assert here.tonight
    card = next(iter(diary.course.cards))
    assert why_not(diary.course, state, now, card).step is None
    module = why_not(diary.course, state, now, "deep")
    assert module.step is not None
    assert module.step.skills[0].startswith("deep/")


def test_a_wish_changes_nothing_that_is_believed(diary: Diary) -> None:
    diary.learn("algebra/vectors")
    before = diary.state
    after = wish(diary, "not-tonight", "algebra").state
    assert (before.skills, before.cards, before.days) == (after.skills, after.cards, after.days)


def test_folding_in_parts_is_the_same_with_wishes_on_two_days(course: Curriculum) -> None:
    diary = wish(wish(Diary(course), "now", "algebra/soft"), "not-tonight", "cards")
    whole = wish(diary.wait(1).lesson("algebra/soft"), "now", "deep")
    parts = State()
    for event in whole.events:
        parts = State.restore(fold(course, [event], parts).canonical())
    assert parts.canonical() == whole.state.canonical()
    assert whole.state.put_off == []
    assert whole.state.anyway == ["deep"]
    assert whole.state.chosen_day == whole.now // DAY
