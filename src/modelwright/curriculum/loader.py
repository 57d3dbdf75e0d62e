"""Reads a curriculum folder into `Curriculum`: the files are the truth, this only gives them types and looks things up.

Nothing of an author's code is run here: `problems.py` is read as text for its index, labs are folders, lessons are Markdown.
Whether the content is any good is the linter's business (`lint.py`); here a file either has the right shape or raises with its line.
"""

from __future__ import annotations

import ast
import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from difflib import get_close_matches
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from modelwright.curriculum import lesson_blocks, models
from modelwright.curriculum.errors import CurriculumError, Finding, UnknownId
from modelwright.curriculum.models import Card, Competition, Item, Lab, Lesson, Module, Problem, Project, Resource, Skill, Stage
from modelwright.curriculum.reading import build, build_all, line_of, parse_yaml, read_yaml

T = TypeVar("T", bound=BaseModel)
TEACHING = ("lesson", "problem", "lab", "card", "item")
REPOSITORY_FOLDER = Path(__file__).parents[3] / "curriculum"
PACKAGED_FOLDER = Path(__file__).parents[1] / "_curriculum"


class Curriculum:
    """The whole of what there is to learn. All mappings go by id, in the plan's order."""

    def __init__(
        self, folder: Path, stages: Iterable[Stage], projects: Iterable[Project], shared: Iterable[Resource], digest: str,
        competitions: Iterable[Competition] = (),
    ) -> None:  # fmt: skip
        self.folder = folder
        self.digest = digest
        self.stages: dict[str, Stage] = {stage.id: stage for stage in stages}
        self.modules: dict[str, Module] = {m.id: m for stage in self.stages.values() for m in stage.modules}
        self.projects: dict[str, Project] = {project.id: project for project in projects}
        self.competitions: dict[str, Competition] = {competition.id: competition for competition in competitions}
        self.shared: dict[str, Resource] = {resource.id: resource for resource in shared}
        self.resources: dict[str, Resource] = self.shared | self._collect(lambda m: m.resources)
        self.skills: dict[str, Skill] = self._collect(lambda m: m.skills)
        self.lessons: dict[str, Lesson] = self._collect(lambda m: m.lessons)
        self.cards: dict[str, Card] = self._collect(lambda m: m.cards)
        self.problems: dict[str, Problem] = self._collect(lambda m: m.problems)
        self.labs: dict[str, Lab] = self._collect(lambda m: m.labs)
        self.items: dict[str, Item] = self._collect(lambda m: m.items)

    def _collect(self, of: Callable[[Module], Iterable[Any]]) -> dict[str, Any]:
        return {thing.id: thing for module in self.modules.values() for thing in of(module)}

    def module_of(self, id: str) -> Module:
        """The module that a skill, lesson, card, problem, lab or book belongs to. Raises UnknownId."""
        slug = id.split("/")[0]
        if slug not in self.modules:
            raise UnknownId("module", slug, self.nearest("module", slug))
        return self.modules[slug]

    def find(self, kind: str, id: str) -> Any:
        """The thing of this kind (`lab`, `skill`, …) with this id. Raises UnknownId with the nearest ids."""
        table: Mapping[str, Any] = getattr(self, kind + "s")
        if id in table:
            return table[id]
        raise UnknownId(kind, id, self.nearest(kind, id))

    def nearest(self, kind: str, wrong: str, n: int = 3) -> list[str]:
        """Up to `n` ids of this kind that a person may have meant by `wrong`: by the whole id, or by its last slug."""
        ids = list(getattr(self, kind + "s"))
        wrong = wrong.strip().lower().replace("_", "-").removesuffix(".py")
        tail = wrong.split("/")[-1]
        by_tail = {id: id.split("/")[-1] for id in ids}
        exact = [id for id in ids if by_tail[id] == tail]
        close_tails = get_close_matches(tail, list(by_tail.values()), n=n, cutoff=0.6)
        close = [id for id in ids if by_tail[id] in close_tails]
        inside = [id for id in ids if tail and tail in id]
        return list(dict.fromkeys([*exact, *get_close_matches(wrong, ids, n=n, cutoff=0.6), *close, *inside]))[:n]

    def short_for(self, kind: str, word: str) -> list[str]:
        """The ids of this kind that `word` is short for: those that end in it, else those whose last part begins with it, else
        those whose last part it abbreviates.

        Each of its parts begins a word, or holds the first letters of several: `thompson` and `strang-la` are enough.
        """
        tails = {id: id.split("/")[-1] for id in getattr(self, kind + "s")}
        word = word.strip().lower().replace("_", "-")
        same = [id for id, tail in tails.items() if tail == word]
        begun = [id for id, tail in tails.items() if word and tail.startswith(word + "-")]
        return same or begun or [id for id, tail in tails.items() if _abbreviates(word.split("-"), tail.split("-"))]

    @cached_property
    def order(self) -> tuple[str, ...]:
        """Skill ids in the plan's order, each after what it needs: what the plan has later comes right before its first use."""
        position = {skill: i for i, skill in enumerate(self.skills)}
        needs = {s.id: sorted((p for p in s.prerequisites if p in position), key=position.__getitem__) for s in self.skills.values()}
        TopologicalSorter(needs).prepare()  # raises CycleError
        done: dict[str, None] = {}
        waiting = list(reversed(needs))
        while waiting:
            skill = waiting[-1]
            missing = [p for p in needs[skill] if p not in done]
            if missing:
                waiting.extend(reversed(missing))
            else:
                done.setdefault(waiting.pop())
        return tuple(done)

    @cached_property
    def _dependents(self) -> dict[str, tuple[str, ...]]:
        table: dict[str, list[str]] = {skill: [] for skill in self.skills}
        for skill in self.skills.values():
            for prerequisite in skill.prerequisites:
                table.setdefault(prerequisite, []).append(skill.id)
        return {skill: tuple(ids) for skill, ids in table.items()}

    def dependents(self, skill: str) -> tuple[str, ...]:
        """The skills that name `skill` as a prerequisite: what learning it helps to open."""
        return self._dependents.get(skill, ())

    @cached_property
    def _teaching(self) -> dict[str, dict[str, tuple[str, ...]]]:
        table: dict[str, dict[str, list[str]]] = {skill: {kind: [] for kind in TEACHING} for skill in self.skills}
        for kind in TEACHING:
            things: Mapping[str, Any] = getattr(self, kind + "s")
            for thing in things.values():
                for skill in thing.skills if hasattr(thing, "skills") else (thing.skill,):
                    if skill in table:
                        table[skill][kind].append(thing.id)
        return {skill: {kind: tuple(ids) for kind, ids in kinds.items()} for skill, kinds in table.items()}

    def teaching(self, skill: str, kind: str) -> tuple[str, ...]:
        """Ids of this kind (`lesson`, `problem`, `lab`, `card`, `item`) that teach or practise a skill."""
        return self._teaching.get(skill, {}).get(kind, ())

    @cached_property
    def _chapters(self) -> dict[str, tuple[tuple[str, int], ...]]:
        table: dict[str, list[tuple[str, int]]] = {}
        for resource in self.resources.values():
            for chapter in resource.chapters:
                for skill in chapter.skills:
                    table.setdefault(skill, []).append((resource.id, chapter.number))
        return {skill: tuple(places) for skill, places in table.items()}

    def chapters(self, skill: str) -> tuple[tuple[str, int], ...]:
        """(resource id, chapter number) of every chapter that serves a skill."""
        return self._chapters.get(skill, ())


