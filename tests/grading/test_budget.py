"""Budgets: what is too slow or too large is blamed, what is right never is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from modelwright.curriculum.models import Lab
from modelwright.grading import Grader, Verdict
from modelwright.grading.proxy import process_seconds
from modelwright.grading.variation import KINDS, Variation, alike

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


SOFTMAX = """
import numpy as np
def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
"""
SOFTMAX_TIME = "def test_time(budget, rng):\n    budget('softmax', (rng.normal(size=(400, 20)),), time_ratio=6)"
SLOW = """
import numpy as np
def slow(x):
    for _ in range(100):
        e = np.exp(x - x.max(-1, keepdims=True))
        out = e / e.sum(-1, keepdims=True)
    return out
"""
CHEATS = {
    "a dictionary by content": "kept = {}\ndef softmax(x):\n    key = x.tobytes()\n    if key not in kept: kept[key] = slow(x)\n    return kept[key]",
    "a dictionary by shape": "kept = {}\ndef softmax(x):\n    if x.shape not in kept: kept[x.shape] = slow(x)\n    return kept[x.shape]",
    "by identity": "kept = {}\ndef softmax(x):\n    if id(x) not in kept: kept[id(x)] = slow(x)\n    return kept[id(x)]",
    "rubbish once it is timed": "calls = 0\ndef softmax(x):\n    global calls\n    calls += 1\n    return slow(x) if calls < 4 else np.zeros_like(x)",
    "rubbish every other time": "calls = 0\ndef softmax(x):\n    global calls\n    calls += 1\n    return slow(x) if calls < 4 or calls % 2 else np.zeros_like(x)",
    "a promise": "class Later:\n    def __init__(self, x): self.x = x\n    def __array__(self, *a, **k): return slow(self.x)\ndef softmax(x): return Later(x)",
}  # fmt: skip
# Those who find the runner in memory, whose frames stand above every call.
IN_MEMORY = """
import sys
def softmax(x): return slow(x)
def runner():
    frame = sys._getframe()
    while frame is not None:
        for thing in frame.f_locals.values():
            if type(thing).__name__ == "Runner": return thing
        frame = frame.f_back
def rewrite(r):
"""
REWRITES = {
    "nothing is called": "def go():\n        return ['ok', None]\n    r.operations['go'] = go",
    "called while staging": """
    stage, answers = r.operations['stage'], []
    def early(name, packed):
        reply = stage(name, packed)
        r.results = [slow(*args) for args, _ in r.staged[1]]
        return reply
    r.operations['stage'], r.operations['go'] = early, lambda: ['ok', None]""",
    "called while giving": """
    give = r.operations['give']
    def late():
        r.results = [slow(*args) for args, _ in r.staged[1]]
        return give()
    r.operations['give'], r.operations['go'] = late, lambda: ['ok', None]""",
    "called somewhere else each time": """
    import itertools
    stage, go, give, turn = r.operations['stage'], r.operations['go'], r.operations['give'], itertools.count()
    state = {}
    def work(place):
        if state['turn'] % 3 == place: r.results = [slow(*args) for args, _ in r.staged[1]]
    def early(name, packed):
        reply = stage(name, packed); state['turn'] = next(turn); work(0); return reply
    def middle(): work(1); return ['ok', None]
    def late(): work(2); return give()
    r.operations.update(stage=early, go=middle, give=late)""",
}
ASSIGNMENTS = """
import sys
def softmax(x): return slow(x)
for name in ("modelwright.grading.runner", "modelwright.grading.wire"):
    try:
        module = __import__(name, fromlist=["Runner"])
    except ImportError:
        continue
    if hasattr(module, "Runner"):
        module.Runner.do_go = lambda self, *a: ["ok", None]
        module.Runner.do_stage = lambda self, *a: ["ok", None]
for module in list(sys.modules.values()):
    if hasattr(module, "Runner"):
        module.Runner.do_go = lambda self, *a: ["ok", None]
