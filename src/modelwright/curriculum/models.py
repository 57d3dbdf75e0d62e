"""What there is to learn, as data: the plan, its modules, and everything a module holds.

These are the shapes that `loader.py` fills from the files of a curriculum folder and that every other room reads. They hold
no behaviour beyond looking things up. An id is a path of slugs (`linear-algebra/softmax`) and never changes once a journal can hold it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from modelwright import clocks
from modelwright.groups import known_need

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*(/[a-z0-9]+(-[a-z0-9]+)*)*$")]
Stock = Literal["library-call", "dtype", "axis", "mutation", "overflow", "global-random", "small-input"]
Weight = Annotated[float, Field(gt=0, le=1)]


def _need(name: str) -> str:
    try:
        return known_need(name)
    except ValueError as error:
        raise PydanticCustomError("group", "{why}", {"why": str(error)}) from None


# A library of the start, or a group of the shipped list (`modelwright.groups`): a curriculum cannot name a package of its own choosing.
Need = Annotated[str, AfterValidator(_need)]


class Frozen(BaseModel):
    """Unknown keys are refused, so that a misspelt one in a file is an error and not a silent loss."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"[^\W_]+", text.casefold()))


class Hours(Frozen):
    low: float = Field(gt=0)
    high: float = Field(gt=0)


class Months(Frozen):
    low: float = Field(gt=0)
    high: float | None = Field(default=None, description="None where the stage goes on")


class Section(Frozen):
    """A part of a chapter that is read in a sitting; `skills` are those of the chapter's that it serves."""

    title: str
    skills: tuple[Id, ...] = ()


class Chapter(Frozen):
    """One chapter of a book, or one week of a course; `skills` are those it serves, `sections` its parts where they are known."""

    number: int = Field(ge=0)
    title: str
    hours: float = Field(gt=0)
    skills: tuple[Id, ...] = ()
    sections: tuple[Section, ...] = ()

    @model_validator(mode="after")
    def _sections_serve_the_chapters_skills(self) -> Self:
        for section in self.sections:
            if foreign := [skill for skill in section.skills if skill not in self.skills]:
                raise ValueError(f"section '{section.title}' names {foreign[0]}, which is not among the chapter's skills")
        return self


class NewerChapter(Frozen):
    """A chapter of a newer edition; `here` are the chapters of the edition listed that hold the same."""

    number: int = Field(ge=0)
    title: str
    here: tuple[int, ...] = ()


class NewerEdition(Frozen):
    """An edition newer than the one whose chapters a resource lists; `title` where it has another."""

    edition: str
    year: int
    title: str | None = None
    chapters: tuple[NewerChapter, ...]


class Resource(Frozen):
    """A book, course, paper, tool, community or competition site. Books and courses have chapters; a paper has one, the whole of it."""

    id: Id
    title: str
    kind: Literal["book", "course", "paper", "tool", "community", "competition", "site"]
    role: Literal["main", "alternative", "supplement", "general"] = "general"
    authors: tuple[str, ...] = ()
    edition: str | None = None
    year: int | None = None
    note: str | None = Field(default=None, description="how it differs: lighter, more advanced, applied")
    why: str
    rules: str | None = Field(default=None, description="of a community: what it asks of a question, in two lines")
    free: bool
    link: str
    newer: NewerEdition | None = None
    chapters: tuple[Chapter, ...] = ()

    def chapter(self, number: int) -> Chapter | None:
        return next((chapter for chapter in self.chapters if chapter.number == number), None)

    def titled(self, words: str) -> dict[int, str]:
        """The chapters with these words in their title, by number, in the edition listed or a newer one: number -> the title that matched.

        A whole title wins over a part of one. A number of 0 with a title stands for what only the newer edition has.
        """
        wanted = _words(words)
        titles: list[tuple[str, tuple[int, ...]]] = [(chapter.title, (chapter.number,)) for chapter in self.chapters]
        titles += [(chapter.title, chapter.here or (0,)) for chapter in (self.newer.chapters if self.newer else ())]
        whole = [pair for pair in titles if _words(pair[0]) == wanted]
        part = [pair for pair in titles if wanted and all(word in _words(pair[0]) for word in wanted)]
        matches: dict[int, str] = {}
        for title, numbers in whole or part:
            for number in numbers:
                matches.setdefault(number, title)
        return matches

    def in_newer(self, number: int) -> str:
        """What a chapter is in the newer edition: its number there, and its title where that has changed; empty where it is in none."""
        if self.newer is None:
            return ""
        own = chapter.title if (chapter := self.chapter(number)) else ""
        there = [chapter for chapter in self.newer.chapters if number in chapter.here]
        return "; ".join(f"{c.number}" if _words(c.title) == _words(own) else f"{c.number}, {c.title}" for c in there)