def _abbreviates(parts: list[str], words: list[str]) -> bool:
    """Whether the parts go through the words from the first on, each as a beginning of one or the first letters of several."""
    if not parts:
        return True
    part, rest = parts[0], parts[1:]
    if not part or not words:
        return False
    if words[0].startswith(part) and _abbreviates(rest, words[1:]):
        return True
    return "".join(word[0] for word in words[: len(part)] if word) == part and _abbreviates(rest, words[len(part) :])


def default_folder() -> Path:
    """The curriculum that comes with the program: inside the installed package, or beside `src` in a checkout."""
    return PACKAGED_FOLDER if PACKAGED_FOLDER.is_dir() else REPOSITORY_FOLDER


class _Kept(BaseModel):
    """A curriculum as it was read, so that the next start need not read YAML again. Deleting the file changes nothing."""

    key: str
    stages: tuple[Stage, ...]
    projects: tuple[Project, ...]
    competitions: tuple[Competition, ...]
    shared: tuple[Resource, ...]


def load(folder: Path | None = None) -> Curriculum:
    """Reads a curriculum folder. Raises CurriculumError, with file and line, at the first file of the wrong shape."""
    folder = (Path(folder) if folder is not None else default_folder()).absolute()
    kept_in = kept_folder(folder) / "read.json"
    key = ""
    if (folder / "plan.yaml").is_file():
        digest = _digest(folder)
        sources = (Path(source) for source in (models.__file__, lesson_blocks.__file__, __file__))
        shapes = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:16]
        key = f"{digest} {shapes} {folder}"
        with suppress(OSError, ValidationError):
            kept = _Kept.model_validate_json(kept_in.read_bytes())
            if kept.key == key:
                return Curriculum(folder, kept.stages, kept.projects, kept.shared, digest, kept.competitions)
    findings: list[Finding] = []
    curriculum = read(folder, findings.append)
    if findings or curriculum is None:
        raise CurriculumError(findings[0])
    tables = (curriculum.stages, curriculum.projects, curriculum.competitions, curriculum.shared)
    stages, projects, competitions, shared = (tuple(table.values()) for table in tables)
    with suppress(OSError):  # a folder that cannot be written is read anew each time
        kept_in.parent.mkdir(parents=True, exist_ok=True)
        fresh = kept_in.with_name(f"read-{os.getpid()}.json")
        kept = _Kept(key=key, stages=stages, projects=projects, competitions=competitions, shared=shared)  # type: ignore[arg-type]
        fresh.write_text(kept.model_dump_json(), encoding="utf-8")
        fresh.replace(kept_in)
    return curriculum


