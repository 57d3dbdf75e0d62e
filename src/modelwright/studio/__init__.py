"""The studio room: what a person can do, one method each. The terminal, the pages and the notebook all call the same ones.

It decides nothing that follows from the journal alone (the learner room does) and draws nothing (the faces do). It keeps the
folded state, refreshes it with what other processes appended, and joins the rooms below into finished answers: `views`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwright.studio.errors import Busy, HomeError, NotEnrolled, StudioError, Unknown
    from modelwright.studio.home import Home
    from modelwright.studio.studio import Studio

__all__ = ["Busy", "Home", "HomeError", "NotEnrolled", "Studio", "StudioError", "Unknown"]

_FROM = {"Studio": "studio", "Home": "home"}


def __getattr__(name: str) -> Any:
    """Loaded when asked for: the terminal's help must not wait for the curriculum's and the learner's libraries."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_FROM.get(name, 'errors')}"), name)
