"""What a person may rely on: nothing acknowledged is lost, nothing stored can change unseen, and every failure says what to do."""

import io
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.errors import ModelwrightError
from modelwright.journal import BadEventError, DamagedJournalError, Journal, JournalError, NewerJournalError, UnwritableJournalError, new_id
from modelwright.journal import events as e
from modelwright.journal.store import HEAD_REVISION
from modelwright.journal.upgrades import CURRENT, KINDS, UPGRADES, Reader, kind_of

CARD = e.CardReviewed(card="linear-algebra/rank-why", skill="linear-algebra/rank", rating=3, seconds=4.5)
HERE = Path(__file__).parent


def line(number: int, rest: str) -> str:
    """A line of an export, written by hand."""
    return f'{{"id":"{number:032d}",{rest}}}'


def bodies(journal: Journal) -> list[e.Event]:
    return [event for _, event in journal.events()]


# What is stored


def test_an_event_comes_back_as_it_went_in(journal: Journal) -> None:
    verdict = {"schema": 1, "status": "failed", "checks": [{"name": "rows", "given": None, "seconds": 0.25}], "message": "π ≠ 3\u2028\x00"}
    stored = [
        journal.append(e.Enrolled(name="Ada Ω", hours_per_week=6, background={"python": 3}), at=1_700_000_000_123, tz=-330),
        journal.append(e.LabSubmitted(lab="a/b", skills=["a/b"], passed=False, checks_passed=2, checks_total=9, seconds=61,
                                      source_sha256="0" * 64, verdict=verdict)),
        journal.append(CARD),
    ]  # fmt: skip
    assert bodies(journal) == stored
    assert [seq for seq, _ in journal.events()] == [1, 2, 3]
    assert (stored[0].at, stored[0].tz, journal.last_seq()) == (1_700_000_000_123, -330, 3)


def test_what_append_returns_is_what_every_later_reader_gets(journal: Journal) -> None:
    returned = journal.append(e.TimeLogged(hours=2, what="lecture"))
    assert msgspec.json.encode(returned) == msgspec.json.encode(bodies(journal)[0])


def test_reading_goes_on_from_where_one_was(journal: Journal) -> None:
    journal.append_many([CARD] * 9001)
    assert [seq for seq, _ in journal.events(after=8998)] == [8999, 9000, 9001]
    assert sum(1 for _ in journal.events()) == 9001


def test_learners_do_not_see_each_other(journal: Journal) -> None:
    journal.append(CARD, learner="ada")
    journal.append(CARD, learner="grace")
    assert [(seq, event.learner) for seq, event in journal.events(learner="grace")] == [(2, "grace")]
    assert list(journal.events()) == []
    assert journal.learners() == ["ada", "grace"]


def test_ids_are_uuid7_and_sort_by_time(journal: Journal) -> None:
    ids = [event.id for event in journal.append_many([CARD] * 500, at=list(range(500)))]
    same_moment = [event.id for event in journal.append_many([CARD] * 500)]
    assert ids == sorted(ids)
    assert same_moment == sorted(same_moment)
    assert {id_[12] for id_ in ids} == {"7"}
    assert {id_[16] for id_ in ids} <= set("89ab")
    assert int(new_id(1_795_000_000_000)[:12], 16) == 1_795_000_000_000


def test_appending_an_id_again_changes_nothing(journal: Journal) -> None:
    first = journal.append(CARD)
    assert journal.append(CARD, id=first.id) == first
    assert journal.last_seq() == 1
    with pytest.raises(BadEventError, match="already in the journal with other content"):
        journal.append(e.LessonOpened(lesson="a/b"), id=first.id)


@pytest.mark.parametrize(
    "wrong",
    [
        e.CardReviewed(card="a", skill="a", rating=5, seconds=1),  # type: ignore[arg-type]
        e.CardReviewed(card="a", skill="a", rating=3, seconds=float("nan")),
        e.LessonOpened(lesson="\ud800"),
        e.LessonOpened(lesson=3),  # type: ignore[arg-type]
    ],
)
def test_what_could_not_be_read_back_is_refused_before_it_is_stored(journal: Journal, wrong: e.Data) -> None:
    with pytest.raises(BadEventError, match="nothing was"):
        journal.append_many([CARD, wrong])
    assert journal.last_seq() == 0


def test_a_second_journal_on_the_same_file_sees_appends_at_once(journal: Journal) -> None:
    with Journal.open(journal.place) as other:
        journal.append(CARD)
        assert other.last_seq() == 1
        other.append(CARD)
    assert journal.last_seq() == 2


