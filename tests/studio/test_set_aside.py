"""An entry that does not read, or does not fold, stands aside: it is told, and everything else counts. And an import is taken back."""

from __future__ import annotations

import io
import sqlite3
from pathlib import Path
from typing import Any

import pytest

import tiny_curriculum as tiny
from modelwright.journal import events as e
from modelwright.learner import fold, folding
from modelwright.studio import Studio
from modelwright.studio.errors import HomeError
from modelwright.studio.ledger import Ledger
from turned_clock import Clock

NOTES = [e.NoteWritten(target=tiny.LAB, text=str(n)) for n in range(3)]


def spoil(studio: Studio, seq: int, body: str) -> None:
    """Another content for an entry, with its link made again: as a version without bounds would have stored it."""
    from modelwright.journal.tables import START_LINK, link

    with sqlite3.connect(studio.journal.place) as raw:
        raw.execute("UPDATE journal_events SET body = ? WHERE seq = ?", (body, seq))
        newest = START_LINK
        for number, text in raw.execute("SELECT seq, body FROM journal_events ORDER BY seq").fetchall():
            newest = link(newest, text)
            raw.execute("UPDATE journal_events SET link = ? WHERE seq = ?", (newest, number))
        raw.execute("UPDATE journal_head SET link = ?", (newest,))
    Path(f"{studio.journal.place}.head").unlink(missing_ok=True)


BAD = {
    "parameters of no memory": '{"id":"%s","at":1790000000000,"data":{"kind":"memory-fitted","parameters":[1e300,2]}}',
    "a kind of a newer version": '{"id":"%s","at":1790000000000,"data":{"kind":"dreamt","of":"sheep"}}',
    "a wrong type": '{"id":"%s","at":"yesterday","data":{"kind":"lesson-opened","lesson":5}}',
    "a time beyond the calendar": '{"id":"%s","at":-9000000000000000000,"data":{"kind":"lesson-opened","lesson":"x"}}',
    "no JSON": "{%s",
    "JSON nested 200,000 deep": '{"id":"%s","at":1,"data":{"kind":"note-written","target":"a","text":"b","x":'
    + "[" * 200_000
    + "]" * 200_000
    + "}}",
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD.keys())
def test_an_entry_that_does_not_read_is_told_and_does_not_stop_the_rest(
    studio: Studio, home: Path, curriculum_folder: Path, clock: Clock, body: str
) -> None:
    studio.journal.append_many([NOTES[0], NOTES[1], NOTES[2]], at=clock())
    spoil(studio, 3, body.replace("%s", "3" * 32))
    with Studio.open(home, curriculum_folder, now=clock) as again:
        (remark,) = again.today(30).remarks
        assert remark.startswith("An entry of your journal cannot be read and is set aside (entry 3: ")
        assert remark.isprintable()
        assert again.status().remarks == (remark,)
        assert again.status().events == 3  # enrolled, and the two other notes
        assert again._ledger.record.notes[tiny.LAB].text == "2"
        (problem,) = again.journal.verify().problems
        assert "Entry 3: " in problem
        assert "set aside" in problem
        assert again.journal.verify().set_aside == 1
        again.note(tiny.LAB, "later")  # and life goes on
        assert again._ledger.record.notes[tiny.LAB].text == "later"
        whole = again._ledger.state.canonical()
        assert Ledger(again.journal, again.curriculum, None).state.canonical() == whole


def test_many_entries_set_aside_are_one_sentence(studio: Studio, home: Path, curriculum_folder: Path, clock: Clock) -> None:
    studio.journal.append_many(NOTES, at=clock())
    for seq in (2, 3):
        spoil(studio, seq, "{")
    with Studio.open(home, curriculum_folder, now=clock) as again:
        (remark,) = again.today(30).remarks
        assert remark.startswith("2 entries of your journal cannot be read and are set aside (the first is entry 2: ")


def breaks_on(text: str) -> Any:
    def handler(folder: Any, at: int, data: e.NoteWritten) -> None:
        folder.state.opened["half a change"] = at
        if data.text == text:
            raise ZeroDivisionError

    return handler


