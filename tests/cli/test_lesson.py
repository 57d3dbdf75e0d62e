"""A lesson in the terminal: it asks its checks, shows the answers to its closing questions, and lists words and notes."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pexpect
import pytest

import tiny_curriculum
import worked_lesson
from modelwright.journal import Journal
from modelwright.journal import events as e
from modelwright.studio import Studio

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
LESSON = worked_lesson.LESSON


@pytest.fixture
def worked(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    course = tiny_curriculum.build(tmp_path / "course")
    worked_lesson.add(course)
    with Studio.open(Path(environment["MODELWRIGHT_HOME"]), course) as studio:
        studio.enrol("Ada", 6)
        place = re.search(r'<p id="(p-\w+)"', studio.lesson(LESSON).html)[1]
        studio.note(f"{LESSON}#{place}", "Always?")
    return environment | {"MODELWRIGHT_CURRICULUM": str(course), "NO_COLOR": "1"}


def typed(environment: dict[str, str], *words: str) -> pexpect.spawn:
    command = ["-m", "modelwright", *words]
    return pexpect.spawn(sys.executable, command, env=environment, encoding="utf-8", timeout=60, dimensions=(50, 110), echo=False)


def read(environment: dict[str, str], *words: str) -> str:
    child = typed(environment, *words)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", child.before or "")


def test_a_lesson_in_the_terminal_asks_its_checks_and_shows_its_answers(worked: dict[str, str], home: Path) -> None:
    child = typed(worked, "lesson", "halving")
    child.expect("What is half of 10")
    child.expect(r"(\d)\. 20")
    child.expect("Its number")
    child.sendline("1")
    child.expect("That is (twice|10 less)|Right")
    if "Right" not in child.after:
        child.expect("Its number")
        child.sendline("?")
        child.expect("The answer: 5")
    child.expect("Your answer")
    child.sendline("")  # the second is passed over
    child.expect("half of one half")
    child.expect("Your answer")
    child.sendline("1/4")
    child.expect("Two halves of a half")
    child.expect("It prints")
    child.sendline("3 4")
    child.expect("The list holds")
    child.expect("The missing part")
    child.sendline("")
    child.expect("1. What does halving twice do")
    child.sendline("It quarters.")
    child.expect("It divides by")
    child.expect("Yours was")
    child.sendline("1")
    child.expect("2. What undoes halving")
    child.sendline("")
    child.expect("Finished")
    child.sendline("")
    child.expect("Kept")
    child.expect("modelwright problem tiny-maths/double-it")
    child.expect(pexpect.EOF)
    with Journal.open(home / "journal.db") as journal:
        kinds = [type(event.data) for _, event in journal.events()]
    assert e.Checked in kinds
    assert e.AnswerMarked in kinds


def test_words_and_notes_are_listed(worked: dict[str, str]) -> None:
    words = read(worked, "terms", "learning")
    assert "learning rate: how much of the slope" in words
    assert "halving:" not in words
    assert "> What undoes doubling?" in read(worked, "notes", "--markdown")
    assert "Always?" in read(worked, "notes")


def test_a_lesson_that_is_piped_gives_no_answer_away(worked: dict[str, str]) -> None:
    import subprocess

    shown = subprocess.run(
        [sys.executable, "-m", "modelwright", "lesson", "halving"],
        env=worked | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 0, shown.stderr
    assert "What is half of 10" in shown.stdout
    for secret in ("twice 10", "It divides by", "(a + b) / 2", "shows:"):
        assert secret not in shown.stdout
