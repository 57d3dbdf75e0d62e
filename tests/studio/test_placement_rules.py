"""Placement, exams and the check after a chapter, as a person meets them, on a curriculum of three skills."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny_curriculum as tiny
from modelwright.journal import events as e
from modelwright.studio import Studio, StudioError
from modelwright.studio import views as v
from modelwright.studio.errors import NotYet
from turned_clock import Clock

DOUBLING, WEIGHTS = "tiny-maths/doubling", "tiny-maths/weights"
ITEMS = """
- id: what-sums
  skill: tiny-maths/weights
  kind: choose
  ask: What do the weights of a softmax sum to?
  choices:
    - {text: "1", right: true}
    - {text: "0", shows: "Takes weights for differences from a mean."}
    - {text: The largest logit, shows: "Takes the sum for the maximum."}
  why: Each is divided by their sum.
  seconds: 30
- id: in-order
  skill: tiny-maths/weights
  kind: order
  ask: Put the steps of a softmax in order.
  lines: [subtract the largest, take exponentials, divide by the sum]
  why: The sum is of the exponentials, and those must not overflow.
"""


@pytest.fixture(scope="module")
def with_items(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny.build(tmp_path_factory.mktemp("with-items"))
    (folder / "1-foundation" / "tiny-maths" / "items.yaml").write_text(ITEMS)
    return folder


@pytest.fixture
def studio(home: Path, with_items: Path, clock: Clock) -> Iterator[Studio]:
    with Studio.open(home, with_items, now=clock) as studio:
        studio.enrol("Ada", 6)
        yield studio


def rightly(question: v.QuestionView) -> str:
    if question.choices:
        return str(question.choices.index("1") + 1)
    if question.lines:
        return " ".join(str(question.lines.index(line) + 1) for line in ("subtract the largest", "take exponentials", "divide by the sum"))
    return str(2 * int(re.search(r"(\d+)\$", question.ask)[1]))  # type: ignore[index]


def wrongly(question: v.QuestionView) -> str:
    if question.choices:
        return str(question.choices.index("0") + 1)
    return "1" if not question.lines else next(order for order in ("3 2 1", "1 2 3") if order != rightly(question))


def placed(studio: Studio, know: bool) -> tuple[v.PlacedView, int]:
    asked = 0
    while (question := studio.placement().question) is not None:
        assert studio.answer_item(question.id, rightly(question) if know else wrongly(question), 10).right == know
        asked += 1
        assert asked <= 10
    return studio.finish_placement(), asked


def events(studio: Studio, kind: type[e.Data]) -> list[e.Data]:
    return [event.data for _, event in studio.journal.events() if isinstance(event.data, kind)]


def test_who_answers_rightly_is_placed_past_what_they_know(studio: Studio) -> None:
    result, asked = placed(studio, know=True)
    assert asked == result.asked == result.right == 4  # two items once each, a problem twice with other numbers
    assert result.known_now == 2
    assert {studio.skill(id).line.standing for id in (DOUBLING, WEIGHTS)} == {"known"}
    (event,) = events(studio, e.Placed)
    assert event.by == "test"
    assert event.questions == 4


def test_who_answers_wrongly_is_taught_from_the_beginning(studio: Studio) -> None:
    result, _ = placed(studio, know=False)
    assert result.known_now == 0
    assert result.step.skills == (DOUBLING,) or studio.next().target == tiny.LESSON


def test_showing_a_question_records_nothing_and_shows_the_same_one_again(studio: Studio) -> None:
    before = studio.journal.last_seq()
    assert studio.placement() == studio.placement()
    assert studio.journal.last_seq() == before


def test_a_placement_goes_on_where_it_was_left_in_another_process(studio: Studio, home: Path, with_items: Path, clock: Clock) -> None:
    question = studio.placement().question
    assert question is not None
    studio.answer_item(question.id, rightly(question))
    clock.pass_(days=3)
    with Studio.open(home, with_items, now=clock) as other:
        assert other.placement().asked == 1
        assert other.placement().question == studio.placement().question


def test_the_same_answer_sent_twice_counts_once(studio: Studio) -> None:
    for _ in range(10):
        question = studio.placement().question
        if question is None:
            break
        studio.answer_item(question.id, rightly(question))
        after = studio.placement().question
        if after is None or after.id != question.id:
            asked = studio.placement().asked
            with pytest.raises(NotYet, match="already"):
                studio.answer_item(question.id, rightly(question))
            assert studio.placement().asked == asked


def test_an_answer_that_cannot_be_read_is_not_held_against_anyone(studio: Studio) -> None:
    question = studio.placement().question
    assert question is not None
    said = studio.answer_item(question.id, "9" if question.choices else "7 7 7" if question.lines else "5 +")
    assert not said.understood
    assert studio.placement().asked == 0


def test_not_knowing_is_an_answer_and_says_what_was_right(studio: Studio) -> None:
    question = studio.placement().question
    assert question is not None
    said = studio.answer_item(question.id, "")
    assert said.given_up
    assert said.understood
    assert not said.right
    assert re.search(r"answer|order", said.message)


def test_a_wrong_choice_records_the_misconception_that_it_shows(studio: Studio) -> None:
    check = studio.chapter_check(tiny.BOOK, 2)
    assert {q.id for q in check.questions} == {"tiny-maths/what-sums", "tiny-maths/in-order"}
    question = next(q for q in check.questions if q.choices)
    said = studio.answer_item(question.id, wrongly(question), 5, "chapter", question.seed)
    assert not said.right
    (event,) = events(studio, e.ItemAnswered)
    assert event.setting == "chapter"
    assert event.misconception == "Takes weights for differences from a mean."
    assert event.chosen == "0"


def test_the_check_after_a_chapter_goes_on_where_it_was_left_and_begins_anew_another_day(studio: Studio, clock: Clock) -> None:
    studio.answer_item("tiny-maths/what-sums", "", 5, "chapter")  # before the chapter was read: belongs to no check of it
    clock.pass_(minutes=5)
    studio.read_chapter(tiny.BOOK, 2)
    check = studio.chapter_check(tiny.BOOK, 2)
    assert (check.length, check.answered, check.read) == (2, 0, True)
    while (question := check.question) is not None:
        clock.pass_(minutes=1)
        know = not question.choices
        studio.answer_item(question.id, rightly(question) if know else wrongly(question), 5, "chapter", question.seed)
        assert studio.chapter_check(tiny.BOOK, 2) == studio.chapter_check(tiny.BOOK, 2)
        before, check = check.answered, studio.chapter_check(tiny.BOOK, 2)
        assert check.answered == before + 1
    assert (check.right, [link.id for link in check.missed]) == (1, [WEIGHTS])
    assert "missed" in check.words
    clock.pass_(days=1)
    assert studio.chapter_check(tiny.BOOK, 2).answered == 0


def test_questions_on_a_chapter_are_not_the_chapter_read(studio: Studio, clock: Clock) -> None:
    question = studio.chapter_check(tiny.BOOK, 2).question
    assert question is not None
    studio.answer_item(question.id, wrongly(question), 30, "chapter", question.seed)
    assert not [step for step in studio.today().steps if step.done]
    (line, *_) = studio.status().recent
    assert line.what.startswith("Answered 1 question on ")


def test_a_check_asks_first_about_what_is_in_doubt(studio: Studio, clock: Clock) -> None:
    studio.read_chapter(tiny.BOOK, 2)
    first = studio.chapter_check(tiny.BOOK, 2).questions
    doubted = first[1].skill.id
    for setting in ("verify", "verify"):
        studio.answer_item(first[1].id, "", 5, setting)
    clock.pass_(days=1)
    assert studio.chapter_check(tiny.BOOK, 2).questions[0].skill.id == doubted


def test_a_book_says_which_chapters_can_be_checked(studio: Studio) -> None:
    assert [chapter.check for chapter in studio.read_chapter(tiny.BOOK, 1).chapters] == [1, 2]


def test_choices_shown_in_another_order_are_not_judged_by_their_numbers(studio: Studio) -> None:
    question = studio.placement().question
    assert question is not None
    studio.answer_item("tiny-maths/in-order", "", 5, "chapter")  # in another window: the placement's question is shown anew
    with pytest.raises(NotYet, match="another order"):
        studio.answer_item(question.id, rightly(question), 5, "placement", question.seed)
    assert studio.placement().asked == 0


def test_a_question_that_is_missed_against_expectation_counts_as_harder_than_stated_and_a_known_one_as_easier(
    studio: Studio, clock: Clock
) -> None:
    for _ in range(4):
        clock.pass_(days=1)
        for question in studio.chapter_check(tiny.BOOK, 2).questions:
            know = question.id != "tiny-maths/in-order"
            studio.answer_item(question.id, rightly(question) if know else wrongly(question), 5, "chapter", question.seed)
    asked = [event for event in events(studio, e.ItemAnswered) if isinstance(event, e.ItemAnswered)]
    hard = [event.difficulty for event in asked if event.item == "tiny-maths/in-order"]
    easy = [event.difficulty for event in asked if event.item == "tiny-maths/what-sums"]
    assert hard == sorted(set(hard))
    assert easy == sorted(set(easy), reverse=True)
    assert 0.3 < hard[-1] - hard[0] < 2.0  # a few answers of one person do not overthrow what is stated


def test_without_a_test_the_self_report_stands_and_is_marked_as_such(home: Path, with_items: Path, clock: Clock) -> None:
    with Studio.open(home, with_items, now=clock) as studio:
        studio.enrol("Ada", 6, {"tiny-maths": 3})
        assert studio.placement_open
        assert studio.finish_placement().by == "self-report"
        (event,) = events(studio, e.Placed)
        assert event.by == "self-report"
        assert set(event.skills) == {DOUBLING, WEIGHTS}
        assert not studio.placement_open


def test_what_is_known_already_is_asked_in_the_first_weeks_alone(studio: Studio, clock: Clock) -> None:
    assert studio.placement_open
    clock.pass_(days=15)
    assert not studio.placement_open


def test_passing_an_exam_tests_out_of_the_module(studio: Studio) -> None:
    view = studio.exam("tiny-maths")
    assert (view.length, view.needed) == (4, 4)
    while view.question is not None:
        studio.answer_item(view.question.id, rightly(view.question), 10, "exam")
        view = studio.exam("tiny-maths")
    assert view.passed
    assert studio.module("tiny-maths").line.skills_known == 2
    assert studio.placement_open  # an exam ends no placement


def test_a_failed_exam_says_what_to_look_at_and_may_be_taken_again_the_next_day(studio: Studio, clock: Clock) -> None:
    view = studio.exam("tiny-maths")
    while view.question is not None:
        know = view.question.skill.id == DOUBLING
        studio.answer_item(view.question.id, rightly(view.question) if know else "", 10, "exam")
        view = studio.exam("tiny-maths")
    assert view.passed is False
    assert [link.id for link in view.missed] == [WEIGHTS]
    assert not events(studio, e.Placed)
    clock.pass_(days=1)
    again = studio.exam("tiny-maths")
    assert again.passed is None
    assert again.number == 1


def test_a_module_without_questions_has_no_exam_and_says_so(studio: Studio, with_items: Path) -> None:
    assert studio.has_questions("tiny-maths")
    with pytest.raises(StudioError, match="Did you mean tiny-maths"):
        studio.exam("tiny-math")
