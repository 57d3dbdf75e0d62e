"""Answers given in Anki come in as they were lived, each once; cards go out and come back; nothing is made up."""

from __future__ import annotations

import contextlib
import sqlite3
import zipfile
from pathlib import Path

import pytest

import tiny_curriculum as tiny
from anki_files import DAY, LEARN, MANUAL, MINUTE, REVIEW, packed, row
from modelwright.anki import AnkiError, card_number
from modelwright.journal import events as e
from modelwright.learner import fold
from modelwright.studio import Studio
from modelwright.studio.errors import NotEnrolled, NotYet, Unknown
from turned_clock import Clock


def teach(studio: Studio, clock: Clock) -> None:
    studio.open_lesson(tiny.LESSON)
    clock.pass_(minutes=5)
    studio.finish_lesson(tiny.LESSON, answers=["a", "b"])


def collection(package: Path, rows: list[tuple[int, ...]], foreign: int = 0) -> Path:
    """The exported package as Anki would hold it after these answers."""
    path = package.with_suffix(".anki2")
    with zipfile.ZipFile(package) as archive:
        path.write_bytes(archive.read("collection.anki2"))
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("""UPDATE col SET conf = '{"schedVer": 2}'""")
        for n in range(foreign):
            number = 1_600_000_000_000 + n
            db.execute("INSERT INTO notes VALUES(?,?,1,0,0,'','Haus house',0,0,0,'')", (number, f"g{n}"))
            db.execute("INSERT INTO cards VALUES(?,?,1,0,0,0,2,2,0,10,2500,3,0,0,0,0,0,'')", (number, number))
        db.executemany("INSERT INTO revlog VALUES(?,?,?,?,?,?,?,?,?)", rows)
    return path


def card_of(studio: Studio) -> str:
    return next(iter(studio.curriculum.cards))


def exported(studio: Studio, tmp_path: Path) -> Path:
    studio.export_anki(tmp_path / "cards.apkg", everything=True)
    return tmp_path / "cards.apkg"


def test_answers_given_in_anki_become_reviews_with_their_own_time_once(studio: Studio, clock: Clock, tmp_path: Path) -> None:
    teach(studio, clock)
    card, begin = card_of(studio), clock.now
    rows = [
        row(begin + DAY, card_number(card), 3, LEARN, millis=6100),
        row(begin + DAY + 10 * MINUTE, card_number(card), 3, LEARN),
        row(begin + 2 * DAY, card_number(card), 0, MANUAL),
        row(begin + 5 * DAY, card_number(card), 1, REVIEW, millis=900_000),
    ]
    file = packed(collection(exported(studio, tmp_path), rows), tmp_path / "phone.colpkg")
    clock.pass_(days=20)
    first = studio.import_anki(file)
    assert (first.ours, first.added, first.cards, first.manual, first.foreign, first.offered) == (3, 3, 1, 1, 0, 0)
    assert first.words[0].startswith("3 answers to 1 card of this program came in, given from")
    events = [event for _, event in studio.journal.of_kind(e.CardReviewed)]
    assert [(event.at, event.data.rating, event.data.seconds, event.data.source) for event in events] == [
        (begin + DAY, 3, 6.1, "anki"), (begin + DAY + 10 * MINUTE, 3, 4.2, "anki"), (begin + 5 * DAY, 1, 300.0, "anki"),
    ]  # fmt: skip
    before, seq = studio._ledger.state.canonical(), studio.journal.last_seq()
    again = studio.import_anki(file)
    assert (again.ours, again.added) == (3, 0)
    assert again.words[0] == "Nothing new: the 3 answers to this program's cards were here already."
    assert (studio._ledger.state.canonical(), studio.journal.last_seq()) == (before, seq)
    assert studio.journal.verify().ok


