"""What may happen to the files of a journal: an emptied one, a lost log, flipped bits, a folder or a disk that takes nothing more."""

from __future__ import annotations

import io
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from modelwright.errors import ModelwrightError
from modelwright.journal import DamagedJournalError, Journal, UnwritableJournalError
from modelwright.journal import events as e
from modelwright.journal.noted import Head, NotedHead

CARD = e.CardReviewed(card="linear-algebra/rank-why", skill="linear-algebra/rank", rating=3, seconds=4.5)


def test_a_journal_of_no_bytes_is_not_taken_for_a_new_one(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.touch()
    log = tmp_path / "journal.db-wal"
    log.write_bytes(b"what SQLite would delete")
    for read_only in (False, True):
        with pytest.raises(DamagedJournalError, match=r"is empty \(0 bytes\).*modelwright journal import"):
            Journal.open(path, read_only=read_only)
    assert path.read_bytes() == b""
    assert log.exists()


def test_a_new_journal_comes_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: Journal) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Journal, "_migrate", fails)
        with pytest.raises(UnwritableJournalError, match="No space left"):
            Journal.open(tmp_path / "journal.db")
    assert list(tmp_path.iterdir()) == []
    with Journal.open(tmp_path / "journal.db") as journal:
        journal.append(CARD)
        assert {file.name for file in tmp_path.iterdir() if "new-" in file.name} == set()


# The head, noted elsewhere too


def test_a_log_that_vanished_is_told(tmp_path: Path) -> None:
    """A process is killed before its log went into the database, and somebody deletes the log."""
    path = tmp_path / "journal.db"
    program = (
        "import os, sys; from modelwright.journal import Journal, events as e; j = Journal.open(sys.argv[1])\n"
        "for n in range(7): j.append(e.LessonOpened(lesson=str(n)))\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", program, str(path)], check=True)
    assert Path(f"{path}-wal").stat().st_size > 0
    for end in ("-wal", "-shm"):
        Path(f"{path}{end}").unlink()
    with Journal.open(path) as journal:
        assert journal.last_seq() < 7
        (problem,) = journal.verify().problems
        assert "7 entries were stored" in problem
        assert "the newest are gone" in problem
        journal.append_many([CARD] * 20)  # going on does not hide it
        assert "another one" in journal.verify().problems[0]
    Path(f"{path}.head").unlink()  # as the sentence says, to go on without what is lost
    with Journal.open(path) as journal:
        assert journal.verify().ok
        journal.append(CARD)
        assert journal.lost() == ""


