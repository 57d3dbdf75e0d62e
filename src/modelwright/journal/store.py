"""The journal itself: an append-only table of events in any database that SQLAlchemy reaches, SQLite unless told otherwise.

It stores and returns events; what follows from them is the learner room's business. `append` returns only after the commit is
on the disk. Each row carries a link, the SHA-256 of the link before it and of its own text, and the newest link stands in
`journal_head`: an idea as old as Haber and Stornetta's time-stamping (1991). The head's row is also the lock that puts appends
from several processes in one order, so that a reader who has seen entry n never finds a later-arriving entry below n.
"""

from __future__ import annotations

import hashlib
import io
import os
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

from modelwright.journal.errors import BadEventError, DamagedJournalError, JournalError, NewerJournalError, UnwritableJournalError
from modelwright.journal.events import CardReviewed, Data, Event
from modelwright.journal.upgrades import Reader, kind_of

HEAD_REVISION = "0001"  # the newest file in migrations/versions; a test holds the two together
VERSION_TABLE = "journal_version"
START_LINK = "0" * 64
PAGE = 4000  # events read in one go: large enough to be fast, small enough to hold no lock for long

_META = sa.MetaData()
_EVENTS = sa.Table(
    "journal_events",
    _META,
    sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(32)),
    sa.Column("learner", sa.String(200)),
    sa.Column("at", sa.BigInteger),
    sa.Column("kind", sa.String(40)),
    sa.Column("body", sa.Text),
    sa.Column("link", sa.String(64)),
)
_HEAD = sa.Table(
    "journal_head", _META, sa.Column("one", sa.Integer, primary_key=True), sa.Column("seq", sa.BigInteger), sa.Column("link", sa.String(64))
)


@dataclass(frozen=True)
class Imported:
    """added: new events. already: events that the journal had."""

    added: int
    already: int


@dataclass(frozen=True)
class Verification:
    """problems: one sentence each, in journal order; empty when all is well. head: the newest link, worth noting elsewhere."""

    events: int
    head: str
    problems: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return not self.problems


def new_id(at: int, random: bytes | None = None) -> str:
    """A UUIDv7 (RFC 9562) for a moment in milliseconds, as 32 hexadecimal digits; `random` is 10 bytes."""
    noise = int.from_bytes(random or os.urandom(10), "big") >> 6
    value = (at & (1 << 48) - 1) << 80 | 0x7 << 76 | (noise >> 62 & 0xFFF) << 64 | 0b10 << 62 | noise & (1 << 62) - 1
    return f"{value:032x}"


def _link(previous: str, body: str) -> str:
    return hashlib.sha256(previous.encode() + body.encode()).hexdigest()


def _brought_in(event: Event) -> bool:
    return isinstance(event.data, CardReviewed) and event.data.source != ""


