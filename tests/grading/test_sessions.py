"""Code on a page: what a block shows, that it never depends on what was clicked before, and what it costs to leave pages open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelwright.curriculum.figures import STYLE
from modelwright.grading import Cell, Grader, Ran, Sessions
from modelwright.grading.sameness import difference

Run = Callable[..., Ran]


@pytest.fixture(scope="module")
def sessions(grader: Grader) -> Iterator[Sessions]:
    opened = Sessions(grader, seconds=2)
    yield opened
    opened.close()


@pytest.fixture
def run(sessions: Sessions, request: pytest.FixtureRequest) -> Run:
    """Runs the last of the given blocks, on a page of the test's own."""

    def go(*blocks: str, token: str = "") -> Ran:
        return sessions.run(request.node.name, cells(*blocks), style=STYLE, token=token)

    return go


def cells(*blocks: str) -> list[Cell]:
    return [Cell(f"block {number}", code) for number, code in enumerate(blocks, 1)]


def processes() -> set[int]:
    """The processes under this one that are not ended, the warm ones that they are forked from among them."""
    return {p.pid for p in psutil.Process().children(recursive=True) if p.is_running() and p.status() != psutil.STATUS_ZOMBIE}


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.05)
    return condition()


IMPORT = "import numpy as np\nx = np.arange(6).reshape(2, 3)"


def test_blocks_share_one_namespace_from_the_top(run: Run) -> None:
    assert run(IMPORT).status == "ok"
    assert run(IMPORT, "x.sum(axis=0)").value == "array([3, 5, 7])"
    assert run(IMPORT, "def f():\n    return x[0]", "f()").value == "array([0, 1, 2])"


def test_what_is_printed_comes_in_the_order_in_which_it_was_and_before_the_value(run: Run) -> None:
    ran = run("import sys\nprint('one')\nprint('two', file=sys.stderr)\nprint('three')\n4")
    assert ran.output == "one\ntwo\nthree\n"
    assert ran.value == "4"


def test_only_a_last_expression_that_is_worth_something_is_shown(run: Run) -> None:
    assert run("x = 3").value is None
    assert run("print(3)").value is None
    assert run("1\n2").value == "2"
    assert run("").status == "ok"


def test_a_block_that_is_run_again_shows_the_same_again(run: Run) -> None:
    """A block shows what it would show if the page were run from the top, however often it is run."""
    for _ in range(3):
        assert run("x = 1", "x += 1\nx").value == "2"
    assert run("x = 1", "x += 1\nx", "x").value == "2"


def test_a_block_above_that_was_edited_counts_as_it_stands_now(run: Run) -> None:
    assert run("x = 1", "y = x + 1", "y").value == "2"
    assert run("x = 10", "y = x + 1", "y").value == "11"


def test_what_a_later_block_did_is_not_there_for_an_earlier_one(run: Run) -> None:
    assert run("x = 1", "x = 99").status == "ok"
    assert run("x = 1").status == "ok"
    assert run("x = 1", "x").value == "1"


def test_what_a_block_left_behind_when_it_failed_is_gone(run: Run) -> None:
    assert run("x = [1]", "x.append(2)\n1 / 0").status == "error"
    assert run("x = [1]", "x").value == "[1]"


def test_an_error_comes_with_the_learners_lines_alone(run: Run) -> None:
    ran = run("import numpy as np\ndef inverse(a):\n    return np.linalg.inv(a)", "print('so far')\ninverse(np.zeros((2, 2)))")
    assert (ran.status, ran.output) == ("error", "so far\n")
    assert ran.error == "LinAlgError: Singular matrix"
    assert [(f.file, f.line, f.text) for f in ran.frames] == [
        ("block 2", 2, "inverse(np.zeros((2, 2)))"),
        ("block 1", 3, "return np.linalg.inv(a)"),
    ]
    assert "modelwright" not in ran.traceback


def test_a_slip_in_the_syntax_is_shown_with_its_line(run: Run) -> None:
    ran = run("a = 1\nb = (2")
    assert ran.status == "error"
    assert "never closed" in ran.error
    assert [(f.file, f.line) for f in ran.frames] == [("block 1", 2)]