# Nothing acknowledged is lost


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_kill_during_append_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path):
        pass
    run = subprocess.run([sys.executable, HERE / "killing.py", path, "100"], capture_output=True, text=True, timeout=120, check=True)
    acknowledged = [line for line in run.stdout.split() if len(line) == 32]
    assert len(acknowledged) > 50
    with Journal.open(path) as journal:
        stored = {event.id for event in bodies(journal)}
        assert set(acknowledged) <= stored
        assert len(stored) - len(acknowledged) <= 300  # at most one batch a child was durable but not yet acknowledged
        assert journal.verify().problems == ()


def test_processes_and_threads_that_append_at_once_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    program = (
        "import sys; from modelwright.journal import Journal, events as e; j = Journal.open(sys.argv[1])\n"
        "for n in range(40): j.append(e.LessonOpened(lesson=f'{sys.argv[2]}/{n}'))"
    )
    # Nobody has opened the journal yet: the three also race to make its tables.
    others = [subprocess.Popen([sys.executable, "-c", program, str(path), f"p{number}"]) for number in range(3)]
    with Journal.open(path) as journal:
        threads = [threading.Thread(target=lambda: [journal.append(CARD) for _ in range(30)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [other.wait(60) for other in others] == [0, 0, 0]
        assert [seq for seq, _ in journal.events()] == list(range(1, 3 * 40 + 4 * 30 + 1))
        assert journal.verify().ok


# Export and import


def exported(journal: Journal) -> str:
    out = io.StringIO()
    journal.export(out)
    return out.getvalue()


def test_an_export_makes_the_same_journal_elsewhere(journal: Journal, tmp_path: Path) -> None:
    journal.append_many([CARD, e.LessonOpened(lesson="a/b")], at=[5, 3])
    journal.append(CARD, learner="grace")
    with Journal.open(tmp_path / "second.db") as second:
        result = second.import_(io.StringIO(exported(journal)))
        assert (result.added, result.already) == (3, 0)
        assert bodies(second) == bodies(journal)
        assert second.verify().head == journal.verify().head


def test_importing_twice_adds_nothing(journal: Journal) -> None:
    journal.append_many([CARD] * 1200)
    text = exported(journal)
    result = journal.import_(io.BytesIO(text.encode()))
    assert (result.added, result.already, journal.last_seq()) == (0, 1200, 1200)


def test_two_machines_can_be_merged(tmp_path: Path) -> None:
    with Journal.open(tmp_path / "a.db") as a, Journal.open(tmp_path / "b.db") as b:
        a.append(CARD)
        b.import_(io.StringIO(exported(a)))
        a.append(e.LessonOpened(lesson="on/a"))
        b.append(e.LessonOpened(lesson="on/b"))
        result = a.import_(io.StringIO(exported(b)))
        assert (result.added, result.already) == (1, 1)
        assert a.verify().ok


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("{", "Line 3 cannot be imported, and nothing was: not an event"),
        ('{"id":"0","at":1,"data":{"kind":"lesson-opened","lesson":"x"}}', "not 32 hexadecimal digits"),
        (line(7, '"at":1,"data":{"kind":"lesson-opened"}'), "missing required field `lesson`"),
        (line(7, '"at":1,"data":{"kind":"dreamt"}'), "a newer one wrote them"),
        (line(7, '"at":1,"version":9,"data":{"kind":"lesson-opened","lesson":"x"}'), "version 9 of `lesson-opened`"),
        ("[1]", "not an event"),
    ],
)
def test_a_wrong_line_imports_nothing_and_is_named(journal: Journal, tmp_path: Path, wrong: str, says: str) -> None:
    journal.append_many([CARD, CARD])
    with Journal.open(tmp_path / "second.db") as second:
        with pytest.raises(JournalError, match=says):
            second.import_(io.StringIO(exported(journal) + wrong + "\n"))
        assert second.last_seq() == 0


def test_an_import_cannot_change_an_event(journal: Journal) -> None:
    journal.append(CARD)
    with pytest.raises(BadEventError, match="already with other content"):
        journal.import_(io.StringIO(exported(journal).replace("rank-why", "rank-how")))


# Verify


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        ("UPDATE journal_events SET body = replace(body, '4.5', '4.6') WHERE seq = 5", "Entry 5 or its link is not what was written"),
        ("DELETE FROM journal_events WHERE seq BETWEEN 3 AND 4", "Before entry 5, entries 3 to 4 are missing"),
        ("DELETE FROM journal_events WHERE seq = 9", "The head says that 9 entries were written; the last one here is 8"),
        ("UPDATE journal_events SET at = 1 WHERE seq = 2", "Entry 2: its columns say something else"),
        ("UPDATE journal_events SET body = '{' WHERE seq = 2", "Entry 2: not an event"),
        (
            "UPDATE journal_events SET seq = -seq WHERE seq IN (7, 8); UPDATE journal_events SET seq = 15 + seq WHERE seq < 0",
            "Entry 7 or its link",
        ),
        ("UPDATE journal_events SET body = (SELECT body FROM journal_events WHERE seq = 1) WHERE seq = 2", "stands in the journal twice"),
        ("DELETE FROM journal_head", "The head of the chain is missing"),
    ],
)
def test_verify_finds_what_was_done_to_the_table(journal: Journal, harm: str, says: str) -> None:
    journal.append_many([CARD] * 9)
    assert journal.verify().ok
    with sqlite3.connect(journal.place) as raw:
        raw.executescript(harm)
    problems = journal.verify().problems
    assert any(says in problem for problem in problems), problems