class Skill(Frozen):
    """The smallest thing that is learned and forgotten.

    `prerequisites` say what must come first; `encompasses` says what else is practised, and how much of it (0 to 1), when this is.
    They are two different graphs over the same nodes.
    """

    id: Id
    title: str
    can: str = Field(description="what a person who has it can do, as the end of the sentence 'You can now …'")
    prerequisites: tuple[Id, ...] = ()
    encompasses: dict[Id, Weight] = {}
    divided_from: Id | None = Field(
        default=None, description="the older skill that this was a part of: what placement said of that holds here"
    )
    required: bool = Field(default=False, description="stays in the plan of someone who leaves out its module, which is optional")
    hours: float = Field(default=2.0, gt=0, description="typical hours to learn it, by all kinds of work together")
    difficulty: int = Field(default=2, ge=1, le=5)

    @property
    def module(self) -> str:
        return self.id.split("/")[0]

    def left_out(self, modules: Collection[str]) -> bool:
        """Whether it is no part of the plan of someone who leaves out these modules."""
        return self.module in modules and not self.required


class Card(Frozen):
    id: Id
    ask: str
    answer: str
    skill: Id
    source: str | None = None


class Lesson(Frozen):
    """A page in Markdown; `text` is the part below the front matter, as it stands in the file. `lesson_blocks.py` reads it."""

    id: Id
    title: str
    skills: tuple[Id, ...] = Field(min_length=1)
    minutes: int = Field(ge=3, le=60)
    terms: dict[str, str] = Field(default={}, description="the standard names that this lesson introduces, each with what it means")
    assumes: tuple[Id, ...] = Field(default=(), description="skills it uses beyond the prerequisites of those it teaches")
    needs: tuple[Need, ...] = ()
    text: str
    path: Path


class Problem(Frozen):
    """A generator of exercises: the function `function` in the module's problems.py, and `prove_<function>` beside it."""

    id: Id
    title: str
    skills: tuple[Id, ...]
    minutes: float = Field(default=3, gt=0, le=30)
    difficulty: int = Field(default=2, ge=1, le=5)
    function: str
    path: Path


class Limits(Frozen):
    """`seconds` is processor time for one call of the learner's code; the limits by the clock follow from it (see `modelwright.clocks`)."""

    seconds: float = Field(default=20, gt=0, le=300)
    memory_mb: int = Field(default=1500, ge=64, le=8000)

    @property
    def check_wall(self) -> float:
        """Seconds by the clock that one check may take."""
        return clocks.check_wall(self.seconds)

    @property
    def submission_wall(self) -> float:
        """Seconds by the clock that one submission may take, whatever it does."""
        return clocks.submission_wall(self.seconds)


class Forbidden(Frozen):
    """What a lab's file may not use: names, as `numpy.linalg.*`, `sorted` or `"@"`, or a Python loop over an argument.

    `instead` is the sentence that a learner reads: what to write in its place. docs/authors.md says what is found and what is excepted.
    """

    name: tuple[Annotated[str, StringConstraints(min_length=1)], ...] = ()
    loops_over: Annotated[str, StringConstraints(pattern=r"^[A-Za-z_]\w*$")] | None = None
    instead: str = Field(min_length=3)
    allow: tuple[str, ...] = Field(default=(), description="names that `name` would cover and that may be used all the same")

    @field_validator("name", mode="before")
    @classmethod
    def _one_or_many(cls, name: object) -> object:
        return (name,) if isinstance(name, str) else name

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if bool(self.name) == (self.loops_over is not None):
            raise ValueError("give either a name or loops_over")
        return self