def test_an_earlier_block_that_cannot_be_run_is_named(run: Run) -> None:
    ran = run("x = 1", "1 / 0", "x")
    assert (ran.status, ran.cell) == ("error", 1)


def test_a_block_may_use_its_own_classes_and_see_that_it_is_the_main_program(run: Run) -> None:
    code = """
    from dataclasses import dataclass
    @dataclass
    class Point:
        x: int
    (Point(3), __name__)
    """
    assert run("\n".join(line[4:] for line in code.splitlines())).value == "(Point(x=3), '__main__')"


def test_a_stop_ends_an_endless_loop_and_keeps_what_it_printed(sessions: Sessions, run: Run, request: pytest.FixtureRequest) -> None:
    results: list[Ran] = []
    loop = threading.Thread(target=lambda: results.append(run("x = 1", "print('begun')\nwhile True: pass", token="one")))
    run("x = 1")
    loop.start()
    time.sleep(0.5)
    assert not sessions.stop(request.node.name, "another")
    began = time.monotonic()
    assert sessions.stop(request.node.name, "one")
    loop.join(20)
    assert time.monotonic() - began < 1.5
    assert (results[0].status, results[0].output) == ("stopped", "begun\n")
    assert run("x = 1", "x").value == "1"
    assert not sessions.stop(request.node.name, "one")


def test_a_run_that_waits_for_its_turn_can_be_stopped_too(sessions: Sessions, run: Run, request: pytest.FixtureRequest) -> None:
    results: dict[str, Ran] = {}
    first = threading.Thread(target=lambda: results.update(first=run("while True: pass", token="first")))
    second = threading.Thread(target=lambda: results.update(second=run("7", token="second")))
    first.start()
    time.sleep(0.3)
    second.start()
    time.sleep(0.1)
    sessions.stop(request.node.name, "second")
    sessions.stop(request.node.name, "first")
    first.join(20)
    second.join(20)
    assert {key: ran.status for key, ran in results.items()} == {"first": "stopped", "second": "stopped"}


def test_a_page_that_is_stuck_holds_up_no_other(sessions: Sessions) -> None:
    stuck = threading.Thread(target=lambda: sessions.run("stuck", cells("while True: pass"), token="stuck"))
    sessions.run("other", cells("1"))
    stuck.start()
    time.sleep(0.3)
    began = time.monotonic()
    assert sessions.run("other", cells("1", "1 + 1")).value == "2"
    assert time.monotonic() - began < 1.5
    sessions.stop("stuck", "stuck")
    stuck.join(20)


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("while True: pass", "timeout", "processor time"),
        ("import time; time.sleep(60)", "timeout", "never came"),
        ("x = bytearray(1300 << 20)", "error", "MemoryError"),
        ("import os; os._exit(0)", "killed", "ended its own process"),
        ("import sys; sys.exit(3)", "error", "sys.exit"),
        ("import socket; socket.create_connection(('127.0.0.1', 80))", "error", "PermissionError"),
        ("import subprocess; subprocess.run(['true'])", "error", "Error"),
        ("open('/etc/passwd').read()", "error", "Error"),
        ("input()", "error", "EOFError"),
        ("import ctypes; ctypes.string_at(0)", "killed", "crashed"),
    ],
)
def test_limits_hold_and_the_next_block_runs(run: Run, code: str, status: str, words: str) -> None:
    ran = run(code)
    assert ran.status == status, ran
    assert words in ran.error
    assert run("1 + 1").value == "2"


@pytest.mark.parametrize(
    "reply", ["{'value': 'x' * 10**6, 'figures': []}", "{'value': 3, 'figures': []}", "{'value': None, 'figures': [1]}", "'no'", "o"]
)
def test_a_block_that_rewrites_its_runner_gains_nothing(run: Run, reply: str) -> None:
    """Either the rewriting does not take, or what it answers is held to what a result may be, or it is the end of its process."""
    lie = f"""
import gc, modelwright.grading.runner as r
for o in [r.Runner, *gc.get_objects()]:
    if o is r.Runner or type(o) is r.Runner:
        try: o.do_cell = lambda *a: ['ok', {reply}]
        except Exception: pass
"""
    ran = run(lie, "1")
    assert (ran.status, ran.value) == ("ok", "1") or ran.status == "killed" or 1000 < len(ran.value or "") <= 20_000
    assert run("1 + 1").value == "2"


