"""`modelwright run`: a lab's file and a line after it, as a script, without a verdict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tiny_curriculum as tiny

FILE = "import sys\nprint('[bold]out[/]')\nprint('err', file=sys.stderr)\n\n\ndef half(x):\n    return x / 2\n"


def test_a_file_and_a_line_are_run_and_nothing_is_recorded(enrolled: Callable[..., Any], home: Path, tmp_path: Path) -> None:
    path = tmp_path / "softmax.py"
    path.write_text(FILE)
    before = enrolled("journal", "export", str(tmp_path / "a.jsonl"))
    ran = enrolled("run", str(path), "half(5)")
    assert (ran.code, ran.out) == (0, "[bold]out[/]\nerr\n2.5\n")
    failed = enrolled("run", str(path), "half('a')")
    assert failed.code == 1
    assert "line 7, in half\n    return x / 2\nTypeError" in failed.out
    assert "modelwright/" not in failed.out
    assert before.code == enrolled("journal", "export", str(tmp_path / "b.jsonl")).code == 0
    assert (tmp_path / "a.jsonl").read_text() == (tmp_path / "b.jsonl").read_text()


def test_without_a_line_the_learners_own_file_is_run(enrolled: Callable[..., Any], home: Path) -> None:
    assert enrolled("run", tiny.LAB).code == 0
    (home / "workshop" / "labs" / "tiny_maths" / "softmax.py").write_bytes(b"\xff")
    broken = enrolled("run", tiny.LAB)
    assert broken.code == 1
    assert "is not UTF-8" in broken.out + broken.err
