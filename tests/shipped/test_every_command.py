"""Every command of the terminal on the shipped curriculum, on three homes: each answers, or refuses in one sentence.

The commands are read off the program itself, so one that is added tomorrow is tried too; where it needs a value that is not in `VALUES`, the
test says so.
"""

from __future__ import annotations

import io
import json
import re
import shlex
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import typer

from modelwright.cli import main
from modelwright.cli.app import Later, app
from modelwright.studio.skeleton import new_module
from shipped_homes import HOMES

ROOT = Path(__file__).parents[2]
ROOMS_BELOW = ("forge", "course")  # these do not open a home: once is enough
SERVES = ("start", "course preview")  # goes on until it is stopped; tried by a test of its own

# What to give where something is wanted: by command and parameter, or by parameter alone.
VALUES: dict[str, str] = {
    "module": "linear-algebra",
    "lab": "linear-algebra/softmax",
    "lesson name": "linear-algebra/vectors-as-data",
    "problem name": "linear-algebra/dot-product-angle",
    "project name": "spam-classifier",
    "arena name": "failing-pumps",
    "arena file": "mine.csv",
    "validation": "0.3",
    "enrol name": "Ada",
    "goals name": "Ada",
    "book": "strang-la",
    "goals book": "calculus=thompson",
    "forecast book": "calculus=thompson",
    "skip": "reinforcement-learning",
    "chapter": "3",
    "hours": "5",
    "minutes": "45",
    "deadline": "2031-06-30",
    "knows": "python=3",
    "why_not": "deep-learning/adam",
    "anyway": "deep-learning/adam",
    "not_tonight": "cards",
    "as_planned": "cards",
    "limit": "3",
    "resume": "linear-algebra/why-vectors-add",
    "ics": "plan.ics",
    "weeks": "4",
    "at": "20:30",
    "retention": "0.9",
    "seed": "7",
    "milestone": "1",
    "note": "begun",
    "names": "linear-algebra/dot-product-angle",
    "to": "40%",
    "place": "page 83",
    "what": "Lecture 3 on the train",
    "on": "linear-algebra",
    "words": "eigenvalue",
    "word": "logits",
    "line": "1 + 1",
    "which": "1",
    "anki import file": "revlog.csv",
    "anki export file": "cards.apkg",
    "journal export file": "out.jsonl",
    "journal import file": "in.jsonl",
    # The forge, with a model, a recipe or a file that is not there: the refusal is what is tried.
    "model": "no-model",
    "recipe": "no-recipe",
    "source": "no-source",
    "folder": "no-run",
    "out": "made",
    "slug": "rope",
    # An author's, in a curriculum of their own.
    "id": "second-module",
    "new lab id": "first-module/a-lab",
    "new lesson id": "first-module/a-lesson",
    "title": "A new thing",
}
# What a command is told each time, because it would otherwise take minutes, or write into the curriculum that is shipped.
ALWAYS = {
    "forge run": (),
    "forge train": ("no-recipe",),
    "course validate": ("--no-run",),
    "course mutate": ("no-such-lab",),
    "prepare": ("--list",),
    "course build": ("--curriculum", "own"),
    "course new lab": ("--curriculum", "own"),
    "course new lesson": ("--curriculum", "own"),
    "course new module": ("--curriculum", "own"),
}
# What a command may refuse where somebody is enrolled, and the words in which it does.
REFUSED = {
    "enrol": r"is enrolled here already|Say who you are",
    "watch": r"needs a terminal",
    "hint": r"No lab has been opened yet",
    "solution": r"not passed yet|No lab has been opened yet",
    "reset": r"is not the starter\. Say .* --yes|No lab has been opened yet",
    "check": r"No lab has been opened yet|checks pass|\d+ failed, \d+ passed",
    "anki import": r"revlog\.csv",
    "anki export": r"None of the \d+ cards of the plan has been taught yet",
    "journal import": r"in\.jsonl",
    "journal undo-import": r"Nothing was imported",
    "run": r"No lab has been opened yet",
    "ask": r"No lab has been opened yet|Check your file once first|Your file passes",
    "arena": r"mine\.csv cannot be read|say one of them at a time",
}
OPEN_TO_ALL = (
    "plan",
    "prepare",
    "arena",
    "status",
    "terms",
    "find",
    "doctor",
    "journal export",
    "journal import",
    "journal verify",
    "anki export",
)
SILENT = ("journal export",)  # where there is no event, its output is empty


@dataclass(frozen=True)
class Command:
    words: tuple[str, ...]
    params: tuple[Any, ...]

    @property
    def name(self) -> str:
        return " ".join(self.words)

    def value(self, param: Any) -> str:
        short = self.words[1:] if self.words[0] in ROOMS_BELOW else self.words
        for key in (f"{' '.join(short)} {param.name}", param.name):
            if key in VALUES:
                return VALUES[key]
        pytest.fail(f"`modelwright {self.name}` asks for {param.name}: give the tests a value for it in VALUES.")

    def calls(self) -> Iterator[tuple[str, ...]]:
        """The command with what it must have, then with each thing that it may have besides."""
        needed = tuple(self.value(p) for p in self.params if p.required and p.param_type_name == "argument")
        needed = (*needed, *ALWAYS.get(self.name, ()))
        yield (*self.words, *needed)
        if self.name in ALWAYS:
            return
        before: tuple[str, ...] = ()
        for p in self.params:
            if p.param_type_name == "argument":
                if not p.required:
                    before = (*before, self.value(p))
                    yield (*self.words, *needed, *before)
            elif p.name == "help":
                continue
            elif p.is_flag:
                yield (*self.words, *needed, *before, p.opts[0])
            elif self.words[0] not in ROOMS_BELOW:
                yield (*self.words, *needed, p.opts[0], self.value(p))


