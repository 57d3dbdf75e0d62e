"""Anki, the forgetting curve and the program's own reliability, from a terminal."""

from __future__ import annotations

import json
import sqlite3
import zipfile
from pathlib import Path

from modelwright.anki import card_number


def test_cards_go_to_anki_and_what_was_answered_there_comes_back(enrolled, tmp_path: Path) -> None:
    assert "cards written to" in enrolled("anki", "export", str(tmp_path / "cards.apkg"), "--all").out
    with zipfile.ZipFile(tmp_path / "cards.apkg") as archive:
        (tmp_path / "collection.anki2").write_bytes(archive.read("collection.anki2"))
    with sqlite3.connect(tmp_path / "collection.anki2") as db:
        (guid, number), *_ = db.execute("SELECT guid, cards.id FROM notes JOIN cards ON nid = notes.id ORDER BY guid")
        assert number == card_number(guid.removeprefix("modelwright:"))
        db.execute("INSERT INTO revlog VALUES(1767290400000,?,0,3,1,1,2500,4000,0)", (number,))
    db.close()
    came = enrolled("anki", "import", str(tmp_path / "collection.anki2"))
    assert "1 answer to 1 card of this program came in, given on" in came.out


def test_a_foreign_file_is_refused_in_one_sentence(enrolled, tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_bytes(b"ID3\x04" + bytes(range(256)) * 9)
    foreign = enrolled("anki", "import", str(tmp_path / "song.mp3"))
    assert foreign.code == 1
    assert "none of Anki's files" in foreign.err
    assert foreign.err.count("\n") == 1


def test_it_says_how_well_it_knows_one_and_what_a_fit_would_take(enrolled) -> None:
    assert "There are no answers to judge by yet." in enrolled("calibration").out
    assert json.loads(enrolled("status", "--json").out)["calibration"]["answers"]["n"] == 0
    assert "from 400 reviews on" in enrolled("refit").out
