"""The groups by name, what each brings, and what of it is in this environment.

The list is shipped: groups.toml (words), pyproject.toml or the installed package's metadata (what is installed), constraints.txt (the
versions), wheels.json (the sizes, measured). Nothing else can be named.
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import GroupError

if TYPE_CHECKING:
    from packaging.requirements import Requirement

BASE = ("numpy", "torch", "scipy", "sklearn", "pandas")  # installed at the start; named under `needs` all the same
HERE = Path(__file__).parent
REPOSITORY = HERE.parents[2]


@dataclass(frozen=True)
class Wheel:
    """A package of a group, or one that comes with it. Sizes in bytes: of the file that is fetched, and of what it unpacks to."""

    name: str
    version: str
    download: int
    installed: int

    @property
    def is_here(self) -> bool:
        try:
            metadata.version(self.name)
        except metadata.PackageNotFoundError:
            return False
        return True


@dataclass(frozen=True)
class Group:
    """`imports`: the top names that Python finds once it is installed. `environment`: what its libraries must find in the environment.

    `hides`: modules that must look as if they were not installed where code is isolated.
    """

    id: str
    title: str
    what: str
    why: str
    imports: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    hides: tuple[str, ...] = ()
    wheels: tuple[Wheel, ...] = ()

    @property
    def is_here(self) -> bool:
        # Looked for as files, because another process may just have installed it, and only where the isolated runner finds libraries too:
        # a keras.py in the folder that somebody stands in is not Keras.
        places = [Path(path) for path in sys.path if path.endswith(("site-packages", "dist-packages"))]
        return all(
            any((place / name / "__init__.py").is_file() or (place / f"{name}.py").is_file() for place in places) for name in self.imports
        )


@dataclass(frozen=True)
class Catalogue:
    """`requirements`: group -> what pip is asked for. `pins`: the constraints file. `source`: where the requirements are written."""

    groups: Mapping[str, Group]
    requirements: Mapping[str, tuple[str, ...]]
    pins: Path

    def named(self, ids: Iterable[str]) -> tuple[Group, ...]:
        """The groups of these ids, each once, in their order; what is installed at the start is none. Raises GroupError."""
        chosen: dict[str, Group] = {}
        for id in ids:
            if id in BASE:
                continue
            if id not in self.groups:
                raise GroupError(f"There is no group called '{id}'.{self.meant(id)}")
            chosen[id] = self.groups[id]
        return tuple(chosen.values())

    def meant(self, id: str) -> str:
        close = get_close_matches(id, [*BASE, *self.groups], n=1)
        return f" Did you mean {close[0]}?" if close else f" The groups are {', '.join(self.groups)}."

    def has_build(self, group: Group) -> bool:
        """Whether anything of it is to be installed on this system at all."""
        return any(self.asked(group))

    def asked(self, group: Group) -> Iterator[Requirement]:
        """What pip is asked for on this system, without its marker."""
        from packaging.requirements import Requirement

        for text in self.requirements[group.id]:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": group.id}):
                requirement.marker = None
                yield requirement


def read_groups(words: str, sizes: str = "{}") -> dict[str, Group]:
    """The groups of a groups.toml's text, with the sizes of a wheels.json's."""
    measured = json.loads(sizes).get("groups", {})
    return {
        id: Group(
            id=id,
            title=entry["title"],
            what=entry["what"],
            why=entry["why"],
            imports=tuple(entry["imports"]),
            environment=entry.get("environment", {}),
            hides=tuple(entry.get("hides", ())),
            wheels=tuple(Wheel(**wheel) for wheel in measured.get(id, ())),
        )
        for id, entry in tomllib.loads(words).items()
    }


@cache
def known() -> Mapping[str, Group]:
    """The shipped groups, without what pip is told: all that naming one needs."""
    return read_groups((HERE / "groups.toml").read_text(encoding="utf-8"), (HERE / "wheels.json").read_text(encoding="utf-8"))


@cache
def catalogue() -> Catalogue:
    """The shipped list: as the checkout has it, or as the installed package brought it."""
    project = REPOSITORY / "pyproject.toml"
    if HERE.is_relative_to(REPOSITORY / "src") and project.is_file():  # its metadata may be older than it
        extras = tomllib.loads(project.read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    else:
        texts = metadata.requires("modelwright") or []
        extras = {id: [text for text in texts if f'extra == "{id}"' in text.replace("'", '"')] for id in known()}
    return Catalogue(known(), {id: tuple(extras[id]) for id in known()}, HERE / "constraints.txt")


def known_need(need: str) -> str:
    """`need`, if it names a library of the start or a group; raises ValueError with a sentence that says what it may name."""
    if need in BASE or need in known():
        return need
    close = get_close_matches(need, [*BASE, *known()], n=1)
    meant = f"did you mean {close[0]}?" if close else "a curriculum cannot name packages of its own."
    raise ValueError(f"there is no group '{need}'; {meant} The groups are {', '.join([*BASE, *known()])}")


def groups_of(needs: Iterable[str]) -> tuple[Group, ...]:
    """The groups among `needs`, each once."""
    return tuple(known()[need] for need in dict.fromkeys(needs) if need in known())


def environment_of(needs: Iterable[str]) -> dict[str, str]:
    """What the libraries of these groups must find in the environment."""
    return {name: value for group in groups_of(needs) for name, value in group.environment.items()}


def hidden_from(needs: Iterable[str]) -> list[str]:
    """The modules that the libraries of these groups must not find where code is isolated."""
    return [name for group in groups_of(needs) for name in group.hides]
