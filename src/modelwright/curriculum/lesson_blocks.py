"""A lesson as the sequence of what a reader meets: prose, cells of code, figures, and the blocks that ask something of them.

The text of a lesson is Markdown, and some of its fenced blocks mean something: `python` (with the `output` that follows it), `figure`,
`check`, `faded` and `explore`. The last section holds the closing questions with their answers. Here that text gets types; nothing of
it is run and nothing is rendered (see `figures.py` and `render.py`). A block with an `id` is addressed as `<lesson id>#<id>` wherever an
event speaks of it, so such an id never changes once a journal can hold it.

Lines count from 1 in the text below the front matter; the findings that `parse` reports give the line of the file.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator, Field, model_validator

from modelwright.curriculum.errors import CurriculumError, Finding
from modelwright.curriculum.models import Choice, Frozen, Id, Lesson, Slug
from modelwright.curriculum.reading import Report, build, line_in, parse_yaml

CLOSING = "Before you go on"
KINDS = ("python", "output", "figure", "check", "faded", "explore")
HOLE = "____"
MOST_VALUES = {1: 24, 2: 6}  # of each parameter of an explore with one or two of them
MOST_CHOICES = 5

B = TypeVar("B", bound="Block")
# An author writes `answer: 3` as well as `answer: "1/2"`.
Written = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int | float) else value)]
Value = int | float | str


@dataclass(frozen=True)
class Fence:
    """A fenced block as it stands: `line` is that of its opening fence, `end` that of its closing one, or None where there is none."""

    language: str
    code: str
    line: int
    end: int | None


class Block(Frozen):
    """One thing that a reader meets. `line` is where it begins."""

    line: int = Field(default=1, ge=1)


class Prose(Block):
    """Markdown, with any code that is only shown."""

    text: str


class Cell(Block):
    """Code that runs, in the lesson's one namespace, and what the page says that it prints (None where it prints nothing)."""

    code: str
    output: str | None = None


class Figure(Block):
    """Code that draws with matplotlib, in the lesson's namespace; `alt` is what a person would see in the picture."""

    code: str
    alt: str


class Check(Block):
    """A question inside the text: an item, a problem's generator, or one in place with `choices`, an `answer` or what a program `prints`.

    answer: a number or formula, compared as a problem's is. misconceptions: usual wrong answers, each with the sentence that names the
    mistake. skill: what it is evidence of; None for the first that the lesson teaches.
    """

    id: Slug
    item: Id | None = None
    problem: Id | None = None
    ask: str = ""
    code: str = ""
    choices: tuple[Choice, ...] = ()
    answer: Written = ""
    prints: Written = ""
    misconceptions: dict[Written, str] = {}
    why: str = ""
    skill: Id | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Check:
        sources = [name for name in ("item", "problem", "ask") if getattr(self, name)]
        if len(sources) != 1:
            raise ValueError("a check points at an 'item' or a 'problem', or asks in place with 'ask': exactly one of the three")
        answers = [name for name in ("choices", "answer", "prints") if getattr(self, name)]
        if sources != ["ask"]:
            if extra := [*answers, *(name for name in ("code", "misconceptions", "why") if getattr(self, name))]:
                raise ValueError(f"it takes its question from {sources[0]}, so it has no {' and no '.join(extra)} of its own")
            return self
        if len(answers) != 1:
            raise ValueError("a question asked in place has 'choices', an 'answer' or 'prints': exactly one of the three")
        if not self.why:
            raise ValueError("a question asked in place says in 'why' why the right answer is right")
        if self.misconceptions and self.choices:
            raise ValueError("a wrong choice says in 'shows' what it shows; 'misconceptions' belong to 'answer' and 'prints'")
        if self.prints and not self.code:
            raise ValueError("what does it print? 'prints' needs the program in 'code'")
        if self.choices:
            _choices(self.choices)
        return self


