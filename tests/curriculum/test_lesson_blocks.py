"""The form of a lesson: what its blocks mean, and what its author is told where one is wrong."""

import re
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tiny_curriculum
import worked_lesson
from modelwright.curriculum import CurriculumError, load
from modelwright.curriculum.errors import Finding
from modelwright.curriculum.lesson_blocks import (
    Cell,
    Check,
    Closing,
    Explore,
    Faded,
    Figure,
    Prose,
    blocks_of,
    closing_questions,
    of_kind,
    parse,
)
from modelwright.curriculum.lint_lesson import lint_lesson, lint_order, lint_references, prove_lesson
from modelwright.curriculum.models import Lesson
from modelwright.curriculum.render import render_lesson

GUIDE = Path(__file__).parents[2] / "docs" / "authors.md"


def example() -> str:
    """The whole lesson that the author's guide shows."""
    return re.search(r"^````markdown\n(.*?)^````$", GUIDE.read_text(encoding="utf-8"), flags=re.S | re.M)[1]


def lesson(tmp_path: Path, file: str) -> Lesson:
    import yaml

    path = tmp_path / "step-size.md"
    path.write_text(file, encoding="utf-8")
    head, text = file[4:].split("\n---\n", 1)
    return Lesson(id="calculus/step-size", text=text, path=path, **yaml.safe_load(head))


def findings(text: str) -> list[str]:
    """What the parser reports of a lesson's text that stands below three lines of front matter."""
    found: list[Finding] = []
    parse(text, Path("l.md"), 3, found.append)
    return [str(finding) for finding in found]


def block(kind: str, body: str) -> str:
    return f"What?\n\n```{kind}\n{dedent(body).strip()}\n```\n\nMore.\n"


def test_the_guides_lesson_is_read_as_the_sequence_that_a_reader_meets(tmp_path):
    page = lesson(tmp_path, example())
    kinds = [type(block) for block in blocks_of(page)]
    assert kinds == [Prose, Cell, Prose, Check, Prose, Explore, Prose, Check, Prose, Faded, Prose, Figure, Prose, Closing]
    assert of_kind(page, Cell)[0].output.startswith("0 0.6\n")
    assert [question.answer is not None for question in closing_questions(page)] == [True, True]
    assert set(page.terms) == {"learning rate", "second derivative"}


def test_the_guides_lesson_satisfies_the_linter_and_prints_what_it_says(tmp_path):
    page = lesson(tmp_path, example())
    assert [str(finding) for finding in (*lint_lesson(page), *prove_lesson(page))] == []


def test_a_lesson_that_only_tells_is_refused(tmp_path):
    page = lesson(tmp_path, "---\ntitle: L\nskills: [m/s]\nminutes: 5\n---\nWhy?\n\n## Before you go on\n\n1. One?\n2. Two?\n")
    said = " ".join(map(str, lint_lesson(page)))
    assert "The lesson has no check." in said
    assert "Closing question 1 has no answer." in said


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("   **Answer.** Below", "   Below", "Closing question 1 has no answer."),
        ("the **learning rate**", "the learning rate", "'learning rate' is not bold where it is first used"),
        ("  second derivative:", "  third derivative:", "The text never uses the term 'third derivative'."),
        ("answer: -3", 'answer: "3 +"', "the answer cannot be read"),
        ('"3/2": ', '"-3": ', "the misconception '-3' equals the answer"),
        ("fill: 1 / curvature(x)", "fill: 1 / (curvature(x)", "the code is not Python"),
        ('- "newton_step(lambda x: 6', '- "newton step(lambda x: 6', "in 'compare' is no expression"),
        ("x, eta = 3.0, 0.2", "x, eta = 3.0, 0.2" + "\n" * 15, "This block of code has"),
    ],
)  # fmt: skip
def test_a_fault_of_a_lesson_that_asks_is_named(tmp_path, old, new, says):
    assert old in example()
    found = [str(finding) for finding in lint_lesson(lesson(tmp_path, example().replace(old, new, 1)))]
    assert any(says in finding for finding in found), found


