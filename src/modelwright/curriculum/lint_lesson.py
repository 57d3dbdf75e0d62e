"""The linter of a lesson: what reading it finds, and what running its code finds.

Two forms are held apart: a lesson that asks, answers or names terms is *worked through*, and is held to all of docs/authors.md; one that
is only read is held to its length, its opening, its picture and its code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable, Iterator

from modelwright.curriculum.errors import AnswerError, Finding
from modelwright.curriculum.figures import run_lesson
from modelwright.curriculum.lesson_blocks import (
    CLOSING,
    Block,
    Cell,
    Check,
    Closing,
    Explore,
    Faded,
    Figure,
    Prose,
    blocks_of,
    closing_questions,
    fences,
    of_kind,
    words,
)
from modelwright.curriculum.loader import Curriculum
from modelwright.curriculum.models import Lesson
from modelwright.curriculum.reading import line_of
from modelwright.curriculum.render import refused_links, render_math

CODE_WIDTH = 64  # characters of code that a page shows beside each other
CODE_LINES = 15
WORDS = (500, 1000)  # of a lesson
CHECKS = 2
ALT_LENGTH = 20  # characters; less says no more than what kind of picture it is
FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$])\$([^$\n]+)\$", re.DOTALL)

At = Callable[[int, str, str], Finding]
"""A finding at a line of the lesson's text; line 0 means the file as a whole."""


# A page is dark or light, and black ink turns with it: "the dark line" is the light one for half of the readers.
TURNED = r"dark|darker|black|white|light|lighter"
DRAWN = r"(?:line|curve|dot|bar|area|disc|arrow|band|point|circle|ring|square|cell|region|mark)s?"
TURNED_COLOUR = re.compile(rf"\b(?:{TURNED})\s+(?:[\w-]+\s+){{0,2}}?{DRAWN}\b|\b{DRAWN}\s+(?:is|are|in)\s+(?:{TURNED})\b", re.IGNORECASE)


def lint_lesson(lesson: Lesson) -> Iterator[Finding]:
    """What reading a lesson finds: its length, its question, its picture, its closing section, formulas that cannot be set."""
    offset = lines_above(lesson)

    def at(line: int, message: str, mend: str) -> Finding:
        return Finding(lesson.path, line + offset if line else 0, message, mend)

    blocks = blocks_of(lesson)
    low, high = WORDS
    if not low <= words(lesson) <= high:
        yield at(0, f"The lesson has {words(lesson)} words.", f"Aim for {low} to {high}.")
    if "?" not in lesson.text.strip().split("\n## ", 1)[0]:
        yield at(1, "The opening asks no question.", "Begin with the question that the lesson answers.")
    if not of_kind(lesson, Closing):
        yield at(0, f"There is no section '## {CLOSING}'.", "End with it and two numbered questions.")
    elif len(closing_questions(lesson)) != 2:
        yield at(0, f"The closing section has {len(closing_questions(lesson))} questions.", "Ask two, numbered 1. and 2.")
    if not any(isinstance(block, Figure | Explore) for block in blocks):
        yield at(0, "The lesson has no picture.", "Draw one in a ```figure block.")
    for block in blocks:
        if isinstance(block, Figure) and len(block.alt) < ALT_LENGTH:
            yield at(block.line, "The figure does not say what it shows.", 'Set alt = "…" to a sentence.')
        for line, text in _about_figures(block):
            for match in TURNED_COLOUR.finditer(text):
                mend = "Say solid, dashed, thick or thin, name a colour such as red, or label it in the drawing."
                yield at(line + text[: match.start()].count("\n"), f"'{match[0]}' is not so in both themes, dark and light.", mend)
        for line, code in _code(block):
            yield from _too_wide(line, code, at)
        for line, markdown in _markdown(block):
            yield from _formulas(line, markdown, at)
            for link, message, mend in refused_links(markdown):
                yield at(line + markdown[: max(0, markdown.find(link))].count("\n"), message, mend)
        if isinstance(block, Prose):
            for fence in fences(block.text):
                if fence.language == "output":
                    line = block.line + fence.line - 1
                    yield at(line, "This output follows no code.", "Put it right after the block that prints it.")
    yield from _worked_through(lesson, at)