@settings(max_examples=30, deadline=None)
@given(place=st.integers(0, 10**9), bit=st.integers(0, 7))
def test_verify_finds_any_flipped_bit_of_a_stored_event(tmp_path_factory: pytest.TempPathFactory, place: int, bit: int) -> None:
    with Journal.open(tmp_path_factory.mktemp("flip") / "journal.db") as journal:
        journal.append_many([CARD, e.LessonOpened(lesson="a/b"), CARD])
        with sqlite3.connect(journal.place) as raw:
            seq, body = raw.execute("SELECT seq, body FROM journal_events WHERE seq = ?", (place % 3 + 1,)).fetchone()
            at = place % len(body)
            raw.execute(
                "UPDATE journal_events SET body = ? WHERE seq = ?", (body[:at] + chr(ord(body[at]) ^ 1 << bit) + body[at + 1 :], seq)
            )
        assert not journal.verify().ok


# Versions


def test_every_kind_has_a_version_and_an_upgrade_from_each_earlier_one() -> None:
    assert set(CURRENT) == {kind_of(kind) for kind in KINDS}
    assert set(UPGRADES) == {(kind, version) for kind, newest in CURRENT.items() for version in range(1, newest)}


def test_every_field_that_could_be_missing_has_a_default() -> None:
    """A journal of today must read tomorrow: this list of required fields may shrink, and grows only with a version."""
    required = {kind_of(k): {f.encode_name for f in msgspec.structs.fields(k) if f.required} for k in KINDS}
    assert required["card-reviewed"] == {"card", "skill", "rating", "seconds"}
    assert required["goals-changed"] == set()


def test_an_old_event_is_upgraded_as_it_is_read(tmp_path: Path) -> None:
    """Suppose that `log` once counted minutes, then hours under another name, and today is version 3."""
    path = tmp_path / "journal.db"
    old = line(1, '"at":1,"data":{"kind":"time-logged","minutes":90,"what":"lecture"}')
    middle = line(2, '"at":2,"version":2,"data":{"kind":"time-logged","hours":2,"about":"train"}')
    upgrades = {
        ("time-logged", 1): lambda d: {"hours": d["minutes"] / 60, "about": d["what"]},
        ("time-logged", 2): lambda d: {"hours": d["hours"], "what": d["about"]},
    }
    reader = Reader({**CURRENT, "time-logged": 3}, upgrades)
    with Journal.open(path, reader=reader) as journal:
        journal.import_(io.StringIO(f"{old}\n{middle}\n"))
        journal.append(e.TimeLogged(hours=1, what="book"), at=3)
        assert [event.data for event in bodies(journal)] == [
            e.TimeLogged(hours=1.5, what="lecture"),
            e.TimeLogged(hours=2, what="train"),
            e.TimeLogged(hours=1, what="book"),
        ]
        assert {event.version for event in bodies(journal)} == {3}
        assert exported(journal).splitlines()[0] == old  # the journal itself keeps what was written
        assert journal.verify().ok
    with Journal.open(path) as today, pytest.raises(NewerJournalError, match=r"Entry 2 .* update Modelwright"):
        list(today.events(after=1))


def test_the_schema_constant_is_the_newest_migration() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    import modelwright.journal.store as store

    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).parent / "migrations"))
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD_REVISION


# Failures, each one sentence, nothing lost


def test_a_journal_from_a_newer_version_is_left_alone(journal: Journal) -> None:
    journal.append(CARD)
    with sqlite3.connect(journal.place) as raw:
        raw.execute("UPDATE journal_version SET version_num = '9999'")
    with pytest.raises(NewerJournalError, match=r"newer Modelwright .* update Modelwright"):
        Journal.open(journal.place)


def test_a_file_of_garbage_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"my diary, not a database\n" * 400)
    before = path.read_bytes()
    with pytest.raises(DamagedJournalError, match=r"is damaged .*modelwright journal import"):
        Journal.open(path)
    assert path.read_bytes() == before


def test_someone_elses_database_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "collection.anki2"
    with sqlite3.connect(path) as raw:
        raw.execute("CREATE TABLE notes (id)")
    with pytest.raises(DamagedJournalError, match="not a journal"):
        Journal.open(path)


