"""The answers that an Anki file holds, card by card: of a package, a collection, or a review log alone.

A package (`.apkg`, `.colpkg`) is a zip archive around one SQLite file. Three kinds are about: `collection.anki2`, `collection.anki21`,
and, since 2.1.50, `collection.anki21b`, which is compressed with zstandard and comes with a file `meta` that says so. Only that one
member is read, by its name; media are never touched, so no path in the archive matters. What is unpacked is counted while it is
unpacked, and the database is opened for reading alone.

Of the review log's rows, answers are kept: a button from 1 to 4. What is no answer is counted and left out, by Anki's own marks:
`type` 4 and 5 or button 0 (a date set by hand, a card forgotten on purpose, a reschedule), and `type` 3 with factor 0 (a filtered deck
whose answers were not to count). The format is that of Anki's `rslib` (schema 11 to 18); its file `revlog/mod.rs` names the columns.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import shutil
import sqlite3
import tempfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from modelwright.anki.errors import AnkiError

LARGEST = 1_000_000_000  # bytes of an unpacked collection; a hundred thousand cards with ten years of reviews take a fifth of it
CHUNK = 1 << 20
WINDOW = 1 << 27  # the most memory that zstandard may ask for
EARLIEST = 1_136_073_600_000  # 2006, when Anki began
DAY = 86_400_000
LONGEST_ANSWER = 300.0  # seconds
NEWEST_PACKAGE = 3
LEARN, REVIEW, RELEARN, FILTERED, MANUAL, RESCHEDULED = range(6)
COLUMNS = ("id", "cid", "usn", "ease", "ivl", "lastIvl", "factor", "time", "type")
# Names under which other programs write the same columns; those of FSRS's published logs are in other units.
ALIASES = {
    "card_id": "cid",
    "review_rating": "ease",
    "rating": "ease",
    "review_time": "id",
    "review_duration": "time",
    "review_state": "type",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """`at`: milliseconds since 1970 UTC, which is Anki's own number of the answer. `rating`: 1 again, 2 hard, 3 good, 4 easy."""

    at: int
    rating: int
    seconds: float


@dataclass(frozen=True, slots=True)
class CardHistory:
    """One card's answers, oldest first.

    number: Anki's of the card. note: the stable id (GUID) of its note, "" where the file has none. place: which of the note's cards.
    begins: the first answer of its present life: those before it ended with the card being forgotten on purpose, or learned anew.
    whole: its present life begins with its learning, so that a memory can be computed from it.
    """

    number: int
    note: str
    place: int
    answers: tuple[Answer, ...]
    begins: int
    whole: bool


@dataclass(frozen=True, slots=True)
class Histories:
    """What a file holds. rows: of its review log. manual, crammed, unreadable: rows that are no answer, by why.

    what: the kind of file, in words.
    """

    what: str
    cards: tuple[CardHistory, ...]
    rows: int
    manual: int
    crammed: int
    unreadable: int

    @property
    def answers(self) -> int:
        return sum(len(card.answers) for card in self.cards)


@dataclass(slots=True)
class _Row:
    at: int
    card: int
    ease: int
    factor: int
    millis: float
    type: int


@dataclass(slots=True)
class _Tally:
    rows: int = 0
    manual: int = 0
    crammed: int = 0
    unreadable: int = 0
    cards: list[CardHistory] = field(default_factory=list)


