"""The linter: what an author should mend, found by reading. Only a lesson's code and a problem's generator are run, on request.

The rules are those of docs/authors.md. Each finding gives the file, the line and what to do. Whether labs judge rightly is proved by
grading their solutions, right and wrong ones, which needs the grading room: see `modelwright.studio.author`.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from modelwright.curriculum.errors import Finding
from modelwright.curriculum.giveaways import AT_MOST, cues, guessed
from modelwright.curriculum.lint_lesson import lint_lesson, lint_order, lint_references
from modelwright.curriculum.loader import Curriculum, find_cycle, line_of
from modelwright.curriculum.models import Card, Competition, Item, Lab, Module, Problem, Resource
from modelwright.curriculum.render import refused_links
from modelwright.curriculum.vacuous import vacuous
from modelwright.groups import BASE

CARD_ANSWER = 170  # two lines of a phone held upright, and of the review page
CARD_ASK = 220
WRONG_ONES, RIGHT_ONES = 4, 1
ITEMS_PER_SKILL = 3
ENOUGH_TO_GUESS = 60  # of one kind: with fewer, chance alone takes a guesser beyond the bound too often
SEEDS = 200
DIFFERENT = 60  # questions that a generator must make in SEEDS: the fifth evening should not bring the first one's numbers
LINK = re.compile(r"https?://[a-z0-9-]+(\.[a-z0-9-]+)+(:\d+)?(/[^\s<>\"]*)?", re.IGNORECASE)
CAUGHT_BY = re.compile(r"Caught by:\s*([^.]+)\.")
STOCK_SAID = re.compile(r"Stock:\s*([a-z, -]+)\.")
CONTRACT = "The contract"
STOCK = {
    "library-call": "calls the library that does the whole task",
    "mutation": "changes the caller's arguments",
    "small-input": "fails on an empty or single-element input",
    "global-random": "uses the global random state",
    "dtype": "answers in another dtype",
    "axis": "works along another axis or on another shape",
    "overflow": "overflows in float16, uint8 or another narrow type",
}
ARRAY_STOCK = ("dtype", "axis", "overflow")  # asked for where a lab needs NumPy or PyTorch

Report = Callable[[Finding], None]


def lint(curriculum: Curriculum, report: Report, modules: Iterable[str] | None = None) -> None:
    """Reports everything that reading alone can find. `modules` narrows it to some; edges are always checked whole."""
    chosen = [m for m in curriculum.modules.values() if modules is None or m.id in set(modules)]
    _plan(curriculum, report)
    _graph(curriculum, report)
    _choices_alone(curriculum, report)
    for competition in curriculum.competitions.values():
        lint_competition(curriculum, competition, report)
    for module in chosen:
        _module(curriculum, module, report)
        for lesson in module.lessons:
            for finding in lint_lesson(lesson):
                report(finding)
            for key in ("skills", "assumes"):
                _known(curriculum, "skill", getattr(lesson, key), lesson.path, (key,), report)
            for finding in lint_references(curriculum, lesson):
                report(finding)
        _cards(curriculum, module, report)
        _items(curriculum, module, report)
        for problem in module.problems:
            _known(curriculum, "skill", problem.skills, problem.path, (), report)
            if f"def prove_{problem.function}(" not in problem.path.read_text(encoding="utf-8"):
                report(Finding(problem.path, 0, f"{problem.function} has no proof.", f"Write prove_{problem.function}(problem, rng)."))
        for lab in module.labs:
            _known(curriculum, "skill", (*lab.skills, *lab.encompasses), lab.folder / "lab.yaml", ("skills",), report)
            for finding in lint_lab(lab):
                report(finding)
    for finding in lint_order(curriculum, [lesson for module in chosen for lesson in module.lessons]):
        report(finding)


# The plan and its two graphs


def _plan(curriculum: Curriculum, report: Report) -> None:
    file = curriculum.folder / "plan.yaml"
    counts = Counter(
        id for table in (curriculum.modules, curriculum.projects, curriculum.shared) for id in table
    ) + Counter(r.id for m in curriculum.modules.values() for r in m.resources)  # fmt: skip
    for id, n in counts.items():
        if n > 1:
            report(Finding(file, 0, f"The id {id} is given {n} times.", "Ids are unique across the curriculum: rename all but one."))
    for i, stage in enumerate(curriculum.stages.values()):
        low, high = sum(m.hours.low for m in stage.modules), sum(m.hours.high for m in stage.modules)
        if abs(low - stage.hours.low) > 0.5 or abs(high - stage.hours.high) > 0.5:
            line = line_of(file, ("stages", i, "hours"))
            message = f"The stage says {stage.hours.low:g} to {stage.hours.high:g} hours, its modules add up to {low:g} to {high:g}."
            report(Finding(file, line, message, "Make them agree."))
        if stage.book and stage.book not in {r.id for m in stage.modules for r in m.shelf}:
            message = f"{stage.book} is no book of a module of this stage, or has no chapters."
            report(
                Finding(file, line_of(file, ("stages", i, "book")), message, "Name one that a module of the stage lists, chapters and all.")
            )
    for i, project in enumerate(curriculum.projects.values()):
        _known(curriculum, "skill", project.skills, file, ("projects", i, "skills"), report)
        if project.stage not in curriculum.stages:
            report(Finding(file, line_of(file, ("projects", i)), f"There is no stage {project.stage}.", "Name one of the plan's stages."))
    for resource in curriculum.shared.values():
        _resource(curriculum, resource, file, (), report)


def _graph(curriculum: Curriculum, report: Report) -> None:
    skills = curriculum.skills
    cycle = find_cycle({s.id: [p for p in s.prerequisites if p in skills] for s in skills.values()})
    if cycle:
        file, line = _place_of_skill(curriculum, cycle[0])
        report(Finding(file, line, f"Prerequisites go round in a circle: {' → '.join(cycle)}.", "Take one of these edges away."))
    modules = curriculum.modules
    ring = find_cycle({m.id: [p for p in m.prerequisites if p in modules] for m in modules.values()})
    if ring:
        report(Finding(modules[ring[0]].folder / "module.yaml", 0, f"Modules require each other: {' → '.join(ring)}.", "Take one away."))
    reachable = set(curriculum.order) if not cycle else set()
    for skill in skills.values():
        unknown = [p for p in skill.prerequisites if p not in skills]
        if not cycle and (skill.id not in reachable or unknown):
            file, line = _place_of_skill(curriculum, skill.id)
            why = f"it needs {', '.join(unknown)}, which does not exist" if unknown else "its prerequisites cannot all be met"
            report(Finding(file, line, f"The skill {skill.id} cannot be reached: {why}.", "Mend its prerequisites."))
        if skill.divided_from and (skill.divided_from not in skills or skill.divided_from == skill.id):
            file, line = _place_of_skill(curriculum, skill.id)
            message = f"{skill.id} is divided from {skill.divided_from}, which is no other skill."
            report(Finding(file, line, message, "Name the older skill, whose id stays."))
        optional = [p for p in skill.prerequisites if p in skills and curriculum.module_of(p).optional and not skills[p].required]
        if optional and (skill.required or not curriculum.module_of(skill.id).optional):
            file, line = _place_of_skill(curriculum, skill.id)
            message = f"{skill.id} is in everyone's plan, and rests on {', '.join(optional)}, which can be left out."
            report(Finding(file, line, message, "Take the edge away, or say `required: true` there too."))
        if not curriculum.teaching(skill.id, "lesson") and not curriculum.teaching(skill.id, "lab") and not curriculum.chapters(skill.id):
            file, line = _place_of_skill(curriculum, skill.id)
            report(Finding(file, line, f"Nothing teaches {skill.id}.", "Name it in a lesson, a lab, or a chapter of a resource."))


def _place_of_skill(curriculum: Curriculum, id: str) -> tuple[Path, int]:
    module = curriculum.module_of(id)
    file = module.folder / "module.yaml"
    ids = [s.id for s in module.skills]
    return file, line_of(file, ("skills", ids.index(id))) if id in ids else 0


def _known(curriculum: Curriculum, kind: str, ids: Iterable[str], file: Path, path: tuple[str | int, ...], report: Report) -> None:
    table = getattr(curriculum, kind + "s")
    for id in ids:
        if id not in table:
            near = curriculum.nearest(kind, id)
            report(
                Finding(
                    file, line_of(file, path), f"There is no {kind} {id}.", f"Did you mean {near[0]}?" if near else "Name one that exists."
                )
            )


def _module(curriculum: Curriculum, module: Module, report: Report) -> None:
    file = module.folder / "module.yaml"
    if module.hours.low > module.hours.high:
        report(Finding(file, line_of(file, ("hours",)), "The low hours are more than the high ones.", "Swap them."))
    _known(curriculum, "module", module.prerequisites, file, ("prerequisites",), report)
    for i, skill in enumerate(module.skills):
        if skill.module != module.id:
            report(
                Finding(
                    file, line_of(file, ("skills", i)), f"{skill.id} stands in the module {module.id}.", "Begin its id with the module's."
                )
            )
        _known(curriculum, "skill", skill.encompasses, file, ("skills", i, "encompasses"), report)
        if skill.id in skill.encompasses or skill.id in skill.prerequisites:
            report(Finding(file, line_of(file, ("skills", i)), f"{skill.id} names itself.", "Take it out of its own edges."))
    for i, resource in enumerate(module.resources):
        _resource(curriculum, resource, file, ("resources", i), report)
    for kind in ("tools", "communities"):
        _known(curriculum, "resource", getattr(module, kind), file, (kind,), report)
    if not any(r.role == "main" for r in module.resources):
        report(Finding(file, line_of(file, ("resources",)), "The module has no main resource.", "Give one of them 'role: main'."))


def _resource(curriculum: Curriculum, resource: Resource, file: Path, path: tuple[str | int, ...], report: Report) -> None:
    if not LINK.fullmatch(resource.link):
        report(Finding(file, line_of(file, (*path, "link")), f"{resource.link!r} is not a link.", "Write it whole, with https://."))
    if resource.kind == "book" and not resource.chapters:
        report(Finding(file, line_of(file, path), f"The book {resource.title} has no chapters.", "List them, with hours and skills."))
    numbers = {chapter.number for chapter in resource.chapters}
    for i, newer in enumerate(resource.newer.chapters if resource.newer else ()):
        if unknown := set(newer.here) - numbers:
            there = ", ".join(map(str, sorted(unknown)))
            message = f"“{newer.title}” is to be chapter {there} here, which {resource.title} does not list."
            report(Finding(file, line_of(file, (*path, "newer", "chapters", i)), message, "Name a chapter that is listed."))
    for number, n in Counter(c.number for c in resource.chapters).items():
        if n > 1:
            report(Finding(file, line_of(file, (*path, "chapters")), f"Chapter {number} is given {n} times.", "Number them apart."))
    for c, chapter in enumerate(resource.chapters):
        _known(curriculum, "skill", chapter.skills, file, (*path, "chapters", c), report)


# Cards and items


def _cards(curriculum: Curriculum, module: Module, report: Report) -> None:
    file = module.folder / "cards.yaml"
    seen: dict[str, Card] = {}
    for i, card in enumerate(module.cards):

        def at(message: str, mend: str, i: int = i) -> None:
            return report(Finding(file, line_of(file, (i,)), message, mend))

        if len(card.answer) > CARD_ANSWER:
            at(f"The answer has {len(card.answer)} characters.", f"Fit it into two lines, {CARD_ANSWER}; or make two cards.")
        if len(card.ask) > CARD_ASK:
            at(f"The question has {len(card.ask)} characters.", f"Ask one thing, in at most {CARD_ASK}.")
        if card.skill not in curriculum.skills:
            at(f"There is no skill {card.skill}.", f"Nearest: {', '.join(curriculum.nearest('skill', card.skill)) or 'none'}.")
        for _, message, mend in refused_links(f"{card.ask}\n\n{card.answer}"):
            at(message, mend)
        for key, what in ((card.id, "id"), (card.ask.lower(), "question")):
            if key in seen:
                at(f"This {what} stands twice: {key!r}.", "Keep one.")
            seen[key] = card


def _items(curriculum: Curriculum, module: Module, report: Report) -> None:
    file = module.folder / "items.yaml"
    if not module.items:
        return
    counts: Counter[str] = Counter()
    ids: Counter[str] = Counter()
    for i, item in enumerate(module.items):
        counts[item.skill] += 1
        ids[item.id] += 1
        for message, mend in lint_item(curriculum, item):
            report(Finding(file, line_of(file, (i,)), f"{item.id}: {message}", mend))
        if ids[item.id] == 2:
            report(Finding(file, line_of(file, (i,)), f"The id {item.id} stands twice.", "Rename one."))
    for skill in module.skills:
        if counts[skill.id] < ITEMS_PER_SKILL:
            report(Finding(file, 0, f"{skill.id} has {counts[skill.id]} items.", f"Write at least {ITEMS_PER_SKILL}."))


def lint_competition(curriculum: Curriculum, competition: Competition, report: Report) -> None:
    """What can be said of a competition by reading; that its programs run and its labels are safe is proved by running it."""
    file = competition.folder / "competition.yaml"
    _known(curriculum, "skill", competition.skills, file, ("skills",), report)
    if competition.stage not in curriculum.stages:
        report(Finding(file, line_of(file, ("stage",)), f"There is no stage {competition.stage}.", "Name one of the plan's stages."))
    wanted = ["README.md", "data.py", "starter.py", *(ghost.file for ghost in competition.ghosts)]
    if competition.metric.name.endswith(".py"):
        wanted.append("metric.py")
    for name in wanted:
        path = competition.folder / name
        if not path.is_file():
            report(Finding(path, 0, f"The competition has no {name}.", "Write it; docs/arena.md says what each file is."))
    statement = competition.folder / "README.md"
    if statement.is_file():
        for _, message, mend in refused_links(statement.read_text(encoding="utf-8")):
            report(Finding(statement, 0, message, mend))


def _choices_alone(curriculum: Curriculum, report: Report) -> None:
    """Whether someone who sees only the choices, and has learned how the other modules are written, does better than a guess."""
    for guesses in guessed({module.id: module.items for module in curriculum.modules.values()}):
        if guesses.asked >= ENOUGH_TO_GUESS and guesses.share > AT_MOST:
            kind = "questions" if guesses.kind == "all" else f"{guesses.kind} questions"
            message = f"{guesses.right} of {guesses.asked} {kind} ({guesses.share:.0%}) are answered by their choices alone."
            mend = f"At most {AT_MOST:.0%}: write right and wrong choices in one form (`python bench/items.py MODULE` lists them)."
            report(Finding(curriculum.folder / "plan.yaml", 0, message, mend))


def lint_item(curriculum: Curriculum, item: Item) -> Iterator[tuple[str, str]]:
    """(message, what to do) for each fault of one item of the placement bank."""
    if item.skill not in curriculum.skills:
        yield f"there is no skill {item.skill}.", f"Nearest: {', '.join(curriculum.nearest('skill', item.skill)) or 'none'}."
    for text in (item.ask or "", *(words for choice in item.choices for words in (choice.text, choice.shows or ""))):
        yield from ((message, mend) for _, message, mend in refused_links(text))
    if item.kind in ("choose", "find-fault", "predict"):
        right = sum(choice.right for choice in item.choices)
        if right != 1 or not 3 <= len(item.choices) <= 5:
            yield f"it has {len(item.choices)} choices, {right} of them right.", "Offer three to five, one of them right."
        if any(not choice.right and not choice.shows for choice in item.choices):
            yield "a wrong choice does not say what it shows.", "Give each wrong choice 'shows: …', the misconception."
        if len({choice.text.strip() for choice in item.choices}) != len(item.choices):
            yield "two choices read the same.", "Make them differ."
        for cue in cues(item):
            yield f"only the right choice stands out by {cue.mark}.", "Give another choice the same, or take it from this one."
        if item.kind in ("find-fault", "predict") and not item.code:
            yield f"a {item.kind} item has no code.", "Add 'code: |'."
    elif item.kind == "order":
        if not 3 <= len(item.lines) <= 7 or len(set(item.lines)) != len(item.lines):
            yield "an order item needs three to seven different lines.", "List them in their right order."
    elif item.problem not in curriculum.problems:
        yield f"it points at the problem {item.problem}, which does not exist.", "Name a generator: <module>/<problem>."


# Problems


def prove_problem(problem: Problem, seeds: int = SEEDS) -> Iterator[Finding]:
    """Over many seeds: the key agrees with its numeric proof, reads back as right, and no misconception equals it."""
    from modelwright.curriculum.exercises import generate, judge, prove, same

    questions = set()
    line = _line_of_function(problem)
    for seed in range(seeds):
        where = f"{problem.function}, seed {seed}: "
        try:
            exercise = generate(problem, seed)
            claimed, measured, tolerance = prove(problem, seed)
        except Exception as error:  # an author's code may raise anything, and the author should see it
            yield Finding(problem.path, line, f"{where}it raises {type(error).__name__}: {error}.", "Make it work for every seed.")
            return
        questions.add(exercise.question)
        gap = _gap(claimed, measured)
        if not gap <= tolerance:
            yield Finding(
                problem.path, line, f"{where}the key says {claimed}, its proof finds {measured} (tolerance {tolerance:g}).", "One is wrong."
            )
            return
        written = exercise.answer if isinstance(exercise.answer, str) else _plain(exercise.answer)
        if not judge(exercise, written).right:
            yield Finding(
                problem.path, line, f"{where}the key {written!r} is not accepted as an answer.", "Give an answer that can be typed."
            )
            return
        for wrong in exercise.misconceptions:
            equal = wrong == exercise.answer if isinstance(wrong, str) else same(wrong, exercise.answer)
            if equal:
                yield Finding(
                    problem.path, line, f"{where}the misconception {wrong} equals the answer.", "Draw numbers that keep them apart."
                )
                return
        if not exercise.steps:
            yield Finding(problem.path, line, f"{where}there are no steps.", "Give the solution in steps.")
            return
        if isinstance(exercise.answer, str) and exercise.answer not in exercise.choices:
            yield Finding(
                problem.path, line, f"{where}the answer is not among its choices.", "Return 'choices' with every possible answer."
            )
            return
    if len(questions) < DIFFERENT * min(seeds, SEEDS) / SEEDS:
        counted = f"{problem.function} makes only {len(questions)} different questions in {seeds} seeds."
        yield Finding(problem.path, line, counted, f"Vary what matters: at least {DIFFERENT} in {SEEDS}.")


def _gap(claimed: object, measured: object) -> float:
    import numpy as np

    if isinstance(claimed, str) or isinstance(measured, str):
        return 0.0 if claimed == measured else float("inf")
    return float(np.max(np.abs(np.asarray(claimed, dtype=complex) - np.asarray(measured, dtype=complex)), initial=0.0))


def _plain(answer: object) -> str:
    import sympy

    if isinstance(answer, tuple):
        return "(" + ", ".join(sympy.sstr(a) for a in answer) + ("," if len(answer) == 1 else "") + ")"
    if isinstance(answer, sympy.MatrixBase):
        return str(answer.tolist())
    return str(sympy.sstr(answer))


def _line_of_function(problem: Problem) -> int:
    tree = ast.parse(problem.path.read_text(encoding="utf-8"))
    return next((n.lineno for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == problem.function), 0)


# Labs


def lint_lab(lab: Lab) -> Iterator[Finding]:
    """What reading a lab's folder finds; grading it proves the rest."""
    folder = lab.folder
    for name in ("README.md", "starter.py", "solution.py", "checks.py"):
        if not (folder / name).is_file():
            yield Finding(folder / name, 0, "This file is missing.", "Every lab has README.md, starter.py, solution.py and checks.py.")
    if (folder / "README.md").is_file():
        for _, message, mend in refused_links((folder / "README.md").read_text(encoding="utf-8")):
            yield Finding(folder / "README.md", 0, message, mend)
    for _, message, mend in (refused for hint in lab.hints for refused in refused_links(hint)):
        yield Finding(folder / "lab.yaml", line_of(folder / "lab.yaml", ("hints",)), message, mend)
    wrong, right = sorted((folder / "wrong").glob("*.py")), sorted((folder / "right").glob("*.py"))
    if len(wrong) < WRONG_ONES:
        yield Finding(
            folder / "wrong", 0, f"There are {len(wrong)} wrong solutions.", f"Write at least {WRONG_ONES} that a learner would write."
        )
    if len(right) < RIGHT_ONES:
        yield Finding(folder / "right", 0, "There is no other right solution.", "Write one in a different way: it keeps the checks fair.")
    if (folder / "checks.py").is_file():
        names = check_names(lab)
        try:
            ast.parse((folder / "checks.py").read_text(encoding="utf-8"))
        except SyntaxError as error:
            yield Finding(folder / "checks.py", error.lineno or 0, f"This is not Python: {error.msg}.", "Correct the syntax.")
            return
        if len(names) < 4:
            yield Finding(
                folder / "checks.py", 0, f"There are {len(names)} checks.", "Go from the smallest example to the property to the budget."
            )
        for n, tied in enumerate(lab.hints_for):
            for check in tied:
                if check.lower() not in names:
                    where = line_of(folder / "lab.yaml", ("hints", n))
                    yield Finding(folder / "lab.yaml", where, f"Hint {n + 1}: there is no check {check!r}.", f"One of: {', '.join(names)}.")
        for path in wrong:
            named = caught_by(path)
            if named is None:
                yield Finding(
                    path, 1, "The docstring does not say what catches it.", "End it with 'Caught by: <the check's name in words>.'"
                )
            elif named not in names:
                yield Finding(path, 1, f"There is no check {named!r}.", f"One of: {', '.join(names)}.")
        yield from _contract(lab, names, wrong)
    if lab.minutes < 20 or lab.minutes > 90:
        yield Finding(folder / "lab.yaml", line_of(folder / "lab.yaml", ("minutes",)), f"{lab.minutes} minutes.", "A lab takes 20 to 90.")


