"""What the forge, which knows nothing of the rooms above, is handed from them: the learner's passed parts, an isolated runner of Python.

Nothing is opened before a command asks for it.
"""

from __future__ import annotations

import atexit
from collections.abc import Sequence
from functools import cached_property
from typing import Any


class IntoForge:
    """Called with a part's name it gives the learner's module for it, or None; `run_python` is a `forge.rewards.RunPython`."""

    def __call__(self, slug: str) -> Any:
        from modelwright.forge.parts import load_file

        for lab in self._studio.curriculum.labs.values():
            if lab.part == slug:
                view = self._studio.lab(lab.id)
                if view.passed:
                    from pathlib import Path

                    return load_file(Path(view.path))
        return None

    def run_python(self, code: str, tests: Sequence[str], seconds: float) -> list[bool]:
        from modelwright.forge.rewards import held_tests, script
        from modelwright.grading import RunLimits

        result = self._grader.run_python(script(code, tests), limits=RunLimits(seconds=seconds, memory_mb=400))
        return held_tests(result.output if result.status == "ok" else "", len(tests))

    @cached_property
    def _studio(self) -> Any:
        from modelwright.studio import Studio

        studio = Studio.open()
        atexit.register(studio.close)
        return studio

    @cached_property
    def _grader(self) -> Any:
        from modelwright.grading import Grader

        grader = Grader()
        atexit.register(grader.close)
        return grader
