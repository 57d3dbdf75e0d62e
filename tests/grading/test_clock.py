"""What hangs is ended by the clock, whatever it says meanwhile; what is blamed is the true cause; nothing else waits for it."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest

from doubling_lab import SOLUTION
from modelwright import clocks
from modelwright.curriculum.models import Lab, Limits
from modelwright.grading import Grader, GradingError, RunLimits, Verdict

RIGHT = SOLUTION.encode()
SECONDS = 0.5
CALL = "def test_it(learner):\n    assert learner.f(1) == 2"
LOGS = "import logging, time\nlogging.basicConfig(level='INFO')\n"
SOCKET = """
import os, socket, stat, time
def ours():
    for fd in range(3, 64):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode): return fd
        except OSError: pass
"""


class Hang(NamedTuple):
    checks: str
    source: str
    said: str
    status: str = "timeout"


PROCESSOR, WAITED, WALL = "processor time", "never came", "by the clock"
HANGS = {
    "a loop that prints to stderr": Hang(CALL, "import sys\ndef f(n):\n    while True: print('.', file=sys.stderr, flush=True)", PROCESSOR),
    "a loop that logs": Hang(CALL, LOGS + "def f(n):\n    while True: logging.info('step %d', n)", PROCESSOR),
    "a loop that logs and sleeps": Hang(CALL, LOGS + "def f(n):\n    while True:\n        logging.info('x')\n        time.sleep(0.02)", WAITED),
    "output without end": Hang(CALL, "def f(n):\n    while True: print('x' * 100_000)", "printed more than 64 MB", "killed"),
    "a loop around the check's function": Hang(
        "def test_it(learner):\n    assert learner.f(lambda x: x) == 2", "def f(g):\n    while True: g(1)", PROCESSOR
    ),
    "an endless generator in a list": Hang(
        "def test_it(learner):\n    assert list(learner.f(1)) == [2]", "import itertools\ndef f(n): yield from itertools.count()", PROCESSOR
    ),
    "an __iter__ without end": Hang(
        "def test_it(learner):\n    assert sum(learner.f(1)) == 2",
        "class Endless:\n    def __iter__(self): return self\n    def __next__(self): return 1\ndef f(n): return Endless()",
        PROCESSOR,
    ),
    "items without end": Hang(
        "def test_it(learner):\n    assert [x for x in learner.f(1)] == [2]",
        "class Endless:\n    def __getitem__(self, i): return i\ndef f(n): return Endless()",
        PROCESSOR,
    ),
    "streams closed, then a sleep": Hang(
        CALL, "import os, sys, time\ndef f(n):\n    os.close(1); os.close(2)\n    time.sleep(1000)", WAITED
    ),
    "an answer that drips": Hang(
        CALL, SOCKET + "def f(n):\n    for byte in (1000).to_bytes(8, 'little') + bytes(1000):\n        os.write(ours(), bytes([byte])); time.sleep(0.2)", WAITED
    ),
    "answers sent ahead": Hang(
        "def test_it(learner):\n    for n in range(100): assert learner.f(n) == 4",
        SOCKET + "m = b'\\x94\\xa2ok\\x04\\x80\\x80'\ndef f(n):\n    os.write(ours(), (len(m).to_bytes(8, 'little') + m) * 50)\n    time.sleep(1000)",
        "before it was asked",
        "killed",
    ),
    "a sleep while loading": Hang(CALL, "import time\nprint('x')\ntime.sleep(1000)", WAITED),
}  # fmt: skip


def family() -> list[psutil.Process]:
    """Checkers and runners: what lives below the warm processes."""
    living = []
    for child in psutil.Process().children():
        with contextlib.suppress(psutil.NoSuchProcess):
            if "modelwright.grading.zygote" not in child.cmdline():
                continue  # a browser of other tests may live below this process too
            living += [process for process in child.children(recursive=True) if process.status() != psutil.STATUS_ZOMBIE]
    return living


def nothing_left() -> bool:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        if not family():
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits by the clock of a few seconds, so that a test can wait for them."""
    monkeypatch.setattr(clocks, "check_wall", lambda seconds: 2.0)
    monkeypatch.setattr(clocks, "submission_wall", lambda seconds: 4.0)


@pytest.mark.parametrize("name", HANGS)
def test_a_hang_ends_with_its_true_cause_and_the_next_file_is_graded(
    grader: Grader, make_lab: Callable[..., Lab], doubling: Lab, name: str
) -> None:
    hang = HANGS[name]
    lab = make_lab(hang.checks, seconds=SECONDS if hang.status == "timeout" else 20, memory_mb=300)
    began = time.monotonic()
    verdict = grader.grade(lab, hang.source.encode())
    took = time.monotonic() - began
    assert (verdict.status, hang.said in verdict.message) == (hang.status, True), verdict
    assert took < lab.limits.check_wall  # processor time, silence or output ended it, long before the clock had to
    assert verdict.passed == 0
    assert grader.grade(doubling, RIGHT).status == "passed"
    assert nothing_left()


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize(
    ("checks", "source"),
    [
        (CALL, "import time\ndef f(n):\n    while True:\n        end = time.perf_counter() + 0.03\n        while time.perf_counter() < end: pass\n        time.sleep(0.03)"),
        ("def test_it(learner):\n    while learner.f(1): pass", "import time\ndef f(n):\n    time.sleep(0.02)\n    return True"),
        ("def test_it(learner):\n    x = 2.0\n    while x > 1: x *= learner.f(1) / learner.f(1)", "def f(n): return 1.0"),
        ("def test_it(learner):\n    rate = learner.f(1)\n    x = 2.0\n    while x > 1: x *= rate", "def f(n): return 1.0"),
        ("def test_it(learner):\n    while True:\n        try: learner.f(1)\n        except Exception: pass", "def f(n): raise ValueError"),
    ],
    ids=["half awake", "a check's loop over calls", "a check's loop over quick calls", "a check's loop without calls", "errors for ever"],
)  # fmt: skip
def test_what_neither_sleeps_nor_works_enough_is_ended_by_the_clock(
    grader: Grader, make_lab: Callable[..., Lab], checks: str, source: str
) -> None:
    lab = make_lab("def test_first(learner):\n    assert True\n" + checks + "\ndef test_last():\n    pass", seconds=20)
    began = time.monotonic()
    verdict = grader.grade(lab, source.encode())
    assert time.monotonic() - began < 4
    assert (verdict.status, verdict.message) == (
        "timeout", "It was not done after 2 seconds by the clock, the most that one check of this lab may take.",
    )  # fmt: skip
    assert [check.status for check in verdict.checks] == ["passed", "failed", "not-run"]
    assert nothing_left()