def commands() -> list[Command]:
    made = []

    def walk(command: Any, words: tuple[str, ...]) -> None:
        if isinstance(command, Later):
            command = command.real()
        if hasattr(command, "commands"):
            for name, inner in command.commands.items():
                walk(inner, (*words, name))
        else:
            made.append(Command(words, tuple(command.params)))

    walk(typer.main.get_command(app), ())
    return made


COMMANDS = commands()


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    def run(*words: str) -> Ran:
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        capsys.readouterr()
        try:
            main(list(words))
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


def assert_sensible(words: tuple[str, ...], ran: Ran) -> None:
    """A status that means something, whole sentences, and nothing of Python's in them."""
    call = "modelwright " + " ".join(words)
    assert ran.code in (0, 1), f"{call}: {ran}"
    for text in (ran.out, ran.err):
        python = r"Traceback|object at 0x|<class '" + (r"|\bnan\b" if words[0] != "check" else "")  # a lab's checks may speak of NaN
        assert not re.search(python, text), f"{call}: {text}"
    assert ran.out.strip() or ran.err.strip() or call.endswith(SILENT), f"{call} says nothing"
    if ran.code and not ran.out.strip():
        assert ran.err.count("\n") == 1, f"{call}: {ran.err}"
    if ran.code == 0 and "--json" in words:
        json.loads(ran.out)


def ids(command: Command) -> str:
    return command.name


@pytest.mark.parametrize("home", HOMES, indirect=True)
@pytest.mark.parametrize("command", [c for c in COMMANDS if c.words[0] not in (*ROOMS_BELOW, *SERVES)], ids=ids)
def test_every_command_answers_on_every_home(command: Command, home: Path, request: pytest.FixtureRequest, run: Any) -> None:
    kind = request.node.callspec.params["home"]
    for number, words in enumerate(command.calls()):
        if number and kind != "lived-in":
            break  # what a command may be told besides changes little of what it needs to find
        ran = run(*words)
        assert_sensible(words, ran)
        if ran.code and kind != "fresh":
            assert command.name in REFUSED, f"{words}: {ran}"
            assert re.search(REFUSED[command.name], ran.err + ran.out), f"{words}: {ran}"
        if ran.code == 0 and kind == "fresh":
            assert command.name in OPEN_TO_ALL, f"{words} works where nobody is enrolled"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A curriculum of an author's own, with one module."""
    new_module(tmp_path / "own", "first-module", "A first module", None)
    return tmp_path / "own"


@pytest.mark.parametrize("home", ["fresh"], indirect=True)
@pytest.mark.parametrize("command", [c for c in COMMANDS if c.words[0] in ROOMS_BELOW and c.name not in SERVES], ids=ids)
def test_every_command_of_the_forge_and_for_authors_answers_or_refuses_in_a_sentence(
    command: Command, home: Path, own: Path, run: Any
) -> None:
    for words in command.calls():
        assert_sensible(words, run(*words))


# What the program and its documents show


def examples() -> list[tuple[str, ...]]:
    """Every command that a help page's last line shows."""
    shown = []

    def walk(command: Any) -> None:
        if isinstance(command, Later):
            command = command.real()
        for example in re.findall(r"modelwright [^·]+", command.epilog or "") if "Example" in (command.epilog or "") else []:
            shown.append(tuple(shlex.split(example.split("|")[0].split(" > ")[0])[1:]))
        for inner in getattr(command, "commands", {}).values():
            walk(inner)

    walk(typer.main.get_command(app))
    return shown


def documented() -> list[tuple[str, ...]]:
    """Every command that a code block or a code span of the documents shows in full."""
    shown = []
    for file in (ROOT / "README.md", ROOT / "docs" / "learner.md"):
        for line in re.findall(r"^(?:    )?(modelwright .+)$|`(modelwright [^`…]+)`", file.read_text("utf-8"), flags=re.M):
            words = tuple(shlex.split("".join(line).split("#")[0])[1:])
            shown.append(words)
    return list(dict.fromkeys(shown))


LONG = ("start", "watch", "forge run", "forge train", "course new", "course validate", "course build", "course mutate", "course preview")


def short(words: tuple[str, ...]) -> bool:
    return not " ".join(words).startswith(LONG) and all(word == word.lower() or word[0] != word[0].upper() for word in words)


@pytest.mark.parametrize("home", ["lived-in"], indirect=True)
@pytest.mark.parametrize("words", [w for w in dict.fromkeys([*examples(), *documented()]) if short(w)], ids=" ".join)
def test_every_command_that_is_shown_to_a_learner_works_as_it_stands(words: tuple[str, ...], home: Path, run: Any) -> None:
    ran = run(*words)
    assert_sensible(words, ran)
    assert "There is no" not in ran.err, ran.err