def _contract(lab: Lab, names: list[str], wrong: list[Path]) -> Iterator[Finding]:
    """Each clause of README.md has a check that holds it and a wrong solution that breaks it; each of those has a clause."""
    file, readme = lab.folder / "lab.yaml", lab.folder / "README.md"
    written = clauses_of(readme)
    if not lab.clauses and not written:
        if readme.is_file():
            mend = "Number what the task promises, and name in lab.yaml for each clause its checks and the wrong solutions that break it."
            yield Finding(readme, 1, f"There is no numbered clause under '## {CONTRACT}'.", mend)
        return
    numbers = [clause.number for clause in lab.clauses]
    if list(written) != list(range(1, len(written) + 1)):
        line = next(iter(written.values()), 0)
        yield Finding(
            readme, line, f"The clauses of '## {CONTRACT}' are numbered {_listed(written)}.", "Number them from 1, without a gap."
        )
    for number in [n for n in written if n not in numbers]:
        yield Finding(
            readme, written[number], f"Clause {number} is not in lab.yaml.", "Say there which checks hold it, or do not write it."
        )
    for n, clause in enumerate(lab.clauses):

        def at(message: str, mend: str, n: int = n) -> Finding:
            return Finding(file, line_of(file, ("clauses", n)), message, mend)

        if clause.number not in written:
            yield at(f"README.md has no clause {clause.number} under '## {CONTRACT}'.", "Write it there, or take it away here.")
        if numbers.index(clause.number) != n:
            yield at(f"Clause {clause.number} stands twice.", "Join the two.")
        if not clause.checks:
            yield at(f"No check holds clause {clause.number}.", "Write one, or do not promise it.")
        for check in clause.checks:
            if check.lower() not in names:
                yield at(f"Clause {clause.number}: there is no check {check!r}.", f"One of: {', '.join(names)}.")
        stems = {path.stem: path for path in wrong}
        for name in clause.wrong:
            path = stems.get(_stem(name))
            if path is None:
                yield at(
                    f"Clause {clause.number}: there is no wrong/{_stem(name)}.py.", f"One of: {', '.join(sorted(stems)) or 'none yet'}."
                )
            elif (caught := caught_by(path)) is not None and caught not in [check.lower() for check in clause.checks]:
                mend = f"Name {caught!r} among the clause's checks, or another wrong solution."
                yield at(f"Clause {clause.number}: {path.name} is caught by {caught!r}, which does not hold this clause.", mend)
        if not clause.wrong:
            yield at(f"No wrong solution breaks clause {clause.number}.", "Write one in wrong/ and name it under 'wrong'.")
    held = {check.lower() for clause in lab.clauses for check in clause.checks}
    for check in [name for name in names if name not in held]:
        yield Finding(file, line_of(file, ("clauses",)), f"The check {check!r} holds no clause.", "Name it in one, or write its clause.")
    broken = {_stem(name) for clause in lab.clauses for name in clause.wrong}
    for path in [path for path in wrong if path.stem not in broken]:
        yield Finding(path, 1, "It breaks no clause.", "Name it in lab.yaml under the clause that it breaks.")
    yield from _stock(lab, wrong)
    for place in vacuous((lab.folder / "checks.py").read_text(encoding="utf-8")):
        yield Finding(lab.folder / "checks.py", place.line, place.message, place.mend)


