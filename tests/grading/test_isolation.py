"""Each tier of isolation by its name: what it keeps out, and that what it cannot is said."""

from __future__ import annotations

import platform
import sys
from collections.abc import Callable, Iterator

import pytest

from doubling_lab import SOLUTION
from modelwright.curriculum.models import Lab
from modelwright.grading import Grader, isolation
from modelwright.grading.cage import PIECES, filter_program, readable, tier

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces, Landlock and seccomp are Linux's")


@pytest.fixture(scope="module")
def best() -> str:
    return isolation().tier


@pytest.fixture(scope="module")
def without_namespaces() -> Iterator[Grader]:
    with Grader(without=["namespaces"]) as grader:
        yield grader


def test_what_holds_and_what_lacks_are_said_in_words(best: str) -> None:
    found = isolation()
    assert found.tier in ("sealed", "confined", "limited")
    assert set(found.holds) | set(found.lacks) == set(PIECES.values())
    assert not set(found.holds) & set(found.lacks)


def test_the_verdict_says_which_tier_held(grader: Grader, doubling: Lab, best: str) -> None:
    assert grader.grade(doubling, SOLUTION.encode()).isolation.tier == best
    assert grader.grade(doubling, b"").isolation.tier == best


@pytest.mark.parametrize(
    ("holds", "name"),
    [
        (PIECES, "sealed"),
        (["files", "calls", "privileges", "limits"], "confined"),
        (["calls", "limits"], "limited"),
        (["limits"], "limited"),
        ([], "bare"),
    ],
)
def test_a_tier_is_named_by_the_pieces_that_hold(holds: list[str], name: str) -> None:
    assert tier(holds) == name


def test_without_namespaces_files_network_and_processes_are_still_kept_out(without_namespaces: Grader, doubling: Lab) -> None:
    right = without_namespaces.grade(doubling, SOLUTION.encode())
    assert right.status == "passed"
    if right.isolation.tier != "confined":
        pytest.skip(f"this kernel has no Landlock or no seccomp (tier {right.isolation.tier})")
    assert "network" not in " ".join(right.isolation.holds).split("(")[0]
    for attempt in (
        f"open({str(doubling.folder / 'solution.py')!r})",
        "open('/etc/passwd')",
        "__import__('os').listdir('/proc')",
        "open('/proc/self/environ')",
        "__import__('os').kill(__import__('os').getppid(), 9)",
        "__import__('os').fork()",
        "__import__('socket').socket()",
        "__import__('resource').prlimit(__import__('os').getppid(), 0, (1, 1))",
        "open('/tmp/written-by-a-test', 'w')",
    ):
        verdict = without_namespaces.grade(doubling, f"x = {attempt}\ndef double(x): return x + x".encode())
        assert verdict.status == "error", (attempt, verdict)
        assert "ermitted" in verdict.message or "denied" in verdict.message, verdict.message


def test_with_limits_alone_the_verdict_says_so(doubling: Lab) -> None:
    with Grader(without=["namespaces", "landlock", "seccomp"]) as grader:
        verdict = grader.grade(doubling, SOLUTION.encode())
    assert (verdict.status, verdict.isolation.tier) == ("passed", "limited")
    assert any("files" in text or "read" in text for text in verdict.isolation.lacks)


def test_a_cage_has_a_scratch_folder_and_nothing_of_the_machine(grader: Grader, best: str) -> None:
    if best != "sealed":
        pytest.skip(f"this machine offers the tier {best}")
    code = """
import os
seen = []
for folder, names, files in os.walk("/"):
    if folder.startswith(("/usr", "/lib")) or folder.count("/") > 3:
        names.clear()
    seen.append(folder)
print(os.getcwd(), os.listdir("."), os.getpid(), sorted(os.environ))
for name in ("/proc", "/home", "/root", "/etc/passwd", "/sys", "/var", "/run"):
    try:
        print("SEEN", name, os.listdir(name))
    except OSError:
        pass
open("mine.txt", "w").write("x")
print(open("/dev/urandom", "rb").read(0), os.listdir("."))
"""
    output = grader.run_python(code).output
    assert output.startswith("/scratch [] 1 ['HOME', 'LANG'")
    assert "SEEN" not in output
    assert "['mine.txt']" in output


def test_the_package_itself_is_hidden_because_it_may_hold_the_curriculum() -> None:
    from pathlib import Path

    import modelwright

    roots, secret = readable([])
    package = str(Path(modelwright.__file__).parent)
    assert package in secret or not any(Path(package).is_relative_to(root) for root in roots)


@pytest.mark.parametrize("machine", [0, 1])
def test_the_filters_jumps_stay_inside_it(machine: int) -> None:
    """Classic BPF refuses a program that can run off its end; so does this test, for both machines."""
    import struct

    program = [struct.unpack("<HBBI", row) for row in struct_rows(filter_program(machine, 0xC000003E, 1))]
    assert len(program) < 4096
    for place, (code, yes, no, _) in enumerate(program):
        if code & 7 == 5:
            assert place + 1 + max(yes, no) < len(program)
    assert program[-1][0] == 6
    assert program[-1][3] >> 16 == 5


def struct_rows(data: bytes) -> Iterator[bytes]:
    yield from (data[i : i + 8] for i in range(0, len(data), 8))


def test_a_runner_cannot_tell_the_reference_from_the_learner(grader: Grader, make_lab: Callable[..., Lab]) -> None:
    """Both are given the same file name, the same scratch folder and the same module name."""
    checks = "def test_time(budget):\n    budget('work', (3,), time_ratio=1000)\n"
    solution = "def work(n):\n    return __file__ + __name__"
    assert grader.grade(make_lab(checks, solution), solution.encode()).status == "passed"
    assert platform.system() == "Linux"
