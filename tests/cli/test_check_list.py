"""The list of checks in the terminal: a line a check, its cases below it where they fail, and no backtick left."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from modelwright.cli import screen
from modelwright.grading import CheckResult


def printed(*checks: CheckResult) -> str:
    out = Console(file=StringIO(), width=100)
    listed = screen.CheckList(out)
    for check in checks:
        listed.ended(check)
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert isinstance(text, str)
    return text


def case(words: str, status: str = "passed") -> CheckResult:
    return CheckResult(name="any axis", claim="Any axis.", status=status, case=words, cases=2, message="`f` is wrong.")  # type: ignore[arg-type]


def test_cases_that_pass_are_one_line() -> None:
    assert printed(case("axis is 0"), case("axis is 1")) == "  ✓ Any axis  2 cases\n"


def test_a_case_that_fails_stands_below_its_check() -> None:
    assert printed(case("axis is 0"), case("axis is [1]", "failed")) == "  ✗ Any axis  1 of 2 cases\n      ✗ axis is [1]\n"


def test_the_line_waits_for_the_last_case() -> None:
    assert printed(case("axis is 0")) == ""


def test_a_failure_says_its_case_and_leaves_no_backtick() -> None:
    out = Console(file=StringIO(), width=100)
    screen.failure(out, case("axis is 1", "failed"))
    text = out.file.getvalue()  # type: ignore[attr-defined]
    assert "Any axis: axis is 1" in text
    assert "  f is wrong." in text
    assert "`" not in text
