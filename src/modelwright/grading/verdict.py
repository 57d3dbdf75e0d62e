"""The verdict: what grading returns, as a small versioned schema that every face shows and the journal can hold.

It is data only. `conclude` is the one place that says what a submission's checks come to: a pass is what every check passed, never
what no check failed. `first_failure` and `headline` are the one place that says in which order a verdict is told: the first failing
check first, the list itself always in the author's order. The idea of a result that is a schema, and not parsed output, is
Exercism's (`python-test-runner`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, Literal, NamedTuple

import msgspec

Status = Literal["passed", "failed", "error", "timeout", "killed", "refused"]
CheckStatus = Literal["passed", "failed", "error", "skipped", "not-run"]


class Isolation(msgspec.Struct, frozen=True, kw_only=True):
    """What stands between a learner's code and the machine. `tier` is sealed, confined, limited or bare; see docs/grading.md."""

    tier: Literal["sealed", "confined", "limited", "bare"]
    holds: list[str]
    lacks: list[str]


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One check, told for learning: what was given, what was expected, what came, and where to look.

    A parametrised check gives one result a case: the same `name`, and the `case` in words ("axis is 0"), one of `cases` in all.
    `seconds` is wall time. `where` is the place in the learner's file ("line 12, in attention"), `traceback` the learner's
    frames only, `output` what the learner's code printed while the check ran.
    """

    name: str
    claim: str
    status: CheckStatus
    case: str = ""
    cases: int = 1
    message: str = ""
    given: str = ""
    expected: str = ""
    got: str = ""
    where: str = ""
    traceback: str = ""
    output: str = ""
    seconds: float = 0.0


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What grading one file against one lab came to.

    `status`: passed; failed (a check said no); error (the file could not be loaded); timeout; killed (the process died or
    went past a limit); refused (not a file that can be graded: empty, too large, not UTF-8). `wall_limit` is how long the
    submission might have taken by the clock, in seconds.
    """

    schema: int = 1
    lab: str
    status: Status
    message: str
    checks: list[CheckResult]
    passed: int
    total: int
    seconds: float
    isolation: Isolation
    source_sha256: str
    peak_memory_mb: float = 0.0
    wall_limit: float = 0.0


class Ending(NamedTuple):
    """How a submission ended before its checks were done; all empty where it did not. `why` is said of the checks that were not run."""

    status: Literal["", "error", "timeout", "killed"] = ""
    message: str = ""
    why: str = "the grading process ended."


class Conclusion(NamedTuple):
    status: Status
    message: str
    checks: list[CheckResult]
    passed: int
    total: int


def conclude(collected: Sequence[tuple[str, ...]], told: Sequence[tuple[int | None, CheckResult]], ending: Ending = Ending()) -> Conclusion:
    """What the checks come to.

    `collected`: (name, claim) of every check, or (name, claim, case), counted before the learner's file was loaded. `told`, as they came:
    (its number among them, or None for a result that is no check's own, such as that the file could not be loaded; the result). The status
    is "passed" only if each collected check was told exactly once, as passed or as skipped by the lab's own word, and nothing ended early.
    """
    results: dict[int, CheckResult] = {}
    others: list[CheckResult] = []
    for number, check in told:
        if number is None:
            others.append(check)
        elif not 0 <= number < len(collected) or number in results:
            ending = Ending("error", f"The check {check.name!r} was told more than once, which is a fault of the grading process.")
        else:
            results[number] = check
    checks = others + [
        results.get(number) or CheckResult(name=name, claim=claim, case="".join(case), status="not-run", message=f"Not run: {ending.why}")
        for number, (name, claim, *case) in enumerate(collected)
    ]
    count = {status: sum(check.status == status for check in checks) for status in ("passed", "skipped", "failed", "error", "not-run")}
    total, passed = len(collected), sum(check.status == "passed" for check in results.values())
    if ending.status:
        return Conclusion(ending.status, ending.message, checks, passed, total)
    bad = [check for check in checks if check.status in ("failed", "error")]
    if not bad and total and not others and count["passed"] + count["skipped"] == total:
        message = f"All {total} checks pass."
        if count["skipped"]:
            message = f"{passed} of {total} checks {'passes' if passed == 1 else 'pass'}; the lab skipped {count['skipped']}."
        return Conclusion("passed", message, checks, passed, total)
    message = f"{passed} of {total} checks pass."
    if bad:
        message += f" First: {bad[0].name}. {bad[0].message}"
    elif not total:
        message = "The lab has no check; `modelwright course validate` says what a lab needs."
    else:
        first = next((check for check in checks if check.status == "not-run"), checks[0])
        message += f" {first.name[:1].upper()}{first.name[1:]}: {first.message}"
    return Conclusion("failed" if count["failed"] else "error", message, checks, passed, total)


class Row(NamedTuple):
    """One check as a list shows it: by its name, with one result, or with one for each of its cases."""

    name: str
    claim: str
    status: str
    seconds: float
    results: tuple[Any, ...]

    @property
    def failed(self) -> bool:
        return self.status in ("failed", "error")

    @property
    def passed(self) -> int:
        """How many of its cases passed."""
        return sum(result.status == "passed" for result in self.results)


def rows(checks: Iterable[Any]) -> list[Row]:
    """Results, or lines of the journal with the same fields, with the cases of one check together; in their order.

    A row has failed where one of its cases has; it has passed where all have, or where those that have not were skipped.
    """
    found: list[Row] = []
    for name, group in groupby(checks, key=lambda check: check.name):
        results = tuple(group)
        states = [result.status for result in results]
        status = next((s for s in ("failed", "error", "not-run", "passed") if s in states), states[0])
        found.append(Row(name, results[0].claim, status, sum(result.seconds for result in results), results))
    return found


def first_failure(verdict: Verdict) -> CheckResult | None:
    """The check to show first: the first that failed, or else the first with an error."""
    for wanted in ("failed", "error"):
        for check in verdict.checks:
            if check.status == wanted:
                return check
    return None


def told_in_order(verdict: Verdict) -> list[CheckResult]:
    """The checks as a face should list them under the headline: failures first, each group in the author's order."""
    rank = {"failed": 0, "error": 0, "passed": 1, "skipped": 2, "not-run": 3}
    return sorted(verdict.checks, key=lambda check: rank[check.status])