class Clause(Frozen):
    """A numbered clause of a lab's README: the checks that hold it, in words, and the wrong solutions that break it, by file name."""

    number: int = Field(ge=1)
    checks: tuple[str, ...]
    wrong: tuple[str, ...]


class Lab(Frozen):
    """Graded code. `folder` holds README.md, starter.py, solution.py, checks.py, right/ and wrong/.

    `without` gives the reason for each stock wrong solution that does not apply here; see docs/authors.md.
    """

    id: Id
    title: str
    skills: tuple[Id, ...]
    encompasses: dict[Id, Weight] = {}
    part: Slug | None = Field(default=None, description="the part of the forge that a passed solution can replace")
    difficulty: int = Field(ge=1, le=5)
    minutes: int = Field(ge=10, le=120)
    needs: tuple[Need, ...] = ()
    limits: Limits = Limits()
    forbid: tuple[Forbidden, ...] = ()
    clauses: tuple[Clause, ...] = ()
    without: dict[Stock, str] = {}
    hints: tuple[str, str, str]
    hints_for: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]] = Field(
        default=((), (), ()), description="of each hint, the checks in words that it helps with: 'text' and 'checks' in place of a text"
    )
    folder: Path

    @model_validator(mode="before")
    @classmethod
    def _tied(cls, given: object) -> object:
        """Takes hints that are tied to checks (`{text: …, checks: […]}`) apart."""
        if not isinstance(given, dict) or not isinstance(given.get("hints"), list | tuple):
            return given
        hints = [hint if isinstance(hint, dict) else {"text": hint} for hint in given["hints"]]
        if not any("checks" in hint for hint in hints):
            return given
        if strange := {str(key) for hint in hints for key in hint} - {"text", "checks"}:
            raise ValueError(f"a hint has text and checks, and no {', '.join(sorted(strange))}")
        return {**given, "hints": [hint.get("text") for hint in hints], "hints_for": [hint.get("checks", ()) for hint in hints]}

    def hint_helps(self, number: int, check: str) -> bool:
        """Whether a hint, from 1, is tied to this check, named in words."""
        return check.lower() in [name.lower() for name in self.hints_for[number - 1]]

    @property
    def file(self) -> str:
        """Where the learner's file lies in the workshop: `labs/<module>/<lab>.py`, importable, so with underscores."""
        return "labs/" + self.id.replace("-", "_") + ".py"

    @property
    def forbid_check(self) -> str:
        """The name, in words, of the check that holds `forbid`; it comes before those of checks.py."""
        return "the file uses only what the task allows"


class EquivalentMutant(Frozen):
    """An entry of a lab's mutants.yaml: a change of solution.py that no check could notice, and why.

    `line` is the text of the line, so that the entry holds wherever the line moves; `nth` (from 1) picks one of several equal ones.
    """

    line: str = Field(min_length=1)
    change: str = Field(min_length=1)
    nth: int | None = Field(default=None, ge=1)
    reason: str = Field(min_length=10)


class Choice(Frozen):
    """One of the answers offered; a wrong one says in `shows` what a person who picks it has misunderstood."""

    text: str
    right: bool = False
    shows: str | None = None


class Item(Frozen):
    """A question of at most ninety seconds, for placement, after a chapter, and in exams.

    choose, find-fault and predict offer `choices`; order gives `lines` in their right order; compute points at a generator in `problem`.
    """

    id: Id
    skill: Id
    kind: Literal["choose", "predict", "find-fault", "order", "compute"]
    ask: str
    code: str | None = None
    choices: tuple[Choice, ...] = ()
    lines: tuple[str, ...] = ()
    problem: Id | None = None
    why: str = Field(description="why the right answer is right")
    difficulty: float = Field(default=2, ge=1, le=5)
    seconds: int = Field(default=60, ge=10, le=90)


