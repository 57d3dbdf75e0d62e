"""What can go wrong with groups, said for people."""

from __future__ import annotations

from modelwright.errors import ModelwrightError


class GroupError(ModelwrightError):
    """A group cannot be installed here and now. Nothing was changed, unless the sentence says what is left to do."""


class NotInstalled(GroupError):
    """Something was asked for whose groups are not all here."""
