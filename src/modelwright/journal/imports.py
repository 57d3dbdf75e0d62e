"""Events from elsewhere: brought in line by line, noted as one import, and taken back as one.

What is taken back stays where it stands, so that the chain stays whole: an `import-undone` event names it, and whoever reads the events
passes over it. The last such word on an entry holds, so an import can be taken back, made again, and taken back again; and an export
carries the words with the entries, so that the same counts elsewhere. Only the list of imports is this journal's own.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from modelwright.journal import databases
from modelwright.journal.checks import check_id, check_shape
from modelwright.journal.errors import BadEventError, JournalError
from modelwright.journal.events import MOST_NAMED, Event, ImportUndone
from modelwright.journal.noted import Head
from modelwright.journal.tables import EVENTS, IMPORTS
from modelwright.journal.upgrades import kind_of

if TYPE_CHECKING:
    from modelwright.journal.store import Journal

BATCH = 500
LONGEST_LINE = 64_000_000  # bytes: four for each character that an event may have at most
ORDER_MARK = "\ufeff"


@dataclass(frozen=True)
class Imported:
    """added: new events. already: events that the journal had. again: of these, those that had been taken back and count again."""

    added: int
    already: int
    again: int = 0


@dataclass(frozen=True)
class ImportLine:
    """One import: when, from what, how many entries it added; undone_at: when it was taken back, 0 if it was not. Milliseconds UTC."""

    number: int
    at: int
    source: str
    events: int
    undone_at: int


@dataclass(frozen=True)
class Undone:
    """What was taken back. events: how many no longer count. again: how many count again, which the import itself had taken back."""

    number: int
    at: int
    source: str
    events: int
    again: int


def away(words: Iterable[ImportUndone]) -> set[str]:
    """The ids that do not count, after these words in journal order."""
    ids: set[str] = set()
    for word in words:
        if word.again:
            ids.difference_update(word.events)
        else:
            ids.update(word.events)
    return ids


# Bringing in


def bring(journal: Journal, connection: sa.Connection, fp: IO[Any], source: str) -> tuple[Imported, Head]:
    first = head = journal.store(connection, [])  # locks the end of the journal until this is committed
    added = already = 0
    gone: dict[str, set[str]] = {}  # learner -> what did not count before this import
    back: dict[str, list[str]] = {}  # learner -> of these, what stands in the file
    said: dict[str, list[ImportUndone]] = {}  # learner -> the file's own words
    lines = _lines(fp)
    while True:
        batch: dict[str, tuple[int, Event, str]] = {}
        for number, line in lines:
            event, body = _read_line(journal, number, line)
            if event.learner not in gone:
                words = list(journal.words(connection, event.learner))
                gone[event.learner] = away(words) - away(word for word in words if word.what == "rating")
            if event.id in gone[event.learner]:
                back.setdefault(event.learner, []).append(event.id)
            if isinstance(event.data, ImportUndone):
                said.setdefault(event.learner, []).append(event.data)
            twin = batch.get(event.id)
            if twin is None:
                batch[event.id] = (number, event, body)
            elif twin[1] == event:
                already += 1
            else:
                raise BadEventError(f"Lines {twin[0]} and {number} have the same id with other content; nothing was imported.")
            if len(batch) == BATCH:
                break
        if not batch:
            break
        for id, body in journal.known_bodies(connection, list(batch)).items():
            number, event, ours = batch.pop(id)
            if not _same(journal, body, event, ours):
                raise BadEventError(f"Line {number}: event {id} is in the journal already with other content; nothing was imported.")
            already += 1
        head = journal.store(connection, [(event, body) for _, event, body in batch.values()])
        added += len(batch)
    again = 0
    for learner, ids in back.items():
        still = away(said.get(learner, ()))
        head, named = _say(journal, connection, learner, [id for id in ids if id not in still], True, head)
        again += named
    if head.seq > first.seq:
        _note(connection, source, first.seq + 1, head.seq)
    return Imported(added, already, again), head


def _same(journal: Journal, stored: str, event: Event, body: str) -> bool:
    try:
        return journal.reader.read(stored) == event
    except JournalError:
        return stored == body


def _lines(fp: IO[Any]) -> Iterator[tuple[int, str | bytes]]:
    """(number, line), empty ones left out. Only a line feed ends a line: a text may hold any other of Unicode's separators."""
    number = 0
    while line := fp.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise BadEventError(f"Line {number} cannot be imported, and nothing was: it is longer than {LONGEST_LINE // 1_000_000} MB.")
        if number == 1:  # the mark that some editors and shells put before a text
            line = line.removeprefix(ORDER_MARK.encode() if isinstance(line, bytes) else ORDER_MARK)
        if line.strip():
            yield number, line