"""


@pytest.mark.parametrize("cheat", CHEATS)
def test_what_was_computed_before_saves_no_time(grade: Grade, cheat: str) -> None:
    verdict = grade(SOFTMAX_TIME, SLOW + CHEATS[cheat], solution=SOFTMAX)
    assert verdict.status == "failed", verdict
    said = verdict.checks[0].message
    assert "at most 6 times as long" in said or "something else than the reference" in said


def test_no_assignment_reaches_what_answers_requests(grade: Grade) -> None:
    verdict = grade(SOFTMAX_TIME, SLOW + ASSIGNMENTS, solution=SOFTMAX)
    assert verdict.status == "failed"
    assert "at most 6 times as long" in verdict.checks[0].message


@pytest.mark.parametrize("rewrite", REWRITES)
def test_work_that_is_moved_out_of_the_measured_call_is_measured_too(grade: Grade, rewrite: str) -> None:
    source = SLOW + IN_MEMORY + "    " + REWRITES[rewrite] + "\nrewrite(runner())"
    verdict = grade(SOFTMAX_TIME, source, solution=SOFTMAX)
    assert verdict.status in ("failed", "killed"), verdict
    assert verdict.passed == 0


def test_right_code_of_another_form_passes(grade: Grade) -> None:
    other = "import numpy as np\ndef softmax(x):\n    e = np.exp(x.T - x.max(-1))\n    return (e / e.sum(0)).T"
    assert grade(SOFTMAX_TIME, other, solution=SOFTMAX).status == "passed"


@pytest.mark.parametrize(
    ("args", "solution"),
    [
        ("(400_000,)", "def f(n):\n    if n < 0: raise ValueError\n    return sum(range(n // 10_000))"),
        ("(list(range(2000)), 1999)", "import bisect\ndef f(xs, x): return bisect.bisect(xs, x)"),
        ("([3, 1, 2] * 50,)", "def f(xs):\n    xs.sort()"),
        ("('a word ' * 50,)", "def f(s): return s.split()"),
        ("(np.eye(30) * 2 + np.ones((30, 30)),)", "import numpy as np\ndef f(a): return np.linalg.cholesky(a)"),
        ("(np.triu(np.ones((9, 9)) + np.arange(9)),)", "import numpy as np\ndef f(a):\n    assert (a == np.triu(a)).all()\n    return np.linalg.inv(a)"),
        ("(np.full((4, 5), 0.2),)", "import numpy as np\ndef f(p):\n    assert np.allclose(p.sum(-1), 1)\n    return -(p * np.log(p)).sum(-1)"),
        ("([64, 16, 10], 1)", "def f(sizes, n):\n    assert sizes[0] == 64\n    return [n] * sizes[1]"),
        ("(lambda x: x + 1, 3)", "def f(g, x): return g(x)"),
        ("({'a': 1.5, 'b': [1.0] * 20},)", "def f(d): return d['a'] * sum(d['b'])"),
        ("lambda rng: (rng.normal(size=50),)", "def f(x): return x * 2"),
        ("('short',)", "def f(s): return s.upper()"),
        ("()", "def f(): return None"),
    ],
)  # fmt: skip
def test_arguments_vary_within_what_the_reference_accepts(grade: Grade, args: str, solution: str) -> None:
    verdict = grade(
        f"import numpy as np\ndef test_time(budget):\n    budget('f', {args}, time_ratio=20, memory_ratio=20)", solution, solution=solution
    )
    assert verdict.status == "passed", verdict.checks[0]


def test_more_than_one_right_answer_is_the_labs_to_judge(grade: Grade) -> None:
    checks = "def test_time(budget):\n    budget('f', ([3.0, 1.0, 2.0] * 9,), time_ratio=20{})"
    largest, smallest = "def f(xs): return xs.index(max(xs))", "def f(xs): return len(xs) - 1 - xs[::-1].index(max(xs))"
    verdict = grade(checks.format(""), smallest, solution=largest)
    assert verdict.status == "failed"
    assert "something else than the reference" in verdict.checks[0].message
    agrees = ", agrees=lambda got, wanted: isinstance(got, int)"
    assert grade(checks.format(agrees), smallest, solution=largest).status == "passed"


def test_the_sign_of_a_singular_vector_is_free(grade: Grade) -> None:
    checks = "import numpy as np\ndef test_time(budget, rng):\n    budget('f', (rng.normal(size=(40, 6)),), time_ratio=20)"
    solution = "import numpy as np\ndef f(x): return np.linalg.svd(x, full_matrices=False)[2]"
    assert grade(checks, solution.replace("[2]", "[2] * np.array([[-1.0, 1, 1, -1, 1, 1]]).T"), solution=solution).status == "passed"
    assert grade(checks, solution.replace("[2]", "[2][::-1]"), solution=solution).status == "failed"


NUMBERS = st.one_of(st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6))
VALUES = st.recursive(
    st.one_of(
        NUMBERS, st.text(max_size=40), st.booleans(), st.none(),
        arrays(st.sampled_from(["f8", "f4", "f2", "i8", "?", "c16"]), array_shapes(max_dims=3, max_side=5), elements={"min_value": 0, "max_value": 1}),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.tuples(inner, inner), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip


def vary(x: Any, kind: str, rng: np.random.Generator) -> Any:
    return Variation(kind, rng, 3).of(x)


def form(x: Any) -> Any:
    if isinstance(x, np.ndarray):
        return x.shape, x.dtype, x.strides
    if isinstance(x, (list, tuple)):
        return type(x), [form(y) for y in x]
    if isinstance(x, dict):
        return {k: form(y) for k, y in x.items()}
    return type(x), len(x) if isinstance(x, str) else 0


@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")  # infinity times nothing, in a complex number
@settings(max_examples=150, deadline=None)
@given(x=VALUES, kind=st.sampled_from(KINDS), seed=st.integers(0, 99))
def test_a_variation_has_the_form_of_the_original_and_leaves_it_alone(x: Any, kind: str, seed: int) -> None:
    before = repr(x)
    varied = vary(x, kind, np.random.default_rng(seed))
    assert form(varied) == form(x)
    assert repr(x) == before
    assert alike(x, x)


def test_a_variation_keeps_what_a_matrix_is() -> None:
    rng = np.random.default_rng(0)
    a = rng.normal(size=(20, 20))
    spd, upper, orthogonal, rising = a @ a.T, np.triu(a), np.linalg.qr(a)[0], np.sort(rng.normal(size=30))
    for kind in KINDS:
        twin = vary(spd, kind, rng)
        assert np.array_equal(twin, twin.T)
        assert np.linalg.eigvalsh(twin).min() > 0
        assert not np.tril(vary(upper, kind, rng), -1).any()
        assert (np.diff(vary(rising, kind, rng)) >= 0).all()
        assert not np.array_equal(twin, spd)
    q = vary(orthogonal, "order", rng)
    np.testing.assert_allclose(q @ q.T, np.eye(20), atol=1e-12)
