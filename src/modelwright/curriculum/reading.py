"""YAML into the curriculum's types: a value has the right shape, or a finding says at which line of which file it has not."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from modelwright.curriculum.errors import Finding
from modelwright.curriculum.models import Frozen

T = TypeVar("T", bound=BaseModel)
Report = Callable[[Finding], None]
Where = tuple[str | int, ...]
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(file: Path, report: Report) -> Any:
    """The data of a YAML file, or None after reporting why it cannot be read."""
    try:
        text = file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        report(Finding(file, 0, f"This file is not UTF-8 (byte {error.start}).", "Save it as UTF-8."))
        return None
    return parse_yaml(text, file, report)


def parse_yaml(text: str, file: Path, report: Report, first_line: int = 1) -> Any:
    """The data of a YAML text that begins at `first_line` of `file`, or None after reporting why it cannot be read."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + first_line if mark else first_line
        what = (getattr(error, "problem", None) or str(error)).strip()
        report(Finding(file, line, f"This is not valid YAML: {what}.", "A text with ': ' or '#' in it needs quotes; indent with spaces."))
        return None


def line_of(file: Path, path: Where) -> int:
    """The line at which the value at `path` stands in a YAML file (or the nearest of its parents that exists)."""
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".py":
        return 1
    if file.suffix == ".md":
        return line_in(text[4:].split("\n---\n", 1)[0], path, first_line=2)
    return line_in(text, path)


def line_in(text: str, path: Where, first_line: int = 1) -> int:
    """As `line_of`, in a YAML text that begins at `first_line` of its file."""
    node = yaml.compose(text, Loader=_Loader)
    line = 0
    for step in path:
        found = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(step):
                    found, line = value, key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            found, line = node.value[step], node.value[step].start_mark.line
        if found is None:
            break
        node = found
    return line + first_line


def build(kind: type[T], raw: Any, file: Path, path: Where, report: Report, locate: Callable[[Path, Where], int] = line_of) -> T | None:
    """`raw`, which stands at `path` of `file`, as a `kind`; None after reporting each key that is wrong. `locate` finds a key's line."""
    try:
        return kind.model_validate(raw)
    except ValidationError as errors:
        for error in errors.errors(include_url=False):
            where = tuple(error["loc"])
            name = ".".join(str(step) for step in (*path, *where))
            got = "" if error["type"] == "missing" or isinstance(error["input"], dict | list) else f" (it is {error['input']!r})"
            if error["type"] == "missing":
                message, mend = f"{name} is missing.", "Add it."
            elif error["type"] == "extra_forbidden":
                known = get_close_matches(str(where[-1]), _keys(), n=1)
                message, mend = f"{name} is not a key that is known here.", f"Did you mean {known[0]}?" if known else "Take it away."
            else:
                message, mend = f"{name}: {error['msg']}{got}.", "Correct it."
            report(Finding(file, locate(file, (*path, *(s for s in where if isinstance(s, str | int)))), message, mend))
        return None


def build_all(kind: type[T], rows: Any, file: Path, path: Where, report: Report) -> list[T]:
    """Every row of a list that has the right shape; the others are reported."""
    built = (build(kind, row, file, (*path, i), report) for i, row in enumerate(rows or []))
    return [thing for thing in built if thing is not None]


def _keys(kind: type[BaseModel] = Frozen) -> list[str]:
    """Every key that some file may hold."""
    return sorted({*kind.model_fields, *(key for child in kind.__subclasses__() for key in _keys(child))})


def read_list(file: Path, kind: type[T], report: Report) -> list[tuple[T, int]]:
    """The entries of a YAML file that is a list of one kind of thing, each with its line; none where there is no such file."""
    rows = read_yaml(file, report) if file.is_file() else None
    if rows is not None and not isinstance(rows, list):
        report(Finding(file, 1, "This file should be a list.", "Begin each entry with '- '."))
        rows = None
    built = [(build(kind, row, file, (i,), report), line_of(file, (i,))) for i, row in enumerate(rows or [])]
    return [(thing, line) for thing, line in built if thing is not None]