def test_weeks_in_anki_count_as_they_were_lived_even_if_they_come_in_late(studio: Studio, clock: Clock, tmp_path: Path) -> None:
    """The same answers lead to the same memory, whether they were given here or came in from Anki after later ones given here."""
    teach(studio, clock)
    card, begin = card_of(studio), clock.now
    lived = [(begin + DAY, 3), (begin + 4 * DAY, 3), (begin + 12 * DAY, 4)]
    rows = [row(at, card_number(card), ease, LEARN if n == 0 else REVIEW) for n, (at, ease) in enumerate(lived)]
    file = collection(exported(studio, tmp_path), rows)
    clock.pass_(days=30)
    studio.review(card, 3, 5.0)
    clock.pass_(days=1)
    studio.import_anki(file)
    trace = studio._ledger.state.cards[card]
    here = [e.CardReviewed(card=card, skill=studio.curriculum.cards[card].skill, rating=r, seconds=4.2) for _, r in [*lived, (0, 3)]]  # type: ignore[arg-type]
    moments = [at for at, _ in lived] + [begin + 30 * DAY]
    straight = fold(
        studio.curriculum, [e.Event(id=f"{n:032x}", at=at, data=data) for n, (at, data) in enumerate(zip(moments, here, strict=True))]
    )
    assert trace == straight.cards[card]
    assert trace.last == begin + 30 * DAY


def test_state_after_an_import_is_the_same_when_every_cache_is_deleted(
    home: Path, curriculum_folder: Path, clock: Clock, tmp_path: Path
) -> None:
    with Studio.open(home, curriculum_folder, now=clock) as studio:
        studio.enrol("Ada", 6)
        teach(studio, clock)
        card, begin = card_of(studio), clock.now
        file = collection(exported(studio, tmp_path), [row(begin + n * DAY, card_number(card), 3) for n in (1, 3, 9)])
        clock.pass_(days=10)
        studio.review(card, 2, 5.0)
        studio.import_anki(file)
        studio.log_time(1.0, "reading")
        studio.review(card, 3, 5.0)
        before = studio._ledger.state.canonical()
    for cached in (home / "cache").iterdir():
        cached.unlink()
    with Studio.open(home, curriculum_folder, now=clock) as cold:
        assert cold._ledger.state.canonical() == before


def test_answers_to_other_cards_become_no_cards_here_but_help_to_fit_the_memory(studio: Studio, clock: Clock, tmp_path: Path) -> None:
    teach(studio, clock)
    begin = clock.now
    clock.pass_(days=60)
    rows = [row(begin + (3 * k + 1) * DAY + n, 1_600_000_000_000 + n, 3, LEARN if k == 0 else REVIEW) for n in range(4) for k in range(3)]
    package = exported(studio, tmp_path)
    found = studio.import_anki(collection(package, rows, foreign=4))
    assert (found.ours, found.added, found.foreign, found.foreign_cards, found.offered) == (0, 0, 12, 4, 12)
    assert studio._ledger.state.cards == {}
    assert studio.reviews().due > 0, "the program's own cards wait as before"
    (event,) = [event for _, event in studio.journal.of_kind(e.ReviewsImported)]
    assert "Haus" not in str(event)
    assert all(len(flat) == 6 for flat in event.data.cards.values())
    more = [*rows, row(begin + 40 * DAY, 1_600_000_000_000, 1)]
    again = studio.import_anki(collection(package, more, foreign=4))
    assert (again.foreign, again.offered) == (13, 1), "only what is new is kept"
    assert studio.import_anki(collection(package, more, foreign=4)).offered == 0
    assert [b.kept for b in studio.knowing().brought] == [1, 12]


def test_a_review_log_without_notes_still_knows_this_programs_cards(studio: Studio, clock: Clock, tmp_path: Path) -> None:
    teach(studio, clock)
    clock.pass_(days=3)
    number = card_number(card_of(studio))
    file = tmp_path / "revlog.csv"
    file.write_text(f"id,cid,ease\n{clock.now - DAY},{number},3\n{clock.now - DAY},999,2\n")
    found = studio.import_anki(file)
    assert (found.added, found.foreign) == (1, 1)