def read(path: Path, now: int | None = None, largest: int = LARGEST) -> Histories:
    """The answers in a package, a collection or a review log (SQLite or CSV). Raises AnkiError in one sentence.

    `now`: milliseconds; answers from more than a day ahead of it are unreadable. `largest`: bytes, of what is unpacked.
    """
    now = time.time_ns() // 1_000_000 if now is None else now
    try:
        with open(path, "rb") as file:
            head = file.read(16)
            file.seek(0)
            if not head:
                raise AnkiError(f"{path.name} is empty.")
            if head.startswith(b"PK"):
                return _package(file, path.name, now, largest)
            if head.startswith(b"\x28\xb5\x2f\xfd"):
                return _unpacked(_inflated(file), path.name, "a compressed collection", now, largest, modern=True)
            if head.startswith(b"SQLite format 3\0"):
                beside = path.with_name(path.name + "-wal")
                if beside.exists() and beside.stat().st_size:
                    raise AnkiError(f"{path.name} is open in Anki, so its last answers are not in it yet: close Anki first.")
                return _database(path, path.name, "a collection", now, modern=False)
            if path.stat().st_size > largest:
                raise _too_large(path.name, largest)
            return _table(file, path.name, now)
    except OSError as error:
        raise AnkiError(f"{path} cannot be read: {error.strerror or error}.") from None


# Packages


def _package(file: IO[bytes], name: str, now: int, largest: int) -> Histories:
    try:
        with zipfile.ZipFile(file) as archive:
            members = set(archive.namelist())
            version = _version(archive, members, name)
            member = {1: "collection.anki2", 2: "collection.anki21", 3: "collection.anki21b"}[version]
            if member not in members:
                raise AnkiError(
                    f"{name} is a zip archive without '{member}', so it is not an Anki package: export one with File, Export in Anki."
                )
            info = archive.getinfo(member)
            if info.file_size > largest:
                raise _too_large(name, largest)
            with archive.open(info) as packed:
                stream = _inflated(packed) if version == 3 else packed
                what = f"a package ({member})"
                return _unpacked(stream, name, what, now, largest, modern=version > 1)
    except zipfile.BadZipFile:
        raise AnkiError(f"{name} is a damaged zip archive: export it from Anki again, or copy it again.") from None
    except (NotImplementedError, RuntimeError) as error:
        raise AnkiError(f"{name} cannot be unpacked ({error}): an Anki package is a plain zip archive without a password.") from None
    except (EOFError, ValueError) as error:
        raise AnkiError(f"{name} is damaged ({error}): export it from Anki again.") from None


def _version(archive: zipfile.ZipFile, members: set[str], name: str) -> int:
    """1 to 3. Since version 2.1.50 a package says it in `meta`, a protobuf message whose field 1 is the number."""
    if "meta" in members:
        with archive.open("meta") as file:
            message = file.read(64)
        number = message[1] if len(message) >= 2 and message[0] == 0x08 else 0
        if not 1 <= number <= NEWEST_PACKAGE:
            raise AnkiError(
                f"{name} is a package of version {number or 'unknown'}, and versions up to {NEWEST_PACKAGE} are understood: "
                "in Anki, tick 'Support older Anki versions' when exporting."
            )
        return number
    if "collection.anki21b" in members:
        return 3
    return 2 if "collection.anki21" in members else 1


def _inflated(packed: IO[bytes]) -> IO[bytes]:
    import zstandard

    reader: IO[bytes] = zstandard.ZstdDecompressor(max_window_size=WINDOW).stream_reader(packed, closefd=False)
    return reader


def _too_large(name: str, largest: int) -> AnkiError:
    return AnkiError(f"{name} unpacks to more than {largest / 1e6:,.0f} MB, the most that is read: export without media, or fewer decks.")


def _unpacked(stream: IO[bytes], name: str, what: str, now: int, largest: int, modern: bool) -> Histories:
    """The database lies in a folder of its own while it is read, under a name of ours."""
    import zlib

    import zstandard

    folder = Path(tempfile.mkdtemp(prefix="modelwright-anki-"))
    try:
        database = folder / "collection"
        size = 0
        with open(database, "wb") as out:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > largest:
                    raise _too_large(name, largest)
                out.write(chunk)
        return _database(database, name, what, now, modern)
    except (zstandard.ZstdError, zlib.error) as error:
        raise AnkiError(f"{name} is damaged: it does not unpack ({error}). Export it from Anki again.") from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


# The database


