"""Grading: runs a learner's file against a lab's checks, and returns a verdict.

The checks never run in the learner's process. See docs/grading.md for the processes, the isolation and its limits.
"""

from .errors import GradingError
from .grader import Grader, isolation
from .verdict import CheckResult, Isolation, Verdict, first_failure, told_in_order

__all__ = ["CheckResult", "Grader", "GradingError", "Isolation", "Verdict", "first_failure", "isolation", "told_in_order"]
