"""Anki's files, read and written: every kind it makes, what is no answer, and files that mean harm."""

from __future__ import annotations

import contextlib
import io
import os
import sqlite3
import zipfile
from pathlib import Path

import pytest

from anki_files import BEGIN, DAY, FILTERED, LEARN, MANUAL, RELEARN, RESCHEDULED, REVIEW, evenings, lived, packed, row, sheets
from modelwright.anki import AnkiError, Sheet, card_number, card_of, read, write

NOW = BEGIN + 400 * DAY
OURS = "tiny-maths/card-1"


@pytest.mark.parametrize("kind", ["collection.anki2", "collection.anki21", "collection.anki21b", "bare"])
def test_answers_are_read_from_every_kind_of_file_that_anki_makes(tmp_path: Path, kind: str) -> None:
    collection = lived(evenings(OURS, [1, 3, 4]), tmp_path / "collection.anki2")
    file = collection if kind == "bare" else packed(collection, tmp_path / "all.colpkg", kind)
    before = set(os.listdir(tmp_path.parent))
    found = read(file, NOW)
    (card,) = found.cards
    assert card_of(card.note) == OURS
    assert [(answer.rating, answer.seconds) for answer in card.answers] == [(1, 4.2), (3, 4.2), (4, 4.2)]
    assert [answer.at - card.answers[0].at for answer in card.answers] == [0, 3 * DAY, 6 * DAY]
    assert (card.begins, card.whole, found.rows, found.unreadable) == (0, True, 3, 0)
    assert set(os.listdir(tmp_path.parent)) == before, "nothing was unpacked beside the file, wherever its paths lead"


def test_what_is_no_answer_is_counted_and_left_out(tmp_path: Path) -> None:
    number = card_number(OURS)
    rows = [
        row(BEGIN, number, 3, LEARN),
        row(BEGIN + DAY, number, 0, MANUAL),  # a date set by hand
        row(BEGIN + 2 * DAY, number, 0, RESCHEDULED, millis=0),
        row(BEGIN + 3 * DAY, number, 3, FILTERED, factor=0),  # a filtered deck whose answers did not count
        row(BEGIN + 4 * DAY, number, 2, FILTERED),  # one whose answers did
        row(BEGIN + 5 * DAY, number, 1, REVIEW),
        row(BEGIN + 5 * DAY + 600_000, number, 3, RELEARN),
        row(NOW + 30 * DAY, number, 3, REVIEW),  # a clock that was wrong
    ]
    found = read(lived(rows, tmp_path / "c.anki2"), NOW)
    assert [answer.rating for answer in found.cards[0].answers] == [3, 2, 1, 3]
    assert (found.manual, found.crammed, found.unreadable, found.rows) == (2, 1, 1, 8)


def test_a_card_forgotten_on_purpose_begins_a_new_life(tmp_path: Path) -> None:
    number = card_number(OURS)
    rows = [row(BEGIN + n * DAY, number, 3, LEARN if n == 0 else REVIEW) for n in range(3)]
    rows += [row(BEGIN + 4 * DAY, number, 0, MANUAL, factor=0), row(BEGIN + 5 * DAY, number, 3, LEARN), row(BEGIN + 9 * DAY, number, 3)]
    (card,) = read(lived(rows, tmp_path / "c.anki2"), NOW).cards
    assert (len(card.answers), card.begins, card.whole) == (5, 3, True)
    (cut,) = read(lived(rows[1:4], tmp_path / "d.anki2"), NOW).cards
    assert not cut.whole, "without its learning no memory can be computed"


def test_a_filtered_deck_between_two_learning_steps_is_no_new_life(tmp_path: Path) -> None:
    number = card_number(OURS)
    kinds = [(3, LEARN), (3, FILTERED), (3, LEARN), (3, REVIEW)]
    rows = [row(BEGIN + n * 600_000, number, ease, kind) for n, (ease, kind) in enumerate(kinds)]
    (card,) = read(lived(rows, tmp_path / "c.anki2"), NOW).cards
    assert (len(card.answers), card.begins, card.whole) == (4, 0, True)


def test_a_date_set_by_hand_is_no_new_life(tmp_path: Path) -> None:
    number = card_number(OURS)
    rows = [row(BEGIN, number, 3, LEARN), row(BEGIN + DAY, number, 0, MANUAL), row(BEGIN + 2 * DAY, number, 0, RESCHEDULED, factor=0)]
    rows += [row(BEGIN + 3 * DAY, number, 3), row(BEGIN + 4 * DAY, number, 3, RELEARN)]
    (card,) = read(lived(rows, tmp_path / "c.anki2"), NOW).cards
    assert (len(card.answers), card.begins) == (3, 0)


def test_the_three_buttons_of_the_first_scheduler_mean_again_good_and_easy(tmp_path: Path) -> None:
    number = card_number(OURS)
    rows = [row(BEGIN + n, number, ease, kind) for n, (ease, kind) in enumerate([(1, LEARN), (2, LEARN), (3, RELEARN), (2, REVIEW)])]
    old = read(lived(rows, tmp_path / "old.anki2", scheduler=1), NOW)
    assert [answer.rating for answer in old.cards[0].answers] == [1, 3, 4, 2]
    new = read(lived(rows, tmp_path / "new.anki2", scheduler=2), NOW)
    assert [answer.rating for answer in new.cards[0].answers] == [1, 2, 3, 2]


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        ("id,cid,usn,ease,ivl,lastIvl,factor,time,type\n{a},7,0,3,1,1,2500,5000,0\n{b},7,0,1,1,1,2500,5000,1\n", [3, 1]),
        ("{b};7;0;1;1;1;2500;5000;1\n{a};7;0;3;1;1;2500;5000;0\n", [3, 1]),
        ("card_id,review_rating,review_time,review_duration\n7,3,2026-01-02T20:00:00+00:00,25060\n7,2,2026-01-09T20:00:00Z,\n", [3, 2]),
    ],
)
def test_a_review_log_alone_is_read_as_a_table(tmp_path: Path, text: str, answers: list[int]) -> None:
    file = tmp_path / "revlog.csv"
    file.write_text(text.format(a=BEGIN + DAY, b=BEGIN + 2 * DAY))
    (card,) = read(file, NOW).cards
    assert [answer.rating for answer in card.answers] == answers
    assert card.whole
    assert card.number == 7


