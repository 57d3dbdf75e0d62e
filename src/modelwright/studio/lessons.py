"""What a lesson asks and what a learner leaves in it: checks, closing answers, terms, and the notes and marks beside its paragraphs.

As everywhere, showing records nothing: which question a check shows now follows from the record of its answers alone.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from modelwright.studio import content, groups
from modelwright.studio import views as v
from modelwright.studio.desk import Desk
from modelwright.studio.errors import StudioError, Unknown
from modelwright.studio.placement import shown_order
from modelwright.studio.record import SITTING, CheckRecord, OwnAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modelwright.curriculum import Curriculum, Exercise
    from modelwright.curriculum.lesson_blocks import Check, Question
    from modelwright.curriculum.models import Choice, Lesson
    from modelwright.journal import events as e

FIRST_SEED = 1_000_000  # practice counts its seeds up from 1: a check never takes one of those away
Answer = Literal["choice", "order", "output", "formula"]


@dataclass(frozen=True)
class Asked:
    """A check's question with its numbers drawn, whatever it was made from. `choices` and `lines` stand in the order shown."""

    answer: Answer
    seed: int
    ask: str
    code: str = ""
    choices: tuple[Choice, ...] = ()
    lines: tuple[str, ...] = ()
    right_order: tuple[int, ...] = ()  # the numbers of `lines`, from 1, in the right order
    exercise: Exercise | None = None
    prints: str = ""
    misconceptions: Mapping[str, str] | None = None
    why: str = ""
    drawn: bool = False  # by a generator: another seed asks something else
    kind: e.ItemKind = "choose"
    difficulty: float = 2.0


@dataclass(frozen=True)
class Judged:
    """`right` None: the answer could not be read, and nothing is recorded."""

    right: bool | None
    message: str
    misconception: str | None = None


# Checks


def find_check(lesson: Lesson, id: str) -> Check:
    """The check of a lesson with this id. Raises Unknown with those that there are."""
    from modelwright.curriculum.lesson_blocks import Check, of_kind

    checks = {check.id: check for check in of_kind(lesson, Check)}
    if id not in checks:
        raise Unknown("check", f"{lesson.id}#{id}", tuple(f"{lesson.id}#{known}" for known in checks))
    return checks[id]


def skill_of(lesson: Lesson, named: str | None) -> str:
    return named or lesson.skills[0]


def asked(curriculum: Curriculum, lesson: Lesson, check: Check, seed: int) -> Asked:
    """The question that a check asks with this seed."""
    from modelwright.curriculum import Exercise, generate
    from modelwright.curriculum.exercises import canonical
    from modelwright.curriculum.formula import parse

    item = curriculum.find("item", check.item) if check.item else None
    problem_id = check.problem or (item.problem if item is not None else None)
    problem = curriculum.find("problem", problem_id) if problem_id else None
    target = f"{lesson.id}#{check.id}"
    if problem is not None:
        exercise = generate(problem, seed)
        ask = f"{item.ask}\n\n{exercise.question}" if item is not None and item.ask else exercise.question
        if exercise.choices:
            wrong = {str(key): text for key, text in exercise.misconceptions.items()}
            choices = tuple(_choice(text, text == exercise.answer, wrong.get(text)) for text in exercise.choices)
            return Asked("choice", seed, ask, choices=choices, exercise=exercise, drawn=True, kind="compute", difficulty=problem.difficulty)
        return Asked("formula", seed, ask, exercise=exercise, drawn=True, kind="compute", difficulty=problem.difficulty)
    if item is not None:
        choices = tuple(item.choices[i] for i in shown_order(len(item.choices), target, 0, shuffled=False))
        order = shown_order(len(item.lines), target, 0)
        return Asked(
            "choice" if choices else "order", seed, item.ask, (item.code or "").rstrip("\n"), choices, tuple(item.lines[i] for i in order),
            tuple(order.index(i) + 1 for i in range(len(order))), why=item.why, kind=item.kind, difficulty=item.difficulty,
        )  # fmt: skip
    if check.choices:
        choices = tuple(check.choices[i] for i in shown_order(len(check.choices), target, 0, shuffled=False))
        return Asked("choice", seed, check.ask, check.code.rstrip("\n"), choices, why=check.why)
    if check.prints:
        wrong = dict(check.misconceptions)
        return Asked(
            "output", seed, check.ask, check.code.rstrip("\n"), prints=check.prints, misconceptions=wrong, why=check.why, kind="predict"
        )
    key = canonical(parse(check.answer))
    wrong_keys = {canonical(parse(text)): sentence for text, sentence in check.misconceptions.items()}
    exercise = Exercise(target, seed, check.ask, key, (check.why,), wrong_keys)
    return Asked("formula", seed, check.ask, check.code.rstrip("\n"), exercise=exercise, why=check.why, kind="compute")