class Faded(Block):
    """The worked example once more, with a hole of one or two lines: `fill` is the author's text for it.

    The code runs in the lesson's namespace, after the cells before it. A line is right when every expression of `compare` then has the
    value that it has with the author's.
    """

    id: Slug
    ask: str
    code: str
    fill: Written = Field(min_length=1)
    compare: tuple[str, ...] = Field(min_length=1)
    hints: tuple[str, str]
    skill: Id | None = None

    @model_validator(mode="after")
    def _one_hole(self) -> Faded:
        holes = len(re.findall(rf"(?<!_){HOLE}(?!_)", self.code))
        if holes != 1:
            raise ValueError(f"the code has {holes} holes: write {HOLE} once, where the text of 'fill' belongs")
        lines = self.fill.strip("\n").splitlines()
        if not self.fill.strip() or len(lines) > 2:
            raise ValueError("'fill' is one line or two")
        if len(lines) > 1 and not self.takes_lines:
            raise ValueError(f"two lines go into a hole that stands alone: write {HOLE} on a line of its own")
        return self

    @property
    def takes_lines(self) -> bool:
        """Whether the hole stands alone on its line, so that several lines may fill it."""
        return any(line.strip() == HOLE for line in self.code.splitlines())

    def filled(self, text: str) -> str:
        """The code with `text` in its hole; where the hole stands alone, every line of `text` gets its indentation."""
        text = textwrap.dedent(text.strip("\n")).rstrip()
        at = self.code.index(HOLE)
        if self.takes_lines:
            margin = self.code[self.code.rfind("\n", 0, at) + 1 : at]
            text = text.replace("\n", "\n" + margin)
        else:
            text = text.strip()
        return self.code[:at] + text + self.code[at + len(HOLE) :]


class Parameter(Frozen):
    """What a slider of an explore moves: a parameter of its `draw`, the words beside the slider, and its values in order."""

    name: str
    label: str
    values: tuple[Value, ...]


class Explore(Block):
    """A figure under the reader's hand: `draw`, called with one value for each parameter, draws it and returns the sentence seen.

    The code runs in the lesson's namespace, after the cells before it, and leaves nothing there.
    """

    code: str
    parameters: tuple[Parameter, ...]


class Question(Frozen):
    """A closing question; `answer` is Markdown, None where the lesson has none. `skill` None: the first that the lesson teaches."""

    id: Slug
    line: int
    ask: str
    answer: str | None = None
    skill: str | None = None


class Closing(Block):
    """The last section: what a reader answers in their own words before they go on."""

    questions: tuple[Question, ...]


def _choices(choices: tuple[Choice, ...]) -> None:
    if not 2 <= len(choices) <= MOST_CHOICES:
        raise ValueError(f"there are {len(choices)} choices: give two to {MOST_CHOICES}")
    if sum(choice.right for choice in choices) != 1:
        raise ValueError("exactly one choice is 'right: true'")
    if len({choice.text for choice in choices}) != len(choices):
        raise ValueError("two choices say the same")
    if any(not choice.right and not choice.shows for choice in choices):
        raise ValueError("every wrong choice says in 'shows' what it shows about who picks it")


# Reading a lesson


def blocks_of(lesson: Lesson) -> tuple[Block, ...]:
    """The lesson's blocks, in order. Raises CurriculumError at the first that has the wrong shape."""
    return _blocks(lesson.text, lesson.path)


def of_kind(lesson: Lesson, kind: type[B]) -> tuple[B, ...]:
    """The lesson's blocks of one kind."""
    return tuple(block for block in blocks_of(lesson) if isinstance(block, kind))


def closing_questions(lesson: Lesson) -> tuple[Question, ...]:
    """The questions of the last section; none where there is no such section."""
    return tuple(question for closing in of_kind(lesson, Closing) for question in closing.questions)


@lru_cache(maxsize=1024)
def _blocks(text: str, path: Path) -> tuple[Block, ...]:
    findings: list[Finding] = []
    blocks = parse(text, path, 0, findings.append)
    if findings:
        raise CurriculumError(findings[0])
    return blocks


def fences(text: str) -> list[Fence]:
    """The fenced blocks of a Markdown text, in order; one that is never closed reaches to the end."""
    lines = text.split("\n")
    found: list[Fence] = []
    number = 0
    while number < len(lines):
        opening = re.match(r"(`{3,}|~{3,})([\w-]*)[^`]*$", lines[number])
        number += 1
        if opening is None:
            continue
        begin = number
        while number < len(lines) and not re.match(rf"{opening[1][0]}{{{len(opening[1])},}}\s*$", lines[number]):
            number += 1
        closed = number < len(lines)
        code = "".join(line + "\n" for line in lines[begin:number])
        found.append(Fence(opening[2], code, begin, number + 1 if closed else None))
        number += 1
    return found


def alt_text(code: str) -> str:
    """The text of `alt = "…"` (one string, or several in brackets) in a figure's code."""
    try:
        return str(_literal(ast.parse(code), "alt") or "")
    except (SyntaxError, ValueError):
        return ""


