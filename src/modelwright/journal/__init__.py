"""What happened: the append-only record of everything a learner did, and the only thing that is stored about them.

`Journal` keeps and returns events; `events` is their vocabulary. Nothing here draws a conclusion: that is the learner room's work.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwright.journal.errors import (
        BadEventError,
        DamagedJournalError,
        JournalError,
        LockedJournalError,
        NewerJournalError,
        UnwritableJournalError,
    )
    from modelwright.journal.imports import Imported, ImportLine, Undone
    from modelwright.journal.store import Journal, SetAside, new_id
    from modelwright.journal.verifying import Verification

_HOMES = {
    "BadEventError": "errors",
    "DamagedJournalError": "errors",
    "JournalError": "errors",
    "LockedJournalError": "errors",
    "NewerJournalError": "errors",
    "UnwritableJournalError": "errors",
    "ImportLine": "imports",
    "Imported": "imports",
    "Undone": "imports",
    "Journal": "store",
    "SetAside": "store",
    "Verification": "verifying",
    "new_id": "store",
}
__all__ = [
    "BadEventError", "DamagedJournalError", "ImportLine", "Imported", "Journal", "JournalError", "LockedJournalError", "NewerJournalError",
    "SetAside", "Undone", "UnwritableJournalError", "Verification", "new_id",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """SQLAlchemy takes a quarter of a second to import: only those who open a journal pay for it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
