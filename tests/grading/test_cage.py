"""What a runner can do to the machine that it runs on, tier by tier, and what the machine keeps of it afterwards."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import venv
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from doubling_lab import CHECKS, SOLUTION
from modelwright.grading import Grader, RunLimits
from modelwright.grading import attack as battery
from modelwright.grading.cage import limit_checker, may_become_nobody
from modelwright.grading.folders import RunFolder

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces, Landlock and seccomp are Linux's")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root's code can be given to another user")
SOURCE = Path(__file__).resolve().parents[2] / "src"


@pytest.fixture(scope="module")
def confined() -> Iterator[Grader]:
    with Grader(without=["namespaces"]) as grader:
        tier = grader.run_python("").isolation.tier
        if tier != "confined":
            pytest.skip(f"this kernel has no Landlock or no seccomp (tier {tier})")
        yield grader


@pytest.fixture(scope="module")
def sealed(grader: Grader) -> Grader:
    tier = grader.run_python("").isolation.tier
    if tier != "sealed":
        pytest.skip(f"this machine offers the tier {tier}")
    return grader


@pytest.fixture(params=["sealed", "confined"])
def caged(request: pytest.FixtureRequest) -> Grader:
    return request.getfixturevalue(request.param)


def refused(grader: Grader, *attempts: str) -> None:
    """None of these expressions succeeds in there."""
    code = "import os, fcntl\n" + "".join(
        f"try:\n    print('DONE', {attempt!r}, {attempt})\nexcept OSError as error:\n    print(error.errno)\n" for attempt in attempts
    )
    result = grader.run_python(code)
    assert result.status == "ok", result
    assert "DONE" not in result.output
    assert len(result.output.splitlines()) == len(attempts)


def test_tempfile_works_in_a_lab(caged: Grader) -> None:
    result = caged.run_python(
        "import os, tempfile\nwith tempfile.NamedTemporaryFile() as f: f.write(b'x'); print(os.path.dirname(f.name) == os.getcwd())\n"
        "with tempfile.TemporaryDirectory() as d: open(d + '/a', 'w').write('x'); print(os.listdir(d))"
    )
    assert (result.status, result.output) == ("ok", "True\n['a']\n"), result


def test_the_usual_temporary_folder_can_be_written_where_it_is_its_own(sealed: Grader) -> None:
    assert sealed.run_python("open('/tmp/x', 'w').write('mine'); print(open('/tmp/x').read())").output == "mine\n"
    assert not Path("/tmp/x").exists()


def test_files_can_be_copied_with_their_modes_and_times_where_the_file_system_is_its_own(sealed: Grader) -> None:
    result = sealed.run_python("import os, shutil\nopen('a', 'w'); shutil.copy2('a', 'b'); print(sorted(os.listdir('.')))")
    assert (result.status, result.output) == ("ok", "['a', 'b']\n"), result


def test_the_machines_devices_keep_their_modes_and_times(caged: Grader) -> None:
    devices = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")
    before = [(os.stat(path).st_mode, os.stat(path).st_mtime_ns, os.stat(path).st_uid) for path in devices]
    refused(caged, *(f"os.chmod({path!r}, 0o666)" for path in devices), *(f"os.utime({path!r}, (1, 1))" for path in devices))
    refused(caged, *(f"os.utime({path!r})" for path in devices), "os.open('/dev/null', 3)", "os.chown('/dev/null', 0, 0)")
    assert [(os.stat(path).st_mode, os.stat(path).st_mtime_ns, os.stat(path).st_uid) for path in devices] == before
    assert caged.run_python("open('/dev/null', 'w').write('x'); print(len(open('/dev/urandom', 'rb').read(3)))").output == "3\n"


def test_what_the_user_owns_keeps_its_mode_times_and_size(caged: Grader, tmp_path: Path) -> None:
    journal = tmp_path / "journal.db"
    journal.write_text("what happened")
    journal.chmod(0o644)
    os.utime(journal, (10**9, 10**9))
    before = os.stat(journal)
    refused(
        caged,
        f"os.chmod({str(journal)!r}, 0)", f"os.utime({str(journal)!r})", f"os.utime({str(journal)!r}, (1, 1))",
        f"os.truncate({str(journal)!r}, 0)", f"os.open({str(journal)!r}, os.O_RDONLY | os.O_TRUNC)",
        f"os.open({str(journal)!r}, 3 | os.O_TRUNC)", f"os.open({str(journal)!r}, 3)", f"os.rename({str(journal)!r}, 'x')",
        f"os.link({str(journal)!r}, 'x')", f"os.setxattr({str(journal)!r}, 'user.x', b'1')",
    )  # fmt: skip
    after = os.stat(journal)
    assert (after.st_mode, after.st_size, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_mode, before.st_size, before.st_mtime_ns, before.st_ctime_ns,
    )  # fmt: skip


def test_pythons_own_files_cannot_be_emptied_changed_or_kept_from_others(caged: Grader) -> None:
    before = os.stat(os.__file__)
    library = repr(os.__file__)
    refused(
        caged, f"os.open({library}, os.O_RDONLY | os.O_TRUNC)", f"os.fchmod(os.open({library}, os.O_RDONLY), 0)",
        f"os.utime(os.open({library}, os.O_RDONLY))", f"fcntl.fcntl(os.open({library}, os.O_RDONLY), fcntl.F_SETLEASE, fcntl.F_RDLCK)",
    )  # fmt: skip
    after = os.stat(os.__file__)
    assert (after.st_mode, after.st_size, after.st_mtime_ns) == (before.st_mode, before.st_size, before.st_mtime_ns)


def test_what_the_confined_tier_leaves_is_said(confined: Grader) -> None:
    held = confined.run_python("").isolation
    assert any("modes, times and sizes" in text for text in held.holds)
    assert any("which files there are" in text for text in held.lacks)


@as_root
def test_roots_code_runs_as_a_user_who_owns_nothing(sealed: Grader) -> None:
    if not may_become_nobody():
        pytest.skip("Python's files here are not for every user to read, or root lacks the rights to change users")
    running = threading.Thread(target=sealed.run_python, args=("import time; time.sleep(2)", {}, RunLimits(seconds=5)))
    running.start()
    try:
        deadline, users = time.monotonic() + 20, set()
        while 65534 not in users and time.monotonic() < deadline and running.is_alive():
            users = {process.uids().real for process in psutil.Process().children(recursive=True) if process.is_running()}
            time.sleep(0.02)
        assert 65534 in users
    finally:
        running.join()


@as_root
def test_an_ordinary_user_has_the_sealed_tier_too_where_the_kernel_lets_them() -> None:
    tried = """