def test_an_older_copy_put_in_its_place_is_told_until_an_export_brings_back_the_rest(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        journal.append_many([CARD] * 3)
    older = path.read_bytes()
    with Journal.open(path) as journal:
        journal.append_many([CARD] * 5)
        export = io.BytesIO()
        journal.export(export)
    path.write_bytes(older)
    with Journal.open(path) as journal:
        assert not journal.verify().ok
        journal.import_(io.BytesIO(export.getvalue()))
        assert journal.verify().ok


def test_the_note_follows_several_processes_and_never_runs_ahead(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    program = (
        "import sys; from modelwright.journal import Journal, events as e; j = Journal.open(sys.argv[1])\n"
        "for n in range(10): j.append(e.LessonOpened(lesson=str(n)))"
    )
    others = [subprocess.Popen([sys.executable, "-c", program, str(path)]) for _ in range(3)]
    assert [other.wait(120) for other in others] == [0, 0, 0]
    with Journal.open(path) as journal:
        assert journal.verify().ok
        assert journal.noted is not None
        assert journal.noted.read() == Head(30, journal.verify().head)


def test_half_a_note_leaves_the_one_before(tmp_path: Path) -> None:
    note = NotedHead(tmp_path / "head")
    note.write(Head(6, "a" * 64))
    note.write(Head(7, "b" * 64))
    note.write(Head(5, "c" * 64))  # a slower process
    assert note.read() == Head(7, "b" * 64)
    content = bytearray(note.file.read_bytes())
    content[100:110] = b"0123456789"
    note.file.write_bytes(content)
    assert note.read() == Head(6, "a" * 64)
    note.file.write_bytes(b"anything at all")
    assert note.read() is None
    note.file.unlink()
    note.file.mkdir()
    note.write(Head(8, "d" * 64))  # it cannot be written, which is no error
    assert note.read() is None


def test_a_journal_on_a_server_is_noted_where_it_is_told_to(postgres_empty: str, tmp_path: Path) -> None:
    with Journal.open(postgres_empty, noted=tmp_path / "server.head") as server:
        server.append_many([CARD] * 3)
        assert server.verify().ok
        with server._engine.begin() as raw:
            raw.exec_driver_sql("DELETE FROM journal_events WHERE seq = 3")
            raw.exec_driver_sql("UPDATE journal_head SET seq = 2, link = (SELECT link FROM journal_events WHERE seq = 2)")
        (problem,) = server.verify().problems
        assert "3 entries were stored" in problem


# Flipped bits


OPERATIONS = {
    "events": lambda journal: list(journal.events(aside=lambda _: None)),
    "history": lambda journal: list(journal.history(aside=lambda _: None)),
    "of_kind": lambda journal: list(journal.of_kind(e.CardReviewed)),
    "entries": lambda journal: journal.entries([1, 2, 3]),
    "verify": lambda journal: journal.verify(),
    "export": lambda journal: journal.export(io.BytesIO()),
    "imports": lambda journal: journal.imports(),
    "lost": lambda journal: journal.lost(),
    "append": lambda journal: journal.append(CARD),
    "undo": lambda journal: journal.undo_import(1),
}


def test_flipped_bits_end_in_a_sentence(tmp_path: Path) -> None:
    """Anywhere in the file, most often where its pages begin: every question is answered, or refused in one sentence."""
    path = tmp_path / "whole.db"
    with Journal.open(path) as journal:
        journal.append_many([CARD] * 20)
        journal.import_(io.BytesIO(b'{"id":"%032d","at":5,"data":{"kind":"lesson-opened","lesson":"x"}}' % 1))
    whole = path.read_bytes()
    rng = random.Random(11)
    for n in range(60):
        data = bytearray(whole)
        for _ in range(1 + n % 3):
            page = 4096 * rng.randrange(len(data) // 4096)
            data[rng.choice([rng.randrange(len(data)), page + rng.randrange(120)])] ^= 1 << rng.randrange(8)
        flipped = tmp_path / f"{n}.db"
        flipped.write_bytes(data)
        said: list[str] = []
        try:
            with Journal.open(flipped) as journal:
                for operation in OPERATIONS.values():
                    try:
                        operation(journal)
                    except ModelwrightError as error:
                        said.append(str(error))
        except ModelwrightError as error:
            said.append(str(error))
        assert all(sentence.isprintable() for sentence in said), said


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE journal_events SET body = CAST(x'7bff7d' AS TEXT) WHERE seq = 2",
        "UPDATE journal_events SET body = CAST(body AS BLOB) WHERE seq = 2",
        "UPDATE journal_events SET body = 5, link = 7 WHERE seq = 2",
        "UPDATE journal_events SET link = CAST(x'ff' AS TEXT) WHERE seq = 2",
        "UPDATE journal_head SET seq = 'many'",
        "UPDATE journal_head SET link = x'00'",
    ],
)
def test_a_value_of_another_type_is_found_and_hides_nothing_else(journal: Journal, harm: str) -> None:
    journal.append_many([CARD] * 5)
    with sqlite3.connect(journal.place) as raw:
        raw.execute(harm)
    assert not journal.verify().ok
    if "head" not in harm:
        asides: list[int] = []
        seqs = [seq for seq, _ in journal.events(aside=lambda entry: asides.append(entry.seq))]
        assert sorted(seqs + asides) == [1, 2, 3, 4, 5]
    else:
        with pytest.raises(DamagedJournalError, match="head of the chain"):
            journal.append(CARD)


# Reading where nothing can be written

AS_A_STRANGER = """
import io, os, sys
from modelwright.journal import Journal, UnwritableJournalError, events as e
Journal.open(sys.argv[1] + "/warm.db").close()  # everything is imported while it may still be read
if os.geteuid() == 0:  # for whom folder permissions do not count
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
with Journal.open(sys.argv[2], read_only=True) as journal:
    print(len(list(journal.events())), journal.export(io.BytesIO()), journal.verify().ok, len(journal.imports()))
    try:
        journal.append(e.LessonOpened(lesson="a/b"))
    except UnwritableJournalError:
        print("not stored")
"""


@pytest.mark.parametrize("logged", [False, True], ids=["closed", "with a log of a process that was killed"])
def test_a_read_only_folder_is_read(tmp_path_factory: pytest.TempPathFactory, logged: bool) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        base, folder = Path(name), Path(name) / "home"
        base.chmod(0o755)
        with Journal.open(base / "first" / "journal.db") as journal:
            journal.append_many([CARD] * 9)
            if logged:
                folder.mkdir()
                for end in ("", "-wal", ".head"):
                    shutil.copy(f"{journal.place}{end}", folder)
        if not logged:
            shutil.copytree(base / "first", folder)
        for file in folder.iterdir():
            file.chmod(0o444)
        folder.chmod(0o555)
        command = [sys.executable, "-c", AS_A_STRANGER, str(base), str(folder / "journal.db")]
        run = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "TMPDIR": "/tmp"})
        assert run.stdout == "9 9 True 0\nnot stored\n", run.stderr
        folder.chmod(0o755)


def test_a_journal_of_an_earlier_schema_is_read_as_it_is_where_nothing_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        journal.append(CARD)
    with sqlite3.connect(path) as raw:
        raw.executescript("DROP TABLE journal_imports; DROP INDEX journal_events_undone; UPDATE journal_version SET version_num = '0001'")
    with Journal.open(path, read_only=True) as journal:
        assert (len(list(journal.events())), journal.imports()) == (1, [])
    with Journal.open(path) as journal:  # and brought up to date where it can be
        assert journal.imports() == []
        assert journal.verify().ok


def test_where_there_is_no_journal_nothing_is_made_for_reading(tmp_path: Path) -> None:
    with pytest.raises(UnwritableJournalError, match="no journal"):
        Journal.open(tmp_path / "none" / "journal.db", read_only=True)
    assert list(tmp_path.iterdir()) == []
