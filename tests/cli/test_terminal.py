"""What a file prints, or is named, is text on the screen and never a command to the terminal."""

from __future__ import annotations

import io
import json

import pytest

from modelwright.cli import doctor, screen
from modelwright.grading import CheckResult, Isolation, Verdict
from modelwright.grading.attack import Outcome

COMMANDS = [
    "\x1b[2J", "\x1b[31m", "\x1b]0;title\x07", "\x1b]52;c;cm0gLXJm\x1b\\", "\x1bP1$r0m\x1b\\", "\x1bc", "\x9b2J", "\x9d0;title\x9c", "\x1b(0", "\x07", "\x08",
    "\x00", "\x7f", "\x85", "\x0e", "\x1b", "\x1b[", "\x1b]8;;http://evil/\x1b\\click\x1b]8;;\x1b\\", "\x1b_payload\x1b\\", "\x1b[>4;2m",
]  # fmt: skip


def verdict_with(text: str) -> Verdict:
    check = CheckResult(
        name=f"check{text}", claim=f"claim{text}", status="failed", message=f"said{text}", given=f"given{text}", expected=f"expected{text}",
        got=f"got{text}", where=f"where{text}", traceback=f"trace{text}", output=f"printed{text}after\nnext",
    )  # fmt: skip
    return Verdict(
        lab="python/tiny", status="failed", message=f"message{text}", checks=[check], passed=0, total=1, seconds=0.1,
        isolation=Isolation(tier="sealed", holds=[], lacks=[]), source_sha256="",
    )  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS, ids=repr)
@pytest.mark.parametrize("terminal", [True, False])
def test_no_control_character_of_a_verdict_reaches_the_terminal(command: str, terminal: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    out = screen.console()
    out._force_terminal, out._color_system = terminal, None  # a terminal without colours: every escape seen is a file's
    verdict = verdict_with(command)
    screen.check_line(out, verdict.checks)
    screen.verdict_summary(out, verdict)
    screen.markdown(out, f"a lesson{command}")
    screen.code(out, f"x = 1  # {command}")
    shown = "".join(c for c in stream.getvalue() if (ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160)
    assert shown == "", repr(stream.getvalue())
    assert "printedafter" in stream.getvalue() or "printed" in stream.getvalue()


def test_what_is_printed_around_a_command_stays() -> None:
    assert screen.harmless("one\x1b[31mtwo\x1b[0m three\ttab\nnext ✓ é") == "onetwo three\ttab\nnext ✓ é"
    assert screen.harmless("\x1b]0;an unfinished title\nthe next line") == "\nthe next line"


def test_json_escapes_every_control_character() -> None:
    text = screen.as_json(verdict_with("\x1b[2J\x9b2J\x7f"))
    assert not any((ord(c) < 32 and c != "\n") or 127 <= ord(c) < 160 for c in text)
    assert json.loads(text)["checks"][0]["name"] == "check\x1b[2J\x9b2J\x7f"


@pytest.mark.parametrize(("held", "code"), [(True, 0), (False, 1)])
def test_the_doctors_attack_says_what_held_and_ends_by_it(
    held: bool, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(
        "modelwright.grading.attack.attack", lambda: iter([Outcome("read a file", True, "refused"), Outcome("start a process", held, "x")])
    )
    assert doctor.attack(json=False) == code
    said = capsys.readouterr().out
    assert "✓ read a file" in said
    assert ("All 2 attacks were held." in said) == held
    assert ("Not held: start a process" in said) == (not held)
    assert doctor.attack(json=True) == code
    assert [outcome["held"] for outcome in json.loads(capsys.readouterr().out)] == [True, held]