import ctypes, os
from modelwright.grading import cage
cage.readable([])  # what the other user may not be able to import, if Python lies in root's home
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as after an exec: a process that changed its user may not read its own /proc
os.chdir("/")
print(" ".join(cage.try_it()))
"""
    done = subprocess.run([sys.executable, "-c", tried], capture_output=True, text=True, timeout=60, check=False, cwd=SOURCE)
    holds = set(done.stdout.split())
    if "processes" not in holds:
        pytest.skip(f"this kernel gives an ordinary user no namespaces: {done.stdout} {done.stderr}")
    assert {"root", "names", "owner", "calls", "privileges", "limits"} <= holds, done.stderr


def test_an_installation_below_the_temporary_folder_does_not_lose_the_sealed_tier(sealed: Grader, tmp_path: Path) -> None:
    assert str(tmp_path).startswith("/tmp/") or os.environ.get("TMPDIR"), tmp_path
    venv.create(tmp_path / "venv", symlinks=True, with_pip=False)
    environment = {"PYTHONPATH": f"{SOURCE}:{':'.join(path for path in sys.path if path.endswith('site-packages'))}", "PATH": os.defpath}
    done = subprocess.run(
        [str(tmp_path / "venv" / "bin" / "python"), "-m", "modelwright.grading.cage"],
        capture_output=True, text=True, env=environment, timeout=60, check=True, cwd="/",
    )  # fmt: skip
    assert {"root", "processes", "network", "calls"} <= set(done.stdout.split()), done


# -- the trusted side ---------------------------------------------------------------------------------------------------------
def test_what_a_check_makes_of_a_value_is_limited_too(grader: Grader, make_lab) -> None:
    """The learner's number is honest in form; what the check makes of it is not what the lab had in mind."""
    lab = make_lab("def test_it(learner):\n    assert len([0] * learner.size()) == 3\n", seconds=5, memory_mb=100)
    verdict = grader.grade(lab, b"def size(): return 10**9")
    assert verdict.status == "failed"
    assert "MemoryError" in verdict.message
    assert grader.grade(lab, b"def size(): return 3").status == "passed"


def test_the_checkers_limits_leave_room_for_twice_the_labs_memory() -> None:
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            limit_checker(10, 1000)
            space = [bytearray(1 << 20) for _ in range(1500)]
            try:
                [bytearray(100 << 20) for _ in range(40)]
            except MemoryError:
                code = 0 if len(space) == 1500 and resource.getrlimit(resource.RLIMIT_CPU)[0] <= 90 else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


# -- what is left behind ------------------------------------------------------------------------------------------------------
PROGRAM = """
import sys, time
from pathlib import Path
from modelwright.curriculum.models import Lab
from modelwright.grading import Grader
lab = Lab(id="python/tiny", title="T", skills=("python/functions",), difficulty=1, minutes=10, hints=("a", "b", "c"), folder=Path(sys.argv[1]))
with Grader(Path(sys.argv[2])) as grader:
    for _ in range(3):
        assert grader.grade(lab, Path(sys.argv[1], "solution.py").read_bytes()).status == "passed"
"""


