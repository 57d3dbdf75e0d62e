"""Files that try to win, to escape or to break the grader. Each ends in a clear verdict, and the next one is graded normally."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest

from doubling_lab import SOLUTION
from modelwright.curriculum.models import Lab
from modelwright.grading import Grader, Verdict

RIGHT = SOLUTION.encode()
LIAR = """
class Liar:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    __le__ = __gt__ = __ge__ = __lt__
    def __bool__(self): return True
    def __sub__(self, other): return 0.0
    __rsub__ = __add__ = __radd__ = __sub__
    def __abs__(self): return 0.0
    def __len__(self): return 3
    def __array__(self, *a, **k):
        import numpy as np
        return np.zeros((3, 4))
    def __array_ufunc__(self, *a, **k): return True
    def __hash__(self): return 4
"""


def settles(grader: Grader, lab: Lab, source: str | bytes) -> Verdict:
    """The verdict on `source`, after making sure that the next submission is not touched by it."""
    verdict = grader.grade(lab, source.encode() if isinstance(source, str) else source)
    assert verdict.status != "passed", verdict
    assert verdict.message
    after = grader.grade(lab, RIGHT)
    assert (after.status, after.passed, after.total) == ("passed", 4, 4), after
    return verdict


def test_the_right_solution_passes(grader: Grader, doubling: Lab) -> None:
    verdict = grader.grade(doubling, RIGHT)
    assert verdict.status == "passed"
    assert [check.name for check in verdict.checks] == ["two becomes four", "arrays are doubled", "any number", "text is refused"]
    assert verdict.checks[0].claim == "Twice two is four."


@pytest.mark.parametrize(
    ("source", "status", "said"),
    [
        ("while True: pass", "timeout", "processor time"),
        ("def double(x):\n    while True: pass", "timeout", "loop that never ends"),
        ("import os\ndef double(x): os._exit(0)", "killed", "ended its own process (exit status 0)"),
        ("import sys\nsys.exit(0)", "error", "sys.exit(0)"),
        ("raise SystemExit", "error", "could not be loaded"),
        ("import sys\ndef double(x): sys.exit(0)", "failed", "sys.exit(0)"),
        ("import ctypes\ndef double(x): ctypes.string_at(0)", "killed", "segmentation fault"),
        ("def double(x)\n    return x", "error", "Your file is not Python yet: expected ':'"),
        ("def double(x):\n    return y", "failed", "NameError"),
        ("double = 3", "failed", ""),
        ("def other(x): return x", "failed", "defines no `double`"),
        ("import faulthandler, os, signal\ndef double(x): os.kill(os.getpid(), signal.SIGKILL)\n", "failed", ""),
        ("def double(x): return double(x)", "failed", "RecursionError"),
        ("import os\nos.fork()", "error", "Operation not permitted"),
        ("import subprocess\nsubprocess.run(['true'])", "error", ""),
        ("import multiprocessing as m\np = m.Process(target=print)\np.start()", "error", ""),
        ("import socket\nsocket.create_connection(('127.0.0.1', 80))", "error", "Operation not permitted"),
    ],
)  # fmt: skip
def test_code_that_does_not_return_is_told_what_it_did(grader: Grader, doubling: Lab, source: str, status: str, said: str) -> None:
    verdict = settles(grader, doubling, source)
    assert verdict.status == status, verdict
    assert said in verdict.message


def test_a_fork_bomb_makes_no_process(grader: Grader, doubling: Lab) -> None:
    before = len(psutil.pids())
    verdict = settles(grader, doubling, "import os\ndef double(x):\n    while True:\n        try: os.fork()\n        except OSError: pass")
    assert verdict.status == "timeout"
    assert len(psutil.pids()) < before + 50


@pytest.mark.parametrize(
    "bomb",
    ["x = bytearray(10**11)", "x = []\nwhile True: x.append(bytearray(10**7))", "x = 'a'\nwhile True: x += x", "x = {}\nwhile True: x[len(x)] = [0] * 1000"],
)  # fmt: skip
def test_a_memory_bomb_stays_within_the_labs_memory(grader: Grader, patient: Lab, bomb: str) -> None:
    verdict = settles(grader, patient, "def double(v):\n    " + bomb.replace("\n", "\n    "))
    assert verdict.status in ("failed", "killed")
    assert "memory" in verdict.message.lower()
    assert verdict.peak_memory_mb < 1000


def test_ten_gigabytes_of_output_are_not_kept(grader: Grader, patient: Lab) -> None:
    verdict = settles(grader, patient, "def double(x):\n    for _ in range(10000): print('x' * 10**6)\n    return 4")
    assert verdict.status == "killed"
    assert "printed more than" in verdict.message
    assert all(len(check.output) < 100_000 for check in verdict.checks)


def test_a_file_that_fills_the_disk_does_not(grader: Grader, patient: Lab) -> None:
    source = "def double(x):\n    for i in range(1000):\n        with open(f'f{i}', 'wb') as f: f.write(bytes(5 * 10**7))\n    return 4"
    assert settles(grader, patient, source).status in ("failed", "killed")


@pytest.mark.parametrize("target", ["os.getppid()", "-1", "1"])
def test_no_other_process_can_be_signalled(grader: Grader, doubling: Lab, target: str) -> None:
    settles(grader, doubling, f"import os, signal\ndef double(x):\n    os.kill({target}, signal.SIGKILL)\n    return None")


@pytest.mark.parametrize(
    "search",
    [
        "open({checks!r}).read()",
        "open({solution!r}).read()",
        "__import__('os').listdir({folder!r})",
        "__import__('os').scandir('/root')",
        "open('/etc/passwd').read()",
        "open('/proc/self/environ').read()",
        "open('/proc/self/mem', 'rb').read(1)",
        "open(f'/proc/{{__import__(\"os\").getppid()}}/mem', 'rb').read(1)",
        "__import__('solution').SECRET_OF_THE_SOLUTION",
        "__import__('checks')",
        "__import__('modelwright._curriculum')",
        "__import__('importlib.util').util.spec_from_file_location('s', {solution!r}).loader.get_data({solution!r})",
        "__import__('inspect').getsource(__import__('sys').modules['solution'])",
        "__import__('linecache').getlines({solution!r})[0]",
    ],
)  # fmt: skip
def test_the_checks_and_the_solution_cannot_be_read(grader: Grader, doubling: Lab, search: str) -> None:
    folder = doubling.folder
    found = search.format(checks=str(folder / "checks.py"), solution=str(folder / "solution.py"), folder=str(folder))
    verdict = settles(grader, doubling, f"found = {found}\ndef double(x): return x + x")
    assert verdict.status == "error"


def test_no_object_in_memory_holds_the_checks_or_the_solution(grader: Grader, doubling: Lab) -> None:
    source = """
    import gc, sys, inspect
    def double(x):
        seen = []
        for thing in [*gc.get_objects(), *sys.modules.values(), *inspect.stack(), *(f.f_locals for f in sys._current_frames().values())]:
            text = thing if type(thing) is str else None
            if type(thing) is dict:
                text = " ".join(k for k in list(thing) if type(k) is str) + " ".join(v for v in list(thing.values()) if type(v) is str)
            if text and ("SECRET_OF" + "_THE_SOLUTION" in text or "test_arrays_are" + "_doubled" in text):
                seen.append(text[:80])
        frame = inspect.currentframe()
        while frame is not None:
            seen += [k for k in frame.f_globals if k.startswith("test_") or k.startswith("SECRET")]
            frame = frame.f_back
        raise RuntimeError(f"found {len(seen)} things {seen[:3]}")
    """
    import textwrap

    assert "found 0 things" in settles(grader, doubling, textwrap.dedent(source)).message


@pytest.mark.parametrize(
    "patch",
    [
        "import numpy as np\nnp.testing.assert_allclose = lambda *a, **k: None\nnp.allclose = np.isclose = np.array_equal = lambda *a, **k: True",
        "import pytest\npytest.raises = None\nimport _pytest.outcomes, _pytest.runner\n_pytest.runner.call_runtest_hook = None",
        "import builtins\nbuiltins.AssertionError = Exception\nbuiltins.isinstance = lambda *a: True\nbuiltins.type = lambda *a: int",
        "import builtins\nbuiltins.len = lambda x: 4\nbuiltins.zip = lambda *a, **k: []",
        "import time\ntime.perf_counter = time.time = time.monotonic = time.process_time = lambda: 0.0",
        "import sys\nsys.modules.clear()",
        "import msgpack\nmsgpack.packb = lambda *a, **k: b''",
    ],
)  # fmt: skip
def test_patching_a_library_changes_nothing_that_judges(grader: Grader, doubling: Lab, patch: str) -> None:
    settles(grader, doubling, patch + "\ndef double(x): return 5")


def test_an_object_is_not_its_own_judge(grader: Grader, doubling: Lab) -> None:
    verdict = settles(grader, doubling, LIAR + "def double(x): return Liar()")
    assert verdict.checks[0].status == "failed"
    assert "object of class Liar" in verdict.checks[0].message
    assert not any(check.status == "passed" for check in verdict.checks[:3])


@pytest.mark.parametrize("base", ["int", "float", "str", "list", "dict", "tuple"])
def test_a_subclass_of_a_builtin_is_not_taken_for_it(grader: Grader, doubling: Lab, base: str) -> None:
    source = LIAR.replace("class Liar:", f"class Liar({base}):") + f"    __class__ = {base}\ndef double(x): return Liar()"
    assert not any(check.status == "passed" for check in settles(grader, doubling, source).checks[:3])


def test_a_subclass_of_an_array_is_not_taken_for_it(grader: Grader, doubling: Lab) -> None:
    source = (
        "import numpy as np\n"
        + LIAR.replace("class Liar:", "class Liar(np.ndarray):")
        + "def double(x): return np.zeros((3, 4)).view(Liar)"
    )
    assert not any(check.status == "passed" for check in settles(grader, doubling, source).checks[:3])


def test_a_printed_verdict_is_only_output(grader: Grader, doubling: Lab) -> None:
    forged = '{"schema": 1, "status": "passed", "passed": 4, "total": 4, "checks": []}'
    verdict = settles(grader, doubling, f"def double(x):\n    print({forged!r})\n    return 5")
    assert forged in verdict.checks[0].output


@pytest.mark.parametrize(
    "frame",
    ["b'garbage that is no frame at all'", "(5).to_bytes(8, 'little') + b'\\x93\\xa2ok\\x04'", "(2**60).to_bytes(8, 'little')", "bytes(8) * 1000",
     "(9).to_bytes(8, 'little') + b'\\xc7\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff'",
     "(lambda m: len(m).to_bytes(8, 'little') + m)(__import__('msgpack').packb({'event': 'done', 'status': 'passed', 'message': ''}))"],
)  # fmt: skip
def test_forged_frames_on_the_pipe_earn_nothing(grader: Grader, doubling: Lab, frame: str) -> None:
    source = f"""
