"""The audit counts what it says: sentences, syllables, terms, twins, double questions, generators that repeat themselves."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from modelwright.cli.course import app
from modelwright.curriculum import UnknownId, load
from modelwright.curriculum.models import Card
from modelwright.studio.audit import asks_two_things, audit, reading_ease, sentences, shared_sentences, split, syllables
from modelwright.studio.skeleton import new_lesson, new_module

MODULE = "1-foundation/statistics"


@pytest.fixture
def course(tmp_path: Path) -> Path:
    new_module(tmp_path, "statistics", "Statistics")
    return tmp_path


def edit(course: Path, name: str, old: str, new: str) -> None:
    path = course / MODULE / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def the_mean(course: Path):
    [report] = audit(load(course))
    [lesson] = report.lessons
    return lesson


@pytest.mark.parametrize(("word", "count"), [
    ("make", 1), ("table", 2), ("the", 1), ("called", 1), ("needed", 2), ("matrices", 3), ("derivative", 4), ("values", 2), ("used", 1),
    ("boxes", 2), ("whole", 1), ("simples", 2), ("gives", 1), ("changes", 2), ("softmax", 2), ("axis", 2), ("by", 1), ("attention", 3),
])  # fmt: skip
def test_syllables_are_counted_as_they_are_spoken(word, count):
    assert syllables(word) == count


def test_reading_ease_is_fleschs_formula():
    """Six words of one syllable in one sentence: 206.835 - 1.015 x 6 - 84.6."""
    assert reading_ease(["The cat sat on the mat."]) == pytest.approx(116.145)
    assert reading_ease(["The cat sat on the mat."]) > reading_ease(["Multidimensional generalisation necessitates regularisation."])
    assert reading_ease([]) == 100.0


def test_a_paragraph_falls_into_its_sentences():
    text = "It is $e^{-3. 5}$, or `f(x). G`. See [the paper. Really](https://a.b/c. D) once? **Then** it is 3.5, not 4. *So* there."
    assert split(text) == ["It is x, or x.", "See the paper.", "Really once?", "Then it is 3.5, not 4.", "So there."]


def test_what_is_not_said_in_sentences_is_passed_over(course):
    """Headings, code and tables are no sentences, and the line is that of the file."""
    path = course / MODULE / "lessons/the-mean.md"
    said = list(sentences(load(course).lessons["statistics/the-mean"]))
    assert not any("One example, all the way" in s.text or "sum(distances)" in s.text for s in said)
    first = next(s for s in said if s.text.startswith("A lesson works one example"))
    assert path.read_text().splitlines()[first.line - 1].startswith("A lesson works one example")


def test_a_long_sentence_is_told_with_its_line(course):
    long = "Run it " + "and run it once more " * 8 + "now."
    before = the_mean(course).long
    edit(course, "lessons/the-mean.md", "No run took five seconds", f"{long} No run took five seconds")
    [sentence] = {s.text: s for s in the_mean(course).long if s.text not in {b.text for b in before}}.values()
    assert (sentence.words, sentence.text) == (43, long)


def test_a_bold_term_that_no_lesson_lists_is_told(course):
    said = "The **least squares** line **follows what the far values say**. The mean follows"
    edit(course, "lessons/the-mean.md", "The mean follows", said)
    assert the_mean(course).no_lesson == ("least squares",)
    edit(course, "lessons/the-mean.md", "terms:\n", "terms:\n  least squares: the line with the smallest squared misses\n")
    assert the_mean(course).no_lesson == ()


def test_a_sentence_that_two_lessons_share_is_told_of_both(course):
    assert shared_sentences(load(course).lessons.values()) == []
    new_lesson(course, "statistics/variance", "Variance")
    [report] = audit(load(course))
    assert any("seven" not in s.text and s.lessons == ("statistics/the-mean", "statistics/variance") for s in report.shared)
    assert all(len(s.text.split()) >= 7 for s in report.shared)


@pytest.mark.parametrize(("ask", "two"), [
    ("What is the largest slope of the sigmoid, and why does it matter?", True),
    ("What does the size of a determinant say, and what its sign?", True),
    ("Is it so? Why?", True),
    ("Nine values are 1 and the tenth is 101. Why is their mean a poor summary?", False),
    ("Which bug does `grad = x` and a shared value cause?", False),
])  # fmt: skip
def test_a_card_that_asks_two_things_is_known_by_its_joint(ask, two):
    assert asks_two_things(Card(id="a/b", ask=ask, answer="x", skill="a/b")) is two


def test_a_generator_that_repeats_itself_is_told_with_its_count(course):
    assert audit(load(course))[0].few_questions == ()
    edit(course, "problems.py", "rng.choice(range(1, 30), size=3, replace=False)", "rng.choice([3, 5, 8], size=3, replace=False)")
    [few] = audit(load(course))[0].few_questions
    assert (few.problem, few.questions) == ("statistics/mean-of-three", 6)


def test_the_command_prints_a_table_and_the_same_as_json(course):
    edit(course, "cards.yaml", "Why is their mean", "What is their mean, and why is it")
    plain = CliRunner().invoke(app, ["audit", "--curriculum", str(course)])
    data = json.loads(CliRunner().invoke(app, ["audit", "--json", "--curriculum", str(course)]).output)
    assert plain.exit_code == 0
    assert "statistics/the-mean" in plain.output
    assert "asks two things" in plain.output
    assert data[0]["double_cards"] == ["statistics/mean-and-one-large-value"]
    assert data[0]["lessons"][0]["id"] == "statistics/the-mean"
    with pytest.raises(UnknownId):
        audit(load(course), ["statistic"])
