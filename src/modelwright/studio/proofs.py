"""What a proof rests on, as hashes: the content, the grader that judged it, and the versions of the libraries that ran.

A proof that was made once holds as long as none of these has changed, so it is kept under their hash and not made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from functools import cache
from importlib import metadata
from pathlib import Path

import modelwright
from modelwright.curriculum.models import Lab
from modelwright.groups import catalogue, environment_of, groups_of

# Of a lab's description, what grading never sees.
TOLD_ONLY = {"folder", "title", "skills", "encompasses", "difficulty", "minutes", "hints", "hints_for", "clauses", "without"}
LIBRARIES = {"sklearn": "scikit-learn"}  # where a library is installed under another name than it is imported by
JUDGING = ("pytest", "hypothesis", "numpy", "msgpack")


def digest(*parts: str | bytes) -> str:
    """One hash of several texts, in their order."""
    whole = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        whole.update(len(data).to_bytes(8, "big") + data)
    return whole.hexdigest()[:24]


def files_digest(folder: Path, paths: Iterable[Path]) -> str:
    """A hash of files, by their names within `folder` and their bytes."""
    return digest(*(part for path in sorted(paths) for part in (path.relative_to(folder).as_posix(), path.read_bytes())))


@cache
def room_digest(*names: str) -> str:
    """A hash of the program's own sources: a room, or a file of one, by its path within the package."""
    package = Path(modelwright.__file__).parent
    paths = [p for name in names for p in ((package / name).rglob("*.py") if (package / name).is_dir() else [package / name])]
    return files_digest(package, paths)


@cache
def versions(*libraries: str) -> str:
    """The installed versions of libraries, without the build's own suffix: '2.13.0+cpu' computes what '2.13.0' does."""
    named: dict[str, str] = {}
    for library in libraries:
        try:
            named[library] = metadata.version(LIBRARIES.get(library, library)).split("+")[0]
        except metadata.PackageNotFoundError:
            named[library] = "missing"
    return json.dumps(named, sort_keys=True)


def libraries_of(needs: Iterable[str]) -> set[str]:
    """What is installed for `needs`: a library of the start is itself, a group is what it asks for."""
    groups = {group.id: [requirement.name for requirement in catalogue().asked(group)] for group in groups_of(needs)}
    return {library for need in needs for library in groups.get(need, (need,))}


def lab_terms(lab: Lab) -> str:
    """What judges a lab's submissions, as one hash: its checks and reference, its terms, the grader, the libraries."""
    terms = lab.model_dump_json(exclude=TOLD_ONLY)
    judging = ["checks.py", "solution.py", *(["starter.py"] if lab.forbid else [])]  # the starter says which names a file is graded by
    content = files_digest(lab.folder, [path for name in judging if (path := lab.folder / name).is_file()])
    environment = sorted(f"{name}={value}" for name, value in environment_of(lab.needs).items())
    return digest(content, terms, room_digest("grading"), versions(*sorted({*JUDGING, *libraries_of(lab.needs)})), *environment)
