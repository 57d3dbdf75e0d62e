"""Grading: runs a learner's file against a lab's checks, and returns a verdict.

The checks never run in the learner's process. See docs/grading.md for the processes, the isolation and its limits.
"""

from .debugging import debug
from .errors import GradingError
from .grader import Grader, Result, RunLimits, isolation, run_python
from .sessions import Cell, Judged, Ran, Sessions
from .verdict import CheckResult, Isolation, Row, Verdict, first_failure, rows, told_in_order

__all__ = [
    "Cell",
    "CheckResult",
    "Grader",
    "GradingError",
    "Isolation",
    "Judged",
    "Ran",
    "Result",
    "Row",
    "RunLimits",
    "Sessions",
    "Verdict",
    "debug",
    "first_failure",
    "isolation",
    "rows",
    "run_python",
    "told_in_order",
]
