"""Anki files as Anki makes them: our own export with answers entered in its review log, packed in each of the three ways."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import zipfile
from collections.abc import Sequence
from pathlib import Path

from modelwright.anki import Sheet, card_number, write

DAY, MINUTE = 86_400_000, 60_000
BEGIN = 1_767_290_400_000  # 1 January 2026
LEARN, REVIEW, RELEARN, FILTERED, MANUAL, RESCHEDULED = range(6)
Row = tuple[int, int, int, int, int, int, int, int, int]


def sheets(count: int = 3) -> list[Sheet]:
    return [
        Sheet(f"tiny-maths/card-{n}", f"Question {n}?", f"Answer {n}.", "", "tiny-maths/weights", "tiny-maths", "Tiny maths", 1)
        for n in range(count)
    ]


def row(at: int, card: int, ease: int, kind: int = REVIEW, factor: int = 2500, millis: int = 4200) -> Row:
    """A row of the review log, in the order of its columns."""
    return (at, card, 0, ease, 1, 1, factor, millis, kind)


def lived(rows: Sequence[Row], path: Path, foreign: Sequence[tuple[int, str]] = (), scheduler: int | None = 2) -> Path:
    """A collection with these rows in its review log; `foreign`: (card's number, GUID of its note) of cards that are not ours."""
    package = path.with_suffix(".made")
    write(package, sheets(), BEGIN - DAY)
    with zipfile.ZipFile(package) as archive:
        path.write_bytes(archive.read("collection.anki2"))
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        (settings,) = db.execute("SELECT conf FROM col").fetchone()
        known = json.loads(settings) | ({"schedVer": scheduler} if scheduler else {})
        db.execute("UPDATE col SET conf = ?", (json.dumps(known),))
        for number, guid in foreign:
            db.execute("INSERT INTO notes VALUES(?,?,1,0,0,'','x',0,0,0,'')", (number + 1, guid))
            db.execute("INSERT INTO cards VALUES(?,?,1,0,0,0,2,2,0,10,2500,3,0,0,0,0,0,'')", (number, number + 1))
        db.executemany("INSERT INTO revlog VALUES(?,?,?,?,?,?,?,?,?)", rows)
    return path


def packed(collection: Path, path: Path, kind: str = "collection.anki21b") -> Path:
    """The collection as a package: `collection.anki2`, `.anki21`, or `.anki21b` with `meta`, a stub beside it and media by number."""
    import zstandard

    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        data = collection.read_bytes()
        if kind == "collection.anki21b":
            archive.writestr("meta", b"\x08\x03")
            archive.writestr("collection.anki21b", zstandard.compress(data))
            archive.writestr("collection.anki2", b"Please update Anki.")
            archive.writestr("media", zstandard.compress(b"\x0a\x0c\x0a\x05a.png\x10\x03"))
        else:
            archive.writestr(kind, data)
            archive.writestr("media", '{"0": "../../../etc/passwd"}')
        archive.writestr("0", b"a picture")
        archive.writestr("../../outside", b"a path that leads out")
    return path


def evenings(card: str, ratings: Sequence[int], apart: int = 3) -> list[Row]:
    """A card learned on the first evening and answered every few days from then on."""
    number = card_number(card)
    kinds = [LEARN, *[REVIEW] * (len(ratings) - 1)]
    start = BEGIN + number % 1000
    return [row(start + n * apart * DAY, number, ease, kind) for n, (ease, kind) in enumerate(zip(ratings, kinds, strict=True))]
