"""What the learner room refuses, each as one sentence for a person."""

from __future__ import annotations

from modelwright.errors import ModelwrightError


class LearnerError(ModelwrightError):
    """The family: a question about something that does not exist, or a state that cannot be read."""