def test_an_entry_that_the_fold_cannot_take_in_is_set_aside_with_all_that_it_did(
    studio: Studio, home: Path, curriculum_folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bounds keep such an entry out; if they miss one, the state is that of a journal without it, in parts as at once."""
    monkeypatch.setitem(folding._HANDLERS, e.NoteWritten, breaks_on("1"))
    studio.journal.append_many(NOTES, at=clock())
    studio.journal.append_many([e.NoteWritten(target=tiny.LAB, text="1"), e.LessonOpened(lesson=tiny.LESSON)], at=clock())
    (remark,) = studio.today(30).remarks[:1]
    assert "2 entries" in remark
    assert "entry 3: a `note-written` event that the fold cannot take in (ZeroDivisionError)" in remark
    events = [event for seq, event in studio.journal.events() if seq not in (3, 5)]
    assert studio._ledger.state.canonical() == fold(studio.curriculum, events).canonical()
    assert studio._ledger.record.notes[tiny.LAB].text == "2"
    studio._ledger.save()
    kept = Ledger(studio.journal, studio.curriculum, home / "cache")
    assert sorted(kept.aside) == [3, 5]
    assert Ledger(studio.journal, studio.curriculum, None).state.canonical() == kept.state.canonical() == studio._ledger.state.canonical()


def imported(text: str, n: int) -> io.BytesIO:
    line = f'{{"id":"{n:032x}","at":1790000000000,"data":{{"kind":"note-written","target":"{tiny.LAB}","text":"{text}"}}}}\n'
    return io.BytesIO(line.encode())


def test_an_open_studio_forgets_what_another_process_took_back(studio: Studio, home: Path, clock: Clock) -> None:
    studio.note(tiny.LAB, "mine")
    before = studio._ledger.record.notes[tiny.LAB].text, studio._ledger.state.skills
    studio.journal.import_(imported("someone else's", 1), "theirs.jsonl")
    studio._ledger.save()
    assert studio.status().enrolled
    assert studio._ledger.record.notes[tiny.LAB].text == "someone else's"
    studio.journal.undo_import()
    assert studio.status().remarks == ()
    assert (studio._ledger.record.notes[tiny.LAB].text, studio._ledger.state.skills) == before
    kept = Ledger(studio.journal, studio.curriculum, home / "cache")
    assert kept.state.canonical() == Ledger(studio.journal, studio.curriculum, None).state.canonical() == studio._ledger.state.canonical()
    assert not studio.refresh()  # what does not count is not read again and again


def test_an_entry_set_aside_is_no_longer_told_once_its_import_is_taken_back(studio: Studio, clock: Clock) -> None:
    studio.journal.import_(imported("x", 1))
    spoil(studio, 2, f'{{"id":"{1:032x}","at":-5}}')
    with sqlite3.connect(studio.journal.place) as raw:
        assert raw.execute("SELECT count(*) FROM journal_imports").fetchone() == (1,)
    studio.journal.undo_import()
    assert Ledger(studio.journal, studio.curriculum, None).aside == {}
    assert studio.journal.verify().ok


# A home that cannot be written


def test_a_home_that_cannot_be_written_answers_and_says_why_it_records_nothing(
    studio: Studio, home: Path, curriculum_folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    from modelwright.studio.home import Home

    studio.note(tiny.LAB, "kept")
    studio.close()
    (home / "cache" / "state.msgpack").unlink()
    why = HomeError("The disk that holds it is full.")
    monkeypatch.setattr(Home, "trouble", lambda _: why)
    with Studio.open(home, curriculum_folder, now=clock) as reading:
        today = reading.today(30)
        assert today.steps
        assert today.remarks == (f"Nothing that you do now is recorded. {why}",)
        clock.pass_(days=8)  # when a running studio would note its forecast
        assert reading.forecast()
        assert reading.open_lesson(tiny.LESSON).id == tiny.LESSON
        assert reading.plan()
        for records in (lambda: reading.note(tiny.LAB, "lost"), lambda: reading.finish_lesson(tiny.LESSON), lambda: reading.enrol("A", 5)):
            with pytest.raises(HomeError, match="full"):
                records()
    assert not (home / "cache" / "state.msgpack").exists()
