"""The grader as the rooms above see it: warm processes behind two functions, `grade` and `run_python`."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from modelwright import clocks, groups

from .errors import GradingError
from .forbidden import rules_of
from .verdict import CheckResult, Conclusion, Ending, Isolation, Verdict, conclude

if TYPE_CHECKING:
    from modelwright.curriculum.models import Lab

    from .folders import RunFolder

SOURCE_LIMIT = 1 << 20
PATIENCE = 1.5  # seconds past a submission's limit by the clock in which its own processes may still say how it ended
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


class Zygote:
    """One warm process and the way to it: one that is already listening at `shared`, else our own, started when first needed."""

    def __init__(self, kind: str, private: Path, shared: Path | None, cache: Path | None = None) -> None:
        self.kind, self.private, self.shared, self.cache = kind, private, shared, cache
        self.process: subprocess.Popen[bytes] | None = None
        self.lock = threading.Lock()

    def connect(self) -> socket.socket:
        with self.lock:
            if self.process is not None and self.process.poll() is None:
                return _dial(self.private)
            if self.shared is not None and (found := self._theirs()) is not None:
                return found
            self._start()
            return _dial(self.private)

    def _theirs(self) -> socket.socket | None:
        """A connection to another process's zygote, if the socket and its folder are ours alone to write."""
        assert self.shared is not None
        try:
            target = Path(os.readlink(self.shared))
            for path, loose in ((self.shared.parent, 0o022), (target.parent, 0o066), (target, 0o077)):
                about = os.lstat(path)
                if about.st_uid != os.getuid() or about.st_mode & loose:
                    return None
            return _dial(target)
        except OSError:
            return None

    def _start(self) -> None:
        env = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"} | dict.fromkeys(
            ONE_THREAD, "1"
        )
        # Whatever is put into a temporary folder goes into ours, which no other user can write or link into, and which goes when we go.
        env["TMPDIR"] = str(self.private.parent)
        env["HYPOTHESIS_STORAGE_DIRECTORY"] = str(self._storage())
        self._let_go()
        # Errors of the grading process itself go to a file, because a full pipe that nobody reads would stop it.
        self.log = tempfile.TemporaryFile(prefix="modelwright-")  # noqa: SIM115 - closed in stop()
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", "modelwright.grading.zygote", str(self.private), self.kind],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, env=env, start_new_session=True, cwd="/",
        )  # fmt: skip
        assert self.process.stdout is not None
        if self.process.stdout.readline().strip() != b"ready":
            status = self.process.wait()
            self.log.seek(0)
            last = self.log.read().decode(errors="replace").strip().splitlines()[-1:]
            raise GradingError(f"The grading process did not start (exit status {status}): {' '.join(last)}. Try `modelwright doctor`.")
        self._share()

    def _storage(self) -> Path:
        """Where Hypothesis keeps its tables of Unicode, which take a second to make: beside the learner's caches, if that is ours alone."""
        from . import folders

        if self.cache is not None:
            with contextlib.suppress(OSError):
                self.cache.mkdir(parents=True, exist_ok=True, mode=0o700)
                self.cache.chmod(0o700)
                if folders.is_ours(self.cache.parent) and folders.is_ours(self.cache) and os.access(self.cache, os.W_OK):
                    return self.cache
        return self.private.parent / "hypothesis"

    def _let_go(self) -> None:
        """Close what led to a process that has ended by itself."""
        if self.process is not None:
            for pipe in (self.process.stdin, self.process.stdout, self.log):
                if pipe is not None:
                    pipe.close()

    def _share(self) -> None:
        """Put a link to our socket where other Modelwright processes look. A home that cannot be written costs only their warmth."""
        from . import folders

        if self.shared is None:
            return
        with contextlib.suppress(OSError):
            self.shared.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            folders.sweep(self.shared.parent, f"{self.shared.name}.*")
            new = self.shared.with_name(f"{self.shared.name}.{os.getpid()}")
            new.unlink(missing_ok=True)
            new.symlink_to(self.private)
            new.replace(self.shared)

    def _unshare(self) -> None:
        with contextlib.suppress(OSError):
            if self.shared is not None and os.readlink(self.shared) == str(self.private):
                self.shared.unlink()

    def errors(self) -> str:
        """What the warm process and its children wrote on standard error: faults of the grader or of a lab."""
        if self.process is None:
            return ""
        return os.pread(self.log.fileno(), 1 << 20, 0).decode(errors="replace")

    def stop(self) -> None:
        with self.lock:
            process, self.process = self.process, None
            if process is None:
                return
            self._unshare()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()
            self.log.close()