def _choice(text: str, right: bool, shows: str | None) -> Choice:
    from modelwright.curriculum.models import Choice

    return Choice(text=text, right=right, shows=shows)


def judge(question: Asked, text: str) -> Judged:
    """What an answer is worth. After a miss with numbers that were drawn, the answer is told: others are asked next."""
    from modelwright.curriculum import judge as judge_formula

    text = text.strip()
    if not text:
        return Judged(None, "The answer is empty.")
    if question.answer == "choice":
        number = int(text) if re.fullmatch(r"[0-9]{1,3}", text) else 0
        if not 1 <= number <= len(question.choices):
            return Judged(None, f"'{text[:40]}' is none of the answers; give a number from 1 to {len(question.choices)}.")
        choice = question.choices[number - 1]
        told = f" {_answer(question)}" if question.drawn else ""
        return Judged(choice.right, question.why if choice.right else f"{choice.shows or 'That is not it.'}{told}", choice.shows)
    if question.answer == "order":
        numbers = [int(number) for number in re.findall(r"[0-9]{1,3}", text if re.search(r"[^0-9]", text) else " ".join(text))]
        if sorted(numbers) != list(range(1, len(question.lines) + 1)):
            return Judged(None, f"Give each of the numbers 1 to {len(question.lines)} once, in the order you mean.")
        right = tuple(numbers) == question.right_order
        return Judged(right, question.why if right else "That is not the order yet: which of two neighbours needs the other?")
    if question.answer == "output":
        return _judge_output(question, text)
    assert question.exercise is not None
    verdict = judge_formula(question.exercise, text)
    if verdict.right is None:
        return Judged(None, verdict.message)
    if verdict.right:
        return Judged(True, question.why)
    told = f"{verdict.message} {_answer(question)}" if question.drawn else verdict.message
    return Judged(False, told, verdict.misconception)


def answer_of(question: Asked) -> Judged:
    """What is said to someone who asks for the answer."""
    return Judged(False, f"{_answer(question)} {question.why}".strip())


def _judge_output(question: Asked, text: str) -> Judged:
    """What a program prints, by its words: how many blanks or line ends stand between them is not what was asked."""
    given = text.split()
    if given == question.prints.split():
        return Judged(True, question.why)
    for wrong, sentence in (question.misconceptions or {}).items():
        if given == wrong.split():
            return Judged(False, sentence, sentence)
    message = "Not that. Go through the program line by line, and note what each name holds."
    return Judged(False, message)


def _answer(question: Asked) -> str:
    if question.answer == "choice":
        return f"The answer: {_ended(next(choice.text for choice in question.choices if choice.right))}"
    if question.answer == "order":
        return f"The right order is {' '.join(map(str, question.right_order))}."
    if question.answer == "output":
        return f"It prints `{' / '.join(question.prints.split(chr(10)))}`."
    assert question.exercise is not None
    return f"The answer is {_ended(content.solution_view(question.exercise).answer)}"


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def check_view(desk: Desk, lesson: Lesson, check: Check) -> v.CheckView:
    """A check as it stands: asked anew when its last answer is of another sitting, or was a miss with numbers that were drawn."""
    record = desk.lesson(lesson.id).checks.get(check.id, CheckRecord())
    present = record.asked > 0 and desk.now - record.at < SITTING
    fresh_seed = FIRST_SEED + record.asked
    if not present:
        return _view(check, asked(desk.curriculum, lesson, check, fresh_seed))
    question = asked(desk.curriculum, lesson, check, record.seed)
    if question.drawn and not record.right:
        return replace(_view(check, asked(desk.curriculum, lesson, check, fresh_seed)), attempt=record.attempts + 1, again=True)
    judged = judge(question, record.answer) if record.answer else answer_of(question)
    return said(_view(check, question), judged, record.answer, record.attempts + 1, record.shown and not record.answer)


def said(view: v.CheckView, judged: Judged, text: str, attempt: int, shown: bool) -> v.CheckView:
    """A check with what was said to an answer."""
    return replace(
        view, text=text, right=judged.right, understood=judged.right is not None, shown=shown, attempt=attempt, message=judged.message,
        message_html=content.inline(judged.message),
    )  # fmt: skip


def _view(check: Check, question: Asked) -> v.CheckView:
    return v.CheckView(
        id=check.id,
        answer=question.answer,
        seed=question.seed,
        ask=question.ask,
        ask_html=content.html(question.ask),
        code=question.code,
        choices=tuple(choice.text for choice in question.choices),
        choices_html=tuple(content.inline(choice.text) for choice in question.choices),
        lines=question.lines,
    )


