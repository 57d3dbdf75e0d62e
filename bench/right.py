"""Whether a right solution always passes: every right file of every lab, graded again and again, in turn, on however busy a machine.

Each file is graded once a round, so that each meets the machine at its quietest and at its busiest. A failure is printed as it happens,
with the load. Run: python bench/right.py [ROUNDS] [JOBS] [LAB ...]. Printed after each round: gradings, failures, load, seconds.
"""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from modelwright.curriculum import load
from modelwright.curriculum.models import Lab
from modelwright.grading import Grader
from modelwright.studio.author import chosen_labs


def right_files(lab: Lab) -> list[Path]:
    return [lab.folder / "solution.py", *sorted((lab.folder / "right").glob("*.py"))]


def main(arguments: list[str]) -> int:
    rounds = int(arguments[0]) if arguments else 3
    jobs = int(arguments[1]) if len(arguments) > 1 else 2
    files = [(lab, path) for lab in chosen_labs(load(), arguments[2:]) for path in right_files(lab)]
    print(f"{len(files)} right files, {rounds} rounds, {jobs} at a time on {os.cpu_count()} cores.", flush=True)
    failures, began, loads = 0, time.monotonic(), []
    with Grader() as grader, ThreadPoolExecutor(jobs) as pool:

        def fails(case: tuple[Lab, Path]) -> bool:
            lab, path = case
            verdict = grader.grade(lab, path.read_bytes())
            if verdict.status == "passed":
                return False
            failed = [f"{check.name}: {check.message}" for check in verdict.checks if check.status in ("failed", "error")]
            print(
                f"{lab.id} {path.name} ended {verdict.status} at load {os.getloadavg()[0]:.1f}: {(failed or [verdict.message])[0]}",
                flush=True,
            )
            return True

        for done in range(1, rounds + 1):
            failures += sum(pool.map(fails, files))
            loads.append(os.getloadavg()[0])
            at_load = f"load {loads[-1]:.1f}, so far {min(loads):.1f} to {max(loads):.1f}"
            print(f"round {done}: {done * len(files)} gradings, {failures} failed; {at_load}; {time.monotonic() - began:.0f} s", flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
