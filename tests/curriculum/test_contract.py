"""A lab's word: every clause is held by a check and broken by a wrong solution, and what is forbidden is not what a right one does."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
import yaml

from modelwright.curriculum import CurriculumError
from modelwright.curriculum.lint import lint_lab
from modelwright.curriculum.loader import load
from modelwright.curriculum.models import Lab
from modelwright.studio.word import lint_forbidden
from tiny_curriculum import build

FILES = {
    "lab.yaml": """
        title: The mean
        skills: [statistics/the-mean]
        difficulty: 1
        minutes: 20
        hints: [a, b, c]
        forbid:
          - {name: statistics.*, instead: Add up and divide.}
        clauses:
          - {number: 1, checks: [four numbers by hand, any numbers], wrong: [divides-by-one-less]}
          - {number: 2, checks: [nothing has no mean], wrong: [zero-for-nothing, changes-the-list]}
          - {number: 3, checks: [the file uses only what the task allows], wrong: [calls-the-library]}
        without: {global-random: nothing is drawn}
    """,
    "README.md": """
        # The mean

        ## The contract

        1. `mean(values)` is the sum by the count.
        2. Nothing has no mean: ValueError.
        3. The library's mean is not called.

        ## Why

        1. This list is not the contract's.
    """,
    "starter.py": "def mean(values):\n    raise NotImplementedError\n",
    "solution.py": "def mean(values):\n    return sum(values) / len(values)\n",
    "checks.py": """
        def test_four_numbers_by_hand(learner): ...
        def test_any_numbers(learner): ...
        def test_nothing_has_no_mean(learner): ...
    """,
    "right/by_a_loop.py": '"""Adds up."""\ndef mean(values):\n    return sum(v for v in values) / len(values)\n',
    "wrong/divides_by_one_less.py": '"""One less. Caught by: four numbers by hand."""\n',
    "wrong/zero_for_nothing.py": '"""Zero. Stock: small-input. Caught by: nothing has no mean."""\n',
    "wrong/changes_the_list.py": '"""Pops. Stock: mutation. Caught by: nothing has no mean."""\n',
    "wrong/calls_the_library.py": '"""Calls. Stock: library-call. Caught by: the file uses only what the task allows."""\n',
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(dedent(text).lstrip("\n"))
    return tmp_path


def findings(folder: Path) -> list[str]:
    lab = Lab(id="statistics/mean", folder=folder, **yaml.safe_load((folder / "lab.yaml").read_text()))
    return [str(f).replace(f"{folder}/", "") for f in (*lint_lab(lab), *lint_forbidden(lab))]


def edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text()
    assert old in text
    (folder / name).write_text(text.replace(old, new, 1))


def test_a_lab_that_keeps_its_word_has_no_findings(folder: Path) -> None:
    assert findings(folder) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "says"),
    [
        ("README.md", "3. The library's mean is not called.\n", "", "lab.yaml:11: README.md has no clause 3 under '## The contract'."),
        ("README.md", "3. The", "4. The", "README.md:5: The clauses of '## The contract' are numbered 1, 2, 4."),
        ("README.md", "3. The library's mean is not called.", "3. Not called.\n4. And quick.", "README.md:8: Clause 4 is not in lab.yaml."),
        ("README.md", "## The contract", "## The deal", "README.md has no clause 1 under '## The contract'."),
        ("lab.yaml", "checks: [nothing has no mean]", "checks: []", "lab.yaml:10: No check holds clause 2."),
        ("lab.yaml", "checks: [nothing has no mean]", "checks: [nothing has none]", "Clause 2: there is no check 'nothing has none'."),
        ("lab.yaml", ", any numbers]", "]", "The check 'any numbers' holds no clause."),
        ("lab.yaml", "wrong: [divides-by-one-less]", "wrong: []", "lab.yaml:9: No wrong solution breaks clause 1."),
        ("lab.yaml", "wrong: [divides-by-one-less]", "wrong: [ghost]", "Clause 1: there is no wrong/ghost.py."),
        ("lab.yaml", "wrong: [divides-by-one-less]", "wrong: [zero-for-nothing]", "caught by 'nothing has no mean', which does not hold this clause"),
        ("lab.yaml", ", changes-the-list]", "]", "wrong/changes_the_list.py:1: It breaks no clause."),
        ("lab.yaml", "[a, b, c]", "[a, b, {text: c, checks: [any numbers, no such]}]", "lab.yaml:5: Hint 3: there is no check 'no such'."),
        ("lab.yaml", "number: 3", "number: 2", "Clause 2 stands twice."),
        ("wrong/changes_the_list.py", "Stock: mutation. ", "", "wrong: No wrong solution changes the caller's arguments."),
        ("wrong/changes_the_list.py", "Stock: mutation. ", "Stock: mutations. ", "There is no stock mistake 'mutations'."),
        ("lab.yaml", "without: {", "without: {mutation: none, ", "lab.yaml:12: mutation is left out here, but wrong/changes_the_list.py makes it."),
        ("lab.yaml", "title:", "needs: [numpy]\ntitle:", "No wrong solution answers in another dtype."),
        ("checks.py", "(learner): ...", "(learner) ...", "checks.py:1: This is not Python"),
        ("solution.py", "return sum(values) / len(values)", "import statistics\n    return statistics.fmean(values)",
         "solution.py:3: It uses `statistics.fmean`, which forbid in lab.yaml does not allow."),
        ("right/by_a_loop.py", "def mean(values):", "from statistics import fmean\ndef mean(values):\n    return fmean(values)",
         "right/by_a_loop.py:4: It uses `statistics.fmean`"),
        ("lab.yaml", "statistics.*", "statistics", "lab.yaml:7: 'statistics' is neither a builtin nor an operator."),
        ("lab.yaml", "{name: statistics.*, instead", "{loops_over: xs, instead", "lab.yaml:7: No function of starter.py has an argument xs."),
    ],
)  # fmt: skip
def test_a_broken_word_is_named_with_its_place(folder: Path, file: str, old: str, new: str, says: str) -> None:
    edit(folder, file, old, new)
    assert any(says in finding for finding in findings(folder)), findings(folder)


@pytest.mark.parametrize("heading", ["## The contract\n", "## The deal\n\n1. It is a mean.\n", ""])
def test_a_lab_without_numbered_clauses_is_refused_in_one_sentence(folder: Path, heading: str) -> None:
    (folder / "README.md").write_text(f"# The mean\n\n{heading}\nWrite the mean of a list.\n")
    described = yaml.safe_load((folder / "lab.yaml").read_text())
    (folder / "lab.yaml").write_text(yaml.safe_dump({key: value for key, value in described.items() if key != "clauses"}))
    assert findings(folder) == [
        "README.md:1: There is no numbered clause under '## The contract'. "
        "Number what the task promises, and name in lab.yaml for each clause its checks and the wrong solutions that break it."
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("forbid: [{name: numpy.linalg.*}]", r"lab\.yaml:1: forbid\.0\.instead is missing\."),
        ("forbid: [{instead: Write it.}]", r"give either a name or loops_over"),
        ("forbid: [{name: sorted, loops_over: x, instead: Write it.}]", r"give either a name or loops_over"),
        ("forbid: [{nam: sorted, instead: Write it.}]", r"Did you mean name\?"),
        ("clauses: [{number: 1, checks: [rows], wrong: [a], chekcs: []}]", r"Did you mean checks\?"),
        ("without: {magic: none}", r"without"),
    ],
)
def test_a_misspelt_rule_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    lab = build(tmp_path) / "1-foundation/tiny-maths/labs/softmax/lab.yaml"
    lab.write_text(f"{text}\n{lab.read_text()}")
    with pytest.raises(CurriculumError, match=says):
        load(tmp_path)