@pytest.fixture
def lab_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "labs" / "tiny"
    folder.mkdir(parents=True)
    (folder / "checks.py").write_text(CHECKS)
    (folder / "solution.py").write_text(SOLUTION)
    return folder


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder with a short name: a socket's whole path has at most 107 characters."""
    with tempfile.TemporaryDirectory(prefix="mw-", dir="/tmp") as folder:
        yield Path(folder)


def program(more: str, lab: Path, tmp_path: Path, *before: str) -> subprocess.Popen[bytes]:
    scratch = tmp_path / "tmp"
    scratch.mkdir(exist_ok=True)
    environment = {**os.environ, "TMPDIR": str(scratch), "PYTHONPATH": str(SOURCE)}
    words = [*before, sys.executable, "-c", PROGRAM + textwrap.indent(more, "    "), str(lab), str(tmp_path / "home")]
    return subprocess.Popen(words, env=environment, stdout=subprocess.PIPE, cwd="/")


def test_nothing_of_a_library_lies_in_the_shared_temporary_folder(lab_folder: Path, tmp_path: Path) -> None:
    """Hypothesis keeps tables in a temporary folder; another user could plant them there, or a link to write through."""
    (tmp_path / "tmp").mkdir()
    for name in ("unicode_data", "constants"):
        (tmp_path / f"elsewhere-{name}").mkdir()
        (tmp_path / "tmp" / name).symlink_to(tmp_path / f"elsewhere-{name}")
    running = program("import os; print(*os.listdir(sys.argv[2] + '/cache/hypothesis'))\n", lab_folder, tmp_path)
    output, _ = running.communicate(timeout=120)
    assert running.returncode == 0
    assert b"unicode_data" in output
    assert sorted(path.name for path in (tmp_path / "tmp").iterdir()) == ["constants", "unicode_data"]
    assert not [*(tmp_path / "elsewhere-unicode_data").iterdir(), *(tmp_path / "elsewhere-constants").iterdir()]
    assert (tmp_path / "home" / "cache" / "hypothesis").stat().st_mode & 0o777 == 0o700


def test_what_a_killed_program_left_is_swept_at_the_next_start(lab_folder: Path, tmp_path: Path, monkeypatch) -> None:
    running = program("print('ready', flush=True); time.sleep(600)\n", lab_folder, tmp_path)
    assert running.stdout is not None
    assert running.stdout.readline() == b"ready\n"
    (left,) = (tmp_path / "tmp").iterdir()
    (left / "modelwright-scratch").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    in_use = RunFolder()
    assert left.exists(), "a program that still runs keeps its folder"
    running.send_signal(signal.SIGKILL)
    running.communicate()
    os.utime(left, (time.time() - 100, time.time() - 100))
    another = RunFolder()
    assert not left.exists()
    assert Path(in_use.name).exists()
    in_use.cleanup()
    another.cleanup()
    assert not any((tmp_path / "tmp").iterdir())


def test_a_folder_of_a_program_from_before_there_were_locks_is_left_for_a_day(tmp_path: Path, monkeypatch) -> None:
    """An older studio may still be running beside the one that starts."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    older = tmp_path / "modelwright-run-older"
    older.mkdir(mode=0o700)
    os.utime(older, (time.time() - 3_600,) * 2)
    RunFolder().cleanup()
    assert older.exists()
    os.utime(older, (time.time() - 2 * 86_400,) * 2)
    RunFolder().cleanup()
    assert not older.exists()


@as_root
def test_a_program_that_is_process_one_is_left_no_zombies(lab_folder: Path, tmp_path: Path) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("there is no `unshare` program to be process 1 with")
    count = "import psutil; time.sleep(1); print(sum(p.status() == 'zombie' for p in psutil.process_iter()), psutil.Process().pid)\n"
    running = program(count, lab_folder, tmp_path, "unshare", "--pid", "--fork", "--mount-proc")
    output, _ = running.communicate(timeout=120)
    if running.returncode == 1 and not output:
        pytest.skip("this machine lets no new process namespace be made")
    assert output.split() == [b"0", b"1"]


# -- the battery --------------------------------------------------------------------------------------------------------------
def test_the_battery_holds_in_the_sealed_tier(sealed: Grader) -> None:
    outcomes = list(battery.attack(sealed))
    assert [outcome for outcome in outcomes if not outcome.held] == []
    assert len(outcomes) >= 20
    assert battery.summary(outcomes) == f"All {len(outcomes)} attacks were held."


def test_the_battery_says_what_the_confined_tier_does_not_hold(confined: Grader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(battery, "DRAINS", ())
    monkeypatch.setattr(battery, "LIES", {})
    outcomes = list(battery.attack(confined))
    assert [outcome.attack for outcome in outcomes if not outcome.held] == ["find out which files you have"]
    assert "os.stat('/etc/passwd')" in next(outcome.said for outcome in outcomes if not outcome.held)
    assert battery.summary(outcomes).endswith("Not held: find out which files you have.")