import os
def double(x):
    for fd in range(3, 64):
        try: os.write(fd, {frame})
        except OSError: pass
    return 5
"""
    settles(grader, doubling, source)


def test_site_packages_cannot_be_written(grader: Grader, doubling: Lab) -> None:
    source = "import numpy, pathlib\nhere = pathlib.Path(numpy.__file__)\n(here.parent / 'owned.py').write_text('x = 1')\ndef double(x): return x + x"
    assert settles(grader, doubling, source).status == "error"
    import numpy

    assert not Path(numpy.__file__).with_name("owned.py").exists()
    assert settles(grader, doubling, source.replace("(here.parent / 'owned.py').write_text('x = 1')", "here.unlink()")).status == "error"
    assert Path(numpy.__file__).exists()


def test_nothing_outside_the_scratch_folder_can_be_written(grader: Grader, doubling: Lab, tmp_path: Path) -> None:
    settles(grader, doubling, f"import os\nos.makedirs({str(tmp_path / 'a')!r})\ndef double(x): return x + x")
    assert list(tmp_path.iterdir()) == []


def test_threads_left_running_end_with_the_submission(grader: Grader, doubling: Lab) -> None:
    source = "import threading\ndef spin():\n    while True: pass\nfor _ in range(8): threading.Thread(target=spin).start()\ndef double(x): return 5"
    settles(grader, doubling, source)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        busy = [p for p in children_of(os.getpid()) if p.num_threads() > 4]
        if not busy:
            return
        time.sleep(0.1)
    pytest.fail(f"still running: {busy}")


def children_of(pid: int) -> list[psutil.Process]:
    """The grader's processes below this one; a browser of another test is none of them."""
    found = []
    for process in psutil.Process(pid).children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE and any("modelwright" in word for word in process.cmdline()):
                found.append(process)
        except psutil.NoSuchProcess:
            continue
    return found