def kept_folder(folder: Path) -> Path:
    """Where what is made from a curriculum is kept: beside it where that can be written, else in the user's cache, by its path."""
    beside = folder / ".made"
    if os.access(beside if beside.is_dir() else folder, os.W_OK):
        return beside
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "modelwright" / hashlib.sha256(str(folder).encode()).hexdigest()[:12]


def read(folder: Path, report: Callable[[Finding], None]) -> Curriculum | None:
    """As `load`, but reports every finding and goes on, leaving out what it cannot read; None where there is no plan at all."""
    plan_file = folder / "plan.yaml"
    if not plan_file.is_file():
        report(Finding(plan_file, 0, "There is no plan here.", "Name a curriculum folder, which holds a plan.yaml, with --curriculum."))
        return None
    plan = read_yaml(plan_file, report)
    if not isinstance(plan, dict):
        return None
    number = 0
    stages = []
    for i, raw in enumerate(plan.get("stages") or []):
        slugs = raw.get("modules") or []
        modules = []
        stage_folder = _stage_folder(folder, raw.get("id", ""), raw.get("number", i + 1))
        for slug in slugs:
            number += 1
            module_folder = stage_folder / str(slug)
            if not (module_folder / "module.yaml").is_file():
                line = line_of(plan_file, ("stages", i, "modules", slugs.index(slug)))
                report(Finding(plan_file, line, f"The module {slug} has no module.yaml.", f"Write {module_folder / 'module.yaml'}."))
            elif module := _read_module(module_folder, number, raw.get("id", ""), report):
                modules.append(module)
        stage = build(Stage, {**raw, "number": raw.get("number", i + 1), "modules": modules}, plan_file, ("stages", i), report)
        if stage:
            stages.append(stage)
    projects = build_all(Project, plan.get("projects"), plan_file, ("projects",), report)
    competition_files = sorted((folder / "competitions").glob("*/competition.yaml"))
    competitions = [competition for path in competition_files if (competition := _read_competition(path, report))]
    shared = build_all(Resource, plan.get("resources"), plan_file, ("resources",), report)
    shared_file = folder / "resources.yaml"
    if shared_file.is_file():
        data = read_yaml(shared_file, report)
        rows, path = (data.get("resources"), ("resources",)) if isinstance(data, dict) else (data, ())
        shared += build_all(Resource, rows, shared_file, path, report)
    return Curriculum(folder, stages, projects, shared, _digest(folder), competitions)


def _stage_folder(folder: Path, id: str, number: int) -> Path:
    return folder / f"{number}-{id}" if not (folder / id).is_dir() else folder / id


def _digest(folder: Path) -> str:
    """A hash of every file that the shapes are read from: two curricula with the same one hold the same ids and edges."""
    digest = hashlib.sha256()
    for path in sorted(p for pattern in ("*.yaml", "*.md", "problems.py") for p in folder.rglob(pattern)):
        digest.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _read_module(folder: Path, number: int, stage: str, report: Callable[[Finding], None]) -> Module | None:
    file = folder / "module.yaml"
    raw = read_yaml(file, report)
    if not isinstance(raw, dict):
        return None
    slug = folder.name
    taught = [skill.get("id") if isinstance(skill, dict) else None for skill in raw.get("skills") or []]

    # In the order in which the module lists its skills: a thing comes when the last of its skills does.
    def place(thing: Lesson | Lab) -> int:
        return max((taught.index(skill) for skill in thing.skills if skill in taught), default=len(taught))

    lessons = [lesson for path in sorted((folder / "lessons").glob("*.md")) if (lesson := _read_lesson(path, slug, report))]
    labs = [lab for path in sorted((folder / "labs").glob("*/lab.yaml")) if (lab := _read_lab(path, slug, report))]
    lessons.sort(key=place)
    labs.sort(key=place)
    parts = {
        "lessons": lessons,
        "cards": _read_list(folder / "cards.yaml", Card, slug, report),
        "items": _read_list(folder / "items.yaml", Item, slug, report),
        "problems": _read_problems(folder / "problems.py", slug, report),
        "labs": labs,
    }
    return build(Module, {**raw, "id": slug, "number": number, "stage": stage, "folder": folder, **parts}, file, (), report)


