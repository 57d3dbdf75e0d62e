"""How many hours a module takes by the minutes that its own content states, and which book is read beside its lessons.

The default path is lessons, problems and labs, with one book in each stage; what no lesson teaches yet is read in the book that serves it.
It knows nothing of a person's pace, and nothing of what keeping the old costs: the forecast adds both.
"""

from __future__ import annotations

from modelwright.curriculum.loader import Curriculum

ANSWERS = 9  # to a kind of problem until it is known: three sittings of three


def taught_by_lessons(curriculum: Curriculum, module: str) -> bool:
    """Whether a lesson teaches each skill of the module, so that it can be learned without a book."""
    return all(curriculum.teaching(skill.id, "lesson") for skill in curriculum.modules[module].skills)


def default_book(curriculum: Curriculum, module: str) -> str | None:
    """The book that is read in this module unless the learner chooses: the stage's one book where it belongs here; else none where
    lessons teach everything, and the module's main one where they do not. A stage that names no book has one in each module."""
    found = curriculum.modules[module]
    shelf = [resource.id for resource in found.shelf]
    book = curriculum.stages[found.stage].book
    if book in shelf:
        return book
    if book is not None and taught_by_lessons(curriculum, module):
        return None
    return shelf[0] if shelf else None


def content_hours(curriculum: Curriculum, module: str, book: str | None) -> float:
    """Hours with everything in the module done once: its lessons, labs, questions, `ANSWERS` problems of each kind, and the reading.

    book: the one chosen. As the stage's book, or beside lessons that would do without it, it is read whole, apart from chapters that serve
    no skill; where it stands in for lessons, the chapters that serve this module's skills are read.
    """
    found = curriculum.modules[module]
    minutes: float = sum(lesson.minutes for lesson in found.lessons) + sum(lab.minutes for lab in found.labs)
    minutes += ANSWERS * sum(problem.minutes for problem in found.problems)
    minutes += sum(item.seconds for item in found.items) / 60
    shelf = {resource.id: resource for resource in found.shelf}
    chapters: dict[tuple[str, int], float] = {}
    if book in shelf and (book == curriculum.stages[found.stage].book or taught_by_lessons(curriculum, module)):
        chapters = {(book, chapter.number): chapter.hours for chapter in shelf[book].chapters if chapter.skills}
    order = [id for id in (book, *shelf) if id]
    for skill in found.skills:
        if curriculum.teaching(skill.id, "lesson"):
            continue
        places = curriculum.chapters(skill.id)
        first = next((id for id in order if any(id == resource for resource, _ in places)), places[0][0] if places else "")
        for resource, number in places:
            if resource == first and (chapter := curriculum.resources[resource].chapter(number)):
                chapters[resource, number] = chapter.hours
    return minutes / 60 + sum(chapters.values())