@pytest.mark.parametrize("words", ["the dark line", "a white dot", "the light grey area", "the curve that is black is a line in black"])
@pytest.mark.parametrize("place", ["text", "alt", "code"])
def test_a_colour_that_the_other_theme_turns_around_is_refused(tmp_path, words, place):
    made = {
        "text": example().replace("\n## ", f"\nLook at {words}.\n\n## ", 1),
        "alt": example().replace('alt = "', f'alt = "There is {words} of a kind. ', 1),
        "code": example().replace("```figure\n", f"```figure\nsaid = '{words}'\n", 1),
    }[place]
    assert made != example()
    found = [str(finding) for finding in lint_lesson(lesson(tmp_path, made))]
    assert any("in both themes" in finding for finding in found), found


@pytest.mark.parametrize(
    "words", ["the solid line", "the red curve", "a black box", "white noise around the curve", "the speed of light", "a grey disc"]
)
def test_a_word_that_holds_in_both_themes_is_left_alone(tmp_path, words):
    made = example().replace("\n## ", f"\nLook at {words}.\n\n## ", 1)
    assert not any("themes" in str(finding) for finding in lint_lesson(lesson(tmp_path, made)))


def test_a_check_of_what_a_program_prints_is_run(tmp_path):
    page = lesson(tmp_path, example().replace('prints: "4 3.0"', 'prints: "4 0.0"'))
    assert "The page says '4 0.0', the code prints '4 3.0'." in str(next(prove_lesson(page)))


def test_the_program_of_a_check_leaves_nothing_behind(tmp_path):
    text = "Why?\n\n```check\nid: a\nask: What?\ncode: |\n  x = 1\n  print(x)\nprints: 1\nwhy: So.\n```\n\n```python\nprint(x)\n```\n"
    page = lesson(tmp_path, f"---\ntitle: L\nskills: [m/s]\nminutes: 5\n---\n{text}")
    assert any("NameError" in str(finding) for finding in prove_lesson(page))


CHECK = "id: a\nask: What?\nwhy: So.\n"
FADED = "id: f\nask: Fill it.\ncode: |\n  x = ____\nfill: 1\ncompare: [x]\nhints: [one, two]\n"
EXPLORE = 'VALUES = {"n": [1, 2]}\ndef draw(n):\n    return "It is seen."\n'


@pytest.mark.parametrize(
    ("kind", "body", "says"),
    [
        ("check", CHECK + "anwser: 3", "l.md:10: check: anwser is not a key that is known here. Did you mean answer?"),
        ("check", "ask: What?\nanswer: 3\nwhy: So.", "check: id is missing"),
        ("check", CHECK, "exactly one of the three"),
        ("check", CHECK + "answer: 3\nprints: 3", "exactly one of the three"),
        ("check", CHECK + "item: m/i", "exactly one of the three"),
        ("check", "id: a\nitem: m/i\nwhy: So.", "it has no why of its own"),
        ("check", "id: a\nask: What?\nanswer: 3", "says in 'why'"),
        ("check", CHECK + "prints: 3", "needs the program in 'code'"),
        ("check", CHECK + "choices: [{text: a, right: true}, {text: b}]", "says in 'shows' what it shows"),
        ("check", CHECK + "choices: [{text: a, right: true}, {text: b, right: true}]", "exactly one choice is 'right: true'"),
        ("check", CHECK + "choices: [{text: a, right: true}]", "there are 1 choices"),
        ("check", CHECK + "answer: 3\nline: 4", "line is not a key"),
        ("check", "id: [", "not valid YAML"),
        ("check", "- a", "holds keys and values"),
        ("check", "id: closing-1\nask: What?\nanswer: 3\nwhy: So.", "kept for the closing questions"),
        ("faded", FADED.replace("____", "__"), "the code has 0 holes"),
        ("faded", FADED.replace("x = ____", "x = ____ + ____"), "the code has 2 holes"),
        ("faded", FADED.replace("fill: 1", 'fill: "a\\nb\\nc"'), "one line or two"),
        ("faded", FADED.replace("fill: 1", 'fill: "1\\ny = 2"'), "a hole that stands alone"),
        ("faded", FADED.replace("[one, two]", "[one]"), "faded: hints"),
        ("faded", FADED.replace("[x]", "[]"), "faded: compare"),
        ("explore", EXPLORE.replace("[1, 2]", "range(2)"), "VALUES and LABELS are computed"),
        ("explore", EXPLORE.replace("VALUES", "VALUE"), "there is no VALUES"),
        ("explore", EXPLORE.replace("[1, 2]", str(list(range(25)))), "n has 25 values. Give two to 24"),
        ("explore", EXPLORE.replace('{"n": [1, 2]}', '{"n": [1, 2, 3, 4, 5, 6, 7], "m": [1, 2]}'), "n has 7 values. Give two to 6"),
        ("explore", EXPLORE.replace("draw(n)", "draw(m)"), "l.md:8: explore: draw does not take what VALUES names. Write def draw(n)."),
        ("explore", EXPLORE.replace('return "It is seen."', "pass"), "draw returns nothing"),
        ("explore", EXPLORE + "x = = 1", "l.md:10: explore: this is not Python"),
        ("chekc", CHECK, "l.md:6: 'chekc' is no kind of block. Did you mean check?"),
        ("python3", "print(1)", "Did you mean python?"),
    ],
)  # fmt: skip
def test_a_block_of_the_wrong_shape_is_one_sentence_with_its_line(kind, body, says):
    found = findings(block(kind, body))
    assert any(says in finding for finding in found), found


