"""What the linter tells an author: the file, the line, and what to do. It starts from a skeleton that is valid, and breaks it."""

from pathlib import Path

import pytest

from modelwright.curriculum import CurriculumError, UnknownId, load
from modelwright.studio.author import validate
from modelwright.studio.errors import StudioError
from modelwright.studio.skeleton import new_lab, new_lesson, new_module


@pytest.fixture
def course(tmp_path: Path) -> Path:
    new_module(tmp_path, "statistics", "Statistics")
    return tmp_path


MODULE = "1-foundation/statistics"


def findings(course: Path, run: bool = False, **options) -> list[str]:
    return [str(f).replace(str(course) + "/", "") for f in validate(course, run=run, **options)]


def edit(course: Path, name: str, old: str, new: str) -> None:
    path = course / MODULE / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_new_module_holds_as_it_stands(course):
    assert findings(course) == []


def test_a_new_module_holds_when_everything_in_it_is_run(course):
    """Its lesson prints what the page says, its key is proved, its starter fails and its wrong solutions fail where they say."""
    assert findings(course, run=True, seeds=20) == []


def test_a_second_module_a_lesson_and_a_lab_hold_too(course):
    new_module(course, "more-statistics", "More")
    new_lesson(course, "more-statistics/variance", "Variance")
    new_lab(course, "statistics/median", "The median")
    assert findings(course) == []
    assert len(load(course).modules) == 2


def test_nothing_is_overwritten(course):
    with pytest.raises(StudioError, match="exists already"):
        new_lab(course, "statistics/mean", "Again")


