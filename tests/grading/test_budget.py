"""Budgets: what is too slow or too large is blamed, what is right never is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from modelwright.curriculum.models import Lab
from modelwright.grading import Grader, Verdict
from modelwright.grading.proxy import process_seconds

Grade = Callable[..., Verdict]
SUM = "def total(xs):\n    out = 0\n    for x in xs:\n        out += x\n    return out"
TIME = "def test_time(budget):\n    budget('total', (list(range(2000)),), time_ratio=4)"


def test_quadratic_where_linear_is_needed_is_blamed(grade: Grade) -> None:
    verdict = grade(
        TIME, "def total(xs): return xs[0] + total(xs[1:]) if len(xs) > 1 else xs[0]\nimport sys; sys.setrecursionlimit(9000)", solution=SUM
    )
    assert verdict.status == "failed"
    assert "at most 4 times as long is allowed" in verdict.checks[0].message
    assert verdict.checks[0].given.startswith("total([0, 1, 2")


def test_a_clock_that_the_learner_patches_does_not_help(grade: Grade) -> None:
    slow = (
        "import time\ntime.process_time = time.perf_counter = time.monotonic = time.time = lambda: 0\ntime.clock_gettime = lambda *a: 0\n"
    )
    slow += "def total(xs):\n    for _ in range(300): sum(xs)\n    return sum(xs)"
    assert grade(TIME, slow, solution="def total(xs): return sum(xs)").status == "failed"


def test_memory_is_compared_with_the_references(grade: Grade) -> None:
    checks = "import numpy as np\ndef test_memory(budget):\n    budget('gram', (np.ones((200, 50)),), memory_ratio=3)"
    solution = "def gram(x): return x @ x.T"
    wasteful = "def gram(x): return (x[:, None, :] * x[None, :, :]).sum(-1)"
    verdict = grade(checks, wasteful, solution=solution)
    assert verdict.status == "failed"
    assert "MB where the reference used" in verdict.checks[0].message
    assert grade(checks, "import numpy as np\ndef gram(x): return np.einsum('id,jd->ij', x, x)", solution=solution).status == "passed"


def test_a_right_solution_passes_every_time_on_a_busy_machine(grader: Grader, make_lab: Callable[..., Lab]) -> None:
    """As fast as the reference, with a ratio of 2, while both cores are kept busy by others."""
    lab = make_lab(TIME.replace("time_ratio=4", "time_ratio=2"), SUM)
    noise = [subprocess.Popen([sys.executable, "-c", "while True: sum(range(1000))"]) for _ in range(3)]
    try:
        verdicts = [grader.grade(lab, SUM.encode()) for _ in range(12)]
    finally:
        for process in noise:
            process.kill()
            process.wait()
    assert [verdict.status for verdict in verdicts] == ["passed"] * 12


BURNS = """
import sys, time
for line in sys.stdin:
    end = time.process_time() + 0.001
    while time.process_time() < end:
        pass
    print("done", flush=True)
"""


def test_no_work_of_another_process_seems_to_have_cost_nothing():
    """A reference that once seemed to take no time made every right solution too slow."""
    with subprocess.Popen([sys.executable, "-c", BURNS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdin
        assert child.stdout
        for _ in range(300):
            before = process_seconds(child.pid)
            child.stdin.write("go\n")
            child.stdin.flush()
            child.stdout.readline()
            assert process_seconds(child.pid) - before > 0.0009
        child.stdin.close()
