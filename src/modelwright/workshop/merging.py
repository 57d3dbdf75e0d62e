"""How two texts differ, and two changes of one text made into one where they do not meet."""

from __future__ import annotations

import difflib

from merge3 import Merge3


def merged(base: str, mine: str, theirs: str) -> str | None:
    """What `base` becomes by both changes, line by line; None where both changed the same lines, each in its own way."""
    lines: list[str] = []
    before, one, other = (text.splitlines(keepends=True) for text in (base, mine, theirs))
    for kind, *texts in Merge3(before, one, other).merge_groups():
        if kind == "conflict":
            return None
        lines += texts[0]
    return "".join(lines)


def difference(before: str, after: str, before_name: str, after_name: str) -> str:
    """From one text to another, as a unified diff, each line of which ends; "" where they are equal."""
    lines = difflib.unified_diff(before.splitlines(keepends=True), after.splitlines(keepends=True), before_name, after_name)
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)
