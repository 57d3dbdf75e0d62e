"""What can be wrong with an Anki file, each as one sentence for a person."""

from __future__ import annotations

from modelwright.errors import ModelwrightError


class AnkiError(ModelwrightError):
    """The file is not one of Anki's, is damaged, is from a newer Anki, or holds nothing to read."""
