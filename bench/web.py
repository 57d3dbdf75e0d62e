"""How long the server takes over each page with a journal of 50,000 events, and what a page sends: measured, not asserted.

Each page is asked for over a real socket from a process of its own, so that the time is the server's: routing, the studio's answer, the
template, compression. The peer is the same server's smallest answer, /api/health: the ratio says how much of a page is the page.

First visits are measured apart: a new server is asked for Today at once, and then, when it has made ready what `modelwright start` makes
ready while the first page is read, for every other page once.

    python bench/web.py [--events 50000] [--rounds 40] [--starts 3]
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import multiprocessing
import random
import re
import socket
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from modelwright.journal import Journal
from modelwright.journal import events as e
from modelwright.studio import Home, Studio

MEDIAN, WORST, FIRST_VISIT = 25.0, 60.0, 300.0  # milliseconds
FIRST, LATER = 250_000, 20_000  # bytes, compressed
DAY = 86_400_000


def fill(home: Path, count: int) -> None:
    """A learner of three years: cards and problems mostly, with lessons, chapters, labs and notes among them."""
    rng = random.Random(0)
    with Studio.open(home) as studio:
        studio.enrol("Ada", 7)
        c = studio.curriculum
    cards, problems, lessons, labs = list(c.cards.values()), list(c.problems.values()), list(c.lessons), list(c.labs.values())
    books = [(r.id, chapter) for r in c.resources.values() for chapter in r.chapters]
    now = time.time_ns() // 1_000_000
    data: list[e.Data] = []
    for _ in range(count - 1):
        kind = rng.random()
        if kind < 0.62 and cards:
            card = rng.choice(cards)
            data.append(e.CardReviewed(card=card.id, skill=card.skill, rating=rng.choice((1, 2, 3, 3, 3, 4)), seconds=rng.uniform(2, 30)))
        elif kind < 0.92 and problems:
            p = rng.choice(problems)
            right = rng.random() < 0.8
            data.append(
                e.ProblemAnswered(problem=p.id, seed=rng.randrange(1, 500), skills=list(p.skills), answer="1", right=right, seconds=60)
            )
        elif kind < 0.94 and lessons:
            data.append(e.LessonFinished(lesson=rng.choice(lessons), seconds=700))
        elif kind < 0.97:
            book, chapter = rng.choice(books)
            data.append(e.ChapterRead(resource=book, chapter=chapter.number, hours=chapter.hours))
        elif kind < 0.995 and labs:
            lab = rng.choice(labs)
            passed = rng.random() < 0.5
            verdict = {"schema": 1, "lab": lab.id, "status": "passed" if passed else "failed", "checks": [], "passed": 3, "total": 5}
            data.append(
                e.LabSubmitted(
                    lab=lab.id, skills=list(lab.skills), passed=passed, checks_passed=3, checks_total=5, seconds=600,
                    source_sha256="0" * 64, verdict=verdict,
                )
            )  # fmt: skip
        else:
            data.append(e.NoteWritten(target=rng.choice(list(c.skills)), text="A note of some length, as people write them."))
    with Journal.open(Home.at(home).journal_url) as journal:
        step = 1000 * DAY // max(1, len(data))
        for begin in range(0, len(data), 5000):
            part = data[begin : begin + 5000]
            journal.append_many(part, at=[now - 1000 * DAY + (begin + i) * step for i in range(len(part))])


def serve(home: str, handle: socket.socket) -> None:
    import uvicorn

    from modelwright.web import create_app

    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, fileno=handle.detach())
    ready = threading.Event()

    def after_start() -> None:
        """As `modelwright start` does it: the first page comes first."""
        time.sleep(0.5)
        studio.warm()
        ready.set()

    with Studio.open(home) as studio:
        threading.Thread(target=after_start, daemon=True).start()
        config = uvicorn.Config(Clocked(create_app(studio), ready), log_level="error", access_log=False, ws="none")
        uvicorn.Server(config).run(sockets=[listening])


class Clocked:
    """Adds to each answer the processor time that it took, since the wall clock of a busy machine tells more of the neighbours, and whether
    the server has made everything ready."""

    def __init__(self, app: Any, ready: threading.Event) -> None:
        self.app, self.ready = app, ready

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        begun = time.process_time()

        async def told(message: Any) -> None:
            if message["type"] == "http.response.start":
                spent = 1000 * (time.process_time() - begun)
                message = {
                    **message,
                    "headers": [
                        *message["headers"],
                        (b"x-cpu-ms", f"{spent:.2f}".encode()),
                        (b"x-warm", b"1" if self.ready.is_set() else b"0"),
                    ],
                }
            await send(message)

        await self.app(scope, receive, told)


class Visitor:
    def __init__(self, port: int) -> None:
        self.cpu, self.warm = 0.0, False
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def get(self, path: str, encoding: str = "gzip") -> tuple[float, bytes]:
        begun = time.perf_counter()
        self.connection.request("GET", path, headers={"Accept-Encoding": encoding})
        answer = self.connection.getresponse()
        body = answer.read()
        took = 1000 * (time.perf_counter() - begun)
        self.cpu, self.warm = float(answer.headers.get("x-cpu-ms", 0)), answer.headers.get("x-warm") == "1"
        if answer.status != 200:
            raise SystemExit(f"{path} answered {answer.status}")
        return took, body


def pages(studio: Studio) -> list[str]:
    c = studio.curriculum
    lab, lesson, problem = next(iter(c.labs), None), next(iter(c.lessons), None), next(iter(c.problems), None)
    found = ["/", "/review", "/workshop", "/plan", "/skills", f"/skills?stage={next(iter(c.stages))}", "/skills/table", "/library"]
    found += ["/forecast", "/forecast?hours=10", "/settings", "/known", "/placement", "/find", "/find?q=matrix"]
    found += ["/module/linear-algebra", f"/skill/{next(iter(c.skills))}", f"/resource/{next(iter(c.resources))}"]
    found += [f"/{kind}/{id}" for kind, id in (("lesson", lesson), ("lab", lab)) if id]
    return found + ([f"/problem/{problem}?seed=1", f"/problems?of={problem}"] if problem else [])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--starts", type=int, default=3, help="servers started for each page's first visit; the fastest counts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        fill(Path(folder), options.events)
        filled = time.perf_counter() - begun
        begun = time.perf_counter()
        with Studio.open(folder) as studio:
            paths = pages(studio)
            counted = studio.status().events
        folded = time.perf_counter() - begun
        with served(folder) as visitor:
            title = f"{counted:,} events (written in {filled:.1f} s, folded in {folded:.1f} s)"
            missed = measure(visitor, paths, options.rounds, title) if options.rounds else []
        missed += first_visits(folder, paths, options.starts)
    return 1 if missed else 0


@contextlib.contextmanager
def served(folder: str) -> Iterator[Visitor]:
    """A server just started, as `modelwright start` does it: with the protocol named, asyncio turns Nagle's delay off, which costs
    40 ms a page otherwise."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.bind(("127.0.0.1", 0))
    listening.listen(16)
    server = multiprocessing.get_context("spawn").Process(target=serve, args=(folder, listening), daemon=True)
    server.start()
    visitor = Visitor(listening.getsockname()[1])
    visitor.get("/api/health")
    try:
        yield visitor
    finally:
        server.terminate()
        server.join(10)
        listening.close()


