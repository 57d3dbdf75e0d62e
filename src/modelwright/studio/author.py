"""What a course author can do: prove a curriculum, count it, and begin something new in it.

The linter reads (`modelwright.curriculum.lint`); here labs are proved by grading everything they ship: the starter must fail, every
right solution must pass, and every wrong one must fail at the check that it names. The grader is itself graded (rustlings' `dev check`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from modelwright.curriculum.errors import Finding
from modelwright.curriculum.lint import caught_by, check_names, in_words, lint, prove_problem
from modelwright.curriculum.lint_lesson import prove_lesson
from modelwright.curriculum.loader import Curriculum, read
from modelwright.curriculum.models import Lab
from modelwright.studio.word import lint_forbidden

if TYPE_CHECKING:
    from modelwright.grading import Verdict

Grade = Callable[[Lab, bytes], "Verdict"]


@dataclass(frozen=True)
class Progress:
    """One thing that was proved: what it was, and how many findings it gave."""

    what: str
    findings: int


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
    run: bool = True,
    repeat: int = 1,
    seeds: int = 200,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> list[Finding]:
    """Every finding in a curriculum folder, in the order of the plan.

    run=False only reads. `repeat` grades each right solution that often, to prove that none fails by chance.
    """
    findings: list[Finding] = []
    curriculum = read(folder, findings.append)
    on_progress(Progress("reading the files", len(findings)))
    if curriculum is None:
        return findings
    for slug in modules or ():
        curriculum.find("module", slug)  # raises with the nearest names
    before = len(findings)
    lint(curriculum, findings.append, modules)
    for lab in (lab for module in curriculum.modules.values() if modules is None or module.id in set(modules) for lab in module.labs):
        findings += lint_forbidden(lab)
    on_progress(Progress("the plan, its graphs and every text", len(findings) - before))
    if run:
        for what, found in _proofs(curriculum, modules, repeat, seeds):
            findings += found
            on_progress(Progress(what, len(found)))
    return findings


def _proofs(curriculum: Curriculum, modules: Iterable[str] | None, repeat: int, seeds: int) -> Iterator[tuple[str, list[Finding]]]:
    chosen = [m for m in curriculum.modules.values() if modules is None or m.id in set(modules)]
    for module in chosen:
        for lesson in module.lessons:
            yield f"lesson {lesson.id}", list(prove_lesson(lesson))
        for problem in module.problems:
            yield f"problem {problem.id}", list(prove_problem(problem, seeds))
    labs = [lab for module in chosen for lab in module.labs]
    if labs:
        from modelwright.grading import Grader

        with Grader() as grader:
            for lab in labs:
                yield f"lab {lab.id}", list(prove_lab(lab, grader.grade, repeat))


def prove_lab(lab: Lab, grade: Grade, repeat: int = 1) -> Iterator[Finding]:
    """Grades the starter, the solution, the other right ones `repeat` times, and the wrong ones."""
    folder = lab.folder
    needed = [folder / name for name in ("starter.py", "solution.py", "checks.py")]
    if not all(path.is_file() for path in needed):
        return  # the linter has said so
    if grade(lab, (folder / "starter.py").read_bytes()).status == "passed":
        yield Finding(
            folder / "starter.py", 0, "The starter passes every check.", "Leave the work to the learner: raise NotImplementedError."
        )
    for path in [folder / "solution.py", *sorted((folder / "right").glob("*.py"))]:
        source = path.read_bytes()
        for turn in range(repeat):
            verdict = grade(lab, source)
            if verdict.status != "passed":
                times = f" (at the {turn + 1}. time of {repeat})" if repeat > 1 else ""
                yield Finding(
                    path, 0, f"A right solution does not pass{times}: {_first(verdict)}", "Mend the solution, or the check if it is unfair."
                )
                break
    known = check_names(lab)
    for path in sorted((folder / "wrong").glob("*.py")):
        named = caught_by(path)
        if named not in known:
            continue  # the linter has said so
        verdict = grade(lab, path.read_bytes())
        caught = [in_words(check.name) for check in verdict.checks if check.status in ("failed", "error")]
        if verdict.status == "passed":
            yield Finding(path, 1, "A wrong solution passes every check.", f"Make {named!r} catch it, or take it away.")
        elif named not in caught:
            found = ", ".join(dict.fromkeys(caught)) or verdict.message
            yield Finding(
                path, 1, f"It fails for another reason than {named!r}: {found}.", "Name that check, or sharpen the one you meant."
            )


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


def _first(verdict: Verdict) -> str:
    for check in verdict.checks:
        if check.status in ("failed", "error"):
            return f"{in_words(check.name)}: {check.message}"
    return verdict.message


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