def _read_list(file: Path, kind: type[T], slug: str, report: Callable[[Finding], None]) -> list[T]:
    if not file.is_file():
        return []
    rows = read_yaml(file, report)
    if rows is None:
        return []
    if not isinstance(rows, list):
        report(Finding(file, 1, "This file should be a list.", "Begin each entry with '- '."))
        return []
    rows = [{**row, "id": f"{slug}/{row['id']}"} if isinstance(row, dict) and "/" not in str(row.get("id", "/")) else row for row in rows]
    return build_all(kind, rows, file, (), report)


def _read_lesson(path: Path, slug: str, report: Callable[[Finding], None]) -> Lesson | None:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        report(Finding(path, 0, f"This file is not UTF-8 (byte {error.start}).", "Save it as UTF-8."))
        return None
    if not text.startswith("---\n") or "\n---\n" not in text[4:]:
        report(Finding(path, 1, "The lesson has no front matter.", "Begin it with '---', then title, skills and minutes, then '---'."))
        return None
    head, body = text[4:].split("\n---\n", 1)
    raw = parse_yaml(head, path, report, first_line=2)
    if not isinstance(raw, dict):
        return None
    lesson = build(Lesson, {**raw, "id": f"{slug}/{path.stem}", "text": body, "path": path}, path, (), report)
    faults: list[Finding] = []
    lesson_blocks.parse(body, path, head.count("\n") + 3, faults.append)
    for fault in faults:
        report(fault)
    return lesson if not faults else None


def _read_lab(path: Path, slug: str, report: Callable[[Finding], None]) -> Lab | None:
    raw = read_yaml(path, report)
    if not isinstance(raw, dict):
        return None
    return build(Lab, {**raw, "id": f"{slug}/{path.parent.name}", "folder": path.parent}, path, (), report)


def _read_competition(path: Path, report: Callable[[Finding], None]) -> Competition | None:
    raw = read_yaml(path, report)
    if not isinstance(raw, dict):
        return None
    return build(Competition, {**raw, "id": path.parent.name, "folder": path.parent}, path, (), report)


def _read_problems(path: Path, slug: str, report: Callable[[Finding], None]) -> list[Problem]:
    """The index of a problems.py, read from its text: the literal PROBLEMS and the functions' docstrings."""
    if not path.is_file():
        return []
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, UnicodeDecodeError) as error:
        report(Finding(path, getattr(error, "lineno", 0) or 0, f"This is not Python: {error}.", "Correct the syntax."))
        return []
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    index: dict[str, dict[str, Any]] = {}
    index_line = 1
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "PROBLEMS" for t in node.targets):
            index_line = node.lineno
            try:
                index = ast.literal_eval(node.value)
            except ValueError:
                report(Finding(path, node.lineno, "PROBLEMS is computed.", "Write it as a literal dictionary: it is read, not run."))
    problems = []
    for key, raw in index.items():
        name = key.replace("-", "_")
        if name not in functions:
            report(Finding(path, index_line, f"PROBLEMS names {key}, but there is no function {name}.", f"Write def {name}(rng)."))
            continue
        title = (ast.get_docstring(functions[name]) or "").split("\n")[0]
        if not title:
            report(Finding(path, functions[name].lineno, f"{name} has no docstring.", "Its first line is the problem's title."))
        problem = build(Problem, {"title": title, **raw, "id": f"{slug}/{key}", "function": name, "path": path}, path, (), report)
        if problem:
            problems.append(problem)
    return problems


def find_cycle(edges: Mapping[str, Iterable[str]]) -> list[str] | None:
    """A cycle in a graph given as node -> nodes it needs, as the list of nodes along it; None where there is none."""
    try:
        TopologicalSorter({node: list(needs) for node, needs in edges.items()}).prepare()
    except CycleError as error:
        return list(error.args[1])
    return None


__all__ = ["Curriculum", "Skill", "default_folder", "find_cycle", "line_of", "load", "read"]
