"""Proves what a curriculum holds by running it, on all cores, and keeps each proof under the hash of everything it rests on.

A *step* is one claim that can be proved by itself: a lesson prints what its page says, a problem's key agrees with its proof, a lab's
starter fails, its right solutions pass, its wrong ones fail at the check that they name. A step that was proved and whose content, judge
and libraries are unchanged is not run again; a step that failed is never kept. The proofs stand beside each module, in `proofs.txt`, one
a line, so that a repository carries them and two branches merge. A *lot* draws some of the kept ones to be run all the same.
"""

from __future__ import annotations

import ast
import functools
import inspect
import os
import re
import threading
import types
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from modelwright.curriculum import exercises, formula
from modelwright.curriculum.errors import Finding
from modelwright.curriculum.frames import frames_folder
from modelwright.curriculum.lint import SEEDS, caught_by, check_names, in_words, prove_problem
from modelwright.curriculum.lint_lesson import prove_lesson
from modelwright.curriculum.loader import Curriculum
from modelwright.curriculum.models import Competition, Lab, Lesson, Module, Problem
from modelwright.groups import BASE, lacking
from modelwright.studio.competition_proof import prove_competition
from modelwright.studio.giveaway import prove_kept_back, shown_before
from modelwright.studio.lesson_proof import prove_explores, prove_faded
from modelwright.studio.lies import prove_lies
from modelwright.studio.mutation import prove_equivalents
from modelwright.studio.proofs import digest, files_digest, lab_terms, libraries_of, room_digest, versions

if TYPE_CHECKING:
    from modelwright.grading import Sessions, Verdict

Grade = Callable[..., "Verdict"]
FILE = "proofs.txt"
LESSON_LIBRARIES = ("numpy", "matplotlib", "scipy", "sympy", "scikit-learn", "pandas", "torch")
PROBLEM_LIBRARIES = ("numpy", "sympy", "scipy")


@dataclass(frozen=True)
class Lot:
    """Which of the kept proofs are made again all the same: one in `of`, by a hash of the step's name and `seed`."""

    seed: str
    of: int = 10

    def draws(self, step: str) -> bool:
        return int.from_bytes(sha256(f"{self.seed}\0{step}".encode()).digest()[:8], "big") % self.of == 0


@dataclass(frozen=True)
class Step:
    """One claim: its name (`lab linear-algebra/softmax: right solutions pass`), the hash of what it rests on, and how to prove it.

    `thing` is what it is about, as `lab linear-algebra/softmax`; `part_of` is where its proof is kept.
    """

    thing: str
    claim: str
    part_of: Module | Competition
    rests_on: str
    prove: Callable[[Workers], list[Finding]]

    @property
    def name(self) -> str:
        return f"{self.thing}: {self.claim}"


@dataclass(frozen=True)
class Workers:
    """What a step may run on: warm grading, sessions for a lesson's code, processes for what is pure Python, a folder for frames."""

    grade: Grade
    sessions: Sessions
    processes: Executor
    frames: Path


@dataclass(frozen=True)
class Outcome:
    """What became of one step. `kept` says that an earlier proof stood and nothing was run, `drawn` that it was run again by lot."""

    step: Step
    findings: tuple[Finding, ...]
    kept: bool
    drawn: bool


# The steps


def prove_starter(lab: Lab, grade: Grade) -> Iterator[Finding]:
    """The starter fails: what is left to the learner is left."""
    path = lab.folder / "starter.py"
    if grade(lab, path.read_bytes()).status == "passed":
        yield Finding(path, 0, "The starter passes every check.", "Leave the work to the learner: raise NotImplementedError.")


def prove_right(lab: Lab, grade: Grade, repeat: int = 1) -> Iterator[Finding]:
    """The solution and every other right one pass, `repeat` times each."""
    for path in [lab.folder / "solution.py", *sorted((lab.folder / "right").glob("*.py"))]:
        source = path.read_bytes()
        for turn in range(repeat):
            verdict = grade(lab, source)
            if verdict.status != "passed":
                times = f" (at the {turn + 1}. time of {repeat})" if repeat > 1 else ""
                message = f"A right solution does not pass{times}: {_first(verdict)}"
                yield Finding(path, 0, message, "Mend the solution, or the check if it is unfair.")
                break


def prove_wrong(lab: Lab, grade: Grade) -> Iterator[Finding]:
    """Each wrong solution fails at the check that it names."""
    known = check_names(lab)
    for path in sorted((lab.folder / "wrong").glob("*.py")):
        named = caught_by(path)
        if named not in known:
            continue  # the linter has said so
        verdict = grade(lab, path.read_bytes())
        caught = [in_words(check.name) for check in verdict.checks if check.status in ("failed", "error")]
        if verdict.status == "passed":
            yield Finding(path, 1, "A wrong solution passes every check.", f"Make {named!r} catch it, or take it away.")
        elif named not in caught:
            others = ", ".join(dict.fromkeys(caught)) or verdict.message
            message = f"It fails for another reason than {named!r}: {others}."
            yield Finding(path, 1, message, "Name that check, or sharpen the one you meant.")


