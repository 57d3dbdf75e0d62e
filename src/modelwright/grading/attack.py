"""A short battery of hostile files, run on this machine, to see what holds here: `modelwright doctor --attack`.

Each attack is a file that a learner could hand in. Those that reach for something outside say ESCAPED when they have it; what they could
have changed (a file, a device, a process, a listening socket) is looked at from outside as well, and is made for the purpose. Those that
want a verdict must not pass. Nothing here does harm where it succeeds.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .grader import Grader, RunLimits

MARK = "ESCAPED"
SECRET = "the-canary-sings"
CHECKS = """
def test_two_becomes_four(learner):
    assert learner.double(2) == 4


def test_a_list_is_doubled(learner, reference):
    got = learner.double([1, 2])
    assert list(got) == [1, 2, 1, 2]
"""
SOLUTION = "def double(x):\n    return x + x\n"


@dataclass(frozen=True)
class Outcome:
    """`attack` is what was tried, in words; `said` is how it ended."""

    attack: str
    held: bool
    said: str


class Target:
    """What the attacks reach for: a folder with a file, a process, a listening socket, a word in the environment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.file = folder / "journal.txt"
        self.file.write_text(SECRET)
        self.lab = folder / "curriculum" / "1-first" / "python" / "labs" / "tiny"
        self.lab.mkdir(parents=True)
        (self.lab / "checks.py").write_text(CHECKS)
        (self.lab / "solution.py").write_text(SOLUTION)
        self.victim = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.before = self.state()

    def state(self) -> tuple[Any, ...]:
        about, null = os.stat(self.file), os.stat("/dev/null")
        return (
            self.file.read_text(), about.st_mode, about.st_mtime_ns, sorted(os.listdir(self.folder)), null.st_mode, null.st_mtime_ns,
            self.victim.poll(),
        )  # fmt: skip

    def called(self) -> bool:
        with contextlib.suppress(BlockingIOError):
            self.listener.accept()[0].close()
            return True
        return False

    def close(self) -> None:
        self.listener.close()
        self.victim.kill()
        self.victim.wait()


# What is tried: in words, and as expressions. Each that does not raise has escaped; {…} are filled in from the target.
REACHES: dict[str, Sequence[str]] = {
    "read a file of yours": ["open({file!r}).read()", "os.open({file!r}, os.O_RDONLY)"],
    "read a lab's checks and solution": ["open({checks!r}).read()", "open({solution!r}).read()"],
    "find out which files you have": ["os.stat({file!r})", "os.listdir({folder!r})", "os.stat('/etc/passwd')"],
    "write or replace a file of yours": ["open({file!r}, 'a')", "os.rename({file!r}, {file!r} + '2')", "os.unlink({file!r})"],
    "make a file beside yours": ["open({folder!r} + '/new', 'w')", "os.mkdir({folder!r} + '/new')"],
    "empty a file of yours": ["os.truncate({file!r}, 0)", "os.open({file!r}, os.O_TRUNC)", "os.open({file!r}, 3 | os.O_TRUNC)"],
    "change a file's mode and times": ["os.chmod({file!r}, 0o777)", "os.utime({file!r}, (1, 1))"],
    "change the machine's devices": ["os.chmod('/dev/null', 0o666)", "os.utime('/dev/null')", "os.chmod('/dev/zero', 0o666)"],
    "write into Python's libraries": ["open(os.__file__, 'a')", "tempfile.NamedTemporaryFile(dir=os.path.dirname(os.__file__))"],
    "start a process": ["os.fork() or os._exit(0)", "os.posix_spawn('/bin/true', ['true'], {{}})", "subprocess.run(['true'])"],
    "signal another process": ["os.kill({victim}, 0)", "os.kill(os.getppid() or 99999999, 0)", "os.kill(-1, 0)"],
    "read another process's memory": [
        "open('/proc/{victim}/mem', 'rb')",
        "call('ptrace', 16, {victim}, 0, 0)",
        "call('process_vm_readv', {victim}, 0, 0, 0, 0, 0)",
    ],
    "reach the network": [
        "socket.create_connection(('127.0.0.1', {port}), 2)",
        "socket.socket(socket.AF_INET6)",
        "socket.socket(socket.AF_UNIX)",
    ],
    "read the environment": ["os.environ['MODELWRIGHT_ATTACK']", "open('/proc/self/environ').read()"],
    "mount, or leave the cage": ["call('unshare', 0x10000000)", "call('mount', 0, b'/', 0, 4096, 0)", "call('chroot', b'/')"],
}
REACHING = """
import ctypes, os, socket, subprocess, tempfile
def call(name, *words):
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*words) < 0:
        raise OSError(ctypes.get_errno(), "refused")
for word in {words!r}:
    try:
        eval(word)
    except BaseException:
        continue
    print({mark!r}, word)
"""
THREADS = """
import threading, time
for _ in range(1000):
    threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
"""
# In words, as code, and the statuses that it may end with.
DRAINS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("take all the memory", "x = []\nwhile True: x.append(bytearray(10**7))", ("error", "killed")),
    ("fill the disk", "for i in range(8):\n    with open(f'f{i}', 'wb') as f: f.write(bytes(60 << 20))", ("error", "killed")),
    ("print without end", "while True: print('x' * 10**6)", ("killed",)),
    ("run for ever", "while True: pass", ("timeout",)),
    ("wait for ever", "import time\ntime.sleep(10**6)", ("timeout",)),
    ("start a thousand threads", THREADS, ("error", "killed", "timeout")),
)
FORGED = """
import msgpack, os, struct
def send(frame):
    for fd in range(3, 64):
        try: os.write(fd, struct.pack("<Q", len(frame)) + frame)
        except OSError: pass
def double(x):
    print('{"status": "passed"}')
    send(FRAME)
    return 5
"""
SHAPE = "msgpack.packb(['ok', msgpack.ExtType(18, msgpack.packb([[600_000_000], []])), {}, {}])"
PATCH = "import builtins, numpy, time\nbuiltins.AssertionError = Exception\nnumpy.allclose = lambda *a, **k: True\ntime.time = lambda: 0\n"
# In words, and as a file; none of them may pass.
LIES = {
    "pass by an object that equals everything": "class Liar:\n    def __eq__(self, other): return True\ndef double(x): return Liar()",
    "pass by ending the process": "import os\ndef double(x): os._exit(0)",
    "pass by a printed and a forged verdict": FORGED.replace("FRAME", r"b'\x94\xa2ok\x04\x80\x80'"),
    "pass by patching what judges": PATCH + "def double(x): return 5",
    "drown the checker with a shape in thirty bytes": FORGED.replace("FRAME", SHAPE),
    "drown the checker with empty lists": "def double(x): return [[] for _ in range(10**6)]",
    "drown the checker with a range": "def double(x): return range(120_000_000)",
    "stall the checker with colliding numbers": "def double(x): return {i * (2**61 - 1) for i in range(1, 3000)}",
}