def test_a_database_damaged_in_the_middle_says_so(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path) as journal:
        journal.append_many([CARD] * 3000)
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    noise = random.Random(1)
    with path.open("r+b") as file:
        for page in range(6, path.stat().st_size // 4096, 2):
            file.seek(page * 4096)
            file.write(noise.randbytes(4096))
    with Journal.open(path) as journal, pytest.raises(DamagedJournalError) as raised:
        bodies(journal)
    assert "\n" not in str(raised.value)


AS_A_STRANGER = """
import os, sys
from modelwright.errors import ModelwrightError
from modelwright.journal import Journal, events as e
Journal.open(sys.argv[1] + "/warm.db").close()  # everything is imported while it may still be read
if os.geteuid() == 0:  # for whom folder permissions do not count
    os.setgroups([]), os.setgid(65534), os.setuid(65534)
for name in sys.argv[2:]:
    try:
        Journal.open(name).append(e.LessonOpened(lesson="a/b"))
        print("stored")
    except ModelwrightError as error:
        print(f"{type(error).__name__}: {error}")
"""


def test_a_read_only_folder_says_what_to_do() -> None:
    with tempfile.TemporaryDirectory() as name:
        base = Path(name)
        folder = base / "home"
        with Journal.open(folder / "journal.db") as journal:
            journal.append(CARD)
        (folder / "journal.db").chmod(0o444)
        folder.chmod(0o555)
        places = [folder / "journal.db", folder / "new.db", folder / "sub/new.db"]
        run = subprocess.run([sys.executable, "-c", AS_A_STRANGER, base, *places], capture_output=True, text=True, check=True)
        assert len(run.stdout.splitlines()) == 3
        for said in run.stdout.splitlines():
            assert said.startswith("UnwritableJournalError: The journal"), said
        folder.chmod(0o755)
        (folder / "journal.db").chmod(0o644)
        with Journal.open(folder / "journal.db") as journal:
            assert journal.last_seq() == 1


def test_a_full_disk_says_so_and_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal.open(path):
        pass
    program = """
import resource, signal, sys
from modelwright.journal import Journal, UnwritableJournalError, events as e
journal = Journal.open(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing past the limit is then an error of the write, as on a full disk
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
try:
    while True:
        print(journal.append(e.NoteWritten(target="a/b", text="x" * 5000)).id, flush=True)
except UnwritableJournalError as error:
    sys.exit(str(error))
"""
    run = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True)
    assert "free some space on that disk" in run.stderr
    acknowledged = run.stdout.split()
    assert acknowledged
    with Journal.open(path) as journal:
        assert [event.id for event in bodies(journal)] == acknowledged
        assert journal.verify().ok


@pytest.mark.parametrize("where", ["sqlite://", "sqlite:///:memory:", "nosuchdatabase://x/y", "postgresql+nosuchdriver://x/y"])
def test_an_address_that_cannot_keep_a_journal_is_refused(where: str) -> None:
    with pytest.raises(JournalError):
        Journal.open(where)


def test_a_server_that_does_not_answer_is_one_sentence() -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(UnwritableJournalError, match="does not answer") as raised:
        Journal.open("postgresql+psycopg://learner:secret@127.0.0.1:9/none")
    assert "\n" not in str(raised.value)
    assert "secret" not in str(raised.value)


def test_every_failure_is_of_the_family_that_faces_print() -> None:
    for family in (BadEventError, DamagedJournalError, NewerJournalError, UnwritableJournalError):
        assert issubclass(family, JournalError)
    assert issubclass(JournalError, ModelwrightError)


# PostgreSQL


def test_the_same_journal_runs_on_postgresql(postgres: str, journal: Journal) -> None:
    journal.append_many([CARD] * 5, at=7)
    journal.append(e.NoteWritten(target="a/b", text="null \x00, quote ' and Ω"))
    with Journal.open(postgres) as server:
        server.import_(io.StringIO(exported(journal)))
        assert bodies(server) == bodies(journal)
        assert server.verify().head == journal.verify().head
        threads = [threading.Thread(target=lambda: [server.append(CARD) for _ in range(20)]) for _ in range(4)]
        program = (
            "import sys; from modelwright.journal import Journal, events as e; j = Journal.open(sys.argv[1])\n"
            "for n in range(40): j.append(e.LessonOpened(lesson='a/b'))"
        )
        other = subprocess.Popen([sys.executable, "-c", program, postgres])
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert other.wait(60) == 0
        assert [seq for seq, _ in server.events()] == list(range(1, 127))
        assert server.verify().ok
        with server._engine.begin() as raw:
            raw.execute(sa.text("DELETE FROM journal_events WHERE seq = 60"))
        assert server.verify().problems == ("Before entry 61, entry 60 is missing.",)