def first_visits(folder: str, paths: list[str], starts: int) -> list[str]:
    """Milliseconds until each page is there at the first visit after a start: the fastest of so many starts."""
    times: dict[str, list[tuple[float, float]]] = {path: [] for path in paths}
    for _ in range(starts):
        with served(folder) as visitor:
            for path in paths:
                took, _ = visitor.get(path)
                times[path].append((took, visitor.cpu))
                while not visitor.warm:  # a person reads the first page meanwhile
                    time.sleep(0.1)
                    visitor.get("/api/health")
    failed = []
    print(f"\nFirst visits, the fastest of {starts}\n\n{'page':58}{'first ms':>10}{'cpu ms':>8}")
    for path in paths if starts else ():
        took, cpu = min(times[path])
        failed += [path] if took > FIRST_VISIT else []
        print(f"{path:58}{took:10.0f}{cpu:8.0f}{'  missed' if took > FIRST_VISIT else ''}")
    print(f"\nAsked: {FIRST_VISIT:g} ms. {'Missed by ' + ', '.join(failed) if failed else 'Met by every page'}.")
    return failed


def measure(visitor: Visitor, paths: list[str], rounds: int, title: str) -> list[str]:
    visitor.get("/api/health")
    for path in paths:
        visitor.get(path)  # templates compiled, lessons rendered
    times: dict[str, list[float]] = {path: [] for path in ["/api/health", *paths]}
    cpu: dict[str, list[float]] = {path: [] for path in times}
    for _ in range(rounds):  # interleaved, so that a busy moment does not fall on one page
        for path in times:
            times[path].append(visitor.get(path)[0])
            cpu[path].append(visitor.cpu)
    floor = statistics.median(times["/api/health"])
    from modelwright.web import assets

    fonts = sum(path.stat().st_size for path in assets.DIST.glob("*.woff2"))
    sizes: dict[str, int] = {}
    print(f"{title}; {rounds} rounds; the smallest answer takes {floor:.1f} ms\n")
    print(f"{'page':58}{'median ms':>10}{'p95 ms':>8}{'cpu ms':>8}{'ratio':>7}{'later kB':>10}{'first kB':>10}")
    failed = []
    for path in paths:
        median, p95 = statistics.median(times[path]), statistics.quantiles(times[path], n=20)[-1]
        _, plain = visitor.get(path, "identity")
        later = len(visitor.get(path)[1])
        linked = {url for url in re.findall(r'/static/[^"]+', plain.decode()) if not url.endswith(".woff2")}
        for url in linked - sizes.keys():
            sizes[url] = len(visitor.get(url)[1])
        first = later + fonts + sum(sizes[url] for url in linked)
        missed = median > MEDIAN or p95 > WORST or later > LATER or first > FIRST
        failed += [path] if missed else []
        numbers = (
            f"{median:10.1f}{p95:8.1f}{statistics.median(cpu[path]):8.1f}{median / floor:7.1f}{later / 1000:10.1f}{first / 1000:10.1f}"
        )
        print(f"{path:58}{numbers}{'  missed' if missed else ''}")
    asked = f"median under {MEDIAN:g} ms, 95th percentile under {WORST:g} ms, {LATER // 1000} kB later, {FIRST // 1000} kB at first"
    print(f"\nAsked: {asked}.")
    print(f"Missed by {', '.join(failed)}." if failed else "Met by every page.")
    return failed


if __name__ == "__main__":
    sys.exit(main())
