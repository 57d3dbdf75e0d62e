"""The database under a journal: made, opened for writing or for reading alone, and its complaints as sentences for a person.

Nothing here knows what an event is. SQLite's own files are handled with the care that a file which cannot be made again deserves: a new
one comes into being whole or not at all, an empty one is never taken for a new one, and one that cannot be written can still be read.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import sqlite3
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import exc

from modelwright.journal.errors import DamagedJournalError, JournalError, LockedJournalError, UnwritableJournalError

WAIT = 20  # seconds for another program's lock


def address(where: str | Path) -> tuple[sa.URL, str]:
    """(the URL, the place to name to a person). Raises JournalError for an address that cannot keep a journal."""
    text = str(where)
    try:
        url = sa.make_url(text) if "://" in text else sa.URL.create("sqlite", database=text)
        if url.get_backend_name() != "sqlite":
            return url, url.render_as_string(hide_password=True)
    except (exc.ArgumentError, ImportError) as error:
        raise unusable(text, error) from None
    if url.database in (None, "", ":memory:") or "mode=memory" in text:
        raise JournalError("A journal in memory would forget what it has acknowledged: name a file instead.")
    return url, str(url.database)


def unusable(text: str, error: Exception) -> JournalError:
    reason = str(error).splitlines()[0]
    return JournalError(f"The journal's address {text!r} cannot be used ({reason}): give a file, or a URL that SQLAlchemy knows.")


def server(url: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(url, pool_pre_ping=True)
    except (exc.ArgumentError, ImportError) as error:
        raise unusable(url.render_as_string(hide_password=True), error) from None


# SQLite


def writable(url: sa.URL) -> sa.Engine:
    """WAL, so that readers never wait; a full sync at each commit, so that an acknowledged event survives a power cut."""
    engine = sa.create_engine(url, connect_args={"timeout": WAIT})
    _prepare(engine, ("busy_timeout=20000", "journal_mode=WAL", "synchronous=FULL", "cache_size=-16000"))
    return engine


def look_at(file: Path) -> bool:
    """Whether there is a file; raises where it cannot be a journal's, before SQLite would take it for one (and delete its log)."""
    try:
        found = file.stat()
    except OSError:
        return False
    if not stat.S_ISREG(found.st_mode):
        raise UnwritableJournalError(f"The journal at {file} is no file: name another place with MODELWRIGHT_HOME.")
    if found.st_size == 0:
        raise DamagedJournalError(
            f"The journal at {file} is empty (0 bytes), which no journal is: what was in it is gone from this file. Put back a copy of "
            f"it; or move it away, begin a new one, and bring back your last export with `modelwright journal import FILE`."
        )
    return True