class Project(Frozen):
    """A larger piece of work with a deliverable."""

    id: Id
    title: str
    stage: Slug
    why: str
    deliverable: str
    hours: Hours
    skills: tuple[Id, ...]
    milestones: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()


class Metric(Frozen):
    """How a competition scores predictions: one of scikit-learn's functions by its name, or `score(truth, predictions)` in metric.py."""

    name: str = Field(min_length=1, description="a function of sklearn.metrics, or 'metric.py'")
    title: str = Field(min_length=1, description="its name for people, as 'log loss'")
    higher_is_better: bool
    digits: int = Field(default=4, ge=1, le=8)


class Ghost(Frozen):
    """A program that stands on the board without a learner behind it: a baseline, or the reference. `file` has the entry's own form."""

    file: str = Field(pattern=r"^[a-z0-9_-]+\.py$")
    title: str
    why: str = Field(description="what it does, and what beating it shows: one sentence")


class Budget(Frozen):
    """What a program that is entered may take: processor time in seconds, memory in megabytes beyond the warm libraries."""

    seconds: float = Field(default=60, gt=0, le=300)
    memory_mb: int = Field(default=1500, ge=64, le=8000)


class Competition(Frozen):
    """A task with public and private labels. `folder` holds README.md, data.py, starter.py and the ghosts' files.

    data.py makes everything from a seed (`make(rng)`, see `modelwright.arena.material`); the labels never reach the learner's side.
    predicts: "column", a number for each row of test.csv; or "bytes", 256 probabilities of the next byte for each context.
    """

    id: Slug
    title: str
    why: str
    stage: Slug
    skills: tuple[Id, ...] = Field(min_length=1)
    metric: Metric
    predicts: Literal["column", "bytes"] = "column"
    target: str = Field(default="prediction", description="the name of the column that an entry predicts")
    bounds: tuple[float, float] | None = Field(default=None, description="between what an entry's numbers lie, ends included")
    public_share: float = Field(default=0.4, gt=0, lt=1)
    entries_a_day: int = Field(default=5, ge=1, le=50)
    budget: Budget = Budget()
    needs: tuple[Need, ...] = ()
    seed: int = Field(ge=0)
    beyond_belief: float | None = Field(default=None, description="a score that nothing honest reaches, where no ideal is known")
    ghosts: tuple[Ghost, ...] = Field(min_length=1)
    hours: Hours
    folder: Path


class Module(Frozen):
    id: Slug
    number: int = Field(ge=1)
    title: str
    stage: Slug
    why: str
    hours: Hours
    optional: bool = False
    prerequisites: tuple[Slug, ...] = ()
    resources: tuple[Resource, ...]
    tools: tuple[Id, ...] = ()
    needs: tuple[Need, ...] = Field(default=(), description="the groups that its books and labs come to use: what `prepare` fetches ahead")
    communities: tuple[Id, ...] = ()
    skills: tuple[Skill, ...]
    lessons: tuple[Lesson, ...] = ()
    cards: tuple[Card, ...] = ()
    problems: tuple[Problem, ...] = ()
    labs: tuple[Lab, ...] = ()
    items: tuple[Item, ...] = ()
    folder: Path

    @property
    def shelf(self) -> tuple[Resource, ...]:
        """Its books and courses that have chapters, the main one first."""
        rank = {"main": 0, "alternative": 1, "supplement": 2, "general": 3}
        return tuple(sorted((r for r in self.resources if r.chapters), key=lambda r: rank[r.role]))


class Stage(Frozen):
    id: Slug
    number: int = Field(ge=1)
    title: str
    aim: str
    book: Id | None = Field(default=None, description="the one book that is read beside the stage's lessons unless the learner chooses")
    months: Months
    hours: Hours
    modules: tuple[Module, ...]
