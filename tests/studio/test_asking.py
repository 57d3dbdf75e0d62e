"""A question for people elsewhere: it holds what they need, and nothing that would give the lab away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny_curriculum as tiny
from modelwright.studio import Studio
from modelwright.studio.asking import fenced, task
from modelwright.studio.errors import NotYet


def test_a_question_holds_the_task_the_failing_example_the_code_what_was_tried_and_versions(studio: Studio) -> None:
    with pytest.raises(NotYet, match="Check your file once first"):
        studio.asking(tiny.LAB)
    studio.submit(tiny.LAB, source=tiny.STARTER)
    studio.submit(tiny.LAB, source=tiny.WRONG)
    studio.hint(tiny.LAB)
    view = studio.asking(tiny.LAB)
    for part in ("**What I want.**", "The check “", "e = np.exp(x)", "Two submissions since", "one hint", "NumPy", "Python 3."):
        assert part in view.body, view.body
    assert "fails" in view.title
    assert any("what speaks against it" in line for line in view.missing)
    assert view.places
    studio.submit(tiny.LAB, source=tiny.SOLUTION)
    with pytest.raises(NotYet, match="Your file passes"):
        studio.asking(tiny.LAB)


def test_neither_the_solution_nor_the_checks_nor_a_path_of_the_machine_is_in_it(studio: Studio, home: Path) -> None:
    studio.submit(tiny.LAB, source=tiny.WRONG)
    body = studio.asking(tiny.LAB).body
    lab = studio.curriculum.labs[tiny.LAB]
    checks = {line.strip() for line in (lab.folder / "checks.py").read_text().splitlines() if len(line.strip()) > 25}
    own = set(map(str.strip, tiny.WRONG.splitlines()))
    solution = {line.strip() for line in tiny.SOLUTION.splitlines() if line.strip() not in own}
    assert [line for line in checks | solution if line in body] == []
    assert str(home) not in body
    assert str(Path.home()) not in body


def test_what_would_make_it_better_is_said(studio: Studio) -> None:
    studio.submit(tiny.LAB, source=tiny.WRONG + "# more\n" * 70)
    studio.save(tiny.LAB, tiny.WRONG + "# more\n" * 71)
    view = studio.asking(tiny.LAB)
    assert any("check it again" in line for line in view.missing)
    assert any("Cut the code down" in line for line in view.missing)
    assert "lines more" in view.body
    studio.note(tiny.LAB, "I think that the maximum should go.")
    view = studio.asking(tiny.LAB)
    assert not any("what speaks against it" in line for line in view.missing)
    assert "I think that the maximum should go." in view.body


@given(st.text(alphabet="`~a \n", max_size=60))
def test_no_line_of_a_text_closes_the_block_that_it_stands_in(text: str) -> None:
    lines = fenced(text).split("\n")
    assert set(lines[0]) == {"`"}
    assert lines[0] == lines[-1]
    assert not any(re.match(rf"\s{{0,3}}`{{{len(lines[0])},}}", line) for line in lines[1:-1])


def test_the_task_is_the_first_prose_of_a_statement() -> None:
    assert task("# Title\n\n```python\nx\n```\n\nWrite `f`. It adds. It ends.\n\nMore.") == "Write `f`. It adds."
    assert task("# Only a title") == "See below."
