"""How many one-change mutants of each lab's solution the lab's checks notice: the measure of what a pass is worth.

Every mutant is graded anew (nothing that earlier runs kept is believed), several at a time on the cores. Aim: 97 of 100 of those that
change behaviour, over all labs; those listed as equivalent in a lab's mutants.yaml are left out, and the list is checked.
Usage: python bench/mutation.py [--kept] [LAB ...]; --kept believes what earlier runs found.
"""

from __future__ import annotations

import os
import platform
import sys
import time
from itertools import groupby

from rich.console import Console
from rich.table import Table

from modelwright.curriculum import load
from modelwright.studio.author import chosen_labs
from modelwright.studio.mutation import KILLED_AT_LEAST, Fate, LabMutation, mutate, share_killed


def row(name: str, mutations: list[LabMutation]) -> list[str]:
    counts = [sum(m.count(fate) for m in mutations) for fate in (Fate.KILLED, Fate.EQUIVALENT, Fate.SURVIVED)]
    return [name, str(sum(counts)), *map(str, counts), f"{100 * share_killed(mutations):.1f}"]


def main(names: list[str]) -> int:
    curriculum = load()
    labs = chosen_labs(curriculum, [name for name in names if name != "--kept"])
    table = Table(title=f"Mutants of every lab's solution · {os.cpu_count()} cores, Python {platform.python_version()}", box=None)
    for heading in ("module", "lab", "mutants", "killed", "equivalent", "survivors", "% killed"):
        table.add_column(heading, justify="left" if heading in ("module", "lab") else "right")
    began, done = time.monotonic(), 0

    def show(mutation: LabMutation) -> None:
        nonlocal done
        done += 1
        print(f"{done} of {len(labs)}: {mutation.lab.id}, {time.monotonic() - began:.0f} s", file=sys.stderr)

    every = mutate(curriculum, labs, cold="--kept" not in names, on_lab=show)
    for module, group in groupby(every, lambda m: m.lab.id.split("/")[0]):
        mutations = list(group)
        for mutation in mutations:
            table.add_row(module, *row(mutation.lab.id.split("/")[1], [mutation]))
        table.add_row(module, *row("all of its labs", mutations), style="bold", end_section=True)
    Console(width=110).print(table)
    findings = [finding for mutation in every for finding in mutation.findings]
    print(*findings, sep="\n")
    share, graded = share_killed(every), sum(m.graded for m in every)
    print(f"{100 * share:.1f}% killed (aim: {100 * KILLED_AT_LEAST:g}%); {graded} mutants graded in {time.monotonic() - began:.0f} s.")
    return 1 if findings or share < KILLED_AT_LEAST else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
