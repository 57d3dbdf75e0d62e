"""A pass is what every check passed: nothing that dies, waits, swallows or is never told counts for one."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelwright.curriculum.models import Lab
from modelwright.grading import CheckResult, Grader, Verdict
from modelwright.grading.verdict import Conclusion, Ending, conclude

Grade = Callable[..., Verdict]
STATUSES = ("passed", "skipped", "failed", "error", "not-run")
ENDINGS = (Ending(), Ending("timeout", "too long"), Ending("killed", "it died"), Ending("error", "the process ended"))


def result(number: int, status: str) -> CheckResult:
    return CheckResult(name=f"check {number}", claim="It holds.", status=status)  # type: ignore[arg-type]


def collected(count: int) -> list[tuple[str, str]]:
    return [(f"check {number}", "It holds.") for number in range(count)]


@settings(max_examples=250, deadline=None)
@given(data=st.data(), count=st.integers(0, 6), ending=st.sampled_from(ENDINGS))
def test_passed_is_said_of_a_whole_count_only(data: st.DataObject, count: int, ending: Ending) -> None:
    """Whatever is told, twice, never or of nothing: passes and skips are as many as were collected, or it is no pass."""
    numbers = data.draw(st.lists(st.one_of(st.none(), st.integers(-1, count)), max_size=8)) if data.draw(st.booleans()) else range(count)
    often = STATUSES if data.draw(st.booleans()) else ("passed", "passed", "skipped")
    told = [(number, result(number or 0, data.draw(st.sampled_from(often)))) for number in numbers]
    conclusion = conclude(collected(count), told, ending)
    held = [check.status for check in conclusion.checks if check.status in ("passed", "skipped")]
    whole = sorted(number for number, _ in told if number is not None) == list(range(count)) and all(n is not None for n, _ in told)
    assert (conclusion.status == "passed") == (whole and count > 0 and len(held) == count and not ending.status)
    assert conclusion.message
    assert conclusion.passed <= conclusion.total == count
    assert len(conclusion.checks) == count + sum(number is None for number, _ in told)


# What a runner may do in one check, and what it must not earn. The numbers of all checks follow each other.
DEEDS = {
    "right": "return 2 * n",
    "wrong": "return 2 * n + 1",
    "floods": "sys.stdout.write('x' * (65 << 20)); sys.stdout.flush(); return 2 * n",
    "floods later": "threading.Thread(target=flood).start(); return 2 * n",
    "exits": "os._exit(0)",
    "exits later": "threading.Timer(0.02, os._exit, (0,)).start(); return 2 * n",
    "sleeps": "time.sleep(1000)",
    "talks": "print(n); return 2 * n",
}
SOURCE = """
import os, sys, threading, time
def flood():
    sys.stdout.write('x' * (65 << 20)); sys.stdout.flush()
