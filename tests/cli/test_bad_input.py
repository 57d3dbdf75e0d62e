"""What goes wrong on a real machine gets one clear sentence and a non-zero exit, and nothing is lost."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

import tiny_curriculum as tiny
from modelwright.journal import Journal
from modelwright.journal import events as e


def one_sentence(ran) -> str:
    """The complaint: on stderr alone, on one line, without a traceback."""
    assert ran.code == 1, ran
    assert ran.out == ""
    assert "Traceback" not in ran.err
    assert len(ran.err.strip().splitlines()) == 1, ran.err
    return ran.err.strip()


def test_a_wrong_lab_name_gets_the_nearest_ones(enrolled) -> None:
    said = one_sentence(enrolled("check", "tiny-maths/sofmax"))
    assert "tiny-maths/softmax" in said
    assert "Did you mean" in said


def test_any_wrong_name_gets_the_nearest_ones(enrolled) -> None:
    assert "tiny-maths/doubling" in one_sentence(enrolled("lesson", "tiny-maths/dubling"))
    assert "tiny-maths/double-it" in one_sentence(enrolled("problem", "tiny-maths/duble-it"))
    assert "tiny-maths/small-numbers" in one_sentence(enrolled("read", "tiny-maths/small-number"))


def test_a_port_in_use_is_named_with_what_to_do(enrolled) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = one_sentence(enrolled("start", env={"PORT": str(port)}))
    assert f"Port {port} is in use" in said
    assert f"PORT={port + 1} modelwright start" in said


def test_a_curriculum_with_a_yaml_error_is_named_by_file_and_line(enrolled, tmp_path: Path) -> None:
    folder = tiny.build(tmp_path / "broken")
    file = folder / "1-foundation" / "tiny-maths" / "cards.yaml"
    file.write_text(file.read_text() + "- {id: more, ask: [unclosed\n")
    said = one_sentence(enrolled("today", "--curriculum", str(folder)))
    assert str(file) in said
    assert ":6" in said or ":7" in said
    assert "YAML" in said


def test_a_folder_that_is_no_curriculum_is_said(enrolled, tmp_path: Path) -> None:
    assert "plan.yaml" in one_sentence(enrolled("plan", "--curriculum", str(tmp_path)))


def test_a_corrupted_journal_is_said_and_left_as_it_is(enrolled, home: Path) -> None:
    journal = home / "journal.db"
    for extra in home.glob("journal.db-*"):
        extra.unlink()
    data = bytearray(journal.read_bytes())
    data[0:100] = b"\0" * 100
    journal.write_bytes(data)
    said = one_sentence(enrolled("today"))
    assert "journal" in said
    assert "damaged" in said
    assert journal.read_bytes() == bytes(data)
    assert one_sentence(enrolled("start", env={"PORT": "8799"})) == said


def test_a_journal_from_a_newer_version_is_said_and_left_as_it_is(enrolled, home: Path) -> None:
    with sqlite3.connect(home / "journal.db") as database:
        database.execute("UPDATE journal_version SET version_num = '9999'")
    database.close()
    before = (home / "journal.db").read_bytes()
    said = one_sentence(enrolled("status"))
    assert "newer Modelwright" in said
    assert (home / "journal.db").read_bytes() == before


def test_an_event_from_a_newer_version_is_said_by_its_number(enrolled, home: Path) -> None:
    journal = Journal.open(home / "journal.db")
    journal.append(e.NoteWritten(target=tiny.LAB, text="from the future"))
    journal.close()
    exported = enrolled("journal", "export").out
    newer = exported.splitlines()[-1].replace('"note-written"', '"note-sung"').replace('"id":"', '"id":"f')
    row = json.loads(newer)
    row["id"] = "f" * 32
    said = one_sentence(enrolled("journal", "import", "-", input=json.dumps(row)))
    assert "newer" in said or "unknown" in said.lower() or "not know" in said


def test_a_file_in_the_homes_place_is_said(run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    said = one_sentence(run("enrol", "--name", "Ada", "--hours", "5", env={"MODELWRIGHT_HOME": str(tmp_path / "file")}))
    assert "MODELWRIGHT_HOME" in said
    assert (tmp_path / "file").read_text() == "not a folder"


def unshared(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Runs a shell script where it may mount: in a user and mount namespace of its own."""
    words = ["unshare", "--mount", "--map-root-user", "sh", "-c", script]
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=120)


def can_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    return unshared("mount -t tmpfs none /mnt", dict(os.environ)).returncode == 0


needs_mount = pytest.mark.skipif(not can_mount(), reason="this machine lets no user mount a file system of their own")


