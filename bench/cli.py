"""How quickly the program is there: its help, a command of the evening, and the studio from a cold process to its first page.

Run: python bench/cli.py [RUNS]. Each is a process of its own, started RUNS times (default 7); the median counts. The peers are Python
itself doing nothing and `python -m pytest --version`, a well-known command of the same kind, in the same run. The learner has a journal
of 50,000 events, made with a stated seed in a folder that is deleted afterwards. Reached: --help within 0.35 s, the studio within 2 s.
"""

from __future__ import annotations

import os
import platform
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

EVENTS = 50_000
HELP, START = 0.35, 2.0
PROGRAM = [str(Path(sys.executable).with_name("modelwright"))]


def fill(home: Path) -> None:
    """A learner with a long past."""
    sys.path.insert(0, str(Path(__file__).parent))
    from journal import history
    from modelwright.curriculum import load
    from modelwright.journal import Journal
    from modelwright.studio import Studio

    home.mkdir(parents=True)
    journal = Journal.open(home / "journal.db")
    batch = list(history(load(), EVENTS))
    for i in range(0, len(batch), 10_000):
        part = batch[i : i + 10_000]
        journal.append_many([data for _, data in part], at=[at for at, _ in part])
    journal.close()
    Studio.open(home).close()  # which leaves a snapshot, as any evening does


def timed(command: list[str], runs: int, environment: dict[str, str]) -> float:
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def first_page(runs: int, environment: dict[str, str]) -> float:
    """From the start of the process to the first 200 of the page Today."""
    seconds = []
    for _ in range(runs):
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        began = time.perf_counter()
        process = subprocess.Popen([*PROGRAM, "start", "--port", str(port)], env=environment, stdout=subprocess.DEVNULL)
        try:
            while True:
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=20) as answer:
                        if answer.status == 200:
                            break
                except (urllib.error.URLError, ConnectionError, TimeoutError):
                    time.sleep(0.01)
            seconds.append(time.perf_counter() - began)
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)
    return statistics.median(seconds)


def main() -> int:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 7
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        environment = os.environ | {"MODELWRIGHT_HOME": str(home), "NO_BROWSER": "1", "OMP_NUM_THREADS": "1"}
        fill(home)
        python = timed([sys.executable, "-c", "pass"], runs, environment)
        pytest = timed([sys.executable, "-m", "pytest", "--version"], runs, environment)
        rows = [
            ("python -c pass", python, None),
            ("python -m pytest --version", pytest, None),
            ("modelwright --help", timed([*PROGRAM, "--help"], runs, environment), HELP),
            ("modelwright next", timed([*PROGRAM, "next"], runs, environment), None),
            ("modelwright today", timed([*PROGRAM, "today"], runs, environment), None),
            ("modelwright start, to the first page", first_page(max(3, runs // 2), environment), START),
        ]
    print(f"{platform.platform()}, {os.cpu_count()} cores, {EVENTS:,} events\n")
    print(f"{'':<38} {'seconds':>8} {'of pytest --version':>20}   wanted")
    missed = 0
    for name, seconds, wanted in rows:
        verdict = "" if wanted is None else f"{wanted:g} s, {'reached' if seconds <= wanted else 'missed'}"
        missed += wanted is not None and seconds > wanted
        print(f"{name:<38} {seconds:>8.3f} {seconds / pytest:>20.2f}   {verdict}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
