"""What can go wrong with a journal, each as one sentence for a person: what was found, what was expected, what to do."""

from __future__ import annotations

from modelwright.errors import ModelwrightError


class JournalError(ModelwrightError):
    """The family: whatever a journal raises on purpose is one of these."""


class NewerJournalError(JournalError):
    """The journal, or one of its events, was written by a later Modelwright than this one."""


class DamagedJournalError(JournalError):
    """The database is not a journal, or its bytes are no longer what was written."""


class UnwritableJournalError(JournalError):
    """The journal cannot be opened or written where it lies: a read-only folder, a full disk, a server that does not answer."""


class LockedJournalError(UnwritableJournalError):
    """Another program holds the database: waiting, not another way of opening it, is what helps."""


class BadEventError(JournalError):
    """An event that the journal could not read back: it is refused before anything is stored."""