def event_of(lesson: Lesson, check: Check, question: Asked, judged: Judged, text: str, attempt: int, shown: bool) -> e.Checked:
    from modelwright.journal import events as e

    return e.Checked(
        target=f"{lesson.id}#{check.id}", skills=[skill_of(lesson, check.skill)], right=bool(judged.right), answer=text[:400],
        attempt=attempt, misconception=judged.misconception, solution_shown=shown, source=check.item or check.problem or "",
        seed=question.seed, item_kind=question.kind, difficulty=float(question.difficulty),
    )  # fmt: skip


# Closing questions


def find_question(lesson: Lesson, id: str) -> Question:
    from modelwright.curriculum.lesson_blocks import closing_questions

    questions = {question.id: question for question in closing_questions(lesson)}
    if id not in questions:
        raise Unknown("closing question", f"{lesson.id}#{id}", tuple(f"{lesson.id}#{known}" for known in questions))
    return questions[id]


def closing_view(desk: Desk, lesson: Lesson, question: Question) -> v.ClosingView:
    """A closing question; once the learner has written to it in this sitting, with the author's answer."""
    own = desk.lesson(lesson.id).own.get(question.id, OwnAnswer(0, "", ""))
    seen = bool(question.answer) and own.at > 0 and desk.now - own.at < SITTING
    return v.ClosingView(
        id=question.id,
        ask=question.ask,
        ask_html=content.inline(question.ask),
        has_answer=question.answer is not None,
        text=own.text if seen else "",
        answer=question.answer or "" if seen else "",
        answer_html=content.html(question.answer or "") if seen else "",
        mark=own.mark if seen else "",  # type: ignore[arg-type]
    )


# What stands beside a lesson


def lesson_view(desk: Desk, lesson: Lesson, pages: content.Pages) -> v.LessonView:
    from modelwright.curriculum.lesson_blocks import closing_questions

    page = pages.lesson(lesson)
    blocks, frames_waiting = pages.with_frames(lesson, page.blocks)
    siblings = desk.curriculum.module_of(lesson.id).lessons
    place = [sibling.id for sibling in siblings].index(lesson.id)
    record = desk.lesson(lesson.id)
    passages_beside = beside(desk, lesson, page.paragraphs)
    blocks = tuple(_of_learner(desk, lesson, block, passages_beside) for block in blocks)
    return v.LessonView(
        id=lesson.id,
        title=lesson.title,
        module=desk.module_link(lesson.id),
        minutes=lesson.minutes,
        skills=desk.skills(lesson.skills),
        text=lesson.text,
        html="".join(block.html for block in page.blocks),
        blocks=blocks,
        figures_waiting=bool(page.missing),
        frames_waiting=frames_waiting,
        questions=tuple(question.ask for question in closing_questions(lesson)),
        questions_html=page.questions_html,
        closing=tuple(closing_view(desk, lesson, question) for question in closing_questions(lesson)),
        contents=contents(desk, lesson, page),
        terms=terms_of(lesson),
        finished=record.finished_at > 0,
        answers=tuple(record.answers),
        previous=desk.link(siblings[place - 1].id, "lesson") if place else None,
        next=desk.link(siblings[place + 1].id, "lesson") if place + 1 < len(siblings) else None,
        then=content.practice(desk, lesson),
        needed=groups.needed(lesson.needs, "this lesson"),
        note=desk.note(lesson.id),
        beside=passages_beside,
    )


def _of_learner(desk: Desk, lesson: Lesson, block: v.LessonBlock, beside: Sequence[v.Passage]) -> v.LessonBlock:
    """A block with what this learner did with it: their answer, or their marks and notes."""
    if block.kind == "check":
        return replace(block, check=check_view(desk, lesson, find_check(lesson, block.id)))
    if block.kind != "prose" or not beside:
        return block
    page = block.html
    for passage in beside:
        classes = " ".join(("marked",) * passage.marked + ("noted",) * bool(passage.note))
        place = passage.target.id.partition("#")[2]
        page = page.replace(f'<p id="{place}"', f'<p id="{place}" class="{classes}"', 1)
    return replace(block, html=page)