def test_a_value_of_any_length_comes_shortened(run: Run) -> None:
    for code in ("list(range(10**6))", "'a' * 10**6", "{i: i for i in range(10**5)}", "[['x' * 100] * 100] * 100"):
        assert len(run(code).value or "") < 10_100


def test_output_without_end_is_cut_and_ended(run: Run) -> None:
    ran = run("while True: print('x' * 10**6)")
    assert ran.status in ("killed", "timeout")
    assert len(ran.output) < 70_000


def test_figures_come_as_drawings_in_the_order_they_were_made(run: Run) -> None:
    ran = run("import matplotlib.pyplot as plt", "for n in (1, 2):\n    plt.figure()\n    plt.plot([0, n])\n    plt.title(f'number {n}')")
    assert [f"number {n}" in drawing for n, drawing in zip((1, 2), ran.figures, strict=True)] == [True, True]
    assert all(drawing.startswith("<svg") for drawing in ran.figures)


def test_a_call_that_draws_shows_the_figure_and_not_its_own_answer(run: Run) -> None:
    ran = run("import matplotlib.pyplot as plt\nplt.plot([1, 2])")
    assert (ran.value, len(ran.figures)) == (None, 1)


def test_a_figure_of_one_block_is_not_in_the_next(run: Run) -> None:
    assert run("import matplotlib.pyplot as plt\nplt.plot([1, 2])", "1").figures == ()


def test_a_figure_of_a_hundred_thousand_points_stays_light(run: Run) -> None:
    ran = run("import numpy as np, matplotlib.pyplot as plt\nplt.scatter(*np.random.default_rng(0).random((2, 60_000)))")
    assert ran.status == "ok", ran
    assert len(ran.figures[0]) < 600_000


def test_a_session_left_alone_ends_and_comes_back_unnoticed(grader: Grader) -> None:
    opened = Sessions(grader, idle=1)
    opened.warm()
    before = processes()
    assert opened.run("page", cells("x = 41")).status == "ok"
    assert len(processes() - before) == 4
    assert until(lambda: len(processes()) <= len(before))
    assert opened.run("page", cells("x = 41", "x + 1")).value == "42"
    opened.close()
    assert until(lambda: len(processes()) <= len(before))


def test_only_a_few_pages_are_warm_at_once_and_all_work(grader: Grader) -> None:
    opened = Sessions(grader, most=2)
    opened.warm()
    before = processes()
    for page in range(6):
        assert opened.run(f"page {page}", cells(f"x = {page}")).status == "ok"
        assert len(processes() - before) <= 8
    assert [opened.run(f"page {page}", cells(f"x = {page}", "x")).value for page in range(6)] == [str(page) for page in range(6)]
    opened.close()
    assert until(lambda: len(processes()) <= len(before))


def test_pages_that_keep_much_memory_are_put_away_for_others(grader: Grader) -> None:
    opened = Sessions(grader, budget_mb=1200)
    opened.warm()
    before = processes()
    hold = "x = bytearray(b'1') * (300 << 20)"
    for page in range(4):
        assert opened.run(f"page {page}", cells(hold, "len(x)")).value == str(300 << 20)
    used = sum(psutil.Process(pid).memory_full_info().uss for pid in processes() - before)
    assert used < 1200 << 20
    assert opened.run("page 0", cells(hold, "len(x)")).value == str(300 << 20)
    opened.close()
    assert until(lambda: len(processes()) <= len(before))