def _worked_through(lesson: Lesson, at: At) -> Iterator[Finding]:
    blocks = blocks_of(lesson)
    checks = of_kind(lesson, Check)
    if len(checks) < CHECKS:
        count = {0: "no check", 1: "one check"}[len(checks)]
        yield at(0, f"The lesson has {count}.", f"Stop at least {CHECKS} times to ask, in ```check blocks.")
    if of_kind(lesson, Cell) and not of_kind(lesson, Faded):
        yield at(0, "The worked example is never left to the reader.", "Give it once more with a hole, in a ```faded block.")
    for question in closing_questions(lesson):
        if not question.answer:
            yield at(question.line, f"Closing question {question.id[-1]} has no answer.", "Write '**Answer.** …' below it, indented.")
    yield from _terms(lesson, at)
    for before, block in zip([None, *blocks], blocks, strict=False):
        if isinstance(block, Cell):
            if len(block.code.splitlines()) > CODE_LINES:
                length = len(block.code.splitlines())
                yield at(block.line, f"This block of code has {length} lines.", f"Divide it: at most {CODE_LINES}, each with its sentence.")
            if not isinstance(before, Prose):
                yield at(block.line, "No sentence introduces this code.", "Say before it what it does.")
        if isinstance(block, Check):
            yield from _check(block, at)
        if isinstance(block, Faded):
            yield from _faded(block, at)


def _terms(lesson: Lesson, at: At) -> Iterator[Finding]:
    """Each term stands in bold where the text first uses it."""
    if not lesson.terms:
        yield at(0, "The lesson names no terms.", "Give the standard names that it introduces in the front matter, under terms.")
    text = "\n".join(re.sub(r"^#+ .*$", "", markdown, flags=re.M) for block in blocks_of(lesson) for _, markdown in _markdown(block))
    text = re.sub(r"`[^`]*`|\$[^$]*\$", lambda match: " " * len(match[0]), text)
    bold = [match.span() for match in re.finditer(r"\*\*(?!\s).+?\*\*", text, flags=re.S)]
    for term, meaning in lesson.terms.items():

        def finding(message: str, mend: str, term: str = term) -> Finding:
            return Finding(lesson.path, line_of(lesson.path, ("terms", term)), message, mend)

        uses = list(named(term).finditer(text))
        if not meaning.strip():
            yield finding(f"The term {term!r} has no meaning.", "Say in one line what it means.")
        if not uses:
            yield finding(f"The text never uses the term {term!r}.", f"Write **{term}** where the lesson introduces it.")
        elif not any(begin <= uses[0].start() and uses[0].end() <= end for begin, end in bold):
            yield finding(f"The term {term!r} is not bold where it is first used.", f"Write **{term}** there.")


def named(term: str) -> re.Pattern[str]:
    """What finds a term in a text: whole words, in any case, across a line's end, and in the plural."""
    spelt = r"[\s-]+".join(re.escape(word) for word in re.split(r"[\s-]+", term.strip()))
    return re.compile(rf"(?<![\w-]){spelt}(?:s|es)?(?![\w-])", re.IGNORECASE)


def _check(check: Check, at: At) -> Iterator[Finding]:
    if not check.answer:
        return
    from modelwright.curriculum.exercises import same
    from modelwright.curriculum.formula import parse

    try:
        answer = parse(check.answer)
    except AnswerError as error:
        yield at(check.line, f"check {check.id}: the answer cannot be read: {error}", "Write a number or a formula that can be typed.")
        return
    for wrong in check.misconceptions:
        try:
            equal = same(parse(wrong), answer)
        except AnswerError as error:
            yield at(
                check.line, f"check {check.id}: the misconception {wrong!r} cannot be read: {error}", "Write what a learner would type."
            )
            continue
        if equal:
            yield at(check.line, f"check {check.id}: the misconception {wrong!r} equals the answer.", "Change one of them.")


def _faded(faded: Faded, at: At) -> Iterator[Finding]:
    try:
        ast.parse(faded.filled(faded.fill))
    except (SyntaxError, ValueError) as error:
        yield at(faded.line, f"faded {faded.id}: with its hole filled the code is not Python: {error}.", "Mend 'code' or 'fill'.")
    for expression in faded.compare:
        try:
            ast.parse(expression, mode="eval")
        except (SyntaxError, ValueError):
            yield at(faded.line, f"faded {faded.id}: {expression!r} in 'compare' is no expression.", "Write one that has a value.")