def parse(text: str, path: Path, offset: int, report: Report) -> tuple[Block, ...]:
    """The blocks of a lesson's text, leaving out those that have the wrong shape, which are reported.

    offset: the lines of the file above the text.
    """

    def at(line: int, message: str, mend: str) -> None:
        return report(Finding(path, line + offset, message, mend))

    lines = text.split("\n")
    found = fences(text)
    inside = {number for fence in found for number in range(fence.line, (fence.end or len(lines)) + 1)}
    end = next((n for n, line in enumerate(lines, 1) if n not in inside and line.rstrip() == f"## {CLOSING}"), len(lines) + 1)
    blocks: list[Block] = []
    begin = 1  # of the prose that is being gathered
    for position, fence in enumerate(found):
        if fence.end is None:
            at(fence.line, f"This ```{fence.language} block is never closed.", "End it with a line of three backticks.")
        if fence.line >= end:
            if fence.language in KINDS:
                at(fence.line, f"A {fence.language} block stands in the closing section.", f"Put it above '## {CLOSING}'.")
            continue
        if fence.language not in KINDS:
            if near := get_close_matches(fence.language.lower(), KINDS, n=1, cutoff=0.75):
                at(fence.line, f"{fence.language!r} is no kind of block.", f"Did you mean {near[0]}?")
            continue
        if fence.language == "output":
            continue  # with the cell before it, or the linter says that it follows none
        blocks += _prose(lines, begin, fence.line)
        begin = (fence.end or len(lines)) + 1
        after = found[position + 1] if position + 1 < len(found) else None
        output = None
        if fence.language == "python" and after and after.language == "output" and not "".join(lines[begin - 1 : after.line - 1]).strip():
            output, begin = after.code, (after.end or len(lines)) + 1
        block = _block(fence, output, path, offset, report)
        blocks += [block] if block is not None else []
    blocks += _prose(lines, begin, end)
    if end <= len(lines):
        blocks.append(_closing(lines, end))
    ids = Counter(block.id for block in blocks if isinstance(block, Check | Faded))
    for block in blocks:
        if isinstance(block, Check | Faded) and (ids[block.id] > 1 or block.id.startswith("closing-")):
            twice = "stands twice in this lesson" if ids[block.id] > 1 else "is kept for the closing questions"
            at(block.line, f"The id {block.id} {twice}.", "Name it otherwise.")
    return tuple(blocks)


def _prose(lines: list[str], begin: int, end: int) -> list[Block]:
    text = "\n".join(lines[begin - 1 : end - 1])
    return [Prose(line=begin, text=text + "\n")] if text.strip() else []


def _block(fence: Fence, output: str | None, path: Path, offset: int, report: Report) -> Block | None:
    match fence.language:
        case "python":
            return Cell(line=fence.line, code=fence.code, output=output)
        case "figure":
            return Figure(line=fence.line, code=fence.code, alt=alt_text(fence.code))
        case "explore":
            return _explore(fence, path, offset, report)
        case "check":
            return _asking(Check, fence, path, offset, report)
        case _:
            return _asking(Faded, fence, path, offset, report)


def _asking(kind: type[B], fence: Fence, path: Path, offset: int, report: Report) -> B | None:
    """A block whose fence holds YAML."""
    first = fence.line + offset + 1
    raw = parse_yaml(fence.code, path, report, first_line=first)
    if raw is None and not fence.code.strip():
        raw = {}
    if not isinstance(raw, dict):
        if raw is not None:
            report(Finding(path, first, f"A {fence.language} block holds keys and values.", "Write each as 'key: value', as YAML."))
        return None

    def locate(file: Path, where: tuple[str | int, ...]) -> int:
        return line_in(fence.code, where, first) if fence.code.strip() else first - 1

    if "line" in raw:  # set here, so that the model itself would not refuse it
        report(Finding(path, locate(path, ("line",)), "line is not a key that is known here.", "Take it away."))
        return None

    def name(finding: Finding) -> None:
        return report(Finding(finding.file, finding.line, f"{fence.language}: {finding.message.lstrip(': ')}", finding.mend))

    return build(kind, {**raw, "line": fence.line}, path, (), name, locate)