@needs_mount
@pytest.mark.parametrize(
    ("words", "answers", "says"),
    [
        ("today", 0, "This week: 2 of 6 hours"),
        ("journal verify", 0, "All 2 events are whole"),
        ("journal export", 0, '"kind":"enrolled"'),
        ("read tiny-maths/small-numbers 1", 1, ""),
    ],
)
def test_a_read_only_home_is_read_and_said(enrolled, home: Path, environment: dict[str, str], words: str, answers: int, says: str) -> None:
    """What only asks is answered, with a sentence on what is wrong; what would record something is refused with it."""
    enrolled("read", "tiny-maths/small-numbers", "2")
    command = f"{sys.executable} -m modelwright {words}"
    ran = unshared(f"mount --bind {home} {home} && mount -o remount,bind,ro {home} && exec {command}", environment)
    assert ran.returncode == answers, ran
    assert says in ran.stdout
    assert len(ran.stderr.strip().splitlines()) == 1, ran.stderr
    assert "read-only" in ran.stderr
    assert str(home) in ran.stderr


def test_an_import_can_be_taken_back(enrolled, home: Path, tmp_path: Path) -> None:
    file = tmp_path / "theirs.jsonl"
    file.write_text('{"id":"' + "1" * 32 + '","at":1790000000000,"data":{"kind":"enrolled","name":"Mallory","hours_per_week":40}}\n')
    assert "takes this import back" in enrolled("journal", "import", str(file)).out
    assert "Mallory" in enrolled("goals").out
    listed = enrolled("journal", "undo-import", "--list").out
    assert listed.startswith("  1  2")
    assert listed.rstrip().endswith("1 event  theirs.jsonl")
    assert "1 event no longer counts" in enrolled("journal", "undo-import").out
    assert "Ada" in enrolled("goals").out
    assert "taken back already" in one_sentence(enrolled("journal", "undo-import"))
    assert "taken back 2" in enrolled("journal", "undo-import", "--list").out
    assert "number of each" in one_sentence(enrolled("journal", "undo-import", "yesterday"))
    assert "are whole" in enrolled("journal", "verify").out
    assert "1 event counts again" in enrolled("journal", "import", str(file)).out
    moment = enrolled("journal", "undo-import", "--list").out.splitlines()[-1][5:24]
    assert "1 event no longer counts" in enrolled("journal", "undo-import", moment).out


def test_an_emptied_journal_is_said_and_left_as_it_is(enrolled, home: Path) -> None:
    (home / "journal.db").write_bytes(b"")
    for words in (("today",), ("journal", "verify"), ("journal", "export")):
        assert "is empty (0 bytes)" in one_sentence(enrolled(*words))
    assert (home / "journal.db").read_bytes() == b""


def test_a_lost_log_is_told_by_verify_doctor_and_today(enrolled, home: Path) -> None:
    older = (home / "journal.db").read_bytes()
    enrolled("read", "tiny-maths/small-numbers", "1")
    (home / "journal.db").write_bytes(older)
    told = enrolled("journal", "verify")
    assert told.code == 1
    assert "2 entries were stored; this journal has 1" in told.out
    assert "2 entries were stored" in enrolled("today").err
    assert "2 entries were stored" in enrolled("doctor").out.replace("\n", " ")


def test_an_entry_that_does_not_read_is_set_aside_and_told(enrolled, home: Path) -> None:
    enrolled("read", "tiny-maths/small-numbers", "1")
    with sqlite3.connect(home / "journal.db") as database:
        database.execute("UPDATE journal_events SET body = replace(body, 'chapter-read', 'chapter-sung') WHERE seq = 2")
    database.close()
    (home / "cache" / "state.msgpack").unlink(missing_ok=True)
    ran = enrolled("today")
    assert ran.code == 0
    assert "entry 2: `chapter-sung` events are unknown" in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert "Entry 2" in enrolled("journal", "verify").out
    assert enrolled("log", "1", "life goes on").code == 0