def make(file: Path, build: Callable[[sa.URL], None]) -> None:
    """A new journal in this place, built by `build` under another name first. Where another process was quicker, its own stays."""
    file = Path(os.path.realpath(file))
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableJournalError(f"The journal's folder {file.parent} cannot be made: {error.strerror or error}.") from None
    draft = file.with_name(f".{file.name}.new-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        build(sa.URL.create("sqlite", database=str(draft)))
        try:
            os.link(draft, file)
        except FileExistsError:
            return
        except OSError:  # a file system without links
            if not file.exists():
                os.rename(draft, file)
        with contextlib.suppress(OSError):
            folder = os.open(file.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        raise UnwritableJournalError(f"The journal at {file} cannot be made: {error.strerror or error}.") from None
    finally:
        for end in ("", "-wal", "-shm", "-journal"):
            with contextlib.suppress(OSError):
                os.unlink(f"{draft}{end}")


def readable(file: Path) -> tuple[sa.Engine, Callable[[], None]]:
    """An engine that only reads, and what to call when it is no longer needed: for a folder that is read-only, a disk that is full.

    As it lies, if SQLite can have its shared memory beside it; without a log, as a file that nobody changes; else a copy elsewhere,
    together with its log.
    """
    file = Path(os.path.realpath(file))
    log = Path(f"{file}-wal")
    try:
        return _only_reading(f"file:{quote(str(file))}?mode=ro"), lambda: None
    except sqlite3.Error as error:
        if "locked" in str(error):
            raise explain(error, str(file), sqlite=True) from error
    try:
        if not log.exists() or log.stat().st_size == 0:
            return _only_reading(f"file:{quote(str(file))}?immutable=1"), lambda: None
        folder = tempfile.mkdtemp(prefix="modelwright-journal-")
        try:
            copy = Path(folder) / file.name
            shutil.copyfile(file, copy)
            shutil.copyfile(log, f"{copy}-wal")
            return _only_reading(f"file:{quote(str(copy))}"), lambda: shutil.rmtree(folder, ignore_errors=True)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    except sqlite3.Error as error:
        raise explain(error, str(file), sqlite=True) from error
    except OSError as error:
        raise UnwritableJournalError(f"The journal at {file} cannot be read: {error.strerror or error}.") from None


def _only_reading(uri: str) -> sa.Engine:
    def connect() -> sqlite3.Connection:
        return sqlite3.connect(uri, timeout=WAIT, uri=True, check_same_thread=False)

    trial = connect()
    try:
        trial.execute("SELECT count(*) FROM sqlite_master").fetchone()
    finally:
        trial.close()
    engine = sa.create_engine("sqlite:///journal", creator=connect)
    _prepare(engine, ("busy_timeout=20000", "query_only=1", "cache_size=-16000"))
    return engine


def _prepare(engine: sa.Engine, pragmas: tuple[str, ...]) -> None:
    @sa.event.listens_for(engine, "connect")
    def _connected(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy's own BEGIN below decides, not the driver
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begun(connection: sa.Connection) -> None:
        # A writer takes its lock at once: two that both read first would end in a deadlock that no waiting solves.
        connection.exec_driver_sql("BEGIN IMMEDIATE" if connection.get_execution_options().get("writes") else "BEGIN")


# Rows


def rows(connection: sa.Connection, query: sa.Select[Any], values: dict[str, Any]) -> list[Any]:
    """All rows as the driver's own tuples: a `Row` for each of a million would cost as much as reading them.

    Text that is not UTF-8 any more comes with a mark in each broken place, so that one damaged entry does not hide its neighbours.
    """
    try:
        return _tuples(connection, query, values)
    except exc.DBAPIError as error:
        if connection.dialect.name != "sqlite" or "decode to UTF-8" not in str(error.orig):
            raise
    driver: Any = connection.connection.driver_connection
    driver.text_factory = lambda text: text.decode("utf-8", "surrogateescape")
    try:
        return _tuples(connection, query, values)
    finally:
        driver.text_factory = str


def _tuples(connection: sa.Connection, query: sa.Select[Any], values: dict[str, Any]) -> list[Any]:
    result = connection.execute(query, values)
    try:
        return list(result.cursor.fetchall())
    except connection.dialect.loaded_dbapi.Error as error:
        raise exc.DBAPIError(None, None, error) from error
    finally:
        result.close()


# What a database says in its own words -> what it means and what to do.
_SAYINGS: tuple[tuple[tuple[str, ...], Callable[[str, str], JournalError]], ...] = (
    (
        ("not a database", "malformed", "file is encrypted", "unsupported file format", "decode to utf-8"),
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
        lambda place, why: LockedJournalError(
            f"The journal at {place} stayed locked by another program for {WAIT} seconds: close that program and try again."
        ),
    ),
    (
        ("no such table", "does not exist", "no such column"),
        lambda place, why: DamagedJournalError(f"The journal at {place} lacks a part of its schema ({why}): restore it from an export."),
    ),
)


def explain(error: Exception, place: str, sqlite: bool) -> JournalError:
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    why = re.sub(r"[\x00-\x1f\x7f-\x9f]", "?", lines[0])[:300] if lines else type(error).__name__
    for words, sentence in _SAYINGS:
        if any(word in why.lower() for word in words):
            return sentence(place, why)
    if sqlite:
        return _SAYINGS[0][1](place, why)
    return UnwritableJournalError(
        f"The journal at {place} does not answer ({why}): check that its database runs and that its address is right."
    )
