"""Lessons, problems, cards and labs as views: the texts rendered, joined with what the learner did with them."""

from __future__ import annotations

import ast
from collections import Counter
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from modelwright.curriculum.lint import in_words
from modelwright.studio import groups
from modelwright.studio import views as v
from modelwright.studio.desk import Desk

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelwright.curriculum import Exercise
    from modelwright.curriculum.frames import Drawn, Frame
    from modelwright.curriculum.models import Card, Lab, Lesson, Problem
    from modelwright.curriculum.render import Heading
    from modelwright.studio.record import LabRecord
    from modelwright.workshop import Workshop

EXAMPLES_TRIED = 20  # seeds, for an example with other numbers than the exercise
SEEDS = 2**31  # of a problem's questions: from 0 up
LARGEST_SHOWN = 400_000  # bytes of a learner's file that an editor is given


# Lessons


@dataclass(frozen=True)
class Page:
    """A lesson as it was rendered; `missing` are the figures that were not drawn then. headings: by the id of the block they stand in."""

    blocks: tuple[v.LessonBlock, ...]
    headings: Mapping[str, tuple[Heading, ...]]
    paragraphs: Mapping[str, str]
    questions_html: tuple[str, ...]
    missing: tuple[Path, ...]


class Pages:
    """Rendered Markdown, kept: a lesson's mathematics takes longer to set than everything else on its page."""

    def __init__(self, figures: Path, frames: Path) -> None:
        self.figures, self.frames = figures, frames
        self._lessons: dict[str, Page] = {}

    def lesson(self, lesson: Lesson) -> Page:
        page = self._lessons.get(lesson.id)
        if page is None or any(path.exists() for path in page.missing):
            page = self._lessons[lesson.id] = self._render(lesson)
        return page

    def _render(self, lesson: Lesson) -> Page:
        from modelwright.curriculum import render_lesson
        from modelwright.curriculum.lesson_blocks import Faded, as_markdown

        missing: list[Path] = []
        numbers: Counter[str] = Counter()

        def figure(key: str) -> str | None:
            path = self.figures / f"{key}.svg"
            try:
                return path.read_text(encoding="utf-8")
            except OSError:
                missing.append(path)
                return None

        blocks: list[v.LessonBlock] = []
        headings: dict[str, tuple[Heading, ...]] = {}
        rendered = render_lesson(lesson, figure)
        for block in rendered.blocks:
            numbers[block.kind] += 1
            id = getattr(block.block, "id", f"{block.kind}-{numbers[block.kind]}")
            headings[id] = block.headings
            lines = (2 if block.block.takes_lines else 1) if isinstance(block.block, Faded) else 0
            blocks.append(v.LessonBlock(block.kind, id, as_markdown(block.block), block.html, block.waiting, hole_lines=lines))
        return Page(tuple(blocks), headings, rendered.paragraphs, rendered.questions, tuple(missing))

    def with_frames(self, lesson: Lesson, blocks: tuple[v.LessonBlock, ...]) -> tuple[tuple[v.LessonBlock, ...], bool]:
        """The blocks with the first frame of each explore as far as it is drawn, and whether any frame is still to be drawn."""
        from modelwright.curriculum.frames import explores_of

        drawn = explores_of(lesson)
        if not drawn:
            return blocks, False
        looks = iter([_explore_look(explore, explore.frame(self.frames, 0)) for explore in drawn])
        shown = tuple(replace(block, explore=next(looks)) if block.kind == "explore" else block for block in blocks)
        return shown, any(explore.missing(self.frames) for explore in drawn)


def _explore_look(drawn: Drawn, first: Frame | None) -> v.ExploreLook:
    sliders = tuple(v.Slider(p.label, tuple(str(value) for value in p.values)) for p in drawn.explore.parameters)
    return v.ExploreLook(drawn.number, sliders, first.svg if first else "", first.said if first else "")


@lru_cache(maxsize=4096)
def html(markdown: str) -> str:
    from modelwright.curriculum import render_markdown

    return render_markdown(markdown)


@lru_cache(maxsize=4096)
def inline(markdown: str) -> str:
    from modelwright.curriculum import render_inline

    return render_inline(markdown)


def practice(desk: Desk, lesson: Lesson) -> v.Link | None:
    """Where a lesson's skills are practised: a problem not yet solved, then a lab not yet passed, then any."""
    every = [desk.link(id, kind) for kind in ("problem", "lab") for skill in lesson.skills for id in desk.curriculum.teaching(skill, kind)]
    return next(iter((*practices(desk, lesson), *every)), None)


def practices(desk: Desk, lesson: Lesson) -> tuple[v.Link, ...]:
    """The problems on a lesson's skills that were not solved yet, and the labs that were not passed."""
    teaching = desk.curriculum.teaching
    problems = [id for skill in lesson.skills for id in teaching(skill, "problem") if not desk.problem(id).right]
    labs = [id for skill in lesson.skills for id in teaching(skill, "lab") if not desk.lab(id).passed_at]
    return tuple(desk.link(id, kind) for kind, ids in (("problem", problems), ("lab", labs)) for id in dict.fromkeys(ids))


