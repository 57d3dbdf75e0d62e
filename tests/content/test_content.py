"""The curriculum that ships, proved: its files are sound, its lessons print what they say, its keys and its graders hold."""

import pytest

from modelwright.curriculum.lint import lint, prove_problem
from modelwright.curriculum.lint_lesson import prove_lesson
from modelwright.curriculum.loader import default_folder, load, read
from modelwright.studio.author import prove_lab
from modelwright.studio.word import lint_forbidden

CURRICULUM = load()


def test_every_file_is_sound():
    findings: list = []
    curriculum = read(default_folder(), findings.append)
    assert curriculum is not None
    lint(curriculum, findings.append)
    findings += [finding for lab in curriculum.labs.values() for finding in lint_forbidden(lab)]
    assert not findings, "\n".join(map(str, findings))


@pytest.mark.parametrize("id", CURRICULUM.lessons)
def test_a_lesson_prints_what_its_page_says(id):
    assert [str(f) for f in prove_lesson(CURRICULUM.lessons[id])] == []


@pytest.mark.parametrize("id", CURRICULUM.problems)
def test_a_problems_key_is_proved_over_200_seeds(id):
    assert [str(f) for f in prove_problem(CURRICULUM.problems[id])] == []


@pytest.fixture(scope="module")
def grade():
    from modelwright.grading import Grader

    with Grader() as grader:
        yield grader.grade


@pytest.mark.parametrize("id", CURRICULUM.labs)
def test_a_labs_grader_is_fair_and_sharp(id, grade):
    """The starter fails, right solutions pass, each wrong one fails at the check that it names."""
    assert [str(f) for f in prove_lab(CURRICULUM.labs[id], grade)] == []