def _dial(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    try:
        sock.connect(str(path))
    except OSError:
        sock.close()
        raise
    return sock


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """What an isolated run of plain Python came to. `line` is where it failed, in `code`; 0 where it did not."""

    status: Literal["ok", "error", "timeout", "killed"]
    output: str
    error: str
    traceback: str
    line: int
    seconds: float
    isolation: Isolation


class RunLimits(msgspec.Struct, frozen=True, kw_only=True):
    """`needs` names the libraries to have warm: "torch", or nothing (NumPy is always there).

    `seconds` is processor time. By the clock a run may take what one check of a lab may: `modelwright.clocks.check_wall(seconds)`.
    """

    seconds: float = 10
    memory_mb: int = 1000
    needs: tuple[str, ...] = ()


class Grader:
    """Grades submissions in warm processes. A context manager; may be shared by threads; starts nothing before it is needed.

    Submissions run side by side: one that hangs, which the clock ends, keeps no other waiting.

    With `home`, the warm processes listen in `home/run/`, so that a second Modelwright process uses those that are already there.
    `without` names pieces of the cage to leave out ("namespaces", "landlock", "seccomp", "nobody"): for trying
    what a lesser machine would do.
    """

    def __init__(self, home: Path | None = None, *, without: Sequence[str] = ()) -> None:
        self.home, self.without = home, list(without)
        self._folder: RunFolder | None = None
        self._zygotes: dict[str, Zygote] = {}
        self._lock = threading.Lock()
        self._held: Isolation | None = None
        self._conversations: set[socket.socket] = set()

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End what is being graded, and the warm processes that this grader started."""
        self.hang_up()
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        for zygote in self._zygotes.values():
            zygote.stop()
        self._zygotes.clear()
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def hang_up(self) -> None:
        """End what is being graded now: each `grade` that waits raises GradingError, and its processes are gone."""
        while self._conversations:
            with contextlib.suppress(KeyError, OSError):
                self._conversations.pop().shutdown(socket.SHUT_RDWR)

    def warm(self, lab: Lab) -> None:
        """Start the process that this lab will need, so that the first submission does not wait for it."""
        self._zygote(kind_for(lab.needs)).connect().close()

    def _zygote(self, kind: str) -> Zygote:
        with self._lock:
            if self._folder is not None and not os.path.isdir(self._folder.name):  # systems sweep their temporary folders
                self._stop()
            if kind not in self._zygotes:
                if not hasattr(os, "fork"):
                    raise GradingError("Grading needs a system with fork(), such as Linux, macOS or the Windows Subsystem for Linux.")
                if self._folder is None:
                    from .folders import RunFolder

                    self._folder = RunFolder()
                shared = None if self.home is None else self.home / "run" / f"grading-{kind}.sock"
                cache = None if self.home is None else self.home / "cache" / "hypothesis"
                self._zygotes[kind] = Zygote(kind, Path(self._folder.name) / f"{kind}.sock", shared, cache)
            return self._zygotes[kind]

    def grade(self, lab: Lab, source: bytes, *, on_check: Callable[[CheckResult], None] | None = None,
              extra_files: Mapping[str, bytes] = {}, first_failure: bool = False, shrink: bool = True) -> Verdict:  # fmt: skip
        """Run the lab's checks against `source`, and say what each came to. `on_check` is called as each check ends.

        Raises `modelwright.groups.NotInstalled` where what the lab needs is not all here.

        With `first_failure` no check is run after one has failed: only the status counts. Without `shrink`, as then, a property's example
        that failed is not made smaller.
        """
        started = time.perf_counter()
        sha = hashlib.sha256(source).hexdigest()
        if refusal := refused(source):
            return self._verdict(lab, Conclusion("refused", refusal, [], 0, 0), started, sha, self.isolation())
        folder = Path(lab.folder).resolve()
        groups.require(lab.needs, "this lab")
        if not (folder / "checks.py").is_file():
            raise GradingError(f"The lab {lab.id} has no checks.py in {folder}; `modelwright course validate` says what a lab needs.")
        header = {"mode": "grade", "lab": lab.id, "folder": str(folder), "file": lab.file, "seconds": lab.limits.seconds,
                  "memory_mb": lab.limits.memory_mb, "hidden": self._hidden(folder), "forbid": [asdict(rule) for rule in rules_of(lab)],
                  "forbid_check": lab.forbid_check, "first_failure": first_failure, "check_wall": lab.limits.check_wall,
                  "wall": lab.limits.submission_wall, "shrink": shrink and not first_failure,
                  "environment": groups.environment_of(lab.needs), "hides": groups.hidden_from(lab.needs)}  # fmt: skip
        told: list[tuple[int | None, CheckResult]] = []
        collected: list[tuple[str, ...]] = []
        end: dict[str, Any] = {}
        for event in self._events(kind_for(lab.needs), header, source, extra_files):
            if event["event"] == "collected":
                collected = [tuple(check) for check in event["checks"]]
            elif event["event"] == "check":
                check = CheckResult(**{key: value for key, value in event.items() if key not in ("event", "number")})
                told.append((event.get("number"), check))
                if on_check:
                    on_check(check)
            else:
                end = event
        ending = Ending(end["status"], end["message"]) if end["event"] == "done" else _unfinished(end["late"], lab.limits.submission_wall)
        held = self._isolation_of(end["holds"]) if "holds" in end else self.isolation()
        return self._verdict(lab, conclude(collected, told, ending), started, sha, held, end.get("peak", 0) / 2**20)

    def run_python(self, code: str, files: Mapping[str, bytes] = {}, limits: RunLimits = RunLimits()) -> Result:
        """Run plain Python as a script, with `files` beside it, in the same cage as a learner's code."""
        wall = clocks.check_wall(limits.seconds)
        header = {"mode": "run", "lab": "", "folder": "", "file": "main.py", "seconds": limits.seconds, "memory_mb": limits.memory_mb,
                  "hidden": self._hidden(None), "check_wall": wall, "wall": wall}  # fmt: skip
        ran: dict[str, Any] = {
            "status": "killed",
            "error": "The grading process ended before it was done.",
            "output": "",
            "traceback": "",
            "line": 0,
        }
        held = None
        for event in self._events(kind_for(limits.needs), header, code.encode(), files):
            if event["event"] == "ran":
                ran = {key: value for key, value in event.items() if key != "event"}
            elif event["event"] == "done":
                held = self._isolation_of(event["holds"])
            elif event["late"]:
                ran |= {"status": "timeout", "error": f"It was still running after {wall:g} seconds by the clock."}
        return Result(**{"seconds": 0.0, **ran}, isolation=held or self.isolation())

    def isolation(self) -> Isolation:
        if self._held is None:
            self._held = isolation()
        return self._held

    def _isolation_of(self, holds: list[str]) -> Isolation:
        self._held = describe(holds)
        return self._held

    def _hidden(self, folder: Path | None) -> list[str]:
        """Besides the package itself: the curriculum that the lab lies in, and the learner's home with its journal."""
        hidden = [] if self.home is None else [str(Path(self.home).resolve())]
        if folder is not None:
            hidden.append(str(folder.parents[3] if folder.parent.name == "labs" and len(folder.parents) > 4 else folder))
        return hidden

    def _events(self, kind: str, header: dict[str, Any], source: bytes, extra: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
        """The conversation, begun once more if another process's zygote was asked and went away before it said anything.

        The last event is `done`, or `broken` where the other side ended without it; `late` says that its time was up.
        """
        for name in extra:
            if not re.fullmatch(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*", name) or ".." in name.split("/"):
                raise GradingError(f"{name!r} is not a file name that can be graded with; use relative names of letters, digits, - and _.")
        header |= {"without": self.without, "extra": list(extra)}
        for last in (False, True):
            events = self._converse(kind, header, source, extra)
            first = next(events)
            if first["event"] == "broken" and not first["late"] and not last and self._zygote(kind).process is None:
                continue
            yield first
            yield from events
            return

    def _converse(self, kind: str, header: dict[str, Any], source: bytes, extra: Mapping[str, bytes]) -> Iterator[dict[str, Any]]:
        from .wire import recv_frame, send_frame

        with self._zygote(kind).connect() as sock:
            self._conversations.add(sock)
            end = time.monotonic() + header["wall"]
            try:
                sock.settimeout(header["wall"] + PATIENCE)
                send_frame(sock, json.dumps(header).encode())
                for data in (source, *extra.values()):
                    send_frame(sock, data)
                while True:
                    sock.settimeout(max(0.01, end + PATIENCE - time.monotonic()))
                    event = json.loads(recv_frame(sock))
                    yield event
                    if event["event"] == "done":
                        return
            except (EOFError, OSError):
                if sock not in self._conversations:
                    raise GradingError("The grading was stopped before it was done; nothing was judged. Hand the file in again.") from None
                yield {"event": "broken", "late": time.monotonic() > end}
            finally:
                self._conversations.discard(sock)

    def _verdict(self, lab: Lab, conclusion: Conclusion, started: float, sha: str, held: Isolation, peak: float = 0.0) -> Verdict:
        return Verdict(
            lab=lab.id, **conclusion._asdict(), seconds=time.perf_counter() - started, isolation=held, source_sha256=sha,
            peak_memory_mb=round(peak, 1), wall_limit=lab.limits.submission_wall,
        )  # fmt: skip


def _unfinished(late: bool, wall: float) -> Ending:
    """The other side said nothing more: its time was up, or something ended it."""
    if late:
        return Ending(
            "timeout", f"The submission took more than {wall:g} seconds by the clock, the most that this lab allows.", "time was up."
        )
    message = "The grading process ended before it was done; what your code returned may be too large for it."
    return Ending("error", message, "the grading process ended.")


def kind_for(needs: Sequence[str]) -> str:
    return "torch" if "torch" in needs else "numpy"


def run_python(code: str, files: Mapping[str, bytes] = {}, limits: RunLimits = RunLimits(), grader: Grader | None = None) -> Result:
    """One isolated run; with no grader, in processes that are started for it and ended after it."""
    if grader is not None:
        return grader.run_python(code, files, limits)
    with Grader() as own:
        return own.run_python(code, files, limits)


def refused(source: bytes) -> str:
    """Why this cannot be graded at all; empty where it can."""
    if len(source) > SOURCE_LIMIT:
        return f"The file has {len(source) / 2**20:.1f} MB; a lab's file may have at most {SOURCE_LIMIT >> 20} MB."
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return f"The file is not UTF-8 text (byte {error.start} is 0x{source[error.start]:02x}); save it as UTF-8."
    if not text.strip():
        return "The file is empty; `modelwright reset` brings the starter back."
    if "\0" in text:
        return "The file holds a null character, which Python does not accept; is it a text file?"
    return ""


def describe(holds: Sequence[str]) -> Isolation:
    from .cage import PIECES, tier

    have = {"files" if piece == "root" else piece for piece in holds} | set(holds)
    lacks = [f"{text}" for piece, text in PIECES.items() if piece not in have]
    return Isolation(tier=tier(holds), holds=[text for piece, text in PIECES.items() if piece in have], lacks=lacks)


def isolation() -> Isolation:
    """What would stand between a learner's code and this machine, found by trying it in a process made for that."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "modelwright.grading.cage"], capture_output=True, text=True, timeout=60, cwd="/", check=False
    )
    return describe(done.stdout.split())
