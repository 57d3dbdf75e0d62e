"""What the forge, which knows nothing of the rooms above, is handed from them: the learner's passed parts, an isolated runner of Python.

Nothing is opened before a command asks for it, and asking leaves no trace: no starter is written, no lab counts as opened, and nobody
has to be enrolled.
"""

from __future__ import annotations

import atexit
import os
from collections.abc import Sequence
from functools import cached_property
from typing import Any


class IntoForge:
    """Called with a part's name it gives the learner's module for it, or None; `run_python` is a `forge.rewards.RunPython`."""

    def __call__(self, slug: str) -> Any:
        from modelwright.forge.parts import load_file

        for lab in self._makers.get(slug, ()):
            if self._studio.lab_passed(lab.id):
                return load_file(self._studio.workshop.path(lab))
        return None

    def lab_of(self, slug: str) -> str | None:
        """The lab that makes this part; None where it is still to come. Where several do, the passed one, else the plan's first."""
        labs = self._makers.get(slug, ())
        return next((lab.id for lab in labs if self._studio.lab_passed(lab.id)), labs[0].id if labs else None)

    def run_python(self, code: str, tests: Sequence[str], seconds: float) -> list[bool]:
        from modelwright.forge.rewards import held_tests, script
        from modelwright.grading import RunLimits

        result = self._grader.run_python(script(code, tests), limits=RunLimits(seconds=seconds, memory_mb=400))
        return held_tests(result.output if result.status == "ok" else "", len(tests))

    @cached_property
    def _makers(self) -> dict[str, list[Any]]:
        """Part -> the labs that make it, in the plan's order."""
        found: dict[str, list[Any]] = {}
        for lab in self._studio.curriculum.labs.values():
            if lab.part:
                found.setdefault(lab.part, []).append(lab)
        return found

    @cached_property
    def _studio(self) -> Any:
        from modelwright.studio import Studio

        studio = Studio.open(curriculum_folder=os.environ.get("MODELWRIGHT_CURRICULUM") or None)
        atexit.register(studio.close)
        return studio

    @cached_property
    def _grader(self) -> Any:
        from modelwright.grading import Grader

        grader = Grader()
        atexit.register(grader.close)
        return grader