def bomb(name: str = "collection.anki21b") -> bytes:
    import zstandard

    zeros = io.BytesIO()
    with zipfile.ZipFile(zeros, "w", zipfile.ZIP_DEFLATED) as archive:
        if name.endswith("b"):
            archive.writestr("meta", b"\x08\x03")
            archive.writestr(name, zstandard.compress(bytes(30_000_000)))
        else:
            archive.writestr(name, bytes(30_000_000))
    return zeros.getvalue()


def truncated(tmp_path: Path) -> bytes:
    return packed(lived(evenings(OURS, [3]), tmp_path / "t.anki2"), tmp_path / "t.apkg", "collection.anki21").read_bytes()[:-300]


def other_database(tmp_path: Path) -> bytes:
    with contextlib.closing(sqlite3.connect(tmp_path / "x.db")) as db, db:
        db.execute("CREATE TABLE songs(name)")
    return (tmp_path / "x.db").read_bytes()


def broken_database(tmp_path: Path) -> bytes:
    data = bytearray(lived(evenings(OURS, [3] * 40), tmp_path / "b.anki2").read_bytes())
    data[4096:] = os.urandom(len(data) - 4096)
    return bytes(data)


def newer(tmp_path: Path) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("meta", b"\x08\x09")
        archive.writestr("collection.anki30", b"")
    return out.getvalue()


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda _: b"", "is empty"),
        (lambda _: b"\x00\x01\x02\xff" * 400, "none of Anki's files"),
        (lambda _: b"name,colour\nrose,red\n", "columns id, cid and ease"),
        (truncated, "damaged zip archive"),
        (newer, "version 9"),
        (other_database, "without Anki's review log"),
        (broken_database, "damaged"),
        (lambda _: bomb(), "more than 20 MB"),
        (lambda _: bomb("collection.anki2"), "more than 20 MB"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_one_sentence(tmp_path: Path, make, said: str) -> None:
    file = tmp_path / "given.apkg"
    file.write_bytes(make(tmp_path))
    with pytest.raises(AnkiError, match=said) as refused:
        read(file, NOW, largest=20_000_000)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_an_export_is_the_same_package_whenever_it_is_made(tmp_path: Path) -> None:
    """Later exports update what is there: no id depends on the clock, nor on which cards are exported with it."""

    def ids(count: int, at: int) -> dict[str, tuple[int, int, int]]:
        file = tmp_path / f"{at}.apkg"
        assert write(file, sheets(count), at) == count
        with zipfile.ZipFile(file) as archive:
            (tmp_path / "c").write_bytes(archive.read("collection.anki2"))
        with contextlib.closing(sqlite3.connect(tmp_path / "c")) as db:
            rows = db.execute("SELECT guid, notes.id, cards.id, mid FROM notes JOIN cards ON nid = notes.id")
            return {guid: (note, card, model) for guid, note, card, model in rows}

    early, late = ids(2, BEGIN), ids(3, BEGIN + 500 * DAY)
    assert early == {guid: late[guid] for guid in early}
    assert len({note for note, _, _ in late.values()} | {card for _, card, _ in late.values()}) == 6
    assert {card_of(guid) for guid in late} == {sheet.id for sheet in sheets(3)}
    assert all(card == card_number(str(card_of(guid))) for guid, (_, card, _) in late.items())


def test_a_card_carries_its_mathematics_code_and_place(tmp_path: Path) -> None:
    sheet = Sheet(
        "m/a", "Why is $x < y$ & `a<b`?", "$$\\sum_i x_i$$\n\n```python\nfor a in b:\n    print(a)\n```\n\n<script>x</script>", "Strang, 1.2",
        "m/s", "m", "Maths: one::two", 4,
    )  # fmt: skip
    write(tmp_path / "one.apkg", [sheet], BEGIN)
    with zipfile.ZipFile(tmp_path / "one.apkg") as archive:
        (tmp_path / "c").write_bytes(archive.read("collection.anki2"))
    with contextlib.closing(sqlite3.connect(tmp_path / "c")) as db:
        fields, tags = db.execute("SELECT flds, tags FROM notes").fetchone()
        decks, models = db.execute("SELECT decks, models FROM col").fetchone()
    ask, answer, source, name = fields.split("\x1f")
    assert ask == r"Why is \(x &lt; y\) &amp; <code>a&lt;b</code>?"
    assert r"\[\sum_i x_i\]" in answer
    assert '<span class="k">for</span>' in answer
    assert "<script>" not in answer
    assert (source, name) == ("Strang, 1.2", "m/a")
    assert tags.split() == ["modelwright::m", "modelwright::m::s"]
    assert "Modelwright::04 Maths: one:two" in decks
    assert ".nightMode" in models


def test_nothing_is_left_of_an_export_that_fails(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(AnkiError, match="cannot be written"):
        write(tmp_path / "taken", sheets(), BEGIN)
    assert os.listdir(tmp_path) == ["taken"]
    with pytest.raises(AnkiError, match="no cards"):
        write(tmp_path / "none.apkg", [], BEGIN)