@needs_mount
def test_a_full_disk_is_said_and_what_was_recorded_before_is_kept(
    enrolled, home: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    kept = tmp_path / "kept"
    script = f"""
        set -e
        mount -t tmpfs -o size=1500k none {small}
        cp -r {home}/. {small}/
        export MODELWRIGHT_HOME={small}
        {sys.executable} -m modelwright read tiny-maths/small-numbers 1 >&2
        dd if=/dev/zero of={small}/fill bs=1k 2>/dev/null || true
        set +e
        {sys.executable} -m modelwright read tiny-maths/small-numbers 2 2>{kept}.said
        echo "code $?"
        {sys.executable} -m modelwright today 2>{kept}.today
        echo "today $?"
        {sys.executable} -m modelwright journal export 2>/dev/null | grep -c chapter-read
        {sys.executable} -m modelwright journal verify 2>/dev/null
        rm {small}/fill
        {sys.executable} -m modelwright journal verify
        {sys.executable} -m modelwright read tiny-maths/small-numbers --json
    """
    ran = unshared(script, environment)
    said = Path(f"{kept}.said").read_text()
    assert "code 1" in ran.stdout, ran
    assert len(said.strip().splitlines()) == 1, said
    assert "full" in said or "space" in said
    assert "today 0\n1\n" in ran.stdout, "what was recorded is read and exported while the disk is full"
    assert "full" in Path(f"{kept}.today").read_text()
    assert ran.stdout.count("are whole") == 2
    assert '"chapters_done": 1' in ran.stdout, "the chapter ticked before the disk was full is still ticked"


def test_a_wrong_option_is_explained_with_status_two(enrolled) -> None:
    ran = enrolled("today", "--minute", "many")
    assert ran.code == 2
    assert "Traceback" not in ran.err


def test_numbers_that_make_no_sense_are_refused(enrolled) -> None:
    assert "between 5 and 720" in one_sentence(enrolled("today", "--minutes", "1"))
    assert "above 0" in one_sentence(enrolled("log", "99", "a very long day"))
    assert "0.7" in one_sentence(enrolled("goals", "--retention", "0.2"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"def softmax(:\n", "line 1"),
        (b"x = '\xff'\n", "UTF-8"),
        (b"#" * 2_000_000, "MB"),
        (b"import sys; sys.exit()\n", "exit"),
    ],
    ids=["empty", "syntax error", "not UTF-8", "too long", "leaves at import"],
)
def test_a_file_that_cannot_be_graded_gets_a_verdict_and_the_next_one_is_graded(enrolled, home: Path, content: bytes, words: str) -> None:
    enrolled("lab", "softmax")
    file = home / "workshop" / "labs" / "tiny_maths" / "softmax.py"
    file.write_bytes(content)
    ran = enrolled("check", "softmax")
    assert ran.code == 1
    assert words.lower() in ran.out.lower()
    assert "Traceback (most recent call last)" not in ran.err
    assert file.read_bytes() == content


def test_two_processes_writing_at_once_lose_nothing(enrolled, environment: dict[str, str], home: Path) -> None:
    script = "import sys; from modelwright.studio import Studio\nwith Studio.open(curriculum_folder={c!r}) as s:\n for i in range(25): s.note({l!r}, sys.argv[1] + str(i))"
    script = script.format(c=environment["MODELWRIGHT_CURRICULUM"], l=tiny.LAB)
    both = [subprocess.Popen([sys.executable, "-c", script, name], env=environment) for name in ("a", "b")]
    assert [process.wait(120) for process in both] == [0, 0]
    journal = Journal.open(home / "journal.db")
    texts = {event.data.text for _, event in journal.events() if isinstance(event.data, e.NoteWritten)}
    assert texts == {f"{name}{i}" for name in "ab" for i in range(25)}
    assert journal.verify().ok
    journal.close()


def test_without_git_a_pass_counts_and_says_what_was_not_kept(enrolled, home: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bin"
    bare.mkdir()
    enrolled("lab", "softmax")
    (home / "workshop" / "labs" / "tiny_maths" / "softmax.py").write_text(tiny.SOLUTION)
    ran = enrolled("check", "softmax", env={"PATH": str(bare)})
    assert ran.code == 0
    assert "Git is not installed" in ran.out
    assert "1 of 1 passed" in enrolled("status").out


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii", "cp437"])
def test_a_terminal_that_is_not_utf_8_loses_signs_and_nothing_else(enrolled, encoding: str) -> None:
    import json

    for words in (("today",), ("plan",), ("doctor",)):
        ran = enrolled(*words, env={"PYTHONIOENCODING": encoding})
        assert ran.code == 0, ran.err
        assert "Traceback" not in ran.err
    told = json.loads(enrolled("plan", "--json", env={"PYTHONIOENCODING": encoding}).out)
    assert told == json.loads(enrolled("plan", "--json").out)


def test_a_name_may_be_short_and_a_short_one_that_means_two_things_is_said(enrolled) -> None:
    assert "chapter 1" in enrolled("read", "small", "1").out
    assert enrolled("read", "sn", "2").code == 1
    assert enrolled("plan", "tiny").code == 0
    assert "may be tiny-maths/small" in one_sentence(enrolled("read", "sn"))


def test_a_chapter_is_read_in_parts_and_again_and_nonsense_is_one_sentence(enrolled) -> None:
    assert "40% read (page 12)" in enrolled("read", "small-numbers", "2", "--to", "40%", "--place", "page 12").out
    assert "does not say how far" in one_sentence(enrolled("read", "small-numbers", "2", "--to", "nearly"))
    assert "between 1% and 99%" in one_sentence(enrolled("read", "small-numbers", "2", "--to", "100%"))
    enrolled("read", "small-numbers", "1")
    again = enrolled("read", "small-numbers", "1", "--again", "--json").out
    assert '"times": 2' in again
