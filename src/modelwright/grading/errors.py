"""What can go wrong in the grading room itself, as opposed to in a learner's code (which is a verdict, never an exception)."""

from modelwright.errors import ModelwrightError


class GradingError(ModelwrightError):
    """The grader could not do its work: a process that did not start, a lab without checks, a broken connection."""


class WireError(GradingError):
    """Bytes that are not a message, or a value that may not cross between the two processes."""


class LabFault(GradingError):
    """What the lab brought with it, its reference or a budget's arguments, does not work: no fault of the learner's code."""