def lint_references(curriculum: Curriculum, lesson: Lesson) -> Iterator[Finding]:
    """What a lesson's blocks point at and the curriculum does not have."""
    offset = lines_above(lesson)
    for block in blocks_of(lesson):
        pointers: list[tuple[int, str, str | None]] = []
        if isinstance(block, Check):
            pointers = [(block.line, "item", block.item), (block.line, "problem", block.problem), (block.line, "skill", block.skill)]
        if isinstance(block, Faded):
            pointers = [(block.line, "skill", block.skill)]
        if isinstance(block, Closing):
            pointers = [(question.line, "skill", question.skill) for question in block.questions]
        for line, kind, id in pointers:
            if id is not None and id not in getattr(curriculum, kind + "s"):
                near = curriculum.nearest(kind, id)
                mend = f"Did you mean {near[0]}?" if near else "Name one that exists."
                yield Finding(lesson.path, line + offset, f"There is no {kind} {id}.", mend)


def lint_order(curriculum: Curriculum, lessons: Iterable[Lesson]) -> Iterator[Finding]:
    """What lessons that are worked through use before it was taught: terms that a later lesson introduces, and skills.

    Of terms only those of several words are looked for: a single one ("rank", "batch") has a meaning of every day as well.
    """
    place = {id: n for n, id in enumerate(curriculum.lessons)}
    introduced: dict[str, list[Lesson]] = {}
    for lesson in curriculum.lessons.values():
        for term in lesson.terms:
            introduced.setdefault(_key(term), []).append(lesson)
    wordy = sorted((key for key in introduced if " " in key), key=len, reverse=True)
    any_term = re.compile("|".join(f"(?:{named(key).pattern})" for key in wordy), re.IGNORECASE) if wordy else None
    for lesson in lessons:
        offset = lines_above(lesson)
        before = _before(curriculum, lesson)
        for term in lesson.terms:
            first = introduced[_key(term)][0]
            meanings = {_key(name): meaning for name, meaning in first.terms.items()}
            if first.id != lesson.id and meanings[_key(term)].strip() != lesson.terms[term].strip():
                line = line_of(lesson.path, ("terms", term))
                message = f"The term {term!r} means something else in {first.id}, which introduces it."
                yield Finding(lesson.path, line, message, "Give it the same meaning, or leave it to that lesson.")
        for skill in lesson.assumes:
            line = line_of(lesson.path, ("assumes",))
            if skill in _closure(curriculum, lesson.skills) or skill in lesson.skills:
                yield Finding(lesson.path, line, f"The lesson assumes {skill}, which its skills rest on anyway.", "Take it out.")
            elif not set(lesson.skills).isdisjoint(_closure(curriculum, [skill])):
                yield Finding(
                    lesson.path, line, f"The lesson assumes {skill}, which rests on what it teaches.", "Assume what comes before."
                )
        for line, id in _skills_asked(curriculum, lesson):
            if id in curriculum.skills and id not in before and id not in lesson.skills:
                mend = "Ask about what it teaches, or name the skill in assumes."
                yield Finding(lesson.path, line + offset, f"The skill {id} is neither taught here nor before.", mend)
        told: set[str] = set()
        for line, text in _plain(lesson) if any_term else ():
            for match in any_term.finditer(text) if any_term else ():
                key = _key(match[0])
                key = next(known for known in (key, key.removesuffix("s"), key.removesuffix("es")) if known in introduced)
                first = introduced[key][0]
                earlier = place[first.id] <= place[lesson.id] or not before.isdisjoint(first.skills)
                if not earlier and key not in told:
                    told.add(key)
                    at = line + offset + text[: match.start()].count("\n")
                    mend = f"Say it in words that are taught by then, or introduce the term here: {first.id} does, later."
                    yield Finding(lesson.path, at, f"The term {match[0]!r} is used before it is taught.", mend)


def _key(term: str) -> str:
    """A term as it is looked up: in small letters, its words apart."""
    return " ".join(re.split(r"[\s-]+", term.strip().lower()))


def _closure(curriculum: Curriculum, skills: Iterable[str]) -> set[str]:
    """All that these skills rest on."""
    closure: set[str] = set()
    ahead = [p for id in skills if id in curriculum.skills for p in curriculum.skills[id].prerequisites]
    while ahead:
        id = ahead.pop()
        if id not in closure and id in curriculum.skills:
            closure.add(id)
            ahead += curriculum.skills[id].prerequisites
    return closure


def _before(curriculum: Curriculum, lesson: Lesson) -> set[str]:
    """The skills that a reader of the lesson has met: what it rests on, and what it assumes beyond that."""
    return _closure(curriculum, (*lesson.skills, *lesson.assumes)) | set(lesson.assumes)