def _stock(lab: Lab, wrong: list[Path]) -> Iterator[Finding]:
    """The mistakes that learners make everywhere are tried here too, or it is said why they cannot be made."""
    file = lab.folder / "lab.yaml"
    shown = {kind: path for path in wrong for kind in stock_of(path)}
    for kind, path in shown.items():
        if kind not in STOCK:
            yield Finding(path, 1, f"There is no stock mistake {kind!r}.", f"One of: {', '.join(STOCK)}.")
        elif kind in lab.without:
            line = line_of(file, ("without", kind))
            yield Finding(file, line, f"{kind} is left out here, but wrong/{path.name} makes it.", "Take one of the two away.")
    arrays = bool(set(lab.needs) & set(BASE))
    for kind, about in STOCK.items():
        if kind not in shown and kind not in lab.without and (arrays or kind not in ARRAY_STOCK):
            mend = f"Write one and say 'Stock: {kind}.' in its docstring, or give the reason in lab.yaml: without: {{{kind}: …}}."
            yield Finding(lab.folder / "wrong", 0, f"No wrong solution {about}.", mend)


def _listed(numbers: Iterable[int]) -> str:
    return ", ".join(map(str, numbers))


def _stem(name: str) -> str:
    """The file name, without .py, that `wrong: [axis-lost]` means: axis_lost."""
    return name.removesuffix(".py").replace("-", "_")


