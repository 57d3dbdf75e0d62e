"""The proof that a journal is whole: every entry read, every link made again, the head and the noted head held against them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from modelwright.journal import databases
from modelwright.journal.checks import check_id
from modelwright.journal.errors import BadEventError, JournalError
from modelwright.journal.tables import EVENTS, START_LINK, link
from modelwright.journal.upgrades import kind_of

if TYPE_CHECKING:
    from modelwright.journal.store import Journal

PAGE = 4000


@dataclass(frozen=True)
class Verification:
    """problems: one sentence each, in journal order; empty when all is well. head: the newest link, worth noting elsewhere.

    set_aside: how many of the problems are entries that were stored as they stand and cannot be read: no harm was done to the journal.
    """

    events: int
    head: str
    problems: tuple[str, ...]
    set_aside: int = 0

    @property
    def ok(self) -> bool:
        return not self.problems


def verify(journal: Journal) -> Verification:
    problems, aside = _of_database(journal), 0
    expected, previous, count = 1, START_LINK, 0
    ids: set[bytes] = set()
    away: dict[str, set[str]] = {}
    for seq, body, its, id, learner, at, kind in _pages(journal):
        count += 1
        whole = True
        if seq != expected:
            gap = f"entry {expected} is" if seq == expected + 1 else f"entries {expected} to {seq - 1} are"
            problems.append(f"Before entry {seq}, {gap} missing.")
        elif not isinstance(body, str) or its != link(previous, body):
            whole = False
            problems.append(f"Entry {seq} or its link is not what was written: it was changed, moved or put in later.")
        try:
            event = journal.reader.read(body)
            try:
                check_id(event.id)
            except ValueError as error:
                raise BadEventError(f"{error}.") from None
            if (event.id, event.learner, event.at, kind_of(event.data)) != (id, learner, at, kind):
                problems.append(f"Entry {seq}: its columns say something else than its text.")
            digest = bytes.fromhex(event.id)
            if digest in ids:
                problems.append(f"Entry {seq}: the id {event.id} stands in the journal twice.")
            ids.add(digest)
        except JournalError as error:
            if learner not in away:
                away[learner] = journal.away(learner)
            if not whole or id not in away[learner]:
                problems.append(
                    f"Entry {seq}: {error}" + (" It is set aside: nothing follows from it, and the others count." if whole else "")
                )
                aside += whole
        expected, previous = seq + 1, its if isinstance(its, str) else ""
    problems += _of_head(journal, expected - 1, previous)
    lost = journal.lost()
    return Verification(count, previous, tuple([*problems, lost] if lost else problems), aside)


def _of_database(journal: Journal) -> list[str]:
    with journal.reading() as connection:
        if connection.dialect.name != "sqlite":
            return []
        found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(5)")]
    return [] if found == ["ok"] else [f"SQLite's own check: {line}" for line in found]


def _of_head(journal: Journal, last: int, newest: str) -> list[str]:
    try:
        with journal.reading() as connection:
            head = journal.head(connection)
    except JournalError as error:
        return [str(error)]
    if head is None:
        return ["The head of the chain is missing."]
    if head.seq > last:
        return [f"The head says that {head.seq} entries were written; the last one here is {last}."]
    if (head.seq, head.link) != (last, newest):
        return [f"The head of the chain (entry {head.seq}) does not belong to the last entry ({last})."]
    return []


def _pages(journal: Journal) -> Iterator[Any]:
    """Every row, whatever is in it."""
    c = EVENTS.c
    query = sa.select(c.seq, c.body, c.link, c.id, c.learner, c.at, c.kind).where(c.seq > sa.bindparam("after")).order_by(c.seq).limit(PAGE)
    after = -(1 << 62)
    while True:
        with journal.reading() as connection:
            rows = databases.rows(connection, query, {"after": after})
        yield from rows
        if len(rows) < PAGE:
            return
        after = rows[-1][0]