def _first(verdict: Verdict) -> str:
    for check in verdict.checks:
        if check.status in ("failed", "error"):
            return f"{in_words(check.name)}: {check.message}"
    return verdict.message


@dataclass(frozen=True)
class LessonStep:
    """A claim about every lesson: what it says, and how running the lesson proves it."""

    claim: str
    prove: Callable[[Lesson, Workers], Iterable[Finding]]


@dataclass(frozen=True)
class LabStep:
    """A claim about every lab: what it says, how grading proves it, and which files of the lab's folder it reads beside the checks."""

    claim: str
    prove: Callable[[Lab, Grade], Iterable[Finding]]
    reads: tuple[str, ...]


def prove_output(lesson: Lesson, workers: Workers) -> Iterable[Finding]:
    """The lesson's code runs, and prints what stands below it."""
    return prove_lesson(lesson)


def prove_holes(lesson: Lesson, workers: Workers) -> Iterable[Finding]:
    """What goes into the hole of a faded example makes a difference."""
    return prove_faded(lesson, workers.sessions)


def prove_frames(lesson: Lesson, workers: Workers) -> Iterable[Finding]:
    """Every frame of an explore can be drawn and says what is seen."""
    return prove_explores(lesson, workers.frames)


LESSON_STEPS = (
    LessonStep("it prints what its page says", prove_output),
    LessonStep("its holes make a difference", prove_holes),
    LessonStep("its explores can be drawn", prove_frames),
)
LAB_STEPS = (
    LabStep("the starter fails", prove_starter, ("starter.py",)),
    LabStep("right solutions pass", prove_right, ("solution.py", "right/*.py")),
    LabStep("wrong solutions fail where they say", prove_wrong, ("wrong/*.py",)),
    LabStep("files that do nothing fail", prove_lies, ("starter.py",)),
    LabStep("listed mutants are told from the solution by no check", prove_equivalents, ("mutants.yaml",)),
)


def _is_whole(lab: Lab) -> bool:
    return all((lab.folder / name).is_file() for name in ("starter.py", "solution.py", "checks.py"))


def steps_of(module: Module, *, repeat: int = 1, seeds: int = SEEDS) -> Iterator[Step]:
    """Everything that can be proved of a module by running it, in the order in which it is taught."""
    for lesson in module.lessons:
        for lesson_step in LESSON_STEPS:
            libraries = versions(*LESSON_LIBRARIES, *sorted(libraries_of(lesson.needs) - {*LESSON_LIBRARIES, *BASE}))
            rests_on = digest(lesson.text, code_digest(lesson_step.prove), libraries)
            yield Step(f"lesson {lesson.id}", lesson_step.claim, module, rests_on, functools.partial(_lesson, lesson, lesson_step))
    judge = code_digest(prove_problem, exercises.generate, exercises.prove, exercises.judge, exercises.same, formula.read)
    for problem in module.problems:
        rests_on = digest(problem.id, own_text(problem, module.problems), str(seeds), judge, versions(*PROBLEM_LIBRARIES))
        claim = "its key agrees with its proof"
        yield Step(f"problem {problem.id}", claim, module, rests_on, functools.partial(_problem, problem, seeds))
    for lab in module.labs:
        if not _is_whole(lab):
            continue  # the linter says what is missing
        terms = lab_terms(lab)
        for step in LAB_STEPS:
            files = [path for pattern in step.reads for path in lab.folder.glob(pattern)]
            rests_on = digest(terms, files_digest(lab.folder, files), code_digest(step.prove))
            yield Step(f"lab {lab.id}", step.claim, module, rests_on, functools.partial(_lab, lab, step, repeat))
        if lessons := shown_before(lab, module.lessons):
            starter = files_digest(lab.folder, [lab.folder / "starter.py"])
            rests_on = digest(terms, starter, code_digest(prove_kept_back), *(lesson.text for lesson in lessons))
            claim = "no lesson's code passes for it"
            yield Step(f"lab {lab.id}", claim, module, rests_on, functools.partial(_kept_back, lab, lessons))


def steps_of_competition(competition: Competition) -> Iterator[Step]:
    """What can be proved of a competition by running it."""
    files = [path for path in competition.folder.iterdir() if path.suffix in (".py", ".yaml")]
    libraries = versions("numpy", "pandas", "scikit-learn", *sorted(libraries_of(competition.needs)))
    rests_on = digest(files_digest(competition.folder, files), room_digest("arena"), code_digest(prove_competition), libraries)
    prove = functools.partial(_competition, competition)
    yield Step(
        f"competition {competition.id}", "its programs run, the reference leads, and labels are found out", competition, rests_on, prove
    )


