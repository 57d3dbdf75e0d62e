"""The first evening, through the terminal, as a person would do it: with a real keyboard on a pseudo-terminal."""

from __future__ import annotations

import os
import re
import signal
import sys
from pathlib import Path

import pexpect
import pytest

import tiny_curriculum as tiny
from modelwright.journal import Journal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")


class Terminal:
    def __init__(self, environment: dict[str, str]) -> None:
        self.environment = environment

    def type(self, *words: str, columns: int = 110) -> pexpect.spawn:
        return pexpect.spawn(
            sys.executable,
            ["-m", "modelwright", *words],
            env=self.environment,
            encoding="utf-8",
            timeout=60,
            dimensions=(50, columns),
            echo=False,
        )

    def read(self, *words: str, code: int = 0) -> str:
        """Everything that a command prints, without its colours."""
        child = self.type(*words)
        child.expect(pexpect.EOF)
        child.close()
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", child.before or "")
        assert child.exitstatus == code, text
        return " ".join(text.split())


def test_the_first_evening_through_the_terminal(environment: dict[str, str], home: Path) -> None:
    terminal = Terminal(environment | {"NO_COLOR": "1"})

    # She says who she is, and sees the road.
    child = terminal.type("enrol")
    child.expect("Your name")
    child.sendline("Ada")
    child.expect("Hours a week")
    child.sendline("6")
    child.expect("already, and want to say so")
    child.sendline("n")
    child.expect("Welcome, Ada")
    child.expect(pexpect.EOF)
    plan = terminal.read("plan")
    assert "0 of 2 skills" in plan

    # Today names a lesson and says why; she reads it and answers its two questions.
    assert "modelwright lesson tiny-maths/doubling" in terminal.read("today")
    child = terminal.type("lesson")
    child.expect("What doubling does")
    child.expect("1. What is twice 7")
    child.sendline("14")
    child.expect("2. What does halving undo")
    child.sendline("doubling")
    child.expect("Finished")
    child.sendline("")
    child.expect("Kept")
    child.expect(pexpect.EOF)

    # A problem: wrongly, then rightly.
    child = terminal.type("problem")
    child.expect(r"2 · (\d+)\?")
    n = int(child.match[1])
    child.expect("Answer")
    child.sendline(str(n * n))
    child.expect("That is the square")
    child.expect("Answer")
    child.sendline(f"2*{n}")
    child.expect("Right")
    child.expect(f"{n} . {n} = {2 * n}")
    # It goes on by itself, and ends.
    for number in (2, 3):
        child.expect(f"{number} of 3")
        child.expect(r"2 · (\d+)\?")
        n = int(child.match[1])
        child.expect("Answer")
        child.sendline(f"2*{n}")
        child.expect("Right")
    child.expect("2 of 3 right at the first answer")
    child.expect("Next:")
    child.expect("More of these")
    child.sendline("")
    child.expect(pexpect.EOF)

    # A lab: the starter fails with a useful message, a plausible wrong solution at the check that is meant for it, the right one passes.
    opened = terminal.read("lab", "softmax")
    assert "Write softmax(x)" in opened.replace("`", "")
    started = terminal.read("check", code=1)
    assert "not written yet" in started
    assert "modelwright hint" in started
    file = home / "workshop" / "labs" / "tiny_maths" / "softmax.py"
    file.write_text(tiny.WRONG)
    wrong = terminal.read("check", code=1)
    assert "2 of 3 checks pass" in wrong
    assert "✗ Large logits stay finite" in wrong
    assert "nan" in wrong
    file.write_text(tiny.SOLUTION)
    right = terminal.read("check", "softmax")
    assert "Passed. All 3 checks" in right
    assert "Committed to your workshop" in right
    assert "in the log domain" in right

    # Three cards.
    child = terminal.type("review", "--limit", "3")
    for _ in range(3):
        child.expect("space shows the answer")
        child.send(" ")
        child.expect("easy")
        child.send("4")
    child.expect("3 cards reviewed")
    child.expect(pexpect.EOF)

    # The plan has changed.
    changed = terminal.read("plan")
    assert "0 of 2 skills" not in changed
    before = terminal.read("status")
    assert "1 of 1 passed" in before
    assert "3 of 5 seen" in before

    # The terminal is killed in the middle of something. Everything is still there.
    child = terminal.type("watch")
    child.expect("Passed")
    child.kill(signal.SIGKILL)
    child.close()
    assert terminal.read("status").replace("1 minute ago", "").startswith("Ada")
    assert file.read_text() == tiny.SOLUTION
    journal = Journal.open(home / "journal.db")
    assert journal.verify().ok
    journal.close()
    assert "1 of 1 passed" in terminal.read("status")


def test_watch_grades_on_save_and_answers_its_keys(environment: dict[str, str], home: Path) -> None:
    terminal = Terminal(environment | {"NO_COLOR": "1"})
    terminal.read("enrol", "--name", "Ada", "--hours", "6")
    child = terminal.type("watch", "softmax")
    child.expect("not written yet")
    child.expect("grade it again")
    file = home / "workshop" / "labs" / "tiny_maths" / "softmax.py"
    child.send("h")
    child.expect("Hint 1 of 3")
    child.expect("grade it again")
    file.write_text(tiny.WRONG)
    child.expect("2 of 3 checks pass")
    child.expect("Large logits stay finite")
    child.expect("grade it again")
    child.send("l")
    child.expect("Rows sum to one")
    child.expect("grade it again")
    replaced = file.with_suffix(".tmp")
    replaced.write_text(tiny.SOLUTION)
    os.replace(replaced, file)  # as editors save
    child.expect("Passed")
    child.expect("grade it again")
    child.send("q")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0


def test_an_interrupt_leaves_quietly_and_gives_the_keyboard_back(environment: dict[str, str]) -> None:
    terminal = Terminal(environment)
    terminal.read("enrol", "--name", "Ada", "--hours", "6")
    child = terminal.type("watch", "softmax")
    child.expect("quit")
    child.sendintr()
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 130
    assert "Traceback" not in (child.before or "")


def test_the_forecast_fits_eighty_columns_and_q_leaves_whatever_asks(environment: dict[str, str]) -> None:
    terminal = Terminal(environment | {"NO_COLOR": "1"})
    terminal.read("enrol", "--name", "Ada", "--hours", "6")
    child = terminal.type("forecast", columns=80)
    child.expect(pexpect.EOF)
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", child.before or "").splitlines()
    ranges = [line for line in lines if line.startswith("    half")]
    assert ranges
    assert all("eight in ten" in line for line in ranges), "no line is broken"
    assert max(len(line.rstrip()) for line in lines) <= 80, max(lines, key=len)
    for words, asks in ((("problem",), "Answer"), (("lesson",), "q leaves it open|Your answer|q quits"), (("watch", "softmax"), "quit")):
        child = terminal.type(*words)
        child.expect(asks)
        child.send("q" if words[0] == "watch" else "q\r")
        child.expect(pexpect.EOF)
