"""Whether a lab keeps its own word: what it forbids is not what its right solutions do.

The linter of the curriculum room reads the contract; what a file uses is found by the grading room, so this rule stands above both.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path

from modelwright.curriculum.errors import Finding
from modelwright.curriculum.loader import line_of
from modelwright.curriculum.models import Lab


def lint_forbidden(lab: Lab) -> Iterator[Finding]:
    """What is wrong with `forbid`: a rule that means nothing, or one that the starter, the solution or another right one breaks."""
    from modelwright.grading.forbidden import OPERATORS, defined, rules_of, uses

    if not lab.forbid:
        return
    folder, file = lab.folder, lab.folder / "lab.yaml"
    starter = _text(folder / "starter.py")
    arguments = {node.arg for node in ast.walk(_tree(starter)) if isinstance(node, ast.arg)}
    for n, rule in enumerate(lab.forbid):
        line = line_of(file, ("forbid", n))
        for name in rule.name:
            if "." not in name and name not in OPERATORS and not hasattr(builtins, name):
                mend = f"Write {name}.* for a library, the whole name for a function of one, or an operator in quotes."
                yield Finding(file, line, f"{name!r} is neither a builtin nor an operator.", mend)
        if rule.loops_over is not None and rule.loops_over not in arguments:
            yield Finding(file, line, f"No function of starter.py has an argument {rule.loops_over}.", "Name one of its arguments.")
    for path in (folder / "starter.py", folder / "solution.py", *sorted((folder / "right").glob("*.py"))):
        source = _text(path)
        try:
            broken = uses(source, rules_of(lab), defined(starter))
        except SyntaxError:
            continue  # grading it says so
        for use in broken:
            mend = "Mend the solution, or allow this in lab.yaml: a rule that a right solution breaks is none."
            yield Finding(path, use.line, f"It {use.what}, which forbid in lab.yaml does not allow.", mend)


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _tree(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError:
        return ast.Module([], [])