def _database(path: Path, name: str, what: str, now: int, modern: bool) -> Histories:
    # `immutable` where it is our own copy or a file at rest: no lock is taken and no journal beside it is looked for.
    with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        try:
            db.execute("PRAGMA trusted_schema=OFF")
            db.execute("PRAGMA query_only=ON")
            db.text_factory = lambda raw: raw.decode("utf-8", "replace")
            tables = {str(row[0]) for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if "revlog" not in tables:
                raise AnkiError(
                    f"{name} is a database without Anki's review log (a table 'revlog'): export a collection or deck from Anki."
                )
            has = {str(row[1]) for row in db.execute("PRAGMA table_info(revlog)")}
            if missing := {"id", "cid", "ease"} - has:
                raise AnkiError(f"{name}: its review log lacks the column '{min(missing)}', so it is not one that this program knows.")
            notes = {"cards", "notes"} <= tables
            owners = dict(_owners(db)) if notes else {}
            columns = ", ".join(column if column in has else "NULL" for column in ("id", "cid", "ease", "factor", "time", "type"))
            rows = db.execute(f"SELECT {columns} FROM revlog ORDER BY cid, id")
            old = not modern and _first_scheduler(db, tables)
            return _gathered(rows, what, now, owners, old)
        except sqlite3.DatabaseError as error:
            raise AnkiError(f"{name} is damaged ({error}): in Anki, run Tools, Check Database, and export again.") from None


def _owners(db: sqlite3.Connection) -> Iterator[tuple[int, tuple[str, int]]]:
    for card, place, guid in db.execute("SELECT cards.id, cards.ord, notes.guid FROM cards JOIN notes ON notes.id = cards.nid"):
        yield card, (str(guid), place if isinstance(place, int) else 0)


def _first_scheduler(db: sqlite3.Connection, tables: set[str]) -> bool:
    """Whether the collection was kept by Anki's first scheduler, whose learning cards had three buttons: again, good, easy."""
    if "col" not in tables:
        return False
    try:
        if db.execute("SELECT 1 FROM revlog WHERE type IN (0, 2) AND ease = 4 LIMIT 1").fetchone():
            return False
        found = db.execute("SELECT conf FROM col").fetchone()
        settings = json.loads(found[0]) if found and found[0] else None
        return isinstance(settings, dict) and settings.get("schedVer", 1) == 1
    except (sqlite3.OperationalError, ValueError, TypeError):
        return False


def _gathered(rows: Iterable[tuple[Any, ...]], what: str, now: int, owners: dict[int, tuple[str, int]], old: bool) -> Histories:
    """Rows in the order of cards and, within one, of time."""
    tally = _Tally()
    of_card: list[_Row] = []
    for raw in rows:
        tally.rows += 1
        row = _row(raw, now)
        if row is None:
            tally.unreadable += 1
            continue
        if of_card and of_card[0].card != row.card:
            _close(of_card, owners, tally, old)
            of_card = []
        of_card.append(row)
    if of_card:
        _close(of_card, owners, tally, old)
    return Histories(what, tuple(tally.cards), tally.rows, tally.manual, tally.crammed, tally.unreadable)


def _row(raw: tuple[Any, ...], now: int) -> _Row | None:
    at, card, ease, factor, millis, type_ = raw
    if not isinstance(at, int) or not isinstance(card, int) or not isinstance(ease, int):
        return None
    if not EARLIEST <= at <= now + DAY or not 0 <= ease <= 4:
        return None
    return _Row(
        at,
        card,
        ease,
        factor if isinstance(factor, int) else 1,
        millis if isinstance(millis, int | float) else 0.0,
        type_ if isinstance(type_, int) else REVIEW,
    )


def _close(rows: list[_Row], owners: dict[int, tuple[str, int]], tally: _Tally, old: bool) -> None:
    """One card's rows as its history."""
    answers: list[Answer] = []
    begins, whole, learning = 0, False, False
    for row in rows:
        if row.ease == 0 or row.type in (MANUAL, RESCHEDULED):
            tally.manual += 1
            if row.type == MANUAL and row.factor == 0:  # forgotten on purpose: what follows is a new life
                begins, whole, learning = len(answers), False, False
            continue
        if row.type == FILTERED and row.factor == 0:
            tally.crammed += 1
            continue
        if row.type == LEARN and not learning:
            begins, whole, learning = len(answers), True, True
        elif row.type in (REVIEW, RELEARN):  # and not a filtered deck's, which may come between two steps of learning
            learning = False
        rating = row.ease + 1 if old and row.type in (LEARN, RELEARN) and row.ease in (2, 3) else row.ease
        answers.append(Answer(row.at, rating, round(min(max(row.millis / 1000, 0.0), LONGEST_ANSWER), 1)))
    if answers:
        note, place = owners.get(rows[0].card, ("", 0))
        tally.cards.append(CardHistory(rows[0].card, note, place, tuple(answers), min(begins, len(answers)), whole))


# A review log as text


def _table(file: IO[bytes], name: str, now: int) -> Histories:
    """A CSV, TSV or semicolon-separated review log: with a line of names in any order, or with Anki's nine columns in theirs."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="strict", newline="")
    try:
        first = text.readline(10_000)
        cut = max(",;\t", key=first.count)
        names = [cell.strip().strip('"') for cell in first.rstrip("\r\n").split(cut)]
        named = [ALIASES.get(cell, cell) for cell in names]
        foreign = any(cell in ALIASES for cell in names)
        if {"id", "cid", "ease"} <= set(named):
            again: Iterable[str] = text
        elif len(names) == len(COLUMNS) and all(cell.lstrip("-").isdigit() for cell in names):
            named, again = list(COLUMNS), _with_first(first, text)
        else:
            raise AnkiError(
                f"{name} is none of Anki's files: give an .apkg or .colpkg, a collection, or a review log as CSV with "
                "the columns id, cid and ease (time, factor and type if you have them)."
            )
        at: dict[str, int] = {column: named.index(column) for column in COLUMNS if column in named}
        # A log without the type has no marks of learning either: each card's first row is where it began.
        rows = [_cells(line, at, foreign) for line in csv.reader(again, delimiter=cut) if line]
    except (UnicodeDecodeError, csv.Error):
        raise AnkiError(f"{name} is none of Anki's files: it is neither a package nor a database nor a table of text.") from None
    finally:
        text.detach()  # the file is closed by who opened it
    rows.sort(key=lambda row: (_sortable(row[1]), _sortable(row[0])))
    if "type" not in at:
        seen: set[Any] = set()
        for n, row in enumerate(rows):
            if row[1] not in seen:
                seen.add(row[1])
                rows[n] = (*row[:5], LEARN)
    return _gathered(rows, "a review log", now, {}, False)


def _with_first(first: str, rest: Iterable[str]) -> Iterator[str]:
    yield first
    yield from rest


def _cells(line: list[str], at: dict[str, int], foreign: bool) -> tuple[Any, ...]:
    def cell(column: str) -> Any:
        place = at.get(column)
        text = line[place].strip() if place is not None and place < len(line) else ""
        if not text:
            return None
        with contextlib.suppress(ValueError):
            return int(text)
        if column == "id":
            with contextlib.suppress(ValueError, OverflowError):
                said = datetime.fromisoformat(text.replace("Z", "+00:00"))
                return int((said if said.tzinfo else said.replace(tzinfo=UTC)).timestamp() * 1000)
        with contextlib.suppress(ValueError, OverflowError):
            return int(float(text))
        return text

    kind = cell("type")
    if foreign and isinstance(kind, int):
        kind = max(kind - 1, 0)  # FSRS counts its states from 1: learning, review, relearning
    return cell("id"), cell("cid"), cell("ease"), cell("factor"), cell("time"), kind


def _sortable(value: Any) -> int:
    return value if isinstance(value, int) else -1
