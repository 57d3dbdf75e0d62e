"""Three problems are a block with an end, an example may stand beside them, and what is read again is written down."""

from __future__ import annotations

import pytest

import tiny_curriculum as tiny
from modelwright.journal import events as e
from modelwright.studio import Studio, StudioError
from turned_clock import Clock

THREE = (tiny.PROBLEM,) * 3


def answered(studio: Studio) -> list[e.ProblemAnswered]:
    return [event.data for _, event in studio.journal.events() if isinstance(event.data, e.ProblemAnswered)]


def chapters(studio: Studio) -> list[e.ChapterRead]:
    return [event.data for _, event in studio.journal.events() if isinstance(event.data, e.ChapterRead)]


def test_a_block_goes_through_its_problems_and_ends_with_what_it_showed_and_the_next_step(studio: Studio) -> None:
    seeds = set()
    for marks in ("", "r", "rw"):
        block = studio.problems(THREE, marks)
        assert block.problem is not None
        assert block.number == len(marks) + 1
        seeds.add(block.problem.seed)
        studio.show_solution(tiny.PROBLEM, block.problem.seed)
    assert len(seeds) == 3
    end = studio.problems(THREE, "rwr")
    assert end.problem is None
    assert [(shown.problem.id, shown.right, shown.count) for shown in end.shown] == [(tiny.PROBLEM, 2, 3)]
    assert end.next is not None


@pytest.mark.parametrize(("kinds", "marks"), [((), ""), (THREE, "rrrr"), (THREE, "x"), ((tiny.PROBLEM,) * 40, "")])
def test_a_block_that_cannot_be_is_refused_in_a_sentence(studio: Studio, kinds: tuple[str, ...], marks: str) -> None:
    with pytest.raises(StudioError, match="A block holds from 1 to 12 problems"):
        studio.problems(kinds, marks)


def test_an_example_beside_a_problem_has_other_numbers_and_the_answer_says_that_it_was_there(studio: Studio) -> None:
    block = studio.problems(THREE, example=True)
    assert block.problem is not None
    assert block.example is not None
    assert block.example.question != block.problem.question
    assert block.example.solution.steps
    assert studio.example(tiny.PROBLEM, block.problem.seed) == block.example
    studio.answer(tiny.PROBLEM, block.problem.seed, "1", example=True)
    assert [data.example for data in answered(studio)] == [True]


def test_when_the_minutes_of_an_evening_are_full_nothing_more_is_listed_and_more_is_given_on_asking(studio: Studio) -> None:
    """Fifteen minutes were listed beyond the evening's end."""
    studio.log_time(1.0, "a talk")
    tonight = studio.today()
    assert tonight.title == "That was the evening"
    assert [step.kind for step in tonight.steps if not step.done] == ["rest"]
    assert studio.next_tonight() is None
    assert studio.next().target
    assert any(step.target for step in studio.today(20).steps)


def test_ticking_a_chapter_again_is_an_event_once_it_can_have_been_read_again(studio: Studio, clock: Clock) -> None:
    studio.read_chapter(tiny.BOOK, 1)
    clock.pass_(minutes=5)
    studio.read_chapter(tiny.BOOK, 1)
    assert len(chapters(studio)) == 1
    studio.read_chapter(tiny.BOOK, 1, again=True)
    clock.pass_(days=1)
    book = studio.read_chapter(tiny.BOOK, 1)
    assert [data.again for data in chapters(studio)] == [False, True, True]
    assert (book.chapters_done, book.chapters[0].times) == (1, 3)
    assert not studio.read_chapter(tiny.BOOK, 1, done=False).chapters[0].done
    assert studio.read_chapter(tiny.BOOK, 1).chapters[0].times == 1