def local_offset(at: int) -> int:
    """Minutes east of UTC on this machine at that moment."""
    try:
        return int(time.localtime(at / 1000).tm_gmtoff // 60)
    except (OverflowError, OSError, ValueError):
        return 0


class Journal:
    """Open with `Journal.open`; safe to share between threads; several processes may hold the same journal."""

    def __init__(self, engine: sa.Engine, place: str, reader: Reader) -> None:
        self._engine = engine
        self._reader = reader
        self._encode = msgspec.json.Encoder().encode
        self._write_lock = threading.Lock()  # threads of one process queue here rather than in the database's busy wait
        self.place = place

    # Opening and closing

    @classmethod
    def open(cls, where: str | Path, *, reader: Reader | None = None) -> Journal:
        """The journal in a file (made if missing) or at an SQLAlchemy URL, brought to the newest schema."""
        text = str(where)
        try:
            url = sa.make_url(text) if "://" in text else sa.URL.create("sqlite", database=text)
            sqlite = url.get_backend_name() == "sqlite"
            if sqlite and (url.database in (None, "", ":memory:") or "mode=memory" in text):
                raise JournalError("A journal in memory would forget what it has acknowledged: name a file instead.")
            options: dict[str, Any] = {"connect_args": {"timeout": 20}} if sqlite else {"pool_pre_ping": True}
            engine = sa.create_engine(url, **options)
        except (exc.ArgumentError, ImportError) as error:
            reason = str(error).splitlines()[0]
            raise JournalError(
                f"The journal's address {text!r} cannot be used ({reason}): give a file, or a URL that SQLAlchemy knows."
            ) from None
        place = str(url.database) if sqlite else url.render_as_string(hide_password=True)
        if sqlite:
            _prepare_sqlite(engine)
        journal = cls(engine, place, reader or Reader())
        try:
            if sqlite:
                journal._make_folder(Path(place))
            journal._migrate()
        except BaseException:
            engine.dispose()
            raise
        return journal

    def close(self) -> None:
        self._engine.dispose()

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
                Event(id=id, at=moment, tz=local_offset(moment), learner=learner, version=self._reader.version(one), data=one)  # type: ignore[arg-type]
            )
            for one, moment, id in zip(data, at, ids, strict=True)
        }
        for event, _ in rows.values():
            _check_id(event)
        with self._writing() as connection:
            names = list(rows)
            for begin in range(0, len(names), 500):
                for id in self._known(connection, names[begin : begin + 500]):
                    del rows[id]
            self._store(connection, list(rows.values()))
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
                version=self._reader.version(item),
                data=item,  # type: ignore[arg-type]
            )
            for id_, moment, item in zip(fresh, moments, items, strict=True)
        ]
        rows = [self._checked(event) for event in events]
        with self._writing() as connection:
            if ids is not None:
                known = self._known(connection, ids)
                if known:
                    stored = self._reader.read(known[ids[0]])
                    if stored.data != events[0].data or stored.learner != learner:
                        raise BadEventError(f"Event {ids[0]} is already in the journal with other content: an event never changes.")
                    return [stored]
            self._store(connection, rows)
        return [event for event, _ in rows]

    def _checked(self, event: Event) -> tuple[Event, str]:
        """The event as it reads back, and the JSON to store: NaN, a rating of 5 or broken text stop here.

        What is returned is what every later reader will get (6 becomes 6.0 where a float is meant), so both lead to the same state.
        """
        try:
            body = self._encode(event).decode()
            back = self._reader.read(body)
        except (BadEventError, UnicodeError, TypeError, OverflowError) as error:
            raise BadEventError(f"This event cannot be stored, and nothing was: {error}") from None
        if back != event:
            raise BadEventError(f"This event would not read back as it was ({type(event.data).__name__}), so nothing was stored.")
        return back, body

    def _store(self, connection: sa.Connection, rows: list[tuple[Event, str]]) -> None:
        head = connection.execute(sa.select(_HEAD.c.seq, _HEAD.c.link).where(_HEAD.c.one == 1).with_for_update()).one_or_none()
        if head is None:
            raise DamagedJournalError(f"The journal at {self.place} has lost the head of its chain: run `modelwright journal verify`.")
        seq, link = int(head.seq), str(head.link)
        values = []
        for event, body in rows:
            seq += 1
            link = _link(link, body)
            kind = kind_of(event.data)
            values.append({"seq": seq, "id": event.id, "learner": event.learner, "at": event.at, "kind": kind, "body": body, "link": link})
        if values:
            connection.execute(sa.insert(_EVENTS), values)
            connection.execute(sa.update(_HEAD).where(_HEAD.c.one == 1).values(seq=seq, link=link))

    def _known(self, connection: sa.Connection, ids: Sequence[str]) -> dict[str, str]:
        found = connection.execute(sa.select(_EVENTS.c.id, _EVENTS.c.body).where(_EVENTS.c.id.in_(ids)))
        return {row.id: row.body for row in found}

    # Reading

    def events(self, after: int = 0, learner: str = "me") -> Iterator[tuple[int, Event]]:
        """(seq, event) in journal order from after `after` on, a page at a time, so that no lock is held between pages."""
        read = self._reader.read
        query = (
            sa.select(_EVENTS.c.seq, _EVENTS.c.body)
            .where(_EVENTS.c.learner == learner, _EVENTS.c.seq > sa.bindparam("after"))
            .order_by(_EVENTS.c.seq)
            .limit(PAGE)
        )
        while True:
            with self._reading() as connection:
                rows = _tuples(connection, connection.execute(query, {"after": after}))
            for seq, body in rows:
                try:
                    event = read(body)
                except JournalError as error:
                    raise type(error)(f"Entry {seq} of the journal at {self.place}: {error}") from None
                yield seq, event
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    def history(self, learner: str = "me") -> Iterator[tuple[int, Event]]:
        """(seq, event) in the order in which they are folded: journal order, but a review that was brought in from another program stands
        before the first entry that is later than it. Where nothing was brought in late, this is `events`."""
        end, latest = self.last_seq(), 0
        waiting: deque[tuple[int, int, Event]] = deque(
            sorted(
                ((event.at, seq, event) for seq, event in self.of_kind(CardReviewed, learner=learner) if seq <= end and _brought_in(event)),
                key=lambda one: one[:2],
            )
        )
        for seq, event in self.events(0, learner):
            if seq > end:
                return
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
        """The entries of these numbers, in journal order; a number that there is not is passed over."""
        wanted = sorted(set(seqs))
        found: list[tuple[int, Event]] = []
        with self._reading() as connection:
            for begin in range(0, len(wanted), 500):
                some = wanted[begin : begin + 500]
                rows = connection.execute(sa.select(_EVENTS.c.seq, _EVENTS.c.body).where(_EVENTS.c.seq.in_(some)).order_by(_EVENTS.c.seq))
                found += [(int(row.seq), self._reader.read(row.body)) for row in rows]
        return found

    def known(self, ids: Iterable[str]) -> set[str]:
        """Those of these event ids that the journal has."""
        asked = list(ids)
        with self._reading() as connection:
            return {id for begin in range(0, len(asked), 500) for id in self._known(connection, asked[begin : begin + 500])}

    def of_kind(self, *kinds: type[Data], learner: str = "me") -> Iterator[tuple[int, Event]]:
        """(seq, event) of these kinds alone, in journal order, without reading the others."""
        names = [kind_of(kind) for kind in kinds]
        query = sa.select(_EVENTS.c.seq, _EVENTS.c.body).where(_EVENTS.c.learner == learner, _EVENTS.c.kind.in_(names))
        after = 0
        while True:
            with self._reading() as connection:
                rows = connection.execute(query.where(_EVENTS.c.seq > after).order_by(_EVENTS.c.seq).limit(PAGE)).all()
            yield from ((int(seq), self._reader.read(body)) for seq, body in rows)
            if len(rows) < PAGE:
                return
            after = rows[-1][0]

    def last_seq(self) -> int:
        """The number of the newest entry, 0 when there is none."""
        with self._reading() as connection:
            return int(connection.execute(sa.select(_HEAD.c.seq).where(_HEAD.c.one == 1)).scalar_one_or_none() or 0)

    def learners(self) -> list[str]:
        with self._reading() as connection:
            return list(connection.execute(sa.select(_EVENTS.c.learner).distinct().order_by(_EVENTS.c.learner)).scalars())

    # Carrying it elsewhere

    def export(self, fp: IO[Any]) -> int:
        """Write every event of every learner as one line of JSON, in journal order; returns how many."""
        text = isinstance(fp, io.TextIOBase)
        count = 0
        for _, body, *_ in self._pages():
            fp.write(body + "\n" if text else (body + "\n").encode())
            count += 1
        return count

    def import_(self, fp: IO[Any]) -> Imported:
        """Add the events of an export that the journal does not have yet, by id: all of them, or none if a line is wrong."""
        added = already = 0
        with self._writing() as connection:
            number = 0
            while True:
                batch: dict[str, tuple[int, Event, str]] = {}
                for line in fp:
                    number += 1
                    if not line.strip():
                        continue
                    event, body = self._read_line(number, line)
                    twin = batch.get(event.id)
                    if twin is None:
                        batch[event.id] = (number, event, body)
                    elif twin[1] == event:
                        already += 1
                    else:
                        raise BadEventError(f"Lines {twin[0]} and {number} have the same id with other content; nothing was imported.")
                    if len(batch) == 500:
                        break
                if not batch:
                    break
                for id_, body in self._known(connection, list(batch)).items():
                    number_, event, _ = batch.pop(id_)
                    if self._reader.read(body) != event:
                        raise BadEventError(
                            f"Line {number_}: event {id_} is in the journal already with other content; nothing was imported."
                        )
                    already += 1
                self._store(connection, [(event, body) for _, event, body in batch.values()])
                added += len(batch)
        return Imported(added, already)

    def _read_line(self, number: int, line: str | bytes) -> tuple[Event, str]:
        try:
            event = self._reader.read(line)
            _check_id(event)
            # Kept as it was written, in its own version; only the spacing is normalised.
            return event, msgspec.json.encode(msgspec.json.decode(line)).decode()
        except (JournalError, UnicodeError) as error:
            family = type(error) if isinstance(error, JournalError) else BadEventError
            raise family(f"Line {number} cannot be imported, and nothing was: {error}") from None

    def verify(self) -> Verification:
        """Read everything and report what is wrong.

        Proves that no entry was changed, removed, added in between or moved since it was written, by anyone who did not also
        recompute every later link and the head. Who can write the database can do that; a head noted elsewhere shows it.
        """
        problems: list[str] = []
        if self._engine.dialect.name == "sqlite":
            with self._reading() as connection:
                found = [str(row[0]) for row in connection.exec_driver_sql("PRAGMA integrity_check(5)")]
            problems += [] if found == ["ok"] else [f"SQLite's own check: {line}" for line in found]
        expected, previous, count = 1, START_LINK, 0
        ids: set[bytes] = set()
        for seq, body, link, id_, learner, at, kind in self._pages():
            count += 1
            if seq != expected:
                gap = f"entry {expected} is" if seq == expected + 1 else f"entries {expected} to {seq - 1} are"
                problems.append(f"Before entry {seq}, {gap} missing.")
            elif link != _link(previous, body):
                problems.append(f"Entry {seq} or its link is not what was written: it was changed, moved or put in later.")
            try:
                event = self._reader.read(body)
                _check_id(event)
                if (event.id, event.learner, event.at, kind_of(event.data)) != (id_, learner, at, kind):
                    problems.append(f"Entry {seq}: its columns say something else than its text.")
                digest = bytes.fromhex(event.id)
                if digest in ids:
                    problems.append(f"Entry {seq}: the id {event.id} stands in the journal twice.")
                ids.add(digest)
            except JournalError as error:
                problems.append(f"Entry {seq}: {error}")
            expected, previous = seq + 1, link
        with self._reading() as connection:
            head = connection.execute(sa.select(_HEAD.c.seq, _HEAD.c.link).where(_HEAD.c.one == 1)).one_or_none()
        if head is None:
            problems.append("The head of the chain is missing.")
        elif head.seq > expected - 1:
            problems.append(f"The head says that {head.seq} entries were written; the last one here is {expected - 1}.")
        elif (head.seq, head.link) != (expected - 1, previous):
            problems.append(f"The head of the chain (entry {head.seq}) does not belong to the last entry ({expected - 1}).")
        return Verification(count, previous, tuple(problems))

    def _pages(self) -> Iterator[tuple[int, str, str, str, str, int, str]]:
        c = _EVENTS.c
        query = sa.select(c.seq, c.body, c.link, c.id, c.learner, c.at, c.kind).where(c.seq > sa.bindparam("after"))
        after = -(1 << 62)
        while True:
            with self._reading() as connection:
                rows = connection.execute(query.order_by(c.seq).limit(PAGE), {"after": after}).all()
            yield from (tuple(row) for row in rows)
            if len(rows) < PAGE:
                return
            after = rows[-1].seq

    # Connections

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._told(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
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
            raise _explain(error, self.place) from error

    def _make_folder(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnwritableJournalError(f"The journal's folder {file.parent} cannot be made: {error.strerror or error}.") from None

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
                raise NewerJournalError(
                    f"The journal at {self.place} was written by a newer Modelwright (its schema is {revision}, this one knows up to "
                    f"{HEAD_REVISION}): update Modelwright, or name another journal; this one was not touched."
                )
            if revision is None and connection.dialect.name == "sqlite" and sa.inspect(connection).get_table_names():
                raise DamagedJournalError(f"{self.place} is a database, but not a journal: name another file; this one was not touched.")
            if revision != HEAD_REVISION:
                config.attributes.update(connection=connection, version_table=VERSION_TABLE)
                command.upgrade(config, "head")

    def _revision(self, connection: sa.Connection) -> str | None:
        if not sa.inspect(connection).has_table(VERSION_TABLE):
            return None
        return connection.execute(sa.text(f"SELECT version_num FROM {VERSION_TABLE}")).scalar_one_or_none()


def _tuples(connection: sa.Connection, result: sa.CursorResult[Any]) -> Sequence[Any]:
    """All rows as the driver's own tuples: a `Row` for each of a million would cost as much as reading them."""
    try:
        return result.cursor.fetchall()
    except connection.dialect.loaded_dbapi.Error as error:
        raise exc.DBAPIError(None, None, error) from error
    finally:
        result.close()


def _check_id(event: Event) -> None:
    if len(event.id) != 32 or event.id.strip("0123456789abcdef"):
        raise BadEventError(f"the id {event.id!r} is not 32 hexadecimal digits.")


def _prepare_sqlite(engine: sa.Engine) -> None:
    """WAL, so that readers never wait; a full sync at each commit, so that an acknowledged event survives a power cut."""

    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below decides, not the driver
        cursor = connection.cursor()
        for pragma in ("busy_timeout=20000", "journal_mode=WAL", "synchronous=FULL", "cache_size=-16000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        # A writer takes its lock at once: two that both read first would end in a deadlock that no waiting solves.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


# What a database says in its own words -> what it means and what to do.
_SAYINGS: tuple[tuple[tuple[str, ...], Callable[[str, str], JournalError]], ...] = (
    (
        ("not a database", "malformed", "file is encrypted"),
        lambda place, why: DamagedJournalError(
            f"The journal at {place} is damaged ({why}); nothing was changed. Keep a copy of it, then start a new one and bring back your "
            "last export with `modelwright journal import FILE`."
        ),
    ),
    (
        ("disk is full", "disk i/o error", "no space left", "could not extend file"),
        lambda place, why: UnwritableJournalError(
            f"The journal at {place} cannot be written ({why}): free some space on that disk. Nothing that was acknowledged is lost."
        ),
    ),
    (
        ("readonly", "read-only", "unable to open database file", "permission denied"),
        lambda place, why: UnwritableJournalError(
            f"The journal at {place} cannot be opened for writing ({why}): make its folder writable, or "
            "name another place with MODELWRIGHT_HOME."
        ),
    ),
    (
        ("database is locked", "database table is locked"),
        lambda place, why: UnwritableJournalError(
            f"The journal at {place} stayed locked by another program for 20 seconds: close that program and try again."
        ),
    ),
    (
        ("no such table", "does not exist", "no such column"),
        lambda place, why: DamagedJournalError(f"The journal at {place} lacks a part of its schema ({why}): restore it from an export."),
    ),
)


def _explain(error: exc.SQLAlchemyError, place: str) -> JournalError:
    why = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
    for words, sentence in _SAYINGS:
        if any(word in why.lower() for word in words):
            return sentence(place, why)
    return UnwritableJournalError(
        f"The journal at {place} does not answer ({why}): check that its database runs and that its address is right."
    )
