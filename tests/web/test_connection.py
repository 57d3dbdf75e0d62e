"""The server's side of a connection: what never ends is ended, a crowd is one line in the log, and an answer is always an answer."""

from __future__ import annotations

import errno
import logging
import resource
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from modelwright.studio import Studio
from modelwright.web import connection, create_app
from serving import answers, free_port


@contextmanager
def serving(studio: Studio) -> Iterator[int]:
    """The pages behind these connections, on a port of this process."""
    import uvicorn

    port = free_port()
    config = uvicorn.Config(create_app(studio), host="127.0.0.1", port=port, log_level="error", ws="none", **connection.settings())
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    answers(f"http://127.0.0.1:{port}/api/health")
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join(15)


@pytest.fixture(scope="module")
def studio(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with Studio.open(tmp_path_factory.mktemp("home"), tiny) as opened:
        opened.enrol("Ada", 7)
        yield opened


@pytest.fixture(scope="module")
def port(studio: Studio) -> Iterator[int]:
    """Patience of a second, so that the tests need none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "HEAD_SECONDS", 1.0)
        patch.setattr(connection, "BODY_SECONDS", 1.0)
        patch.setattr(connection, "TICK", 0.1)
        with serving(studio) as port:
            yield port


def ask(port: int, *pieces: bytes, pause: float = 0.0) -> bytes:
    """Everything that the server says to these bytes, until it closes."""
    with closing(socket.create_connection(("127.0.0.1", port), timeout=30)) as line:
        for piece in pieces:
            try:
                line.sendall(piece)
            except OSError:
                break
            time.sleep(pause)
        said = b""
        try:
            while more := line.recv(65536):
                said += more
        except OSError:
            pass
        return said


HEAD = b"Host: 127.0.0.1\r\n"
FORM = b"POST /note HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n"


@pytest.mark.parametrize(
    ("pieces", "pause"),
    [
        ((b"GET / HTTP/1.1\r\n" + HEAD,), 0.0),
        ((b"G",), 0.0),
        ((b"GET / HTTP/1.1\r\n" + HEAD, *[b"X-A: b\r\n"] * 40), 0.1),
        ((FORM + HEAD + b"\r\nabc",), 0.0),
        ((FORM + HEAD + b"\r\n", *[b"a"] * 40), 0.1),
        ((b"POST /api/notes HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + HEAD + b"\r\n5\r\nabc",), 0.0),
    ],
    ids=["half a head", "a letter", "a head in drops", "half a body", "a body in drops", "half a chunk"],
)
def test_a_request_that_never_ends_is_ended_in_a_sentence(port: int, pieces: tuple[bytes, ...], pause: float) -> None:
    began = time.monotonic()
    said = ask(port, *pieces, pause=pause)
    assert time.monotonic() - began < 12
    assert said.startswith(b"HTTP/1.1 408 ")
    assert b"did not come to its end" in said


def test_who_says_nothing_is_let_go_and_who_works_is_not(port: int) -> None:
    assert ask(port) == b""
    body = b"target=tiny-maths&text=mine"
    head = b"POST /note HTTP/1.1\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n" % len(
        body
    )
    assert ask(port, head + HEAD + b"\r\n", body, pause=0.3).startswith(b"HTTP/1.1 303")


@pytest.mark.parametrize("spaces", [b" ", b"\t ", b"   "])
def test_a_header_that_ends_in_a_space_is_a_header(port: int, spaces: bytes) -> None:
    said = ask(port, b"GET /api/health HTTP/1.1\r\nConnection: close\r\nX-Odd: a" + spaces + b"\r\n" + HEAD + b"\r\n")
    assert said.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("line", [b"X-Odd : a\r\n", b" folded\r\n", b"X\x00: a\r\n", b"no colon\r\n"])
def test_a_head_that_is_none_gets_an_answer(port: int, line: bytes) -> None:
    assert ask(port, b"GET /api/health HTTP/1.1\r\nConnection: close\r\n" + HEAD + line + b"\r\n").startswith(b"HTTP/1.1 40")


def test_a_refusal_of_any_length_is_an_answer(port: int) -> None:
    """A long name is told in a header that is cut somewhere: at a space, too."""
    for length in range(355, 366):
        name = "%20".join(["a" * length, "b" * 30])
        said = ask(port, f"GET /module/{name} HTTP/1.1\r\nConnection: close\r\n".encode() + HEAD + b"\r\n")
        assert said.startswith(b"HTTP/1.1 404 "), length


def test_a_crowd_that_says_nothing_keeps_nobody_out(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MOST", 20)
    with serving(studio) as port:
        crowd = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(60)]
        try:
            said = ask(port, b"GET /api/health HTTP/1.1\r\nConnection: close\r\n" + HEAD + b"\r\n")
            assert said.startswith(b"HTTP/1.1 200 ")
        finally:
            for line in crowd:
                line.close()


def test_running_out_of_files_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    import asyncio

    complaints = connection.Complaints()
    loop = asyncio.new_event_loop()
    try:
        with caplog.at_level(logging.WARNING):
            for _ in range(2000):
                complaints(
                    loop, {"message": "socket.accept() out of system resource", "exception": OSError(errno.EMFILE, "Too many open files")}
                )
    finally:
        loop.close()
    assert len(caplog.records) == 1
    assert "ulimit -n" in caplog.records[0].getMessage()
    assert "\n" not in caplog.records[0].getMessage()


def test_start_with_few_files_says_so_once_and_answers_again(tmp_path: Path, tiny: Path) -> None:
    port, log = free_port(), tmp_path / "log"
    environment = {
        "MODELWRIGHT_HOME": str(tmp_path / "home"),
        "MODELWRIGHT_CURRICULUM": str(tiny),
        "NO_BROWSER": "1",
        "PATH": "/usr/bin:/bin",
    }
    with open(log, "wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "modelwright.cli", "start", "--port", str(port)],
            env=environment, stdout=out, stderr=out, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40)),
        )  # fmt: skip
    try:
        answers(f"http://127.0.0.1:{port}/api/health", alive=lambda: process.poll() is None)
        crowd = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(60)]
        time.sleep(3)
        for line in crowd:
            line.close()
        answers(f"http://127.0.0.1:{port}/api/health", within=30, alive=lambda: process.poll() is None)
    finally:
        process.terminate()
        process.wait(20)
    text = log.read_text("utf-8", "replace")
    assert text.count("No more connections can be taken") <= 1
    assert "Traceback" not in text
    assert len(text) < 4000
