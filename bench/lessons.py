"""What it costs to run the code of lessons: how soon a block answers, and what twenty pages left open hold.

Prints the time of a lesson's first block with nothing warm and with the page just opened, the median of a small NumPy block, of every block
of every lesson in the order of reading, the memory of all processes with twenty pages open, and after how long none of them is left.
Usage: python bench/lessons.py [--quick], which leaves out the waiting for that end.
"""

from __future__ import annotations

import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import psutil
from rich.console import Console
from rich.table import Table

from modelwright.curriculum.lesson_blocks import Cell, of_kind
from modelwright.studio import Studio

PAGES, RUNS = 20, 40
SMALL = ["import numpy as np\nrng = np.random.default_rng(0)", "x = rng.normal(size=(4, 3))\nprint(x.shape)\n(x @ x.T).sum()"]
# seconds, seconds, seconds, MB, seconds
FIRST, WARM_FIRST, MEDIAN, MEMORY, GONE = 4.0, 1.5, 0.3, 1500, 600


def timed(what: Callable[[], object]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def children() -> list[psutil.Process]:
    return [p for p in psutil.Process().children(recursive=True) if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


def megabytes() -> float:
    """Of all processes under this one, each page counted once among those that share it."""
    total = 0
    for process in children():
        try:
            memory = process.memory_full_info()
        except psutil.NoSuchProcess:
            continue
        total += getattr(memory, "pss", memory.uss)
    return total / 2**20


def main() -> int:
    rows: list[tuple[str, float, float, str]] = []
    with tempfile.TemporaryDirectory() as home, Studio.open(home) as studio:
        studio.enrol("Ada", 7)
        lessons = [
            (lesson.id, [cell.code for cell in of_kind(lesson, Cell)])
            for lesson in studio.curriculum.lessons.values()
            if of_kind(lesson, Cell)
        ]
        first, codes = lessons[0]
        rows.append(("first block, nothing warm", timed(lambda: studio.run_block(first, codes[:1])), FIRST, "s"))
        second, codes = lessons[1]
        rows.append(("first block of a page just opened", timed(lambda: studio.run_block(second, codes[:1])), WARM_FIRST, "s"))
        third, codes = lessons[2]
        texts = [*SMALL, *codes[2:]]
        studio.run_block(third, texts[:1])
        again = [timed(lambda: studio.run_block(third, texts[:2])) for _ in range(RUNS)]
        rows.append((f"small NumPy block, median of {RUNS}", statistics.median(again), MEDIAN, "s"))
        every = []
        for id, codes in lessons:
            for number in range(1, len(codes) + 1):
                seconds = timed(lambda id=id, codes=codes, number=number: studio.run_block(id, codes[:number]))  # type: ignore[misc]
                every.append((seconds, f"{id}, block {number}"))
        rows.append((f"every block of {len(lessons)} lessons, median", statistics.median(seconds for seconds, _ in every), MEDIAN, "s"))
        for id, codes in lessons[:PAGES]:
            studio.run_block(id, codes[:1])
        rows.append((f"{min(PAGES, len(lessons))} pages open, all processes", megabytes(), MEMORY, "MB"))
        if "--quick" not in sys.argv:
            began = time.monotonic()
            while children() and time.monotonic() - began < GONE:
                time.sleep(2)
            rows.append(("until no process is left", time.monotonic() - began if not children() else float("inf"), GONE, "s"))
    table = Table("measure", "value", "at most", box=None)
    for name, value, most, unit in rows:
        table.add_row(name, f"{value:.3g} {unit}", f"{most:g} {unit}", style="" if value <= most else "red")
    out = Console(width=120)
    out.print(table)
    out.print("The slowest blocks: " + "; ".join(f"{where} {seconds:.2f} s" for seconds, where in sorted(every, reverse=True)[:4]))
    out.print(f"{platform.machine()}, {psutil.cpu_count()} processors, Python {platform.python_version()}", style="dim")
    return int(any(value > most for _, value, most, _ in rows))


if __name__ == "__main__":
    sys.exit(main())
