"""Stopping `modelwright start`: what hangs is no reason to wait."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator

import psutil
import pytest

import tiny_curriculum as tiny

HANGS = "import sys, time\ndef softmax(x, axis=-1):\n    while True:\n        print('.', file=sys.stderr)\n        time.sleep(0.01)"
LAB = "tiny-maths/softmax"


@pytest.fixture
def served(enrolled, environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-m", "modelwright", "start"], env=environment | {"PORT": str(port)}, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
    assert process.stdout is not None
    assert "Modelwright is at" in process.stdout.readline()
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def posted(url: str, body: dict[str, str]) -> str:
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return str(answer.read().decode())


def hang(url: str) -> None:
    """Submissions that never return: through the page's stream and through the API."""

    def quietly(place: str) -> None:
        with contextlib.suppress(OSError):
            posted(url + place, {"text": HANGS})

    for place in (f"/lab/{LAB}/run", f"/api/labs/{LAB}/submit"):
        threading.Thread(target=quietly, args=(place,), daemon=True).start()


def test_a_file_that_hangs_keeps_the_next_one_from_nothing(served: tuple[subprocess.Popen[str], str]) -> None:
    _, url = served
    hang(url)
    hang(url)
    hang(url)
    time.sleep(1)
    assert '"status":"passed"' in posted(f"{url}/api/labs/{LAB}/submit", {"text": tiny.SOLUTION}).replace(" ", "")


@pytest.mark.parametrize("times", [1, 2])
def test_ctrl_c_ends_it_within_five_seconds_whatever_runs(served: tuple[subprocess.Popen[str], str], times: int) -> None:
    process, url = served
    hang(url)
    family = psutil.Process(process.pid)
    until = time.monotonic() + 90
    while len(family.children(recursive=True)) < 4 and time.monotonic() < until:
        time.sleep(0.1)
    below = family.children(recursive=True)
    assert len(below) >= 4
    began = time.monotonic()
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.3)
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 5
    assert process.returncode in (0, 130, -signal.SIGINT)  # the second may come when all is done
    assert "Traceback" not in err
    assert not psutil.wait_procs(below, timeout=5)[1]


def test_the_second_ctrl_c_does_not_wait_for_a_thread_that_never_ends(environment: dict[str, str]) -> None:
    """A page being drawn, a slow disk: whatever keeps a thread."""
    script = (
        "import signal, threading, time\n"
        "from modelwright.cli.server import Stopping\n"
        "class Server: should_exit = force_exit = False\n"
        "stopping = Stopping()\n"
        "with stopping.heard():\n"
        "    stopping.server = Server()\n"
        "    threading.Thread(target=time.sleep, args=(1000,)).start()\n"
        "    print('ready', flush=True)\n"
        "    while not stopping.server.should_exit: time.sleep(0.01)\n"
        "    lock = threading.Lock(); lock.acquire()\n"
        "    print('closing', flush=True)\n"
        "    lock.acquire()\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "closing\n"
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 5
    assert (process.returncode, err) == (0, "")
