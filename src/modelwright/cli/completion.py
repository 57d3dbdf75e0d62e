"""Names for the shell's Tab key. Read from the curriculum's file names, because parsing all of it would be too slow for a key press."""

from __future__ import annotations

import os
from pathlib import Path


def ids(kind: str, incomplete: str) -> list[str]:
    """Ids of this kind (labs, lessons, problems, modules, books) that begin so."""
    try:
        return sorted(id for id in _all(kind) if id.startswith(incomplete))
    except (OSError, SyntaxError, UnicodeDecodeError):
        return []  # a broken curriculum is for the commands to speak of, not for the Tab key


def _all(kind: str) -> list[str]:
    folder = _folder()
    if kind == "labs":
        return [f"{p.parents[2].name}/{p.parent.name}" for p in folder.glob("*/*/labs/*/lab.yaml")]
    if kind == "lessons":
        return [f"{p.parents[1].name}/{p.stem}" for p in folder.glob("*/*/lessons/*.md")]
    if kind == "modules":
        return [p.parent.name for p in folder.glob("*/*/module.yaml")]
    if kind == "problems":
        import ast

        found = []
        for path in folder.glob("*/*/problems.py"):
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "PROBLEMS" and isinstance(node.value, ast.Dict):
                    found += [f"{path.parent.name}/{key.value!s}" for key in node.value.keys if isinstance(key, ast.Constant)]
        return found
    import re

    found = []
    for path in folder.glob("*/*/module.yaml"):
        resources = path.read_text(encoding="utf-8").partition("\nresources:")[2].partition("\nskills:")[0]
        found += re.findall(r"^\s*-?\s*\{?\s*(?:- )?id:\s*([a-z0-9/-]+)", resources, flags=re.M)
    return found


def _folder() -> Path:
    named = os.environ.get("MODELWRIGHT_CURRICULUM")
    if named:
        return Path(named)
    package = Path(__file__).parents[1]
    packaged = package / "_curriculum"
    return packaged if packaged.is_dir() else package.parents[1] / "curriculum"