def contents(desk: Desk, lesson: Lesson, page: content.Page) -> tuple[v.ContentsLine, ...]:
    """The lesson's sections and what asks in it, in order."""
    record = desk.lesson(lesson.id)
    lines: list[v.ContentsLine] = []
    for block in page.blocks:
        lines += [v.ContentsLine("section", heading.anchor, heading.html) for heading in page.headings.get(block.id, ())]
        if block.kind == "check":
            answered = record.checks.get(block.id)
            done = answered is not None and (answered.right or answered.shown)
            lines.append(v.ContentsLine("check", f"ask-{block.id}", "Before you read on", done))
        elif block.kind == "faded":
            lines.append(v.ContentsLine("faded", f"ask-{block.id}", "The same, with a line missing", block.id in record.filled))
        elif block.kind == "explore":
            lines.append(v.ContentsLine("explore", block.id, "A figure to move"))
    questions = page.questions_html
    done = record.finished_at > 0 or (bool(questions) and len(record.own) >= len(questions))
    return (*lines, v.ContentsLine("closing", "closing", "Before you go on", done))


def terms_of(lesson: Lesson) -> tuple[v.Term, ...]:
    link = v.Link("lesson", lesson.id, lesson.title)
    return tuple(v.Term(term, slug(term), meaning, content.inline(meaning), link) for term, meaning in lesson.terms.items())


@lru_cache(maxsize=2)
def glossary(curriculum: Curriculum) -> tuple[v.Term, ...]:
    """Every term that some lesson introduces, by the alphabet; one that two lessons name stands with the first of them."""
    terms = {term.anchor: term for lesson in reversed(curriculum.lessons.values()) for term in terms_of(lesson)}
    return tuple(sorted(terms.values(), key=lambda term: term.term.casefold()))


def slug(term: str) -> str:
    """A term's place in the glossary."""
    return re.sub(r"[^a-z0-9]+", "-", term.lower()).strip("-") or f"t{zlib.crc32(term.encode()):x}"


# Notes and marks


def passages(desk: Desk, targets: Sequence[str], there: Mapping[str, str]) -> tuple[v.Passage, ...]:
    """The marked or noted paragraphs among `targets`; `there` holds those that their page has now."""
    record = desk.record
    result = []
    for target in targets:
        note, mark = record.notes.get(target), record.passages.get(target)
        id = target.partition("#")[2]
        if note is None and mark is None:
            continue
        quote = there.get(id) or (note.quote if note else "") or (mark.quote if mark else "")
        at = max(note.at if note else 0, mark.at if mark else 0)
        link, text = desk.link(target, "lesson"), note.text if note else ""
        result.append(v.Passage(link, quote, content.inline(quote), mark is not None, text, at, id in there))
    return tuple(result)


def beside(desk: Desk, lesson: Lesson, paragraphs: Mapping[str, str]) -> tuple[v.Passage, ...]:
    """What stands beside a lesson's paragraphs, in the order of its text; what stood beside text that is gone comes last."""
    mine = [t for t in dict.fromkeys((*desk.record.notes, *desk.record.passages)) if t.startswith(lesson.id + "#")]
    order = {id: n for n, id in enumerate(paragraphs)}
    mine.sort(key=lambda target: order.get(target.partition("#")[2], len(order)))
    return passages(desk, mine, paragraphs)


def quote_of(paragraphs: Mapping[str, str], target: str) -> str:
    """How a paragraph begins. Raises StudioError where the page has no such paragraph."""
    id = target.partition("#")[2]
    if id not in paragraphs:
        raise StudioError(f"The lesson has no paragraph {id!r}; its text may have changed. Load the page again.")
    return paragraphs[id]


def jottings(desk: Desk, pages: content.Pages) -> v.Jottings:
    """All notes and marks, grouped by what they are about, newest first; and the same as Markdown."""
    targets = dict.fromkeys((*desk.record.notes, *desk.record.passages))
    about: dict[str, list[str]] = {}
    for target in targets:
        base, _, place = target.partition("#")
        about.setdefault(base if place and base in desk.curriculum.lessons else target, []).append(target)
    groups = []
    for base, members in about.items():
        lesson = desk.curriculum.lessons.get(base)
        there = pages.lesson(lesson).paragraphs if lesson is not None else {}
        places = [target for target in members if target != base]
        found = beside(desk, lesson, there) if lesson is not None and places else ()
        whole = desk.record.notes.get(base)
        at = max([*(passage.at for passage in found), whole.at if whole else 0])
        groups.append(v.JottingGroup(desk.link(base), whole.text if whole else "", found, at))
    groups.sort(key=lambda group: -group.at)
    return v.Jottings(tuple(groups), _markdown(groups))


def _markdown(groups: Sequence[v.JottingGroup]) -> str:
    lines = ["# Notes and marks", ""]
    for group in groups:
        lines += [f"## {group.about.title}", "", f"`{group.about.id}`", ""]
        if group.note:
            lines += [group.note.strip(), ""]
        for passage in group.passages:
            lines += [f"> {passage.quote}", ""]
            if passage.note:
                lines += [passage.note.strip(), ""]
    return "\n".join(lines).rstrip() + "\n"
