"""Every measurement, one after another, each as a program with a table at its end.

`make bench` runs them all; `python bench/all.py grading web` runs some. A measurement that needs something that is not here (a checkout
of a peer, a data set, a graphics card) says so and is passed over. Ratios are taken within one run; run them on a quiet machine.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    programs = sorted(path for path in HERE.glob("*.py") if path.stem not in ("all", "common", "worlds") and not path.stem.startswith("_"))
    unknown = set(names) - {path.stem for path in programs}
    if unknown:
        print(f"There is no bench called {', '.join(sorted(unknown))}; there are {', '.join(p.stem for p in programs)}.")
        return 2
    print(f"{platform.platform()}, Python {platform.python_version()}\n")
    failed = []
    for path in programs:
        if names and path.stem not in names:
            continue
        print(f"== {path.stem}", flush=True)
        began = time.monotonic()
        code = subprocess.run([sys.executable, str(path)]).returncode
        if code:
            failed.append(path.stem)
        print(f"   ({time.monotonic() - began:.0f} s)\n", flush=True)
    if failed:
        print(f"Not reached or not run: {', '.join(failed)}.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
