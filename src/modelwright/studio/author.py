"""What a course author can do: prove a curriculum, count it, and begin something new in it.

The linter reads (`modelwright.curriculum.lint`); what can be run is proved in `modelwright.studio.proving`: lessons print what their
pages say, keys agree with their proofs, and labs are graded on everything they ship (rustlings' `dev check`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from modelwright.curriculum.errors import Finding, UnknownId
from modelwright.curriculum.lint import SEEDS, check_names, lint
from modelwright.curriculum.loader import Curriculum, read
from modelwright.curriculum.models import Lab
from modelwright.studio.proving import Lot, Outcome, Step, prove
from modelwright.studio.word import lint_forbidden


@dataclass(frozen=True)
class Progress:
    """One thing that was proved: what it was, how many findings it gave, and how far the whole is.

    `kept` says that an earlier proof stood and nothing was run; `drawn` that it was run all the same, by lot.
    """

    what: str
    findings: int
    done: int = 0
    total: int = 0
    kept: bool = False
    drawn: bool = False


@dataclass(frozen=True)
class CourseStats:
    """How much there is. `hours` are the sums over modules."""

    stages: int
    modules: int
    skills: int
    prerequisite_edges: int
    encompassing_edges: int
    resources: int
    books: int
    chapters: int
    projects: int
    lessons: int
    lesson_words: int
    cards: int
    problems: int
    labs: int
    parts: int
    right_solutions: int
    wrong_solutions: int
    checks: int
    items: int
    hours_low: float
    hours_high: float
    by_module: dict[str, dict[str, int]]


def validate(
    folder: Path,
    *,
    modules: Iterable[str] | None = None,
    names: Iterable[str] = (),
    run: bool = True,
    repeat: int = 1,
    seeds: int = SEEDS,
    jobs: int | None = None,
    cold: bool = False,
    keep: bool = True,
    lot: Lot | None = None,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> list[Finding]:
    """Every finding in a curriculum folder, in the order of the plan.

    `modules` and `names` narrow it: names are those of modules, lessons, problems and labs, whole or by their last slug. run=False only
    reads. `repeat` grades each right solution that often, to prove that none fails by chance. The other options are those of
    `modelwright.studio.proving.prove`. Raises UnknownId where a name names nothing.
    """
    findings: list[Finding] = []
    curriculum = read(folder, findings.append)
    on_progress(Progress("reading the files", len(findings)))
    if curriculum is None:
        return findings
    choice = choose(curriculum, modules, names)
    before = len(findings)
    lint(curriculum, lambda finding: findings.append(finding) if choice.covers(finding.file) else None, choice.modules)
    labs = (lab for id in choice.modules for lab in curriculum.modules[id].labs)
    findings += [finding for lab in labs for finding in lint_forbidden(lab) if choice.covers(finding.file)]
    on_progress(Progress("the plan, its graphs and every text" if choice.whole else "what can be read", len(findings) - before))
    if run:

        def tell(outcome: Outcome, done: int, total: int) -> None:
            on_progress(Progress(outcome.step.name, len(outcome.findings), done, total, outcome.kept, outcome.drawn))

        outcomes = prove(
            curriculum, modules=[curriculum.modules[id] for id in choice.modules],
            competitions=[curriculum.competitions[id] for id in choice.competitions], only=choice.asks_for, repeat=repeat, seeds=seeds,
            jobs=jobs, cold=cold, keep=keep, lot=lot, on_step=tell,
        )  # fmt: skip
        findings += dict.fromkeys(finding for outcome in outcomes for finding in outcome.findings)
    return findings


@dataclass(frozen=True)
class Choice:
    """What an author asks to have proved: whole modules, competitions, or single things with the files that they lie in."""

    modules: tuple[str, ...]
    competitions: tuple[str, ...]
    whole_modules: frozenset[str]
    things: frozenset[str]
    files: tuple[Path, ...]
    whole: bool

    def asks_for(self, step: Step) -> bool:
        return step.part_of.id in self.whole_modules or step.part_of.id in self.competitions or step.thing in self.things

    def covers(self, file: Path) -> bool:
        return not self.files or any(file == path or path in file.parents for path in self.files)


def choose(curriculum: Curriculum, modules: Iterable[str] | None, names: Iterable[str]) -> Choice:
    """What these names mean; everything where there are none. Raises UnknownId with the nearest."""
    wholes = [curriculum.find("module", slug).id for slug in modules or ()]
    things: list[str] = []
    competitions: list[str] = []
    files: list[Path] = []
    for name in names:
        slug = name.strip().lower().replace("_", "-")
        if slug in curriculum.modules:
            wholes.append(slug)
            continue
        if slug in curriculum.competitions:
            competitions.append(slug)
            files.append(curriculum.competitions[slug].folder)
            continue
        tables: dict[str, Mapping[str, Any]] = {"lesson": curriculum.lessons, "problem": curriculum.problems, "lab": curriculum.labs}
        named = [(kind, t) for kind, table in tables.items() for t in table.values() if slug in (t.id, t.id.split("/")[-1])]
        if not named:
            raise UnknownId(
                "lab, lesson, problem, module or competition", name, [id for kind in tables for id in curriculum.nearest(kind, slug, 1)]
            )
        for kind, thing in named:
            things.append(f"{kind} {thing.id}")
            files.append(thing.folder if kind == "lab" else thing.path)
    touched = {*wholes, *(thing.split()[1].split("/")[0] for thing in things)}
    whole = modules is None and not things and not wholes and not competitions
    if whole:
        wholes, competitions = list(curriculum.modules), list(curriculum.competitions)
    if wholes and not whole and (things or competitions):
        files += [curriculum.modules[id].folder for id in wholes]
    chosen = tuple(id for id in curriculum.modules if whole or id in touched)
    return Choice(chosen, tuple(competitions), frozenset(wholes), frozenset(things), tuple(files), whole)


def chosen_labs(curriculum: Curriculum, names: Iterable[str] | None, modules: Iterable[str] | None = None) -> list[Lab]:
    """The labs that an author names, by id or by its last slug, and those of the named modules; all where nothing is named.

    Raises UnknownId with the nearest ids.
    """
    chosen: dict[str, Lab] = {}
    for name in names or ():
        alike = [lab for lab in curriculum.labs.values() if lab.id.split("/")[-1] == name]
        lab = alike[0] if len(alike) == 1 else curriculum.find("lab", name)
        chosen[lab.id] = lab
    for slug in modules or ():
        module = curriculum.find("module", slug)
        chosen |= {lab.id: lab for lab in module.labs}
    return list(chosen.values()) if names or modules else list(curriculum.labs.values())


def stats(curriculum: Curriculum) -> CourseStats:
    """Counts everything."""
    labs = list(curriculum.labs.values())
    modules = curriculum.modules.values()
    return CourseStats(
        stages=len(curriculum.stages),
        modules=len(curriculum.modules),
        skills=len(curriculum.skills),
        prerequisite_edges=sum(len(s.prerequisites) for s in curriculum.skills.values()),
        encompassing_edges=sum(len(s.encompasses) for s in curriculum.skills.values()),
        resources=len(curriculum.resources),
        books=sum(r.kind == "book" for r in curriculum.resources.values()),
        chapters=sum(len(r.chapters) for r in curriculum.resources.values()),
        projects=len(curriculum.projects),
        lessons=len(curriculum.lessons),
        lesson_words=sum(len(lesson.text.split()) for lesson in curriculum.lessons.values()),
        cards=len(curriculum.cards),
        problems=len(curriculum.problems),
        labs=len(labs),
        parts=len({lab.part for lab in labs if lab.part}),
        right_solutions=sum(1 + len(list((lab.folder / "right").glob("*.py"))) for lab in labs),
        wrong_solutions=sum(len(list((lab.folder / "wrong").glob("*.py"))) for lab in labs),
        checks=sum(len(check_names(lab)) for lab in labs),
        items=len(curriculum.items),
        hours_low=sum(m.hours.low for m in modules),
        hours_high=sum(m.hours.high for m in modules),
        by_module={
            m.id: {
                "skills": len(m.skills), "chapters": sum(len(r.chapters) for r in m.resources), "lessons": len(m.lessons),
                "cards": len(m.cards), "problems": len(m.problems), "labs": len(m.labs), "items": len(m.items),
            }
            for m in modules
        },
    )  # fmt: skip


def as_json(counted: CourseStats) -> dict[str, object]:
    """The counts as plain data, for scripts."""
    return asdict(counted)