def _skills_asked(curriculum: Curriculum, lesson: Lesson) -> Iterator[tuple[int, str]]:
    """(line, skill) of what the lesson's blocks ask about."""
    for block in blocks_of(lesson):
        if isinstance(block, Check | Faded) and block.skill:
            yield block.line, block.skill
        if isinstance(block, Check):
            if block.item in curriculum.items:
                yield block.line, curriculum.items[block.item].skill
            if block.problem in curriculum.problems:
                yield block.line, curriculum.problems[block.problem].skills[0]
        if isinstance(block, Closing):
            yield from ((question.line, question.skill) for question in block.questions if question.skill)


def _plain(lesson: Lesson) -> Iterator[tuple[int, str]]:
    """(line, text) of what the lesson says, without code, mathematics and the addresses of links."""
    for block in blocks_of(lesson):
        for line, markdown in _markdown(block):
            yield line, re.sub(r"`[^`]*`|\$\$.+?\$\$|\$[^$\n]*\$|\]\([^)]*\)", lambda m: re.sub(r"[^\n]", " ", m[0]), markdown, flags=re.S)


def prove_lesson(lesson: Lesson) -> Iterator[Finding]:
    """Runs the lesson's code and compares what it prints with what the page says."""
    offset = lines_above(lesson)
    says = {block.line: block.output or "" for block in of_kind(lesson, Cell)} | {c.line: c.prints for c in of_kind(lesson, Check)}
    for ran in run_lesson(lesson):
        page = _lines(says.get(ran.line, ""))
        if ran.error:
            mend = "Correct it; blocks share one namespace, top to bottom."
            yield Finding(lesson.path, ran.line + offset, f"This code fails: {ran.error}.", mend)
        elif ran.printed is not None and _lines(ran.printed) != page:
            mend = "Correct the ```output block, or 'prints'."
            yield Finding(lesson.path, ran.line + offset, _difference(page, _lines(ran.printed)), mend)


def lines_above(lesson: Lesson) -> int:
    """How many lines of the file stand above the lesson's text."""
    return lesson.path.read_text(encoding="utf-8").split("\n---\n", 1)[0].count("\n") + 2


def _markdown(block: Block) -> Iterator[tuple[int, str]]:
    """(line, Markdown) of everything that a block says to a reader."""
    match block:
        case Prose():
            yield block.line, re.sub(r"^```.*?^```", lambda m: "\n" * m[0].count("\n"), block.text, flags=re.S | re.M)
        case Check():
            shown = [text for choice in block.choices for text in (choice.text, choice.shows or "")]
            for text in (block.ask, *shown, *block.misconceptions.values(), block.why):
                yield block.line, text
        case Faded():
            for text in (block.ask, *block.hints):
                yield block.line, text
        case Closing():
            for question in block.questions:
                yield question.line, question.ask
                yield question.line, question.answer or ""


def _about_figures(block: Block) -> Iterator[tuple[int, str]]:
    """(line, text) of all in which a lesson may speak of a drawing: what it says, a figure's description, and what its code writes."""
    yield from _markdown(block)
    if isinstance(block, Figure):
        yield block.line, block.alt
    if isinstance(block, Figure | Explore):
        yield block.line, block.code


def _code(block: Block) -> Iterator[tuple[int, str]]:
    """(line, code) of the code that a block shows. Of code inside YAML, the line is the block's own."""
    match block:
        case Cell():
            yield block.line, block.code
        case Check() | Faded():
            yield block.line, block.code


def _too_wide(line: int, code: str, at: At) -> Iterator[Finding]:
    for number, text in enumerate(code.splitlines(), 1):
        if len(text) > CODE_WIDTH:
            mend = f"Break it: a page shows {CODE_WIDTH} beside each other, and the rest must be scrolled to."
            yield at(line + number, f"This line of code has {len(text)} characters.", mend)


def _formulas(line: int, markdown: str, at: At) -> Iterator[Finding]:
    for match in FORMULA.finditer(markdown):
        if render_math((match[1] or match[2]).strip(), bool(match[1])).startswith("<code>"):
            lines = markdown[: match.start()].count("\n")
            yield at(line + lines, f"The formula {match[0]!r} cannot be set.", "Use plain LaTeX mathematics.")


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.rstrip().splitlines()]


def _difference(page: list[str], ran: list[str]) -> str:
    if not page:
        return f"This code prints {ran[0]!r}, but the page shows no output."
    for says, prints in zip(page, ran, strict=False):
        if says != prints:
            return f"The page says {says!r}, the code prints {prints!r}."
    return f"The page shows {len(page)} lines of output, the code prints {len(ran)}."