def f(n):
"""


def simulated(deeds: tuple[str, ...]) -> str:
    return SOURCE + "\n".join(f"    if n == {n}:\n        {DEEDS[deed]}" for n, deed in enumerate(deeds)) + "\n"


@pytest.mark.parametrize(
    "deeds",
    [
        ("right", "talks", "right", "right", "talks"),
        ("floods", "floods", "floods", "right", "right"),
        ("exits", "right", "exits", "right", "exits"),
        ("right", "floods later", "right", "exits later", "right"),
        ("right", "right", "right", "right", "floods later"),
        ("right", "exits", "sleeps", "right", "right"),
        ("wrong", "floods", "right", "exits", "talks"),
        ("right", "right", "right", "right", "exits later"),
    ],
    ids=" ".join,
)
def test_deaths_in_any_order_are_never_a_pass(grade: Grade, deeds: tuple[str, ...]) -> None:
    """The checks swallow whatever they can, and wait a little, so that what happens later happens in them."""
    checks = """
    import time
    import pytest
    @pytest.mark.parametrize("n", range(5))
    def test_it(learner, n):
        got = 2 * n
        try:
            got = learner.f(n)
        except BaseException:
            pass
        time.sleep(0.1)
        assert got == 2 * n
    """
    verdict = grade(checks, simulated(deeds), seconds=1, memory_mb=300)
    held = sum(check.status in ("passed", "skipped") for check in verdict.checks)
    assert (verdict.status == "passed") == (held == verdict.total == 5)
    assert (verdict.status == "passed") == (set(deeds) <= {"right", "talks"})
    assert len(verdict.checks) == 5
    assert verdict.passed <= sum(deed in ("right", "talks") for deed in deeds)


def test_three_silent_deaths_are_told_and_the_rest_was_not_run(grade: Grade) -> None:
    """The runner prints its 64 MB and answers rightly; the death is known only when the output is read."""
    checks = "import pytest\n@pytest.mark.parametrize('n', range(9))\ndef test_it(learner, n):\n    assert learner.f(n) == 2 * n"
    source = "import os\ndef f(n):\n    os.write(1, b'x' * (65 << 20))\n    return 2 * n"
    verdict = grade(checks, source, seconds=5)
    assert verdict.status == "killed"
    assert "printed more than 64 MB" in verdict.message
    assert [check.status for check in verdict.checks] == ["failed"] * 3 + ["not-run"] * 6
    assert verdict.passed == 0


@pytest.mark.parametrize(
    "swallow",
    [
        "with pytest.raises(BaseException):\n        learner.f(1)",
        "try:\n        learner.f(1)\n    except BaseException:\n        pass",
        "with contextlib.suppress(BaseException):\n        learner.f(1)",
    ],
)
def test_a_death_counts_though_the_check_swallows_it(grade: Grade, swallow: str) -> None:
    checks = f"import contextlib, pytest\ndef test_it(learner):\n    {swallow}"
    verdict = grade(checks, "import os\ndef f(n): os._exit(0)")
    assert verdict.status == "killed"
    assert verdict.checks[0].status == "failed"
    assert "ended its own process" in verdict.checks[0].message


def test_a_death_while_a_fixture_is_taken_down_fails_the_check(grade: Grade) -> None:
    checks = """
    import pytest
    @pytest.fixture
    def model(learner):
        yield learner
        try:
            learner.end()
        except BaseException:
            pass
    def test_it(model):
        assert model.f(1) == 2
    """
    verdict = grade(checks, "import os\ndef f(n): return 2 * n\ndef end(): os._exit(0)")
    assert verdict.status == "killed"
    assert verdict.checks[0].status == "failed"


def test_a_skip_is_the_labs_own_word(grade: Grade) -> None:
    checks = """
    import pytest
    def test_a(learner):
        assert learner.f(1) == 2
    def test_b(learner):
        pytest.skip("there is no GPU here")
    """
    verdict = grade(checks, "def f(n): return 2 * n")
    assert (verdict.status, verdict.passed, verdict.total) == ("passed", 1, 2)
    assert verdict.message == "1 of 2 checks passes; the lab skipped 1."


@pytest.mark.parametrize(
    "body",
    [
        "import pytest\n    pytest.skip('no')",
        "import unittest\n    raise unittest.SkipTest('no')",
        "raise type('Skipped', (BaseException,), {'__module__': 'builtins'})('no')",
        "import _pytest.outcomes as o\n    raise o.Skipped('no')",
        "import _pytest.outcomes as o\n    raise o.Exit('no', 0)",
        "raise type('Skipped', (Exception,), {})('no')",
        "raise KeyboardInterrupt",
        "raise GeneratorExit",
    ],
)
def test_no_exception_of_the_learners_skips_a_check(grade: Grade, body: str) -> None:
    verdict = grade("def test_it(learner):\n    assert learner.f(1) == 2\ndef test_two(learner):\n    assert learner.g() == 1",
                    f"def f(n):\n    {body}\ndef g(): return 1")  # fmt: skip
    assert verdict.status == "failed"
    assert [check.status for check in verdict.checks] == ["failed", "passed"]


def test_a_session_that_the_lab_ends_early_is_no_pass(grade: Grade) -> None:
    checks = "import pytest\ndef test_a(learner):\n    assert learner.f(1) == 2\ndef test_b():\n    pytest.exit('enough', 0)\ndef test_c():\n    pass"
    verdict = grade(checks, "def f(n): return 2 * n")
    assert verdict.status == "error"
    assert (verdict.passed, verdict.total) == (1, 3)
    assert verdict.checks[0].status == "passed"
    assert "not-run" in [check.status for check in verdict.checks]


def test_checks_of_one_name_are_counted_apart(grade: Grade) -> None:
    checks = "class TestA:\n    def test_it(self, learner):\n        assert learner.f(1) == 2\nclass TestB:\n    def test_it(self, learner):\n        assert learner.f(2) == 4"
    verdict = grade(checks, "def f(n): return 2 * n if n == 1 else 0")
    assert (verdict.status, verdict.passed, verdict.total) == ("failed", 1, 2)


def test_the_verdict_has_one_result_for_each_check_collected() -> None:
    for told in itertools.permutations([(0, result(0, "passed")), (1, result(1, "passed")), (1, result(1, "failed"))]):
        conclusion = conclude(collected(2), told)
        assert isinstance(conclusion, Conclusion)
        assert conclusion.status == "error"
        assert [check.name for check in conclusion.checks] == ["check 0", "check 1"]


def test_a_reference_that_dies_is_the_labs_fault(grader: Grader, make_lab: Callable[..., Lab]) -> None:
    lab = make_lab("def test_time(budget):\n    budget('f', (1,), time_ratio=4)", solution="import os\ndef f(n): os._exit(0)")
    verdict = grader.grade(lab, b"def f(n): return n")
    assert verdict.status == "error"
    assert "a fault of the lab and not of your code" in verdict.checks[0].message
    assert Path(lab.folder).is_dir()
