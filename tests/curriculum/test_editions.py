"""A newer edition is noted where a book has one, and a chapter is found by its title in either."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from modelwright.curriculum import Curriculum, load
from modelwright.curriculum.models import Resource
from modelwright.studio import Studio, StudioError

NEWER = {
    "linear-algebra/strang-introduction-to-linear-algebra": ("6th", 2023),
    "calculus/stewart-calculus": ("9th", 2020),
    "python/sweigart-automate-the-boring-stuff": ("3rd", 2025),
    "algorithms/cormen-introduction-to-algorithms": ("4th", 2022),
    "hands-on-ml/geron-hands-on-machine-learning": ("PyTorch", 2025),
    "transformers/rothman-transformers-for-nlp": ("3rd", 2024),
    "large-scale-ml/kleppmann-designing-data-intensive-applications": ("2nd", 2026),
    "advanced-deep-learning/chollet-deep-learning-with-python": ("3rd", 2025),
}
CORMEN = "algorithms/cormen-introduction-to-algorithms"
KLEPPMANN = "large-scale-ml/kleppmann-designing-data-intensive-applications"
CHOLLET = "advanced-deep-learning/chollet-deep-learning-with-python"


@pytest.fixture(scope="module")
def plan() -> Curriculum:
    return load(Path(__file__).parents[2] / "curriculum")


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with Studio.open(tmp_path_factory.mktemp("editions") / "home") as opened:
        opened.enrol("Ada", 7)
        yield opened


def renewed(plan: Curriculum) -> list[Resource]:
    return [resource for resource in plan.resources.values() if resource.newer]


def test_the_newer_editions_are_noted_with_all_their_chapters(plan):
    assert {r.id: (r.newer.edition, r.newer.year) for r in renewed(plan)} == NEWER
    for resource in renewed(plan):
        assert resource.newer.year > resource.year, resource.id
        assert [chapter.number for chapter in resource.newer.chapters] == list(range(1, len(resource.newer.chapters) + 1)), resource.id


def test_every_chapter_is_found_by_its_title_in_either_edition(plan):
    for resource in renewed(plan):
        for chapter in resource.chapters:
            assert chapter.number in resource.titled(chapter.title), (resource.id, chapter.title)
        for chapter in resource.newer.chapters:
            assert set(resource.titled(chapter.title)) >= set(chapter.here), (resource.id, chapter.title)


def test_a_title_that_both_editions_have_means_the_same_chapter(plan):
    fold = lambda title: re.sub(r"[^a-z]", "", title.lower())
    for resource in renewed(plan):
        listed = {fold(chapter.title): chapter.number for chapter in resource.chapters}
        for chapter in resource.newer.chapters:
            if fold(chapter.title) in listed:
                assert listed[fold(chapter.title)] in chapter.here, (resource.id, chapter.title)


@pytest.mark.parametrize(
    ("book", "words", "number"),
    [
        (CORMEN, "15", 15),
        (CORMEN, "dynamic programming", 15),
        (CORMEN, "Growth of Functions", 3),
        (CORMEN, "characterizing running times", 3),
        (KLEPPMANN, "Partitioning", 6),
        (KLEPPMANN, "sharding", 6),
        (CHOLLET, "Deep learning for timeseries", 10),
        (CHOLLET, "timeseries forecasting", 10),
    ],
)
def test_a_chapter_is_ticked_by_words_of_either_title(studio, book, words, number):
    assert studio.chapter_number(book, words) == number


@pytest.mark.parametrize(
    ("book", "words", "says"),
    [
        (CORMEN, "machine-learning algorithms", "new in the 4th edition; nothing in the plan stands for it"),
        (CORMEN, "trees", r"could be chapter 12 \(Binary Search Trees\) or 13 \(Red-Black Trees\) or "),
        (CORMEN, "gardening", "no chapter called 'gardening'; give its number, or words of its title"),
    ],
)
def test_a_title_that_names_no_one_chapter_is_told_in_a_sentence(studio, book, words, says):
    with pytest.raises(StudioError, match=says):
        studio.chapter_number(book, words)


def test_the_page_of_a_book_says_what_each_chapter_is_in_the_newer_edition(studio):
    book = studio.resource(CORMEN)
    assert book.newer == "4th edition, 2022"
    there = {chapter.number: chapter.newer for chapter in book.chapters}
    assert (there[15], there[3], there[20]) == ("14", "3, Characterizing Running Times", "")
    assert studio.resource("hands-on-ml/geron-hands-on-machine-learning").newer.endswith(
        "2025: Hands-On Machine Learning with Scikit-Learn and PyTorch"
    )


def test_a_title_of_the_newer_edition_finds_the_book(studio):
    assert KLEPPMANN in {found.link.id for found in studio.search("sharding")}