def test_a_page_that_shares_the_memory_with_a_running_one_runs_as_well(grader: Grader) -> None:
    opened = Sessions(grader)
    assert opened.run("left alone", cells("x = bytearray(b'1') * 5_000_000")).status == "ok"
    long = threading.Thread(target=opened.run, args=("busy", cells("import time\ntime.sleep(6)")), kwargs={"token": "long"})
    long.start()
    assert until(lambda: "busy" in opened._sessions and opened._sessions["busy"].socket is not None)
    ran = opened.run("another", cells("import time\ntime.sleep(1)\n'done'"))  # long enough for its limits to be looked at
    assert (ran.status, ran.value) == ("ok", "'done'"), ran
    opened.stop("busy", "long")
    long.join()
    opened.close()


def test_the_warm_process_of_lessons_is_made_again_when_it_has_ended(grader: Grader) -> None:
    opened = Sessions(grader)
    opened.warm()
    process = grader._zygotes["lesson"].process
    assert process is not None
    process.kill()
    process.wait()
    assert opened.run("page", cells("1 + 1")).value == "2"
    opened.close()


# Judging a line that was filled in


def judged(sessions: Sessions, attempt: str, compare: tuple[str, ...] = ("y", "y.sum()")) -> Any:
    return sessions.judge("faded", cells(IMPORT), "y = x @ x.T", Cell("your line", attempt), compare)


@pytest.mark.parametrize(
    "line", ["y = np.dot(x, x.T)", "y = np.einsum('ik,jk->ij', x, x)", "y = (x @ x.T) * 1.0", "y = x.dot(x.T) + 1e-12"]
)
def test_any_line_that_gives_the_same_values_is_right(sessions: Sessions, line: str) -> None:
    assert judged(sessions, line).judged == "right"


def test_a_line_that_gives_another_value_is_told_which(sessions: Sessions) -> None:
    answer = judged(sessions, "y = x @ x.T + 1")
    assert (answer.judged, answer.at) == ("differs", 0)
    assert answer.ran.error == "6, where 5 is expected at [0, 0]"
    assert judged(sessions, "y = (x @ x.T)[0]").ran.error == "an array of shape (2,), where (2, 2) is expected"


def test_a_line_that_cannot_be_run_says_so_with_its_error(sessions: Sessions) -> None:
    for line, words in (
        ("y = x @ x", "ValueError"),
        ("y = (", "SyntaxError"),
        ("pass", "NameError"),
        ("while True: pass", "processor time"),
    ):
        answer = judged(sessions, line)
        assert answer.judged == "failed", line
        assert words in answer.ran.error


def test_an_object_of_the_learners_own_is_never_the_value(sessions: Sessions) -> None:
    always = "class Y:\n    __eq__ = lambda *_: True\n    sum = lambda self: 60\n    shape = (2, 2)\ny = Y()"
    assert judged(sessions, always).judged == "differs"


def test_blocks_that_cannot_be_run_are_not_held_against_the_line(sessions: Sessions) -> None:
    assert sessions.judge("faded", cells("1 / 0"), "y = 1", Cell("your line", "y = 1"), ["y"]).judged == "broken"
    assert sessions.judge("faded", cells("x = 1"), "y = z", Cell("your line", "y = 1"), ["y"]).judged == "broken"


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=8,
)


@given(plain)
def test_every_value_is_the_same_as_itself(value: Any) -> None:
    assert difference(value, value) == ""


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_numbers_that_differ_are_told_apart_also_inside_arrays_and_lists(a: int, b: int) -> None:
    same = a == b
    for x, y in ((a, b), (np.float64(a), b), ([a], (b,)), (np.array([0, a]), np.array([0.0, b])), ({"k": a}, {"k": b})):
        assert (difference(x, y) == "") is same


@pytest.mark.parametrize(
    ("got", "expected"),
    [(1, True), (1, "1"), ("a", b"a"), (np.zeros(3), 0), (0, np.zeros(3)), (np.zeros((3, 1)), np.zeros(3)), (np.zeros(0), np.zeros(1)),
     (None, 0), ([], {}), (float("nan"), 0.0), ({1}, {2}), ({"a": 1}, {"a": 1, "b": 2}), ([1, 2], [1])],
)  # fmt: skip
def test_values_of_another_kind_are_not_the_same(got: Any, expected: Any) -> None:
    assert difference(got, expected) != ""