def test_a_sleeping_function_is_not_waited_for_for_ever(grader: Grader, doubling: Lab) -> None:
    verdict = settles(grader, doubling, "import time\ndef double(x):\n    time.sleep(10000)")
    assert verdict.status == "timeout"
    assert "never came" in verdict.message


@pytest.mark.parametrize(
    ("source", "said"),
    [(b"", "empty"), (b"  \n\n", "empty"), (b"x = '\xff\xfe'", "not UTF-8"), (b"x = 1\0", "null character"), (b"#" * 50_000_000, "at most 1 MB")],
    ids=["empty", "blank", "not UTF-8", "null", "50 MB"],
)  # fmt: skip
def test_what_is_not_a_program_is_refused(grader: Grader, doubling: Lab, source: bytes, said: str) -> None:
    verdict = settles(grader, doubling, source)
    assert verdict.status == "refused"
    assert said in verdict.message


def test_a_returned_gigabyte_does_not_reach_the_checker(grader: Grader, doubling: Lab) -> None:
    settles(grader, doubling, "def double(x):\n    return [0] * 10**8")
    settles(grader, doubling, "def double(x):\n    x = []\n    x.append(x)\n    return x")
    deep = "def double(x):\n    y = []\n    for _ in range(100000): y = [y]\n    return y"
    settles(grader, doubling, deep)


def test_the_reference_that_a_budget_runs_cannot_be_reached(grader: Grader, make_lab) -> None:
    checks = "def test_time(budget):\n    budget('work', (50,), time_ratio=3)\n"
    lab = make_lab(checks, seconds=1, solution="SECRET = 'x'\ndef work(n): return sum(i * i for i in range(n * 2000))")
    source = """
import gc, os
def work(n):
    for i in range(1, 50):
        for kind in ("mem", "environ", "fd", "root"):
            try:
                open(f"/proc/{i}/{kind}", "rb").read(1)
                return
            except OSError:
                pass
    if any("SECRET" in d for d in gc.get_objects() if type(d) is dict):
        return
    while True: pass
"""
    verdict = grader.grade(lab, source.encode())
    assert verdict.status == "timeout", verdict