# Problems


def problem_view(desk: Desk, problem: Problem, exercise: Exercise) -> v.ProblemView:
    record = desk.problem(problem.id)
    return v.ProblemView(
        id=problem.id,
        title=problem.title,
        module=desk.module_link(problem.id),
        seed=exercise.seed,
        attempt=record.attempts.get(exercise.seed, 0) + 1,
        question=exercise.question,
        question_html=html(exercise.question),
        difficulty=problem.difficulty,
        minutes=problem.minutes,
        skills=tuple(desk.link(skill, "skill") for skill in problem.skills),
        choices=exercise.choices,
        right=record.right,
        answered=record.answered,
    )


def example_view(problem: Problem, exercise: Exercise) -> v.ExampleView:
    """Another of its kind, worked out; the same one for the same exercise, and with other numbers where there are others."""
    from modelwright.curriculum import generate

    seeds = ((exercise.seed + SEEDS // 2 + n) % SEEDS for n in range(EXAMPLES_TRIED))
    others = (generate(problem, seed) for seed in seeds)
    example = next((other for other in others if other.question != exercise.question), exercise)
    return v.ExampleView(example.question, html(example.question), solution_view(example))


def block_title(desk: Desk, kinds: Sequence[str]) -> str:
    """What a block of problems is called: by its kind, or, where it mixes several, by nothing that tells which."""
    from modelwright.learner.planning import block_title

    return block_title([desk.curriculum.problems[kind] for kind in kinds])


def shown_by(desk: Desk, kinds: Sequence[str], marks: str) -> tuple[v.KindShown, ...]:
    """Of each kind in a block, how many were right at the first answer."""
    pairs = list(zip(kinds, marks, strict=True))
    return tuple(
        v.KindShown(desk.link(kind, "problem"), pairs.count((kind, "r")), sum(other == kind for other, _ in pairs))
        for kind in dict.fromkeys(kinds)
    )


def next_seed(desk: Desk, problem: Problem) -> int:
    """The seed of the next question: one that was begun and not settled, else the first that is new. They count up from 1."""
    record = desk.problem(problem.id)
    seed = record.last_seed
    if seed and seed not in record.settled:
        return seed
    seed = (seed + 1) % SEEDS
    while seed in record.attempts:
        seed = (seed + 1) % SEEDS
    return seed


def solution_view(exercise: Exercise) -> v.SolutionView:
    from modelwright.curriculum import show

    answer = show(exercise.answer) if isinstance(exercise.answer, str) else f"${show(exercise.answer)}$"
    return v.SolutionView(exercise.steps, tuple(html(step) for step in exercise.steps), answer, inline(answer))


# Cards


def card_view(desk: Desk, card: Card, due: Any, intervals: tuple[float, float, float, float]) -> v.CardView:
    ask, answer = desk.card_text(card.id)
    return v.CardView(
        id=card.id,
        ask=ask,
        ask_html=html(ask),
        answer=answer,
        answer_html=html(answer),
        edited=card.id in desk.record.edited,
        source=card.source,
        skill=desk.link(card.skill, "skill"),
        module=desk.module_link(card.id),
        new=bool(due.new),
        due_at=int(due.due_at),
        retrievability=None if due.new else due.retrievability,
        intervals=intervals,
    )


# Labs


def lab_view(desk: Desk, lab: Lab, workshop: Workshop, statement: str, checks: tuple[str, ...]) -> v.LabView:
    from modelwright.workshop import WorkshopError
    from modelwright.workshop.workshop import sha, starter

    record = desk.lab(lab.id)
    try:
        source = workshop.read(lab)
        text, trouble = _readable(source, lab.file)
    except WorkshopError as error:
        source, text, trouble = b"", "", str(error)
    return v.LabView(
        id=lab.id,
        title=lab.title,
        module=desk.module_link(lab.id),
        statement=statement,
        statement_html=html(statement),
        skills=desk.skills(lab.skills),
        difficulty=lab.difficulty,
        minutes=lab.minutes,
        part=lab.part,
        needs=lab.needs,
        needed=groups.needed(lab.needs, "this lab"),
        path=str(workshop.path(lab)),
        file=lab.file,
        source=text,
        sha=sha(source),
        trouble=trouble,
        starter=starter(lab).decode("utf-8", "replace"),
        diff="" if trouble else workshop.diff_to_starter(lab),
        checks=checks,
        verdict=last_verdict(record, sha(source)),
        attempts=tuple(v.Attempt(a.at, a.passed, a.checks_passed, a.checks_total) for a in record.attempts),
        passed=record.passed_at > 0,
        hints=tuple(hint_view(lab, number, which) for number, which in enumerate(record.hints, 1)),
        hints_left=len(lab.hints) - len(record.hints),
        solution_seen=record.solution_seen,
        others=other_ways(lab) if record.passed_at else (),
        note=desk.note(lab.id),
    )


def _readable(source: bytes, file: str) -> tuple[str, str]:
    if len(source) > LARGEST_SHOWN:
        return (
            "",
            f"{file} is {len(source) / 1e6:.1f} MB long, which is too much for this page. Make it shorter in an editor, or reset the lab.",
        )
    try:
        return source.decode("utf-8"), ""
    except UnicodeDecodeError as error:
        return "", f"{file} is not UTF-8 text (byte {error.start + 1}). Save it as UTF-8 in an editor, or reset the lab."


def _with_case(check: dict[str, Any]) -> dict[str, Any]:
    """A check as it is written now: once, a case stood in brackets behind the name."""
    name, bracket, case = str(check.get("name", "")).partition(" [")
    return check if "case" in check or not bracket else check | {"name": name, "case": case.removesuffix("]")}


def last_verdict(record: LabRecord, sha: str) -> v.LastVerdict | None:
    """The last verdict from the journal, whatever version of the schema wrote it: what is not there, or is something else, is empty."""
    from modelwright.grading.verdict import CheckStatus, Status

    verdict = record.verdict
    if verdict is None:
        return None
    isolation = verdict.get("isolation")
    held = isolation if isinstance(isolation, dict) else {}
    checks = [_with_case(check) for check in _items(verdict.get("checks")) if isinstance(check, dict)]
    return v.LastVerdict(
        at=record.attempts[-1].at,
        status=_one_of(verdict.get("status"), get_args(Status), "error"),
        message=_text(verdict.get("message")),
        passed=round(_number(verdict.get("passed"))),
        total=round(_number(verdict.get("total"))),
        seconds=_number(verdict.get("seconds")),
        isolation=_text(held.get("tier")),
        isolation_lacks=tuple(_text(lack) for lack in _items(held.get("lacks"))),
        checks=tuple(_check_line(check, get_args(CheckStatus)) for check in checks),
        stale=record.sha != sha,
    )


def _check_line(check: dict[str, Any], statuses: tuple[str, ...]) -> v.CheckLine:
    texts = {field: _text(check.get(field)) for field in v.CheckLine.__dataclass_fields__}
    texts["status"] = _one_of(check.get("status"), statuses, "not-run")
    return v.CheckLine(**{**texts, "seconds": _number(check.get("seconds"))})  # type: ignore[arg-type]


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) and abs(value) < 1e12 else 0.0


def _one_of(value: object, known: tuple[str, ...], otherwise: str) -> str:
    return value if isinstance(value, str) and value in known else otherwise


def next_hint(lab: Lab, record: LabRecord) -> int:
    """Which of the author's three hints (from 1) is the next: of those not shown, one that helps with the check that failed first; else
    one that is tied to no check, in the author's order; else one for a later failure; else any."""
    left = [n for n in range(1, len(lab.hints) + 1) if n not in record.hints]
    checks = _items((record.verdict or {}).get("checks"))
    failed = [in_words(_text(c.get("name"))) for c in checks if isinstance(c, dict) and c.get("status") in ("failed", "error")]
    wishes = [
        *(n for n in left if failed and lab.hint_helps(n, failed[0])),
        *(n for n in left if not lab.hints_for[n - 1]),
        *(n for check in failed for n in left if lab.hint_helps(n, check)),
    ]
    return next(iter([*wishes, *left]))


def hint_view(lab: Lab, number: int, which: int) -> v.HintView:
    """`number`: how many it makes; `which`: of the author's, from 1."""
    text = lab.hints[which - 1]
    return v.HintView(lab.id, number, len(lab.hints), text, inline(text), number == len(lab.hints))


def other_ways(lab: Lab) -> tuple[v.OtherWay, ...]:
    ways = []
    for path in sorted((lab.folder / "right").glob("*.py")):
        code = path.read_text(encoding="utf-8")
        ways.append(v.OtherWay(path.stem.replace("_", " "), docstring(code).split("\n\n")[0], code))
    return tuple(ways)


def docstring(code: str) -> str:
    try:
        return ast.get_docstring(ast.parse(code)) or ""
    except SyntaxError:
        return ""


def check_names(lab: Lab) -> tuple[str, ...]:
    """The names of a lab's checks in order, as a verdict gives them: read from the file, without running anything."""
    try:
        tree = ast.parse((lab.folder / "checks.py").read_text(encoding="utf-8"))
    except (OSError, SyntaxError):
        return ()
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]
    names = [name.removeprefix("test_").replace("_", " ") for name in names]
    return (*([lab.forbid_check] if lab.forbid else []), *names)