def test_two_checks_with_one_id_are_refused():
    assert any("The id a stands twice in this lesson." in f for f in findings(block("check", CHECK + "answer: 3") * 2))


def test_a_block_that_is_never_closed_is_named():
    assert "l.md:6: This ```check block is never closed." in findings("What?\n\n```check\nid: a\n")[0]


def test_a_block_in_the_closing_section_is_refused():
    assert any("closing section" in f for f in findings("What?\n\n## Before you go on\n\n1. Why?\n\n```python\nx = 1\n```\n"))


def test_a_lesson_that_cannot_be_read_stops_with_its_file_and_line(tmp_path):
    page = lesson(tmp_path, "---\ntitle: L\nskills: [m/s]\nminutes: 5\n---\n" + block("check", CHECK))
    with pytest.raises(CurriculumError, match=r"step-size\.md:\d+: check: "):
        blocks_of(page)


def test_what_fills_a_hole_that_stands_alone_gets_its_indentation():
    faded = Faded(id="f", ask="?", code="for x in xs:\n    ____\nprint(y)\n", fill="y = x\nz = y", compare=("y",), hints=("a", "b"))
    assert faded.filled("  y = 2 * x\n  z = y\n") == "for x in xs:\n    y = 2 * x\n    z = y\nprint(y)\n"


def test_a_closing_question_says_which_skill_it_asks_about():
    (closing,) = parse(
        "## Before you go on\n\n1. Why?\n   Say it. (skill: m/s)\n\n   **Answer.** So\n   it is.\n\n   And more.\n", Path("l"), 0, [].append
    )
    (question,) = closing.questions
    assert (question.ask, question.skill, question.answer) == ("Why? Say it.", "m/s", "So\nit is.\n\nAnd more.")


def test_a_page_shows_the_hole_and_never_what_fills_it(tmp_path):
    html = render_lesson(lesson(tmp_path, example())).html
    assert '<span class="hole">____</span>' in html
    assert "1 / curvature" not in html


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(["A.", "```python", "```", "x = 1", "```check", "id: a", "~~~", "## Before you go on", "1. Why?", "   **Answer.** So.",
                                 "```output", "````", "---", "```explore", ": :", "- ["]), max_size=14))  # fmt: skip
def test_any_text_is_either_read_or_refused_with_a_line(lines):
    """Never an exception, and every line of prose stays in its place."""
    text, found = "\n".join(lines), []
    blocks = parse(text, Path("l.md"), 0, found.append)
    assert all(1 <= finding.line <= len(lines) + 2 for finding in found)
    assert [block.line for block in blocks] == sorted(block.line for block in blocks)
    for prose in blocks:
        if isinstance(prose, Prose):
            assert "\n".join(lines[prose.line - 1 :]).startswith(prose.text.rstrip("\n"))