def clauses_of(readme: Path) -> dict[int, int]:
    """The numbers of the clauses under '## The contract' of a README.md, each with its line."""
    if not readme.is_file():
        return {}
    numbers: dict[int, int] = {}
    inside = False
    for line, text in enumerate(readme.read_text(encoding="utf-8").splitlines(), 1):
        if text.startswith("## "):
            inside = text[3:].strip() == CONTRACT
        elif inside and (match := re.match(r"(\d+)\. ", text)):
            numbers.setdefault(int(match[1]), line)
    return numbers


def check_names(lab: Lab) -> list[str]:
    """A lab's checks in words, in order: `test_rows_sum_to_one` is 'rows sum to one'; that of what is forbidden comes first."""
    path = lab.folder / "checks.py"
    if not path.is_file():
        return []
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError:
        return []  # the linter says so
    names = [in_words(n.name) for n in tree.body if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]
    return [*([lab.forbid_check] if lab.forbid else []), *names]


def in_words(name: str) -> str:
    """A check's name in words, without its parameters."""
    return name.split("[")[0].removeprefix("test_").replace("_", " ").strip().lower()


def caught_by(path: Path) -> str | None:
    """The check, in words, that a wrong solution says must catch it."""
    found = CAUGHT_BY.search(_docstring(path))
    return " ".join(found[1].lower().split()) if found else None


def stock_of(path: Path) -> tuple[str, ...]:
    """The stock mistakes that a wrong solution says it makes: 'Stock: dtype, overflow.'"""
    found = STOCK_SAID.search(_docstring(path))
    return tuple(kind.strip() for kind in found[1].split(",")) if found else ()


def _docstring(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    try:
        return ast.get_docstring(ast.parse(text)) or ""
    except SyntaxError:
        return text.split('"""')[1] if text.count('"""') > 1 else ""