def test_a_folder_without_a_plan_says_so(tmp_path):
    with pytest.raises(CurriculumError, match=r"plan\.yaml.*no plan here"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("module.yaml", "difficulty: 1", "difficulty: 9", "module.yaml:25: skills.0.difficulty: Input should be less than or equal to 5"),
        ("module.yaml", "title: Statistics", "titel: Statistics", "Did you mean title?"),
        ("module.yaml", "role: main", "rôle: main", "Did you mean role?"),
        ("module.yaml", "why: One", "why: 'One", "not valid YAML"),
        ("module.yaml", "https://example.org/the-book", "example dot org", "module.yaml:15: 'example dot org' is not a link."),
        ("module.yaml", "skills: [statistics/the-mean]}", "skills: [statistics/the-maen]}", "Did you mean statistics/the-mean?"),
        ("module.yaml", "can: compute", "prerequisites: [statistics/ghost]\n    can: compute", "cannot be reached: it needs statistics/ghost"),
        ("module.yaml", "can: compute", "divided_from: statistics/ghost\n    can: compute", "divided from statistics/ghost, which is no other"),
        ("module.yaml", "    chapters:", "    newer: {edition: 2nd, year: 2030, chapters: [{number: 1, title: Means, here: [7]}]}\n    chapters:", "“Means” is to be chapter 7 here, which"),
        ("module.yaml", "hours: {low: 2, high: 4}", "hours: {low: 1, high: 4}", "its modules add up to 1 to 4"),
        ("cards.yaml", "It is 11,", "It is 11, " + "and so on " * 20, "cards.yaml:1: The answer has"),
        ("cards.yaml", "skill: statistics/the-mean", "skill: statistics/mean", "There is no skill statistics/mean."),
        ("lessons/the-mean.md", "when does it lie?", "when it lies.", "The opening asks no question."),
        ("lessons/the-mean.md", "2. Somebody reports", "Somebody reports", "has 1 questions"),
        ("lessons/the-mean.md", "   **Answer.** At 8.", "   At 8.", "Closing question 1 has no answer."),
        ("lessons/the-mean.md", "$20 / 4 = 5$", "$\\frac{20}{$", "lessons/the-mean.md:14: The formula"),
        ("lessons/the-mean.md", "print(distances, sum(distances))", "print(distances, sum(distances))  # " + "a" * 40, "the-mean.md:21: This line of code has 76 characters."),
        ("problems.py", "def prove_mean_of_three", "def proof", "mean_of_three has no proof"),
        ("labs/mean/lab.yaml", "minutes: 20", "minutes: 95", "A lab takes 20 to 90."),
        ("labs/mean/lab.yaml", "hints:", "hint:", "Did you mean hints?"),
        ("labs/mean/wrong/divides_by_one_less.py", "Caught by: four numbers by hand", "Caught by: five numbers", "There is no check 'five numbers'"),
        ("labs/mean/wrong/divides_by_one_less.py", "Caught by:", "See:", "does not say what catches it"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_its_place(course, file, old, new, says):
    edit(course, file, old, new)
    found = findings(course)
    assert any(says in finding for finding in found), found


def test_a_circle_of_prerequisites_is_shown_whole(course):
    edit(
        course,
        "module.yaml",
        "    can: compute",
        "    prerequisites: [statistics/spread]\n    can: compute",
    )
    path = course / MODULE / "module.yaml"
    path.write_text(path.read_text() + "  - {id: statistics/spread, title: S, can: see it, prerequisites: [statistics/the-mean]}\n")
    assert any("statistics/the-mean → statistics/spread → statistics/the-mean" in f or "statistics/spread → statistics/the-mean → statistics/spread" in f
               for f in findings(course))  # fmt: skip


def test_a_skill_that_nothing_teaches_is_found(course):
    path = course / MODULE / "module.yaml"
    path.write_text(path.read_text() + "  - {id: statistics/spread, title: S, can: see it}\n")
    assert any("Nothing teaches statistics/spread." in f for f in findings(course))


def test_a_stages_book_is_on_the_shelf_of_one_of_its_modules(course):
    plan = course / "plan.yaml"
    plan.write_text(plan.read_text().replace("    hours: {low: 2, high: 4}", "    book: no/such-book\n    hours: {low: 2, high: 4}", 1))
    assert any("no/such-book is no book of a module of this stage" in f for f in findings(course))


def test_what_is_required_may_not_rest_on_what_can_be_left_out(course):
    edit(course, "module.yaml", "hours: {low: 2, high: 4}", "hours: {low: 2, high: 4}\noptional: true")
    edit(course, "module.yaml", "    can: compute", "    required: true\n    prerequisites: [statistics/spread]\n    can: compute")
    path = course / MODULE / "module.yaml"
    path.write_text(path.read_text() + "  - {id: statistics/spread, title: S, can: see it}\n")
    assert any("statistics/the-mean is in everyone's plan, and rests on statistics/spread" in f for f in findings(course))


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("lessons/the-mean.md", "[-3, -2, -2, 7] 0", "[-3, -2, -2, 7] 1", "the-mean.md:18: The page says '[-3, -2, -2, 7] 1', the code prints '[-3, -2, -2, 7] 0'."),
        ("lessons/the-mean.md", "print(distances, sum", "print(distances, summe", "NameError"),
        ("problems.py", "sp.Rational(total, 3)", "sp.Rational(total, 4)", "its proof finds"),
        ("problems.py", "sp.Integer(total): ", "sp.Rational(total, 3): ", "equals the answer"),
        ("problems.py", "for x in rng.choice(range(1, 30), size=3, replace=False))", "for x in (3, 5, 8))", "mean_of_three makes only 1 different"),
        ("labs/mean/solution.py", "/ len(values)", "/ (len(values) + 1)", "A right solution does not pass"),
        ("labs/mean/right/by_a_loop.py", "return total / count", "return 0.0", "right/by_a_loop.py: A right solution does not pass"),
        ("labs/mean/wrong/divides_by_one_less.py", "max(len(values) - 1, 1)", "len(values)", "A wrong solution passes every check."),
        ("labs/mean/wrong/divides_by_one_less.py", "four numbers by hand", "an empty array is refused", "It fails for another reason"),
    ],
)  # fmt: skip
def test_running_finds_what_reading_cannot(course, file, old, new, says):
    edit(course, file, old, new)
    assert any(says in finding for finding in findings(course, run=True, seeds=5))


@pytest.mark.parametrize("name", ["mean", "average"])
def test_a_lesson_that_shows_the_labs_answer_is_found_whatever_it_calls_it(course, name):
    solution = (course / MODULE / "labs/mean/solution.py").read_text().replace("def mean", f"def {name}")
    indented = "".join(f"  {line}\n" if line else "\n" for line in solution.splitlines())
    edit(course, "lessons/the-mean.md", "      return ____\n", "      return ____\n\n\n" + indented)
    (told,) = [f for f in findings(course, run=True, seeds=1) if "handed in" in f]
    assert "the-mean.md: Its code, handed in, passes 100% of the checks of the lab statistics/mean." in told


def test_a_starter_that_passes_is_found(course):
    labs = course / MODULE / "labs/mean"
    (labs / "starter.py").write_text((labs / "solution.py").read_text())
    assert any("The starter passes every check." in f for f in findings(course, run=True, seeds=1))


def test_a_wrong_id_gets_the_nearest(course):
    curriculum = load(course)
    with pytest.raises(UnknownId, match="Did you mean statistics/mean"):
        curriculum.find("lab", "statistics/maen")
    assert curriculum.nearest("lab", "mean") == ["statistics/mean"]
