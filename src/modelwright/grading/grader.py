"""The grader as the rooms above see it: warm processes behind two functions, `grade` and `run_python`."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import GradingError
from .verdict import CheckResult, Isolation, Verdict

if TYPE_CHECKING:
    from modelwright.curriculum.models import Lab

SOURCE_LIMIT = 1 << 20


class Zygote:
    """One warm process and the way to it. `connect` starts it if it is not there."""

    def __init__(self, kind: str, path: Path) -> None:
        self.kind, self.path = kind, path
        self.process: subprocess.Popen | None = None
        self.lock = threading.Lock()

    def connect(self) -> socket.socket:
        with self.lock:
            if self.process is None or self.process.poll() is not None:
                self._start()
            sock = socket.socket(socket.AF_UNIX)
            sock.connect(str(self.path))
            return sock

    def _start(self) -> None:
        threads = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
        env = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", **dict.fromkeys(threads, "1")}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "modelwright.grading.zygote", str(self.path), self.kind],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=env, start_new_session=True, cwd="/",
        )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if line.strip() != b"ready":
            raise GradingError(f"The grading process did not start (exit status {self.process.wait()}). Try `modelwright doctor`.")

    def stop(self) -> None:
        with self.lock:
            if self.process is not None:
                assert self.process.stdin is not None and self.process.stdout is not None
                self.process.stdin.close()
                try:
                    self.process.wait(5)
                except subprocess.TimeoutExpired:
                    self.process.kill()
                    self.process.wait()
                self.process.stdout.close()
                self.process = None


class Grader:
    """Grades submissions in warm processes. A context manager; may be shared by threads; starts nothing before it is needed."""

    def __init__(self, home: Path | None = None) -> None:
        self.home = home
        self._folder = tempfile.TemporaryDirectory(prefix="modelwright-run-")
        self._zygotes: dict[str, Zygote] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        for zygote in self._zygotes.values():
            zygote.stop()
        self._zygotes.clear()
        self._folder.cleanup()

    def warm(self, lab: Lab) -> None:
        """Start the process that this lab will need, so that the first submission does not wait for it."""
        self._zygote("torch" if "torch" in lab.needs else "numpy").connect().close()

    def _zygote(self, kind: str) -> Zygote:
        with self._lock:
            if kind not in self._zygotes:
                self._zygotes[kind] = Zygote(kind, Path(self._folder.name) / f"{kind}.sock")
            return self._zygotes[kind]

    def grade(self, lab: Lab, source: bytes, *, on_check: Callable[[CheckResult], None] | None = None,
              extra_files: Mapping[str, bytes] = {}) -> Verdict:  # fmt: skip
        """Run the lab's checks against `source`, and say what each came to. `on_check` is called as each check ends."""
        started = time.perf_counter()
        sha = hashlib.sha256(source).hexdigest()
        if refusal := refused(source):
            return self._verdict(lab, "refused", refusal, [], 0, started, sha, Isolation(tier="bare", holds=[], lacks=[]))
        checks: list[CheckResult] = []
        total = 0
        end: dict[str, Any] = {}
        for event in self._converse(lab, source, extra_files):
            if event["event"] == "collected":
                total = len(event["checks"])
            elif event["event"] == "check":
                check = CheckResult(**{key: value for key, value in event.items() if key != "event"})
                checks.append(check)
                if on_check:
                    on_check(check)
            else:
                end = event
        status, message = end.get("status", "error"), end.get("message", "The grading process ended before it was done.")
        return self._verdict(lab, status, message, checks, total, started, sha, isolation(), end.get("peak", 0) / 2**20)

    def _converse(self, lab: Lab, source: bytes, extra: Mapping[str, bytes]) -> Any:
        from .wire import recv_frame, send_frame

        header = {
            "lab": lab.id, "folder": str(Path(lab.folder).resolve()), "file": lab.file, "seconds": lab.limits.seconds,
            "memory_mb": lab.limits.memory_mb, "torch": "torch" in lab.needs, "hidden": [], "extra": list(extra),
        }  # fmt: skip
        with self._zygote("torch" if "torch" in lab.needs else "numpy").connect() as sock:
            send_frame(sock, json.dumps(header).encode())
            for data in (source, *extra.values()):
                send_frame(sock, data)
            while True:
                try:
                    event = json.loads(recv_frame(sock))
                except (EOFError, ConnectionError):
                    return
                yield event
                if event["event"] == "done":
                    return

    def _verdict(self, lab: Lab, status: str, message: str, checks: list[CheckResult], total: int, started: float, sha: str,
                 held: Isolation, peak: float = 0.0) -> Verdict:  # fmt: skip
        passed = sum(check.status == "passed" for check in checks)
        if not status:
            bad = [check for check in checks if check.status in ("failed", "error")]
            status = "failed" if any(check.status == "failed" for check in bad) else "error" if bad else "passed"
            message = (
                f"All {total} checks pass."
                if status == "passed"
                else f"{passed} of {total} checks pass. First: {bad[0].name}. {bad[0].message}"
            )
        return Verdict(
            lab=lab.id, status=status, message=message, checks=checks, passed=passed, total=total,  # type: ignore[arg-type]
            seconds=time.perf_counter() - started, isolation=held, source_sha256=sha, peak_memory_mb=round(peak, 1),
        )  # fmt: skip


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


def isolation() -> Isolation:
    return Isolation(tier="bare", holds=[], lacks=[])
