"""Reasons and headlines that are true at the moment when they are said."""

from __future__ import annotations

import re

import pytest
from course import DAY, START, course
from histories import Diary

from modelwright.curriculum import Curriculum
from modelwright.journal import events as e
from modelwright.learner import standing
from modelwright.learner.planning import Planner
from modelwright.learner.wording import ago, days_between

HOUR = DAY // 24
MIDNIGHT = START + 6 * HOUR
LENGTHS = "algebra/lengths"


def reason(diary: Diary, problem: str = LENGTHS) -> str:
    return next(s.reason for s in diary.evening(60).steps if s.target == problem)


def test_days_are_those_of_the_learners_calendar_which_turn_at_four_in_the_morning() -> None:
    last_night, next_morning = MIDNIGHT - HOUR, MIDNIGHT + 8 * HOUR
    assert ago(last_night, next_morning, 0) == "yesterday"
    assert ago(last_night, MIDNIGHT + 2 * HOUR, 0) == "today"
    assert ago(last_night, next_morning, -10 * 60) == "today"
    assert days_between(START, START + 2 * DAY - HOUR, 0) == 2


def test_what_was_done_last_night_was_not_done_today(diary: Diary) -> None:
    diary.lesson("algebra/vectors-as-data")
    diary.now = MIDNIGHT - HOUR
    diary.answers(LENGTHS, True)
    diary.now = MIDNIGHT + 8 * HOUR
    assert "yesterday" in Planner(diary.course, diary.state, diary.now).ago(diary.state.skills["algebra/vectors"].answered_at)


def test_a_run_of_right_answers_is_not_spoken_of_as_going_on_after_sixty_days(diary: Diary) -> None:
    diary.lesson("algebra/vectors-as-data").answers(LENGTHS, False, False, False, True)
    assert reason(diary.wait(1)) == "Your last answer on vectors as data was right; a few more make it yours."
    said = reason(diary.wait(60))
    assert "make it yours" not in said
    assert (
        said == "You last practised vectors as data 61 days ago; your last answer then was right. A few problems show what is left of it."
    )


def test_no_chance_is_quoted_for_what_was_read_and_never_asked(diary: Diary) -> None:
    diary.add(e.Placed(skills={"algebra/vectors": 0.05}, by="test")).lesson("algebra/vectors-as-data").wait(1)
    said = reason(diary)
    assert said == "You read about vectors as data yesterday; a few problems show what stayed."
    assert "once in" not in said


def test_a_lesson_ends_what_a_placement_said_was_missing(diary: Diary, course: Curriculum) -> None:
    missing = e.Placed(skills={"algebra/vectors": 0.03}, by="test")
    after, without = (d.lesson("algebra/vectors-as-data") for d in (Diary(course).add(missing), Diary(course)))
    p = [Planner(course, d.state, d.now).p("algebra/vectors") for d in (after, without)]
    assert p[0] == pytest.approx(p[1], abs=0.1)


@pytest.mark.parametrize("setting", ["placement", "exam"])
def test_a_skill_that_was_only_asked_about_to_find_out_is_not_begun(diary: Diary, course: Curriculum, setting: str) -> None:
    diary.add(e.ItemAnswered(item="algebra/i1", skills=["algebra/vectors"], right=False, seconds=30, item_kind="choose", difficulty=2,
                             setting=setting))  # type: ignore[arg-type]  # fmt: skip
    assert standing(course, diary.state, "algebra/vectors", diary.now) == "open"
    assert standing(course, diary.lesson("algebra/vectors-as-data").state, "algebra/vectors", diary.now) == "learning"


def test_a_skill_is_not_begun_by_work_on_another(diary: Diary, course: Curriculum) -> None:
    diary.learn("algebra/vectors")
    before = {s for s in course.skills if standing(course, diary.state, s, diary.now) == "learning"}
    assert not before, before


def test_a_headline_holds_the_whole_title_of_the_chapter() -> None:
    made = course()
    book = made.resources["python/crash"]
    first = book.chapters[0].model_copy(update={"title": "Names: what they are"})
    made.resources["python/crash"] = book.model_copy(
        update={"title": "Calculus: Early Transcendentals", "chapters": (first, *book.chapters[1:])}
    )
    diary = Diary(made).add(e.GoalsChanged(skipped=["algebra", "games"]))
    assert diary.evening(100).title == "Names: what they are, chapter 1 read"


def test_a_lab_left_a_month_ago_is_not_fresh_in_ones_mind(diary: Diary) -> None:
    diary.learn("algebra/vectors", "algebra/softmax").lab("algebra/softmax", passed=False, share=0.5)
    assert "fresh in your mind" in reason(diary.wait(1), "algebra/softmax")
    assert re.search(r"pass(es)? already; you left it 16 days ago\.$", reason(diary.wait(15), "algebra/softmax"))


def test_a_claim_is_called_by_whose_word_it_is(course: Curriculum) -> None:
    def words(by: str) -> str:
        diary = Diary(course).add(e.Placed(skills=dict.fromkeys(course.skills, 0.9), by=by))  # type: ignore[arg-type]
        return " ".join(s.reason for s in diary.wait(1).evening(240).steps)

    assert "Your placement says" in words("test")
    assert "You said" not in words("test")
    assert "You said" in words("self-report")


def test_nobody_is_called_lately_unerring_for_answers_of_two_months_ago(diary: Diary) -> None:
    diary.learn("algebra/vectors", "algebra/softmax")
    for _ in range(3):
        diary.answers(LENGTHS, True, True, True, True)
    assert Planner(diary.course, diary.state, diary.now).flies
    assert not Planner(diary.course, diary.state, diary.wait(60).now).flies
