"""What is killed while it writes, and what is then missing: every acknowledged event must be there, and the chain whole.

Writers of an SQLite journal are shot one after another. A PostgreSQL server is shot with all its processes while a writer appends, and
started again. Run: python bench/kills.py [WRITERS] [SERVERS]. Printed: kills, events acknowledged, events lost, what `verify` says.
"""

from __future__ import annotations

import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from modelwright.journal import Journal

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = ROOT / "tests" / "journal" / "killing.py"
WRITER = """
import sys
from modelwright.journal import Journal, events as e
journal = Journal.open(sys.argv[1])
data = e.CardReviewed(card="linear-algebra/rank", skill="linear-algebra/rank", rating=3, seconds=1)
while True:
    print(journal.append(data).id, flush=True)
"""


def told(what: str, kills: int, acknowledged: set[str], journal: Journal) -> bool:
    stored = {event.id for _, event in journal.events()}
    report = journal.verify()
    lost = acknowledged - stored
    print(f"{what}: {kills} kills, {len(acknowledged)} acknowledged, {len(lost)} lost; verify: {'whole' if report.ok else report.problems}")
    return not lost and report.ok


def writers(kills: int) -> bool:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "journal.db"
        Journal.open(path).close()
        run = subprocess.run([sys.executable, PROGRAM, path, str(kills)], capture_output=True, text=True, check=True)
        with Journal.open(path) as journal:
            return told("SQLite, the writer", kills, {line for line in run.stdout.split() if len(line) == 32}, journal)


def servers(kills: int) -> bool:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), reverse=True)
    programs = found[0].parent if found else Path(shutil.which("initdb") or "").parent
    if not (programs / "postgres").exists():
        print("PostgreSQL: its server programs are not on this machine; nothing was tried.")
        return True
    rng = random.Random(7)
    folder = Path(tempfile.mkdtemp(prefix="mw-pg-"))
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        user = pwd.getpwnam("postgres")
        os.chown(folder, user.pw_uid, user.pw_gid)
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    quiet: dict[str, Any] = {"cwd": folder, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    make = [programs / "initdb", "-D", folder / "data", "-U", "learner", "-A", "trust", "-E", "UTF8", "--locale=C"]
    subprocess.run(make, check=True, **quiet, **who)
    url = f"postgresql+psycopg://learner@127.0.0.1:{port}/postgres"

    def start() -> subprocess.Popen[bytes]:
        command = [programs / "postgres", "-D", folder / "data", "-p", str(port), "-k", folder, "-h", "127.0.0.1"]
        server = subprocess.Popen(command, start_new_session=True, **quiet, **who)
        engine = sa.create_engine(url)
        for _ in range(300):  # it listens before it answers, and after a kill it first reads its log again
            try:
                engine.connect().close()
                break
            except sa.exc.OperationalError:
                time.sleep(0.1)
        engine.dispose()
        return server

    acknowledged: set[str] = set()
    server = start()
    try:
        Journal.open(url).close()
        for _ in range(kills):
            writer = subprocess.Popen([sys.executable, "-c", WRITER, url], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
            assert writer.stdout is not None
            acknowledged.add(writer.stdout.readline().strip())
            time.sleep(rng.uniform(0, 0.2))
            family = subprocess.run(
                ["ps", "-o", "pid=", "--ppid", str(server.pid)], capture_output=True, text=True, check=False
            ).stdout.split()
            for pid in (server.pid, *map(int, family)):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            server.wait()
            acknowledged |= {line for line in writer.communicate()[0].split() if len(line) == 32}
            server = start()
        with Journal.open(url) as journal:
            return told("PostgreSQL, the server and its processes", kills, acknowledged - {""}, journal)
    finally:
        server.terminate()
        server.wait(20)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    counts = [*map(int, sys.argv[1:]), *(300, 30)[len(sys.argv) - 1 :]]
    raise SystemExit(0 if all([writers(counts[0]), servers(counts[1])]) else 1)
