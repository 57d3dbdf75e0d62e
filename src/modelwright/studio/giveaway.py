"""Whether a lesson gives a lab away: its code, handed in as it stands or under the lab's names, must not pass for the learner's own."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from modelwright.curriculum.errors import Finding
from modelwright.curriculum.lesson_blocks import Cell, Faded, blocks_of

if TYPE_CHECKING:
    from modelwright.curriculum.models import Lab, Lesson
    from modelwright.grading import Verdict

ALLOWED = 1 / 3  # of a lab's checks may pass by what its lesson shows: what any start of an answer passes


def shown_before(lab: Lab, lessons: Iterable[Lesson]) -> list[Lesson]:
    """The lessons on the lab's first skill."""
    return [lesson for lesson in lessons if lab.skills[0] in lesson.skills]


def prove_kept_back(lab: Lab, lessons: Iterable[Lesson], grade: Callable[..., Verdict]) -> Iterator[Finding]:
    """Hands in what each of these lessons shows, with the hole of its faded example filled."""
    for lesson in lessons:
        best = max((_share(grade(lab, source.encode())) for source in _sources(lab, lesson)), default=0.0)
        if best > ALLOWED:
            message = f"Its code, handed in, passes {best:.0%} of the checks of the lab {lab.id}."
            yield Finding(lesson.path, 0, message, f"Show another piece of the idea: at most {ALLOWED:.0%} may pass.")


def _sources(lab: Lab, lesson: Lesson) -> Iterator[str]:
    """The lesson's code, and once more with each of its functions under the name that the lab asks for first."""
    shown = [
        block.filled(block.fill) if isinstance(block, Faded) else block.code
        for block in blocks_of(lesson)
        if isinstance(block, Cell | Faded)
    ]
    code = "\n\n".join(shown)
    asked = _functions((lab.folder / "starter.py").read_text(encoding="utf-8"))
    if not code.strip() or not asked:
        return
    yield code
    for name in _functions(code):
        if name != asked[0]:
            yield f"{code}\n\n{asked[0]} = {name}\n"


def _functions(code: str) -> list[str]:
    try:
        return [node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    except SyntaxError:
        return []


def _share(verdict: Verdict) -> float:
    return sum(check.status == "passed" for check in verdict.checks) / len(verdict.checks) if verdict.checks else 0.0
