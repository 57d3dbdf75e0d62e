"""The warm processes: shared between threads and between Modelwright's processes, and gone when nobody wants them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil

from doubling_lab import SOLUTION
from modelwright.curriculum.models import Lab
from modelwright.grading import Grader, RunLimits, Verdict, run_python

RIGHT, WRONG = SOLUTION.encode(), b"def double(x): return x"


def zygotes() -> set[int]:
    found = set()
    for process in psutil.Process().children():
        if process.status() != psutil.STATUS_ZOMBIE and "modelwright.grading.zygote" in process.cmdline():
            found.add(process.pid)
    return found


def until(condition: Callable[[], bool], seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return condition()


def test_threads_share_a_grader_and_each_gets_its_own_verdict(grader: Grader, doubling: Lab) -> None:
    verdicts: dict[int, Verdict] = {}

    def one(i: int) -> None:
        verdicts[i] = grader.grade(doubling, RIGHT if i % 2 else WRONG)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [verdicts[i].status for i in range(6)] == ["failed", "passed"] * 3


def test_nothing_is_started_before_it_is_needed_and_nothing_is_left(doubling: Lab, tmp_path: Path) -> None:
    before = zygotes()
    with Grader(tmp_path) as grader:
        assert zygotes() == before
        assert grader.grade(doubling, RIGHT).status == "passed"
        mine = zygotes() - before
        assert mine
        family = [p for pid in mine for p in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))]
    assert until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family))
    assert not list((tmp_path / "run").iterdir())


def test_the_warm_process_runs_one_thread_and_has_no_child_between_submissions(grader: Grader, doubling: Lab) -> None:
    grader.grade(doubling, RIGHT)
    process = psutil.Process(grader._zygotes["numpy"].process.pid)
    assert process.num_threads() == 1
    assert until(lambda: not process.children(recursive=True))


def test_a_second_process_uses_the_warm_one_of_the_first(doubling: Lab, tmp_path: Path) -> None:
    with Grader(tmp_path) as studio, Grader(tmp_path) as terminal:
        studio.warm(doubling)
        before = zygotes()
        assert terminal.grade(doubling, RIGHT).status == "passed"
        assert zygotes() == before
        studio.close()
        assert terminal.grade(doubling, RIGHT).status == "passed"


def test_a_socket_that_others_could_have_put_there_is_not_trusted(doubling: Lab, tmp_path: Path) -> None:
    with Grader(tmp_path) as studio, Grader(tmp_path) as terminal:
        studio.warm(doubling)
        (tmp_path / "run").chmod(0o777)
        before = zygotes()
        assert terminal.grade(doubling, RIGHT).status == "passed"
        assert len(zygotes()) == len(before) + 1


def test_a_home_that_cannot_be_written_costs_only_the_sharing(doubling: Lab, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    with Grader(tmp_path / "home") as grader:
        assert grader.grade(doubling, RIGHT).status == "passed"


def test_a_killed_warm_process_is_replaced(doubling: Lab) -> None:
    with Grader() as grader:
        grader.grade(doubling, RIGHT)
        os.kill(grader._zygotes["numpy"].process.pid, signal.SIGKILL)
        grader._zygotes["numpy"].process.wait()
        assert grader.grade(doubling, RIGHT).status == "passed"


def test_a_temporary_folder_that_was_swept_away_costs_only_the_warmth(doubling: Lab) -> None:
    with Grader() as grader:
        grader.grade(doubling, RIGHT)
        shutil.rmtree(grader._zygotes["numpy"].private.parent)
        assert grader.grade(doubling, RIGHT).status == "passed"


def test_killing_the_program_leaves_no_process(doubling: Lab, tmp_path: Path) -> None:
    (tmp_path / "forever.py").write_text("def double(x):\n    while True: pass")
    script = f"""
    import sys
    sys.path.insert(0, {str(Path(__file__).parent)!r})
    from pathlib import Path
    from modelwright.curriculum.models import Lab
    from modelwright.grading import Grader
    lab = Lab(id="python/tiny", title="T", skills=("python/functions",), difficulty=1, minutes=10, hints=("a", "b", "c"),
              limits={{"seconds": 200}}, folder=Path({str(doubling.folder)!r}))
    with Grader() as g:
        g.warm(lab)
        print("warm", flush=True)
        g.grade(lab, Path({str(tmp_path / "forever.py")!r}).read_bytes())
    """
    before = set(psutil.pids())
    program = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stdout=subprocess.PIPE)
    assert program.stdout is not None
    assert program.stdout.readline() == b"warm\n"
    assert until(lambda: len(psutil.Process(program.pid).children(recursive=True)) >= 4)
    family = psutil.Process(program.pid).children(recursive=True)
    program.kill()
    program.wait()
    program.stdout.close()
    assert until(lambda: not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in family)), (family, before)


def test_plain_python_runs_in_the_same_cage(grader: Grader) -> None:
    result = grader.run_python("import data\nprint(data.x, open('a.txt').read())", {"data.py": b"x = 3", "a.txt": b"hello"})
    assert (result.status, result.output, result.isolation.tier) == ("ok", "3 hello\n", grader.isolation().tier)
    wrong = grader.run_python("x = 1\nprint('here')\nx / 0")
    assert (wrong.status, wrong.line, wrong.output, wrong.error) == ("error", 3, "here\n", "ZeroDivisionError: division by zero")
    assert grader.run_python("while True: pass", limits=RunLimits(seconds=0.5)).status == "timeout"
    assert grader.run_python("import os; os._exit(3)").status == "killed"
    assert run_python("print(__name__)", grader=grader).output == "__main__\n"