def _explore(fence: Fence, path: Path, offset: int, report: Report) -> Explore | None:
    def fault(message: str, mend: str, line: int = 0) -> None:
        report(Finding(path, fence.line + offset + line, f"explore: {message}", mend))

    try:
        tree = ast.parse(fence.code)
    except (SyntaxError, ValueError) as error:
        fault(f"this is not Python: {error}.", "Correct the syntax.", getattr(error, "lineno", 0) or 0)
        return None
    draw = next((node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "draw"), None)
    try:
        values, labels = _literal(tree, "VALUES"), _literal(tree, "LABELS") or {}
    except ValueError:
        fault("VALUES and LABELS are computed.", "Write them as literal dictionaries: they are read, not run.")
        return None
    if not isinstance(values, dict) or len(values) not in MOST_VALUES or not all(isinstance(name, str) for name in values):
        fault("there is no VALUES with one or two parameters.", 'Write VALUES = {"eta": [0.1, 0.2, 0.4]} in the block.')
        return None
    most = MOST_VALUES[len(values)]
    for name, row in values.items():
        if not isinstance(row, list | tuple) or not all(isinstance(x, int | float | str) and not isinstance(x, bool) for x in row):
            fault(f"the values of {name} are not a list of numbers or words.", "List them one by one.")
            return None
        if not 2 <= len(row) <= most or len(set(row)) != len(row):
            fault(f"{name} has {len(row)} values.", f"Give two to {most} different ones.")
            return None
    if not isinstance(labels, dict) or not all(isinstance(label, str) for label in labels.values()) or set(labels) - set(values):
        fault("LABELS names what VALUES does not.", 'Write LABELS = {"eta": "learning rate"}, with the names of VALUES.')
        return None
    if draw is None or [argument.arg for argument in draw.args.args] != list(values):
        fault("draw does not take what VALUES names.", f"Write def draw({', '.join(values)}).", draw.lineno if draw else 0)
        return None
    if not any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(draw)):
        fault("draw returns nothing.", "Let it return the sentence that says what is seen.", draw.lineno)
        return None
    parameters = tuple(Parameter(name=n, label=labels.get(n, n.replace("_", " ")), values=tuple(row)) for n, row in values.items())
    return Explore(line=fence.line, code=fence.code, parameters=parameters)


def _literal(tree: ast.AST, name: str) -> Any:
    """The literal that is assigned to `name` anywhere in a tree; None where nothing is. Raises ValueError where it is computed."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(isinstance(target, ast.Name) and target.id == name for target in node.targets):
            return ast.literal_eval(node.value)
    return None


def _closing(lines: list[str], heading: int) -> Closing:
    """The section that begins at the line `heading`."""
    begins = [n for n in range(heading + 1, len(lines) + 1) if re.match(r"\d+\.\s+\S", lines[n - 1])]
    questions = []
    for order, (begin, end) in enumerate(pairwise([*begins, len(lines) + 1]), 1):
        body = re.sub(r"^\d+\.\s+", "", "\n".join(lines[begin - 1 : end - 1]))
        ask, _, answer = _split_answer(body)
        ask = " ".join(ask.split())
        skill = re.search(r"\s*\(skill:\s*([^)\s]+)\s*\)$", ask)
        questions.append(
            Question(
                id=f"closing-{order}",
                line=begin,
                ask=ask[: skill.start()] if skill else ask,
                answer=answer or None,
                skill=skill[1] if skill else None,
            )
        )
    return Closing(line=heading, questions=tuple(questions))


def _split_answer(body: str) -> tuple[str, str, str]:
    match = re.search(r"^\s*\*\*Answer\.\*\*[ \t]*", body, flags=re.M)
    if match is None:
        return body, "", ""
    first, _, rest = body[match.end() :].partition("\n")
    return body[: match.start()], match[0], f"{first}\n{textwrap.dedent(rest)}".strip()


def as_markdown(block: Block) -> str:
    """A block as a terminal shows it: a figure by what it shows, a question by what it asks; nothing of any answer."""
    match block:
        case Prose():
            return block.text
        case Cell():
            return _fenced("python", block.code) + ("" if block.output is None else _fenced("text", block.output))
        case Figure():
            return f"*Figure, drawn in the browser:* {block.alt}\n"
        case Check():
            return block.ask + ("\n\n" + _fenced("python", block.code) if block.code else "")
        case Faded():
            return f"{block.ask}\n\n{_fenced('python', block.code)}"
    return ""


def _fenced(language: str, code: str) -> str:
    return f"```{language}\n{code.rstrip()}\n```\n"


def words(lesson: Lesson) -> int:
    """How many words a reader meets in a lesson: its prose and all that is asked, without code and without the closing answers."""
    return sum(len(text.split()) for block in blocks_of(lesson) for text in _read(block))


def _read(block: Block) -> Iterator[str]:
    match block:
        case Prose():
            yield re.sub(r"^```.*?^```", "", block.text, flags=re.S | re.M)
        case Check():
            yield block.ask
            yield from (choice.text for choice in block.choices)
        case Faded():
            yield block.ask
        case Closing():
            yield from (question.ask for question in block.questions)


__all__ = [
    "CLOSING", "Block", "Cell", "Check", "Closing", "Explore", "Faded", "Fence", "Figure", "Parameter", "Prose", "Question", "alt_text",
    "as_markdown", "blocks_of", "closing_questions", "fences", "of_kind", "parse", "words",
]  # fmt: skip
