"""Two changes of one text, made into one where they do not meet."""

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


def difference(theirs: str, mine: str, file: str) -> str:
    """From the text outside to one's own, as a unified diff."""
    parts = difflib.unified_diff(theirs.splitlines(), mine.splitlines(), f"{file}, outside", f"{file}, here", lineterm="")
    return "\n".join(parts)