def attack(grader: Grader | None = None) -> Iterator[Outcome]:
    """Try them one by one. With no `grader`, in processes that are started for it and ended after it."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="modelwright-attack-")))
        target = Target(folder)
        stack.callback(target.close)
        os.environ["MODELWRIGHT_ATTACK"] = SECRET
        stack.callback(os.environ.pop, "MODELWRIGHT_ATTACK", None)
        yield from _all(target, grader or stack.enter_context(Grader()))


def _all(target: Target, grader: Grader) -> Iterator[Outcome]:
    names = {
        "file": str(target.file), "folder": str(target.folder), "checks": str(target.lab / "checks.py"),
        "solution": str(target.lab / "solution.py"), "victim": target.victim.pid, "port": target.listener.getsockname()[1],
    }  # fmt: skip
    for what, words in REACHES.items():
        code = REACHING.format(words=[word.format(**names) for word in words], mark=MARK)
        result = grader.run_python(code, limits=RunLimits(seconds=5, memory_mb=300))
        escaped = [line.removeprefix(MARK).strip() for line in result.output.splitlines() if line.startswith(MARK)]
        changed = target.state() != target.before or target.called()
        done = f"it could: {'; '.join(escaped)}" if escaped else "something outside was changed" if changed else "refused"
        ran = result.status == "ok"
        yield Outcome(what, ran and not escaped and not changed, done if ran else f"the attack did not run to its end: {result.error}")
    for what, code, statuses in DRAINS:
        result = grader.run_python(code, limits=RunLimits(seconds=2, memory_mb=300))
        yield Outcome(what, result.status in statuses, result.error.splitlines()[0][:120] if result.error else "it ran to its end")
    lab = _lab(target.lab)
    for what, code in LIES.items():
        verdict = grader.grade(lab, code.encode())
        yield Outcome(what, verdict.status != "passed", f"{verdict.status}: {verdict.message.splitlines()[0][:120]}")
    after = grader.grade(lab, SOLUTION.encode())
    yield Outcome("leave the grader unfit for the next file", after.status == "passed", f"a right file: {after.message}")


def _lab(folder: Path) -> Any:
    from modelwright.curriculum.models import Lab, Limits

    return Lab(
        id="python/tiny", title="Tiny", skills=("python/functions",), difficulty=1, minutes=10, hints=("a", "b", "c"), needs=("numpy",),
        limits=Limits(seconds=2, memory_mb=300), folder=folder,
    )  # fmt: skip


def summary(outcomes: Sequence[Outcome]) -> str:
    broken = [outcome.attack for outcome in outcomes if not outcome.held]
    if not broken:
        return f"All {len(outcomes)} attacks were held."
    return f"{len(outcomes) - len(broken)} of {len(outcomes)} attacks were held. Not held: {'; '.join(broken)}."