@pytest.mark.usefixtures("brief")
@pytest.mark.parametrize(
    "loop",
    ["while True:\n        try:\n            while True: pass\n        except BaseException: pass", "(10 ** 10 ** 8) % 7", "'a' * 40 < 'b' and __import__('re').match('(a+)+$', 'a' * 40 + 'b')"],
    ids=["swallows the alarm", "arithmetic without end", "a pattern that backtracks"],
)  # fmt: skip
def test_a_check_that_no_alarm_reaches_is_ended_from_outside(
    grader: Grader, make_lab: Callable[..., Lab], doubling: Lab, loop: str
) -> None:
    """On this side too a loop may never end, because of what the learner's code returned. What was told before is kept."""
    lab = make_lab(f"def test_first(learner):\n    assert learner.f(1) == 1\ndef test_it(learner):\n    {loop}\ndef test_last():\n    pass")
    began = time.monotonic()
    verdict = grader.grade(lab, b"def f(n): return n")
    assert time.monotonic() - began < 4 + 2
    assert verdict.status == "timeout"
    assert "by the clock" in verdict.message
    assert verdict.checks[0].status == "passed"
    assert {check.status for check in verdict.checks[1:]} <= {"failed", "not-run"}
    assert nothing_left()
    assert grader.grade(doubling, RIGHT).status == "passed"


@pytest.mark.usefixtures("brief")
def test_a_submission_has_a_limit_of_its_own(grader: Grader, make_lab: Callable[..., Lab]) -> None:
    """Twelve checks of two thirds of a second, none too long by itself."""
    checks = "import pytest, time\n@pytest.mark.parametrize('n', range(12))\ndef test_it(learner, n):\n    assert learner.f(n) == n\n    time.sleep(0.6)"
    began = time.monotonic()
    verdict = grader.grade(make_lab(checks), b"def f(n): return n")
    assert time.monotonic() - began < 4 + 2
    assert verdict.status == "timeout"
    assert verdict.message == "The submission took more than 4 seconds by the clock, the most that this lab allows."
    assert verdict.wall_limit == 4
    assert 3 <= verdict.passed <= 6
    assert verdict.checks[-1].status == "not-run"
    assert len(verdict.checks) == 12


def test_the_limits_by_the_clock_follow_from_the_labs_seconds() -> None:
    limits = Limits(seconds=10)
    assert (limits.check_wall, limits.submission_wall) == (60, 160)
    assert 8 * limits.seconds / 2 <= limits.check_wall  # half a call's processor time, on a machine eight times oversubscribed


def test_a_script_that_talks_for_ever_ends_too(grader: Grader) -> None:
    limits = RunLimits(seconds=0.5)
    ran = grader.run_python("import time\nwhile True:\n    print('x', flush=True)\n    time.sleep(0.02)", limits=limits)
    assert (ran.status, ran.output[:4]) == ("timeout", "x\nx\n")
    ran = grader.run_python("import sys\nwhile True: print('x', file=sys.stderr)", limits=limits)
    assert ran.status == "timeout"
    assert "processor time" in ran.error


def test_a_submission_that_hangs_keeps_no_other_waiting(grader: Grader, make_lab: Callable[..., Lab], doubling: Lab) -> None:
    asleep = make_lab(CALL, seconds=20)
    hung: list[Verdict] = []
    threads = [
        threading.Thread(target=lambda: hung.append(grader.grade(asleep, b"import time\ndef f(n): time.sleep(4); return 3")))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    assert grader.grade(doubling, RIGHT).status == "passed"
    assert not hung
    for thread in threads:
        thread.join()
    assert [verdict.status for verdict in hung] == ["failed"] * 6


def test_hanging_up_ends_what_is_being_graded(make_lab: Callable[..., Lab], tmp_path: Path) -> None:
    lab = make_lab(CALL, seconds=20)
    ends: list[str] = []

    def grade(grader: Grader) -> None:
        try:
            grader.grade(lab, b"import time\ndef f(n): time.sleep(1000)")
        except GradingError as error:
            ends.append(str(error))

    with Grader() as grader:
        grader.warm(lab)
        thread = threading.Thread(target=grade, args=(grader,))
        thread.start()
        time.sleep(1)
        began = time.monotonic()
        grader.hang_up()
        thread.join(5)
        assert time.monotonic() - began < 2
        assert ends == ["The grading was stopped before it was done; nothing was judged. Hand the file in again."]
        assert nothing_left()
        assert grader.grade(lab, b"def f(n): return 2").status == "passed"
