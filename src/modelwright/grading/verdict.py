"""The verdict: what grading returns, as a small versioned schema that every face shows and the journal can hold.

It is data only. `first_failure` and `headline` are the one place that says in which order a verdict is told: the first failing
check first, the list itself always in the author's order. The idea of a result that is a schema, and not parsed output, is
Exercism's (`python-test-runner`).
"""

from __future__ import annotations

from typing import Literal

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

    `seconds` is wall time. `where` is the place in the learner's file ("line 12, in attention"), `traceback` the learner's
    frames only, `output` what the learner's code printed while the check ran.
    """

    name: str
    claim: str
    status: CheckStatus
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
    went past a limit); refused (not a file that can be graded: empty, too large, not UTF-8).
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