# The order of ideas


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tiny_curriculum.build(tmp_path / "course")
    worked_lesson.add(folder)
    return folder


def order(course: Path, **changed: tuple[str, str]) -> list[str]:
    """What the linter says of the order of ideas, after (old, new) was put into a lesson."""
    for name, (old, new) in changed.items():
        path = course / "1-foundation" / "tiny-maths" / "lessons" / f"{name}.md"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))
    curriculum = load(course)
    return [str(finding) for finding in lint_order(curriculum, curriculum.lessons.values())]


LATER = (
    "---\ntitle: Later\nskills: [tiny-maths/weights]\nminutes: 5\nterms:\n  gradient step: one move downhill\n---\n\nA **gradient step**?\n"
)


def test_a_lesson_that_uses_what_is_taught_by_then_is_in_order(course):
    assert order(course) == []


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("Now a quarter.", "Now a quarter, after\ntwo gradient steps."),
        ("ask: What is half of 10?", "ask: What is half a gradient step?"),
        ("**Answer.** Doubling does.", "**Answer.** A gradient step does."),
        ("shows: That is twice 10.", "shows: That is a gradient step."),
    ],
)
def test_a_term_that_a_later_lesson_teaches_is_refused_wherever_it_is_used(course, place, text):
    (course / "1-foundation" / "tiny-maths" / "lessons" / "later.md").write_text(LATER)
    found = order(course, halving=(place, text))
    assert any("is used before it is taught" in f and "tiny-maths/later" in f and re.search(r"halving\.md:\d+:", f) for f in found), found


@pytest.mark.parametrize("text", ["Now `gradient step`.", "Now $gradient step$.", "Now gradients step by step.", "Now a gradient-stepper."])
def test_code_mathematics_and_other_words_are_no_use_of_a_term(course, text):
    (course / "1-foundation" / "tiny-maths" / "lessons" / "later.md").write_text(LATER)
    assert order(course, halving=("Now a quarter.", text)) == []


def test_the_later_lesson_may_use_what_the_earlier_one_taught(course):
    path = course / "1-foundation" / "tiny-maths" / "lessons" / "later.md"
    path.write_text(LATER + "\nIts learning rate is small.\n")
    assert order(course) == []


def test_a_term_has_one_meaning(course):
    (course / "1-foundation" / "tiny-maths" / "lessons" / "later.md").write_text(LATER.replace("gradient step:", "learning rate:"))
    assert any("means something else in tiny-maths/halving" in f for f in order(course))


def test_a_question_about_a_skill_that_comes_later_is_refused_unless_it_is_assumed(course):
    found = order(course)
    assert found == []
    (found,) = order(course, halving=("problem: tiny-maths/double-it", "problem: tiny-maths/double-it\nskill: tiny-maths/weights"))
    assert "The skill tiny-maths/weights is neither taught here nor before." in found


def test_a_lesson_cannot_assume_what_rests_on_it(course):
    assert any("rests on what it teaches" in f for f in order(course, halving=("minutes: 8", "minutes: 8\nassumes: [tiny-maths/weights]")))


def test_a_lesson_need_not_assume_what_its_skills_rest_on(course):
    (course / "1-foundation" / "tiny-maths" / "lessons" / "later.md").write_text(
        LATER.replace("terms:", "assumes: [tiny-maths/doubling]\nterms:")
    )
    assert any("which its skills rest on anyway" in f for f in order(course))


def test_a_pointer_to_nothing_is_named_with_the_nearest(course):
    path = course / "1-foundation" / "tiny-maths" / "lessons" / "halving.md"
    path.write_text(path.read_text().replace("problem: tiny-maths/double-it", "problem: tiny-maths/double-its"))
    curriculum = load(course)
    (finding,) = lint_references(curriculum, curriculum.lessons["tiny-maths/halving"])
    assert "There is no problem tiny-maths/double-its. Did you mean tiny-maths/double-it?" in str(finding)
