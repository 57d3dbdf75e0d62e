"""What a start makes ready, so that no first visit waits for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import tiny_curriculum

SCRIPT = """
import sys
from modelwright.studio import Studio
with Studio.open(sys.argv[1], sys.argv[2]) as studio:
    studio.enrol("Ada", 7)
    assert "sympy" not in sys.modules, "opening a studio waits for nothing"
    studio.warm()
    assert "sympy" in sys.modules
"""


def test_a_start_loads_what_draws_problems_before_one_is_asked_for(tmp_path: Path) -> None:
    curriculum = tiny_curriculum.build(tmp_path / "curriculum")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "home"), str(curriculum)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