def _competition(competition: Competition, workers: Workers) -> list[Finding]:
    return list(prove_competition(competition, workers.grade))


def _lesson(lesson: Lesson, step: LessonStep, workers: Workers) -> list[Finding]:
    return unprovable(lesson) or list(step.prove(lesson, workers))


def _problem(problem: Problem, seeds: int, workers: Workers) -> list[Finding]:
    return workers.processes.submit(_prove_problem, problem, seeds).result()


def _prove_problem(problem: Problem, seeds: int) -> list[Finding]:
    return list(prove_problem(problem, seeds))


def _kept_back(lab: Lab, lessons: list[Lesson], workers: Workers) -> list[Finding]:
    return unprovable(lab) or list(prove_kept_back(lab, lessons, workers.grade))


def _lab(lab: Lab, step: LabStep, repeat: int, workers: Workers) -> list[Finding]:
    if missing := unprovable(lab):
        return missing
    return list(prove_right(lab, workers.grade, repeat) if step.prove is prove_right else step.prove(lab, workers.grade))


def unprovable(thing: Lab | Lesson) -> list[Finding]:
    """What it needs and is not here, as one finding: nothing can be said of it then."""
    file, what = (thing.folder / "lab.yaml", "lab") if isinstance(thing, Lab) else (thing.path, "lesson")
    sentence = lacking(thing.needs, f"this {what}")
    return [Finding(file, 0, f"It is not proved. {sentence}", "Install it, then prove it.")] if sentence else []


# What a proof rests on


def own_text(problem: Problem, problems: Iterable[Problem]) -> str:
    """What a generator rests on in its problems.py: the file without the other generators that it does not name, and without the index."""
    parts = _parts(problem.path.read_text(encoding="utf-8"))
    functions = {other.function for other in problems if other.id != problem.id}
    others = functions | {f"prove_{function}" for function in functions}
    own = [text for name, text in parts if name not in others]
    waiting = [(name, text) for name, text in parts if name in others]
    while named := [part for part in waiting if any(re.search(rf"\b{part[0]}\b", text) for text in own)]:
        own += [text for _, text in named]
        waiting = [part for part in waiting if part not in named]
    return "\n".join(own)


@functools.lru_cache(maxsize=4)
def _parts(source: str) -> list[tuple[str, str]]:
    """(name, text) of each statement of a problems.py but its index; the name is empty where it defines no function."""
    lines = source.splitlines()

    def text(node: ast.stmt) -> str:
        return "\n".join(lines[min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))]) - 1 : node.end_lineno])

    return [(getattr(node, "name", ""), text(node)) for node in ast.parse(source).body if not _is_index(node)]


def _is_index(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == "PROBLEMS" for target in node.targets)


@functools.cache
def code_digest(*functions: Callable[..., Any]) -> str:
    """A hash of functions' sources, with those of the program's own functions and constants that they name, and that these name in turn."""
    sources: dict[str, str] = {}
    waiting: list[Any] = list(functions)
    while waiting:
        thing = inspect.unwrap(waiting.pop())
        name = f"{thing.__module__}.{thing.__qualname__}"
        if name in sources:
            continue
        sources[name] = inspect.getsource(thing)
        if isinstance(thing, types.FunctionType):
            for used in _names(thing.__code__):
                value = thing.__globals__.get(used)
                if inspect.isroutine(value) or inspect.isclass(value):
                    if (getattr(value, "__module__", None) or "").startswith("modelwright."):
                        waiting.append(value)
                elif (text := _literal(value)) is not None:
                    sources[f"{name}: {used}"] = text
    return digest(*(part for name in sorted(sources) for part in (name, sources[name])))


def _literal(value: object) -> str | None:
    """A constant as text, the same in every process; None for what is not plain data."""
    if not isinstance(value, (str, bytes, int, float, tuple, list, dict, set, frozenset)):
        return None
    steady = _steady(value)
    try:
        ast.literal_eval(repr(steady))
    except (ValueError, SyntaxError):
        return None
    return repr(steady)


