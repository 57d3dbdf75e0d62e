"""A chapter is read in parts: where it stopped is kept, the plan goes on from there, and one question asks about the part."""

from __future__ import annotations

from pathlib import Path

import pytest

import tiny_curriculum as tiny
from modelwright.curriculum import load
from modelwright.journal import events as e
from modelwright.studio import Studio, StudioError
from turned_clock import Clock


@pytest.fixture
def shipped(tmp_path: Path, clock: Clock) -> Studio:
    studio = Studio.open(tmp_path / "shipped", load().folder, now=clock)
    studio.enrol("Ada", 7)
    return studio


def strang(studio: Studio) -> str:
    return next(id for id, resource in studio.curriculum.resources.items() if any(c.sections for c in resource.chapters))


def test_where_a_chapter_stopped_is_kept_and_its_tick_counts_only_the_rest(studio: Studio) -> None:
    half = studio.stop_chapter(tiny.BOOK, 2, share=0.5, place="page 40").chapters[1]
    assert (half.done, half.reached, half.stopped_at) == (False, 0.5, "page 40")
    assert studio.module("tiny-maths").line.hours_done == pytest.approx(1.0)
    assert studio.today().steps[0].title == "A part of Small Numbers, chapter 2: Two"
    studio.stop_chapter(tiny.BOOK, 2, share=0.75)
    whole = studio.read_chapter(tiny.BOOK, 2).chapters[1]
    assert (whole.done, whole.reached) == (True, 0.0)
    read = [event.data.hours for _, event in studio.journal.events() if isinstance(event.data, e.ChapterStopped | e.ChapterRead)]
    assert read == pytest.approx([1.0, 0.5, 0.5])
    with pytest.raises(StudioError, match="is ticked off as read"):
        studio.stop_chapter(tiny.BOOK, 2, share=0.2)


@pytest.mark.parametrize("share", [None, 0.0, 1.0, 7.0])
def test_a_share_that_is_none_is_refused_in_a_sentence(studio: Studio, share: float | None) -> None:
    with pytest.raises(StudioError, match="between 1% and 99%"):
        studio.stop_chapter(tiny.BOOK, 2, share=share)
    with pytest.raises(StudioError, match="not known"):
        studio.stop_chapter(tiny.BOOK, 2, section=1)


def test_the_plan_goes_on_from_the_section_at_which_reading_stopped_and_asks_one_question_on_it(shipped: Studio) -> None:
    from modelwright.learner.planning import Planner

    book = strang(shipped)
    resource = shipped.curriculum.resources[book]
    chapter = next(c for c in resource.chapters if c.sections)
    with shipped._desk() as desk:
        step = Planner(shipped.curriculum, desk.state, desk.now).chapter_step(resource, chapter, 60, "It is next.")
    assert step is not None
    assert step.partial
    assert f"read to the end of “{chapter.sections[0].title}”" in step.reason
    view = shipped.stop_chapter(book, chapter.number, section=2)
    line = next(c for c in view.chapters if c.number == chapter.number)
    assert line.stopped_at == chapter.sections[1].title
    with shipped._desk() as desk:
        step = Planner(shipped.curriculum, desk.state, desk.now).chapter_step(resource, chapter, 60, "It is next.")
    assert step is not None
    assert f"from “{chapter.sections[2].title}” on" in step.title
    assert "say where you stopped" in step.reason
    check = shipped.chapter_check(book, chapter.number)
    assert check.length == 1
    assert check.question is not None
    assert check.question.skill.id in chapter.sections[1].skills
    with pytest.raises(StudioError, match=f"from 1 to {len(chapter.sections) - 1}; after the last it is read"):
        shipped.stop_chapter(book, chapter.number, section=len(chapter.sections))


def test_sections_name_only_the_skills_of_their_chapter(shipped: Studio) -> None:
    from modelwright.curriculum.models import Chapter

    with pytest.raises(ValueError, match="not among the chapter's skills"):
        Chapter.model_validate(
            {"number": 1, "title": "One", "hours": 1, "skills": ["a/b"], "sections": [{"title": "x", "skills": ["a/c"]}]}
        )
