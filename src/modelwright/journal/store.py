"""The journal itself: an append-only table of events in any database that SQLAlchemy reaches, SQLite unless told otherwise.

It stores and returns events; what follows from them is the learner room's business. `append` returns only after the commit is
on the disk. Each row carries a link, the SHA-256 of the link before it and of its own text, and the newest link stands in
`journal_head`: an idea as old as Haber and Stornetta's time-stamping (1991). The head's row is also the lock that puts appends
from several processes in one order, so that a reader who has seen entry n never finds a later-arriving entry below n.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import msgspec
import sqlalchemy as sa
from sqlalchemy import exc

from modelwright.journal import databases, imports, verifying
from modelwright.journal.checks import check_id, check_shape
from modelwright.journal.errors import BadEventError, DamagedJournalError, JournalError, NewerJournalError, UnwritableJournalError
from modelwright.journal.events import CardReviewed, Data, Event, ImportUndone
from modelwright.journal.imports import Imported, ImportLine, Undone
from modelwright.journal.noted import Head, NotedHead
from modelwright.journal.tables import EVENTS, HEAD, WORDS, link
from modelwright.journal.upgrades import Reader, kind_of
from modelwright.journal.verifying import Verification

HEAD_REVISION = "0002"  # the newest file in migrations/versions; a test holds the two together
READABLE = ("0001", "0002")  # revisions that can be read as they are, where nothing can be written
VERSION_TABLE = "journal_version"
PAGE = 4000  # events read in one go: large enough to be fast, small enough to hold no lock for long


@dataclass(frozen=True)
class SetAside:
    """An entry that cannot be read as an event: nothing follows from it, and the others count. why: in words, without a full stop."""

    seq: int
    id: str
    why: str


Aside = Callable[[SetAside], None]


def new_id(at: int, random: bytes | None = None) -> str:
    """A UUIDv7 (RFC 9562) for a moment in milliseconds, as 32 hexadecimal digits; `random` is 10 bytes."""
    noise = int.from_bytes(random or os.urandom(10), "big") >> 6
    value = (at & (1 << 48) - 1) << 80 | 0x7 << 76 | (noise >> 62 & 0xFFF) << 64 | 0b10 << 62 | noise & (1 << 62) - 1
    return f"{value:032x}"


def _brought_in(event: Event) -> bool:
    return isinstance(event.data, CardReviewed) and event.data.source != ""


def local_offset(at: int) -> int:
    """Minutes east of UTC on this machine at that moment."""
    try:
        return int(time.localtime(at / 1000).tm_gmtoff // 60)
    except (OverflowError, OSError, ValueError):
        return 0


class Journal:
    """Open with `Journal.open`; safe to share between threads; several processes may hold the same journal.

    What is read are the events that count, not those of an import that was taken back. `export` and `verify` look at every entry.
    """

    def __init__(self, engine: sa.Engine, place: str, reader: Reader, noted: NotedHead | None = None, read_only: bool = False) -> None:
        self._engine = engine
        self.reader = reader
        self.place = place
        self.noted = noted
        self.read_only = read_only
        self._encode = msgspec.json.Encoder().encode
        self._write_lock = threading.Lock()  # threads of one process queue here rather than in the database's busy wait
        self._noting: bool | None = None  # whether the noted head belongs to this chain; None until somebody has to know
        self._left: Callable[[], None] = lambda: None

    # Opening and closing

    @classmethod
    def open(cls, where: str | Path, *, reader: Reader | None = None, noted: Path | None = None, read_only: bool = False) -> Journal:
        """The journal in a file (made if missing) or at an SQLAlchemy URL, brought to the newest schema.

        `noted`: the file in which the head of the chain is noted a second time; for a journal in a file, by default, beside it.
        `read_only`: for a folder or a disk that takes nothing more; nothing is made, brought up to date or stored then.
        """
        url, place = databases.address(where)
        reader = reader or Reader()
        if url.get_backend_name() != "sqlite":
            journal = cls(databases.server(url), place, reader, None if noted is None else NotedHead(noted))
            journal._begin(journal._migrate)
            journal.read_only = read_only
            return journal
        file = Path(place)
        head = NotedHead(noted or file.with_name(file.name + ".head"))
        there = databases.look_at(file)
        if read_only:
            if not there:
                raise UnwritableJournalError(f"There is no journal at {file} yet, and none can be made there.")
            engine, left = databases.readable(file)
            journal = cls(engine, place, reader, head, read_only=True)
            journal._left = left
            journal._begin(journal._check_revision)
            return journal
        if not there:
            databases.make(file, lambda draft: cls(databases.writable(draft), place, reader)._build())
        journal = cls(databases.writable(url), place, reader, head)
        journal._begin(journal._migrate)
        return journal

    def _begin(self, prepare: Callable[[], None]) -> None:
        try:
            prepare()
        except BaseException:
            self.close()
            raise

    def _build(self) -> None:
        try:
            self._migrate()
        finally:
            self.close()

    def close(self) -> None:
        self._engine.dispose()
        self._left()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Writing

    def append(self, data: Data, *, at: int | None = None, id: str | None = None, learner: str = "me", tz: int | None = None) -> Event:
        """Store one event and return it once it is durable. Appending an id again with the same content changes nothing."""
        return self._append([data], None if at is None else [at], [id] if id else None, learner, tz)[0]

    def append_many(
        self, data: Iterable[Data], *, at: int | Sequence[int] | None = None, learner: str = "me", tz: int | None = None
    ) -> list[Event]:
        """Store several events in one transaction: all of them or none. `at` is one moment for all, or one for each."""
        items = list(data)
        moments = [at] * len(items) if isinstance(at, int) else None if at is None else list(at)
        if moments is not None and len(moments) != len(items):
            raise ValueError(f"append_many got {len(items)} events and {len(moments)} moments")
        return self._append(items, moments, None, learner, tz)

    def bring_in(self, data: Sequence[Data], *, at: Sequence[int], ids: Sequence[str], learner: str = "me") -> list[Event]:
        """Store what happened elsewhere and earlier, each under an id made from where it comes: all in one transaction, and only what
        the journal does not have yet, which is returned."""
        rows = {
            id: self._checked(
                Event(id=id, at=moment, tz=local_offset(moment), learner=learner, version=self.reader.version(one), data=one)  # type: ignore[arg-type]
            )
            for one, moment, id in zip(data, at, ids, strict=True)
        }
        with self._writing() as connection:
            names = list(rows)
            for begin in range(0, len(names), 500):
                for id in self.known_bodies(connection, names[begin : begin + 500]):
                    del rows[id]
            head = self.store(connection, list(rows.values()))
        self.note(head)
        return [event for event, _ in rows.values()]

    def _append(self, items: list[Data], at: list[int] | None, ids: list[str] | None, learner: str, tz: int | None) -> list[Event]:
        now = time.time_ns() // 1_000_000
        moments = at if at is not None else [now] * len(items)
        # Ids made together are sorted, so that events of one millisecond keep their order wherever they are sorted by id.
        noise = sorted(os.urandom(10) for _ in items)
        fresh = ids if ids is not None else [new_id(moment, extra) for moment, extra in zip(moments, noise, strict=True)]
        events = [
            Event(
                id=id_,
                at=moment,
                tz=local_offset(moment) if tz is None else tz,
                learner=learner,
                version=self.reader.version(item),
                data=item,  # type: ignore[arg-type]
            )
            for id_, moment, item in zip(fresh, moments, items, strict=True)
        ]
        rows = [self._checked(event) for event in events]
        with self._writing() as connection:
            if ids is not None:
                known = self.known_bodies(connection, ids)
                if known:
                    stored = self.reader.read(known[ids[0]])
                    if stored.data != events[0].data or stored.learner != learner:
                        raise BadEventError(f"Event {ids[0]} is already in the journal with other content: an event never changes.")
                    return [stored]
            head = self.store(connection, rows)
        self.note(head)
        return [event for event, _ in rows]

    def _checked(self, event: Event) -> tuple[Event, str]:
        """The event as it reads back, and the JSON to store: NaN, a rating of 5, a number out of bounds or broken text stop here.

        What is returned is what every later reader will get (6 becomes 6.0 where a float is meant), so both lead to the same state.
        """
        try:
            check_id(event.id)
            body = self._encode(event).decode()
            check_shape(body)
            back = self.reader.read(body)
        except (BadEventError, ValueError, TypeError, OverflowError, RecursionError) as error:
            raise BadEventError(f"This event cannot be stored, and nothing was: {str(error).rstrip('.')}.") from None
        if back != event:
            raise BadEventError(f"This event would not read back as it was ({type(event.data).__name__}), so nothing was stored.")
        return back, body

    def event(self, data: Data, at: int, learner: str) -> tuple[Event, str]:
        """A new event of the journal's own, and the JSON to store."""
        event = Event(
            id=new_id(at),
            at=at,
            tz=local_offset(at),
            learner=learner,
            version=self.reader.version(data),
            data=data,  # type: ignore[arg-type]
        )
        return self._checked(event)

    def head(self, connection: sa.Connection, lock: bool = False) -> Head | None:
        """The newest entry as the database has it; None where its row is missing. `lock`: until the transaction ends, for an append."""
        query = sa.select(HEAD.c.seq, HEAD.c.link).where(HEAD.c.one == 1)
        found = databases.rows(connection, query.with_for_update() if lock else query, {})
        if not found:
            return None
        seq, newest = found[0]
        if not isinstance(seq, int) or not isinstance(newest, str):
            raise DamagedJournalError(f"The head of the chain of the journal at {self.place} is damaged: run `modelwright journal verify`.")
        return Head(seq, newest)

    def store(self, connection: sa.Connection, rows: list[tuple[Event, str]]) -> Head:
        """Entries after the newest, in a transaction that the caller began; to be noted with `note` once it is committed."""
        head = self.head(connection, lock=True)
        if head is None:
            raise DamagedJournalError(f"The journal at {self.place} has lost the head of its chain: run `modelwright journal verify`.")
        seq, newest = head.seq, head.link
        values = []
        for event, body in rows:
            seq += 1
            newest = link(newest, body)
            kind = kind_of(event.data)
            values.append(
                {"seq": seq, "id": event.id, "learner": event.learner, "at": event.at, "kind": kind, "body": body, "link": newest}
            )
        if values:
            connection.execute(sa.insert(EVENTS), values)
            connection.execute(sa.update(HEAD).where(HEAD.c.one == 1).values(seq=seq, link=newest))
        return Head(seq, newest)

    def note(self, head: Head) -> None:
        """Note the head beside the database, after the commit. A note of entries that are gone is left as it is: it is what tells."""
        if self.noted is None or not head.seq:
            return
        if self._noting is None:
            self._noting = not self.lost()
        if self._noting:
            self.noted.write(head)

    def known_bodies(self, connection: sa.Connection, ids: Sequence[str]) -> dict[str, str]:
        return dict(databases.rows(connection, sa.select(EVENTS.c.id, EVENTS.c.body).where(EVENTS.c.id.in_(ids)), {}))

    # Reading

    def events(
        self, after: int = 0, learner: str = "me", *, until: int | None = None, aside: Aside | None = None
    ) -> Iterator[tuple[int, Event]]:
        """(seq, event) in journal order from after `after` to `until`, a page at a time, so that no lock is held between pages.

        An entry that cannot be read is told to `aside` and passed over; without it, it raises.
        """
        read, away = self.reader.read, self.away(learner)
        for seq, body in self._bodies(EVENTS.c.learner == learner, after, until):
            try:
                event = read(body)
            except JournalError as error:
                self._set_aside(seq, error, away, aside)
                continue
            if not away or event.id not in away:
                yield seq, event

    def history(self, learner: str = "me", *, until: int | None = None, aside: Aside | None = None) -> Iterator[tuple[int, Event]]:
        """(seq, event) in the order in which they are folded: journal order, but a review that was brought in from another program stands
        before the first entry that is later than it. Where nothing was brought in late, this is `events`."""
        end, latest = self.last_seq() if until is None else until, 0
        waiting: deque[tuple[int, int, Event]] = deque(
            sorted(
                ((event.at, seq, event) for seq, event in self.of_kind(CardReviewed, learner=learner) if seq <= end and _brought_in(event)),
                key=lambda one: one[:2],
            )
        )
        for seq, event in self.events(0, learner, until=end, aside=aside):
            if _brought_in(event):
                while waiting and waiting[0][:2] <= (event.at, seq):
                    _, its, late = waiting.popleft()
                    yield its, late
                continue
            latest = max(latest, event.at)
            while waiting and waiting[0][0] < latest:
                _, its, late = waiting.popleft()
                yield its, late
            yield seq, event

    def entries(self, seqs: Iterable[int]) -> list[tuple[int, Event]]:
        """The entries of these numbers, in journal order; a number that there is not, or that does not count, is passed over."""
        wanted = sorted(set(seqs))
        away: dict[str, set[str]] = {}
        found: list[tuple[int, Event]] = []
        for begin in range(0, len(wanted), 500):
            query = sa.select(EVENTS.c.seq, EVENTS.c.body).where(EVENTS.c.seq.in_(wanted[begin : begin + 500])).order_by(EVENTS.c.seq)
            with self._reading() as connection:
                some = databases.rows(connection, query, {})
            for seq, body in some:
                with contextlib.suppress(JournalError):
                    event = self.reader.read(body)
                    if event.learner not in away:
                        away[event.learner] = self.away(event.learner)
                    if event.id not in away[event.learner]:
                        found.append((seq, event))
        return found

    def known(self, ids: Iterable[str]) -> set[str]:
        """Those of these event ids that the journal has, whether they count or not."""
        asked = list(ids)
        with self._reading() as connection:
            return {id for begin in range(0, len(asked), 500) for id in self.known_bodies(connection, asked[begin : begin + 500])}

    def of_kind(self, *kinds: type[Data], learner: str = "me") -> Iterator[tuple[int, Event]]:
        """(seq, event) of these kinds alone, in journal order, without reading the others."""
        away = self.away(learner)
        names = [kind_of(kind) for kind in kinds]
        for seq, body in self._bodies((EVENTS.c.learner == learner) & EVENTS.c.kind.in_(names)):
            with contextlib.suppress(JournalError):
                event = self.reader.read(body)
                if event.id not in away:
                    yield seq, event

    def _bodies(self, which: sa.ColumnElement[bool], after: int = 0, until: int | None = None) -> Iterator[tuple[int, str]]:
        query = sa.select(EVENTS.c.seq, EVENTS.c.body).where(which, EVENTS.c.seq > sa.bindparam("after"))
        if until is not None:
            query = query.where(EVENTS.c.seq <= until)
        query = query.order_by(EVENTS.c.seq).limit(PAGE)
        while True:
            with self._reading() as connection:
                rows = databases.rows(connection, query, {"after": after})
            yield from rows
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    def _set_aside(self, seq: int, error: JournalError, away: set[str], aside: Aside | None) -> None:
        if aside is None:
            raise type(error)(f"Entry {seq} of the journal at {self.place}: {error}") from None
        with self._reading() as connection:
            found = databases.rows(connection, sa.select(EVENTS.c.id).where(EVENTS.c.seq == seq), {})
        id = str(found[0][0]) if found else ""
        if id not in away:
            aside(SetAside(seq, id, str(error).rstrip(".")))

    def away(self, learner: str = "me") -> set[str]:
        """The ids of a learner's entries that do not count, because the import that brought them was taken back."""
        with self._reading() as connection:
            return imports.away(self.words(connection, learner))

    def words(self, connection: sa.Connection, learner: str, until: int | None = None) -> Iterator[ImportUndone]:
        """What was said of entries that count no longer, or again, in journal order."""
        query = sa.select(EVENTS.c.body).where(EVENTS.c.kind == WORDS, EVENTS.c.learner == learner).order_by(EVENTS.c.seq)
        for (body,) in databases.rows(connection, query if until is None else query.where(EVENTS.c.seq <= until), {}):
            with contextlib.suppress(JournalError):
                data = self.reader.read(body).data
                if isinstance(data, ImportUndone):
                    yield data

    def last_seq(self) -> int:
        """The number of the newest entry, 0 when there is none."""
        with self._reading() as connection:
            head = self.head(connection)
        return 0 if head is None else head.seq

    def numbers(self, ids: Iterable[str]) -> list[int]:
        """The numbers of these entries, of those that there are."""
        with self._reading() as connection:
            return [int(row[0]) for row in databases.rows(connection, sa.select(EVENTS.c.seq).where(EVENTS.c.id.in_(list(ids))), {})]

    def link(self, seq: int) -> str:
        """The link of an entry: it stands for all of the journal up to there. Empty where there is no such entry."""
        with self._reading() as connection:
            found = databases.rows(connection, sa.select(EVENTS.c.link).where(EVENTS.c.seq == seq), {})
        return str(found[0][0]) if found else ""

    def learners(self) -> list[str]:
        with self._reading() as connection:
            found = databases.rows(connection, sa.select(EVENTS.c.learner).distinct().order_by(EVENTS.c.learner), {})
        return [str(learner) for (learner,) in found]

    def lost(self) -> str:
        """A sentence where the head that was noted says that entries are gone; else nothing."""
        noted = None if self.noted is None else self.noted.read()
        if noted is None or self.noted is None or self.link(noted.seq) == noted.link:
            return ""
        has = self.last_seq()
        what = (
            f"The note in {self.noted.file.name} says that {noted.seq} entries were stored; this journal has {has}: the newest are gone"
            if has < noted.seq
            else f"The note in {self.noted.file.name} says that entry {noted.seq} was another one: this is not the journal that it was"
        )
        return (
            f"{what}, as when its log ({Path(self.place).name}-wal) is deleted or an older copy is put in its place. Put back what is "
            f"missing (a copy, or `modelwright journal import` of an export); to go on without it, delete {self.noted.file}."
        )

    # Carrying it elsewhere

    def export(self, fp: IO[Any]) -> int:
        """Write every event of every learner as one line of JSON, in journal order; returns how many. What is no text is left out."""
        text = isinstance(fp, io.TextIOBase)
        count = 0
        for _, body in self._bodies(sa.true(), after=-(1 << 62)):
            if not isinstance(body, str):
                continue
            line = (body + "\n").encode("utf-8", "replace")
            fp.write(line.decode() if text else line)
            count += 1
        return count

    def import_(self, fp: IO[Any], source: str = "") -> Imported:
        """Add the events of an export that the journal does not have yet, by id: all of them, or none if a line is wrong.

        `source`: what the file is called. Events that were taken back before count again, unless the file itself takes them back.
        """
        with self._writing() as connection:
            imported, head = imports.bring(self, connection, fp, source)
        self.note(head)
        return imported

    def imports(self) -> list[ImportLine]:
        """What was imported, oldest first."""
        with self._reading() as connection:
            return imports.lines(self, connection)

    def undo_import(self, number: int | None = None) -> Undone:
        """Take an import back (by default the last one): what it brought no longer counts, and stays where it stands.

        Raises JournalError where there is no such import, or where it was taken back already.
        """
        with self._writing() as connection:
            undone, head = imports.undo(self, connection, number)
        self.note(head)
        return undone

    def verify(self) -> Verification:
        """Read everything and report what is wrong.

        Proves that no entry was changed, removed, added in between or moved since it was written, by anyone who did not also
        recompute every later link and the head. Who can write the database can do that; a head noted elsewhere shows it.
        """
        return verifying.verify(self)

    # Connections

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._told(), self._engine.connect() as connection:
            yield connection

    reading = _reading

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        if self.read_only:
            raise UnwritableJournalError(f"The journal at {self.place} can only be read now, so nothing was stored.")
        with self._write_lock, self._told(), self._engine.connect() as bare:
            connection = bare.execution_options(writes=True)
            with connection.begin():
                yield connection

    @contextmanager
    def _told(self) -> Iterator[None]:
        """A database's complaints as sentences for a person."""
        try:
            yield
        except exc.SQLAlchemyError as error:
            raise databases.explain(error, self.place, self._engine.dialect.name == "sqlite") from error

    # Schema

    def _migrate(self) -> None:
        with self._reading() as connection:
            revision = self._revision(connection)
        if revision == HEAD_REVISION:
            return  # Alembic, slow to import, is needed only when there is something to do
        from alembic import command
        from alembic.config import Config
        from alembic.script import ScriptDirectory

        config = Config()
        config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        with self._writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7316640195)")  # there is no table to lock yet
            revision = self._revision(connection)
            if revision is not None and revision not in known:
                raise self._newer(revision)
            if revision is None and connection.dialect.name == "sqlite" and sa.inspect(connection).get_table_names():
                raise self._no_journal()
            if revision != HEAD_REVISION:
                config.attributes.update(connection=connection, version_table=VERSION_TABLE)
                command.upgrade(config, "head")

    def _check_revision(self) -> None:
        """As `_migrate`, where nothing can be written."""
        with self._reading() as connection:
            revision = self._revision(connection)
        if revision is None:
            raise self._no_journal()
        if revision not in READABLE:
            raise self._newer(revision)

    def _revision(self, connection: sa.Connection) -> str | None:
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            return None
        found = databases.rows(connection, sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE)), {})
        if not found:
            return None
        if len(found) > 1 or not isinstance(found[0][0], str) or not re.fullmatch(r"[0-9a-f]{4,32}", found[0][0]):
            raise DamagedJournalError(
                f"The journal at {self.place} is damaged (the number of its schema does not read); nothing was changed. Keep a copy of it, "
                "then start a new one and bring back your last export with `modelwright journal import FILE`."
            )
        return str(found[0][0])

    def _newer(self, revision: str) -> NewerJournalError:
        return NewerJournalError(
            f"The journal at {self.place} was written by a newer Modelwright (its schema is {revision}, this one knows up to "
            f"{HEAD_REVISION}): update Modelwright, or name another journal; this one was not touched."
        )

    def _no_journal(self) -> DamagedJournalError:
        return DamagedJournalError(f"{self.place} is a database, but not a journal: name another file; this one was not touched.")