def _steady(value: object) -> object:
    """A constant with its sets as lists in order, however deep they lie: a set's own order is another in each process."""
    if isinstance(value, (set, frozenset)):
        return sorted(map(_steady, value), key=repr)
    if isinstance(value, dict):
        return {key: _steady(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return tuple(map(_steady, value))
    return list(map(_steady, value)) if isinstance(value, list) else value


def _names(code: types.CodeType) -> set[str]:
    inner = (const for const in code.co_consts if isinstance(const, types.CodeType))
    return set(code.co_names).union(*(_names(const) for const in inner))


def kept_proofs(module: Module | Competition) -> dict[str, set[str]]:
    """step name → hashes under which it was proved, from the module's proofs.txt. A merge of two branches may leave several."""
    proofs: dict[str, set[str]] = {}
    with suppress(OSError, UnicodeDecodeError):
        for line in (module.folder / FILE).read_text(encoding="utf-8").splitlines():
            name, _, rests_on = line.rpartition(" = ")
            proofs.setdefault(name, set()).add(rests_on)
    return proofs


def keep_proofs(module: Module | Competition, outcomes: Iterable[Outcome], every: Iterable[Step]) -> None:
    """Writes the module's proofs.txt anew: what holds now, what was not asked for this time as it stood, and nothing that failed."""
    path, proofs = module.folder / FILE, kept_proofs(module)
    known = {step.name for step in every}
    for outcome in outcomes:
        proofs[outcome.step.name] = set() if outcome.findings else {outcome.step.rests_on}
    lines = [f"{name} = {rests_on}\n" for name in sorted(proofs) if name in known for rests_on in sorted(proofs[name])]
    with suppress(OSError):  # an installed curriculum may not be writable; then nothing is kept
        if not lines:
            path.unlink(missing_ok=True)
        elif not path.is_file() or path.read_text(encoding="utf-8") != "".join(lines):
            fresh = path.with_name(f"{FILE}.{os.getpid()}")
            fresh.write_text("".join(lines), encoding="utf-8")
            fresh.replace(path)


# The run


def prove(
    curriculum: Curriculum,
    *,
    modules: Iterable[Module] | None = None,
    competitions: Iterable[Competition] | None = None,
    only: Callable[[Step], bool] = lambda step: True,
    repeat: int = 1,
    seeds: int = SEEDS,
    jobs: int | None = None,
    cold: bool = False,
    keep: bool = True,
    lot: Lot | None = None,
    on_step: Callable[[Outcome, int, int], None] = lambda outcome, done, total: None,
) -> list[Outcome]:
    """Proves every step of these modules and competitions (all of them by default) that `only` lets through, several at a time.

    The outcomes come in the plan's order. cold=True believes no kept proof, keep=False keeps none. With `repeat` over 1 or other `seeds`
    more is asked than was proved before, so nothing kept is believed then. `on_step(outcome, done, total)` is called as each is settled.
    """
    chosen: list[Module | Competition] = [*(curriculum.modules.values() if modules is None else modules)]
    chosen += curriculum.competitions.values() if competitions is None else competitions
    every = {
        part.id: list(steps_of(part, repeat=repeat, seeds=seeds) if isinstance(part, Module) else steps_of_competition(part))
        for part in chosen
    }
    usual = repeat == 1 and seeds == SEEDS
    steps = [step for module in chosen for step in every[module.id] if only(step)]
    known = {module.id: {} if cold or not usual else kept_proofs(module) for module in chosen}
    is_kept = {step.name: step.rests_on in known[step.part_of.id].get(step.name, ()) for step in steps}
    drawn = {step.name: bool(lot and is_kept[step.name] and lot.draws(step.name)) for step in steps}
    outcomes: dict[str, Outcome] = {}

    def settle(step: Step, findings: list[Finding], kept: bool) -> None:
        outcomes[step.name] = outcome = Outcome(step, tuple(findings), kept, drawn[step.name])
        on_step(outcome, len(outcomes), len(steps))

    waiting = []
    for step in steps:
        if is_kept[step.name] and not drawn[step.name]:
            settle(step, [], kept=True)
        else:
            waiting.append(step)
    try:
        if waiting:
            _run(waiting, curriculum.folder, jobs or os.cpu_count() or 1, lambda step, findings: settle(step, findings, kept=False))
    finally:
        if keep and usual:
            for module in chosen:
                done = [outcome for outcome in outcomes.values() if outcome.step.part_of is module]
                keep_proofs(module, done, every[module.id])
    return [outcomes[step.name] for step in steps]


def _run(steps: list[Step], folder: Path, jobs: int, tell: Callable[[Step, list[Finding]], None]) -> None:
    from modelwright.grading import Grader, GradingError, Sessions

    stopped = threading.Event()

    with ExitStack() as stack:
        grader = stack.enter_context(Grader())
        # New processes, because this one has threads; they start with the first problem that needs them.
        processes = stack.enter_context(ProcessPoolExecutor(jobs, mp_context=get_context("spawn")))

        def grade(lab: Lab, source: bytes, **options: Any) -> Verdict:
            if stopped.is_set():
                raise GradingError("The proving was stopped.")
            return grader.grade(lab, source, **options)

        sessions = Sessions(grader)
        stack.callback(sessions.close)
        workers = Workers(grade, sessions, processes, frames_folder(folder))
        pool = ThreadPoolExecutor(jobs)
        try:
            futures = {pool.submit(step.prove, workers): step for step in steps}
            for future in as_completed(futures):
                tell(futures[future], future.result())
        finally:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