def _read_line(journal: Journal, number: int, line: str | bytes) -> tuple[Event, str]:
    try:
        check_shape(line)
        event = journal.reader.read(line)
        check_id(event.id)
        # Kept as it was written, in its own version; only the spacing is normalised.
        return event, msgspec.json.encode(msgspec.json.decode(line)).decode()
    except JournalError as error:
        raise type(error)(f"Line {number} cannot be imported, and nothing was: {error}") from None
    except (ValueError, RecursionError) as error:
        raise BadEventError(f"Line {number} cannot be imported, and nothing was: {str(error).rstrip('.')}.") from None


def _note(connection: sa.Connection, source: str, first: int, last: int) -> None:
    number = int(connection.execute(sa.select(sa.func.coalesce(sa.func.max(IMPORTS.c.number), 0))).scalar_one()) + 1
    name = "".join(sign if sign.isprintable() else "?" for sign in source)[-200:]
    values = {"number": number, "at": time.time_ns() // 1_000_000, "source": name, "first": first, "last": last, "undone_at": 0}
    connection.execute(sa.insert(IMPORTS).values(values))


# Taking back


def lines(journal: Journal, connection: sa.Connection) -> list[ImportLine]:
    if not sa.inspect(connection).has_table(IMPORTS.name):
        return []  # a journal of an earlier version, where nothing can be written
    return [
        ImportLine(number, at, str(source), last - first + 1, undone_at)
        for number, at, source, first, last, undone_at in databases.rows(connection, sa.select(IMPORTS).order_by(IMPORTS.c.number), {})
        if all(isinstance(value, int) for value in (number, at, first, last, undone_at))
    ]


def undo(journal: Journal, connection: sa.Connection, number: int | None) -> tuple[Undone, Head]:
    head = journal.store(connection, [])
    rows = connection.execute(sa.select(IMPORTS).order_by(IMPORTS.c.number)).all()
    if not rows:
        raise JournalError("Nothing was imported into this journal, so nothing can be taken back.")
    row = rows[-1] if number is None else next((row for row in rows if row.number == number), None)
    if row is None:
        raise JournalError(f"There is no import {number}: `modelwright journal undo-import --list` shows them all.")
    if row.undone_at:
        day = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(row.undone_at / 1000))
        raise JournalError(
            f"Import {row.number} was taken back already, on {day}: nothing changed. "
            "`modelwright journal undo-import --list` shows them all."
        )
    out = back = 0
    for learner, (added, named) in _brought(journal, connection, row.first, row.last).items():
        before, now = away(journal.words(connection, learner, row.first - 1)), away(journal.words(connection, learner))
        wanted = added | (named & before)
        head, count = _say(journal, connection, learner, sorted(wanted - now), False, head)
        out += count
        head, count = _say(journal, connection, learner, sorted((named - wanted) & now), True, head)
        back += count
    connection.execute(sa.update(IMPORTS).where(IMPORTS.c.number == row.number).values(undone_at=time.time_ns() // 1_000_000))
    return Undone(row.number, row.at, row.source, out, back), head


def _brought(journal: Journal, connection: sa.Connection, first: int, last: int) -> dict[str, tuple[set[str], set[str]]]:
    """learner -> (the ids of the entries that an import added, those that its words name)."""
    c = EVENTS.c
    brought: dict[str, tuple[set[str], set[str]]] = {}
    query = sa.select(c.id, c.learner, c.kind, sa.case((c.kind == kind_of(ImportUndone), c.body), else_="")).where(
        c.seq.between(first, last)
    )
    for id, learner, kind, body in databases.rows(connection, query, {}):
        added, named = brought.setdefault(learner, (set(), set()))
        if kind != kind_of(ImportUndone):
            added.add(id)
            continue
        try:
            word = journal.reader.read(body).data
        except JournalError:
            continue
        if isinstance(word, ImportUndone):
            named.update(word.events)
    return brought


def _say(journal: Journal, connection: sa.Connection, learner: str, ids: list[str], again: bool, head: Head) -> tuple[Head, int]:
    """Words on these entries, at the journal's end: (the new end, how many entries)."""
    now = time.time_ns() // 1_000_000
    ids = list(dict.fromkeys(ids))
    for begin in range(0, len(ids), MOST_NAMED):
        word = ImportUndone(events=ids[begin : begin + MOST_NAMED], again=again)
        head = journal.store(connection, [journal.event(word, now, learner)])
    return head, len(ids)