def test_cards_that_the_curriculum_no_longer_has_are_said_and_left_out(studio: Studio, clock: Clock, tmp_path: Path) -> None:
    teach(studio, clock)
    clock.pass_(days=3)
    file = collection(exported(studio, tmp_path), [row(clock.now - DAY, card_number(card_of(studio)), 3)])
    with contextlib.closing(sqlite3.connect(file)) as db, db:
        db.execute("UPDATE notes SET guid = 'modelwright:tiny-maths/once-there-was'")
    found = studio.import_anki(file)
    assert (found.gone, found.added, found.foreign) == (1, 0, 0)
    assert any("does not have" in line for line in found.words)


def test_only_what_was_taught_is_exported_unless_all_is_asked_for(studio: Studio, clock: Clock, tmp_path: Path) -> None:
    with pytest.raises(NotYet, match="ask for all"):
        studio.export_anki(tmp_path / "a.apkg")
    everything = studio.export_anki(tmp_path / "a.apkg", everything=True)
    assert everything.cards == everything.of == len(studio.curriculum.cards)
    teach(studio, clock)
    taught = studio.export_anki(tmp_path / "a.apkg", "tiny-maths")
    assert 0 < taught.cards <= taught.of
    with pytest.raises(Unknown):
        studio.export_anki(tmp_path / "a.apkg", "no-such-module")


def test_a_file_that_is_none_of_ankis_changes_nothing(studio: Studio, tmp_path: Path, home: Path, curriculum_folder: Path) -> None:
    seq = studio.journal.last_seq()
    (tmp_path / "x.apkg").write_text("hello")
    with pytest.raises(AnkiError):
        studio.import_anki(tmp_path / "x.apkg")
    with pytest.raises(AnkiError, match="cannot be read"):
        studio.import_anki(tmp_path / "nowhere.apkg")
    assert studio.journal.last_seq() == seq
    with Studio.open(tmp_path / "other", curriculum_folder) as stranger, pytest.raises(NotEnrolled):
        stranger.import_anki(tmp_path / "x.apkg")


def stability(studio: Studio, card: str) -> float:
    with studio._desk() as desk:
        return desk.state.cards[card].stability if card in desk.state.cards else 0.0


def test_a_card_made_new_in_anki_has_the_memory_of_its_present_life(studio: Studio, clock: Clock, tmp_path: Path) -> None:
    teach(studio, clock)
    card, begin = card_of(studio), clock.now
    number = card_number(card)
    old = [row(begin + DAY, number, 3, LEARN), row(begin + 11 * DAY, number, 3), row(begin + 50 * DAY, number, 4)]
    forgotten = row(begin + 190 * DAY, number, 0, MANUAL, factor=0)
    new = [row(begin + 198 * DAY, number, 1, LEARN), row(begin + 198 * DAY + MINUTE, number, 3, LEARN)]
    clock.pass_(days=200)
    package = exported(studio, tmp_path)

    studio.import_anki(collection(package, old))
    before = stability(studio, card)
    assert before > 5
    waiting = studio.import_anki(collection(package, [*old, forgotten]))
    assert waiting.forgotten == 3
    assert any("made new in Anki" in line for line in waiting.words)
    view = studio.import_anki(collection(package, [*old, forgotten, *new]))
    assert (view.ours, view.added, view.forgotten) == (5, 2, 0)
    with studio._desk() as desk:
        alone = fold(studio.curriculum, [event for event in studio.journal.history() if event[1].at > begin + 195 * DAY])
        assert desk.state.cards[card].stability == pytest.approx(alone.cards[card].stability)


def test_a_card_made_new_in_anki_and_not_learned_since_comes_in_as_new(studio: Studio, clock: Clock, tmp_path: Path) -> None:
    teach(studio, clock)
    card, begin = card_of(studio), clock.now
    rows = [row(begin + DAY, card_number(card), 3, LEARN), row(begin + 9 * DAY, card_number(card), 0, MANUAL, factor=0)]
    clock.pass_(days=20)
    view = studio.import_anki(collection(exported(studio, tmp_path), rows))
    assert (view.ours, view.added, view.forgotten) == (0, 0, 1)
    assert stability(studio, card) == 0.0
