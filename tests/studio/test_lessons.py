"""What a lesson asks, and what a learner leaves in it: checks, closing answers, terms, notes and marks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny_curriculum as tiny
import worked_lesson
from modelwright.journal import events as e
from modelwright.studio import Studio, StudioError, Unknown
from turned_clock import Clock

LESSON, PROBLEM = worked_lesson.LESSON, worked_lesson.PROBLEM


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny.build(tmp_path_factory.mktemp("worked"))
    worked_lesson.add(folder)
    return folder


@pytest.fixture
def studio(home: Path, worked: Path, clock: Clock) -> Iterator[Studio]:
    with Studio.open(home, worked, now=clock) as studio:
        studio.enrol("Ada", 6)
        yield studio


def shown(studio: Studio, id: str):
    """A check as the page shows it."""
    return next(block.check for block in studio.lesson(LESSON).blocks if block.id == id)


def number_of(studio: Studio, text: str) -> str:
    return str(shown(studio, "which-half").choices.index(text) + 1)


def recorded(studio: Studio, kind: type) -> list:
    return [event.data for _, event in studio.journal.events() if isinstance(event.data, kind)]


def paragraph(studio: Studio, number: int = 0) -> str:
    import re

    ids = re.findall(r'<p id="(p-[0-9a-f]+)"', studio.lesson(LESSON).html)
    return f"{LESSON}#{ids[number]}"


# Checks


def test_a_wrong_choice_is_answered_with_what_it_shows_and_asked_again(studio: Studio) -> None:
    said = studio.check(LESSON, "which-half", number_of(studio, "20"), shown(studio, "which-half").seed)
    assert (said.right, said.message, said.attempt) == (False, "That is twice 10.", 2)
    said = studio.check(LESSON, "which-half", number_of(studio, "5"), said.seed)
    assert said.right is True
    assert "5 + 5" in said.message
    first, second = recorded(studio, e.Checked)
    assert (first.target, first.right, first.attempt, first.misconception) == (f"{LESSON}#which-half", False, 1, "That is twice 10.")
    assert (second.right, second.attempt) == (True, 2)


def test_the_page_still_says_what_was_answered_when_it_is_loaded_again(studio: Studio) -> None:
    studio.check(LESSON, "which-half", number_of(studio, "5"), 0)
    assert (shown(studio, "which-half").right, shown(studio, "which-half").text) == (True, number_of(studio, "5"))
    assert [line.done for line in studio.lesson(LESSON).contents if line.anchor == "ask-which-half"] == [True]


def test_a_generator_asks_again_with_new_numbers_after_a_miss_and_tells_the_old_answer(studio: Studio) -> None:
    before = shown(studio, "again-and-again")
    said = studio.check(LESSON, "again-and-again", "1", before.seed)
    assert said.right is False
    assert said.again
    assert "The answer is" in said.message
    assert said.ask != before.ask
    assert shown(studio, "again-and-again").ask == said.ask  # also after a reload
    number = int(said.ask.split()[-1].rstrip("$?"))
    assert studio.check(LESSON, "again-and-again", str(2 * number), said.seed).right is True


def test_a_check_takes_no_question_away_from_practice(studio: Studio) -> None:
    first = studio.problem(PROBLEM).question
    studio.check(LESSON, "again-and-again", "1", shown(studio, "again-and-again").seed)
    assert studio.problem(PROBLEM).question == first


def test_a_formula_is_right_however_it_is_written_and_a_misconception_is_named(studio: Studio) -> None:
    assert studio.check(LESSON, "a-quarter", "1", 0).message == "That is a half *and* a half."
    assert studio.check(LESSON, "a-quarter", "0.25", 0).right is True
    assert studio.check(LESSON, "a-quarter", "2^-2", 0).right is True


@pytest.mark.parametrize("text", ["3 4", " 3   4\n", "3\n4"])
def test_what_a_program_prints_is_known_by_its_words(studio: Studio, text: str) -> None:
    assert studio.check(LESSON, "which-state", text, 0).right is True


@pytest.mark.parametrize("text", ["34", "4 3", "3 4 4", "three four"])
def test_other_words_are_not_what_the_program_prints(studio: Studio, text: str) -> None:
    assert studio.check(LESSON, "which-state", text, 0).right is False


@pytest.mark.parametrize(
    ("id", "text"), [("which-half", "9"), ("which-half", "x"), ("a-quarter", "1 +"), ("a-quarter", " "), ("which-state", "")]
)
def test_what_cannot_be_read_is_said_and_nothing_is_recorded(studio: Studio, id: str, text: str) -> None:
    said = studio.check(LESSON, id, text, 0)
    assert (said.understood, said.right) == (False, None)
    assert said.message
    assert recorded(studio, e.Checked) == []


@pytest.mark.parametrize("id", ["which-half", "a-quarter", "which-state"])
def test_an_answer_that_was_asked_for_stands_there_and_is_no_right_answer(studio: Studio, id: str) -> None:
    said = studio.check(LESSON, id, "", 0, show=True)
    assert (said.right, said.shown) == (False, True)
    assert said.message
    assert shown(studio, id).message == said.message
    assert recorded(studio, e.Checked)[0].solution_shown
    assert [line.done for line in studio.lesson(LESSON).contents if line.anchor == f"ask-{id}"] == [True]


def test_a_lesson_read_again_on_another_day_asks_again(studio: Studio, clock: Clock) -> None:
    studio.check(LESSON, "which-half", number_of(studio, "20"), 0)
    clock.pass_(days=3)
    assert (shown(studio, "which-half").right, shown(studio, "which-half").attempt) == (None, 1)
    studio.check(LESSON, "which-half", number_of(studio, "5"), 0)
    assert recorded(studio, e.Checked)[-1].attempt == 1


def test_a_check_says_less_of_mastery_than_an_exercise_and_a_miss_less_of_memory(
    studio: Studio, home: Path, worked: Path, clock: Clock
) -> None:
    """A small part of an exercise; and a wrong answer while reading takes nothing from what is remembered."""
    studio.finish_lesson(LESSON, 300)
    clock.pass_(days=2)
    skill = lambda s: s.skill("tiny-maths/doubling").line
    before = skill(studio)
    studio.check(LESSON, "a-quarter", "7", 0)
    after = skill(studio)
    assert after.memory == pytest.approx(before.memory)
    with Studio.open(home.parent / "other", worked, now=clock) as other:
        other.enrol("Bob", 6)
        other.finish_lesson(LESSON, 300)
        other.answer(PROBLEM, 1, "1", 20)
        wrong_at_an_exercise = skill(other)
    assert wrong_at_an_exercise.mastery < after.mastery < before.mastery
    studio.check(LESSON, "which-state", "3 4", 0)
    assert before.mastery < (right := skill(studio)).mastery < 0.7
    assert right.attempts == 0  # it is not counted among the exercises that make a skill learned


def test_a_check_before_the_lesson_is_finished_begins_no_memory(studio: Studio) -> None:
    studio.check(LESSON, "a-quarter", "1/4", 0)
    assert studio.skill("tiny-maths/doubling").line.memory is None


def test_a_check_that_does_not_exist_is_refused_with_those_that_do(studio: Studio) -> None:
    with pytest.raises(Unknown, match="which-half"):
        studio.check(LESSON, "which-hlaf", "1", 0)


def test_a_skills_page_tells_of_the_checks(studio: Studio) -> None:
    studio.check(LESSON, "a-quarter", "1/4", 0)
    (line,) = studio.skill("tiny-maths/doubling").history
    assert (line.target.title, line.right, line.words) == ("What halving does", True, "right, in its lesson")


# Closing questions


def test_the_authors_answer_is_shown_only_after_ones_own(studio: Studio) -> None:
    question = studio.lesson(LESSON).closing[0]
    assert question.has_answer
    assert question.answer == question.answer_html == ""
    with pytest.raises(StudioError, match="Write your answer first"):
        studio.answer_closing(LESSON, "closing-1", "   ")
    written = studio.answer_closing(LESSON, "closing-1", "It quarters.")
    assert (written.answer, written.text, written.mark) == ("It divides by $4$.", "It quarters.", "")
    assert studio.answer_closing(LESSON, "closing-1", "It quarters.", "right").mark == "right"
    assert studio.lesson(LESSON).closing[0].mark == "right"
    assert [mark.mark for mark in recorded(studio, e.AnswerMarked)] == ["", "right"]


def test_how_one_marks_ones_own_answer_moves_mastery_a_little(studio: Studio) -> None:
    mastery = lambda: studio.skill("tiny-maths/doubling").line.mastery
    studio.check(LESSON, "a-quarter", "1/4", 0)
    before = mastery()
    studio.answer_closing(LESSON, "closing-1", "x")
    assert mastery() == pytest.approx(before)  # seeing an answer says nothing
    studio.answer_closing(LESSON, "closing-1", "x", "right")
    higher = mastery()
    assert higher > before
    studio.answer_closing(LESSON, "closing-2", "x", "not")
    assert mastery() < higher


# Terms, notes and marks


def test_a_term_is_found_in_the_glossary_and_by_searching(studio: Studio) -> None:
    assert [term.term for term in studio.terms()] == ["halving", "learning rate"]
    first = studio.search("learning rate")[0]
    assert (first.link.kind, first.link.id, first.where) == ("term", "learning-rate", "What halving does")


def test_a_note_beside_a_paragraph_is_kept_with_how_it_begins(studio: Studio) -> None:
    target = paragraph(studio)
    studio.note(target, "Always?")
    studio.mark(target)
    page = studio.lesson(LESSON)
    (passage,) = page.beside
    assert (passage.note, passage.marked, passage.there) == ("Always?", True, True)
    assert passage.quote.startswith("What undoes doubling?")
    assert f'<p id="{target.partition("#")[2]}" class="marked noted"' in page.blocks[0].html
    studio.mark(target, on=False)
    studio.note(target, "")
    assert studio.lesson(LESSON).beside == ()


def test_all_notes_and_marks_are_one_page_and_one_markdown_text(studio: Studio, clock: Clock) -> None:
    studio.note(tiny.BOOK, "Short indeed.")
    clock.pass_(hours=1)
    studio.note(LESSON, "On the whole.")
    studio.note(paragraph(studio), "Always?")
    studio.mark(paragraph(studio, 1))
    jottings = studio.jottings()
    assert [group.about.id for group in jottings.groups] == [LESSON, tiny.BOOK]
    assert [(p.note, p.marked) for p in jottings.groups[0].passages] == [("Always?", False), ("", True)]
    for text in ("Short indeed.", "On the whole.", "> What undoes doubling?", "Always?", "> A step of half the distance"):
        assert text in jottings.markdown


def test_a_note_outlives_the_paragraph_that_it_was_beside(home: Path, worked: Path, clock: Clock, tmp_path: Path) -> None:
    course = tiny.build(tmp_path / "course")
    path = worked_lesson.add(course)
    with Studio.open(home, course, now=clock) as studio:
        studio.enrol("Ada", 6)
        target = paragraph(studio)
        studio.note(target, "Always?")
    path.write_text(path.read_text().replace("Take 6, and half", "Take 8, and half"))
    with Studio.open(home, course, now=clock) as studio:
        (passage,) = studio.lesson(LESSON).beside
        assert (passage.there, passage.note) == (False, "Always?")
        assert "Take 6" in passage.quote
        studio.note(target, "Still.")
        assert "Take 6" in studio.jottings().markdown
        with pytest.raises(StudioError, match="has no paragraph"):
            studio.mark(f"{LESSON}#p-00000000")


def test_finishing_says_what_is_open_now_and_asks_the_first_problem(studio: Studio) -> None:
    end = studio.finish_lesson(LESSON, 300)
    assert ("problem", PROBLEM) in [(link.kind, link.id) for link in end.opened]
    assert end.problem is not None
    assert end.problem.id == PROBLEM
    assert end.next is not None
