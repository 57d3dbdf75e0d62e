"""Rewards that a program can check: a number that is right, a scratchpad that was closed in time, Python that passes its tests.

A `Problem` is what the model is asked and how its reply is judged; `judge` gives each reward by name and the weighted sum. Nothing here is
learned, so nothing here can be flattered; but each can be gamed, and says how. Code that a model wrote is only ever run by a `RunPython`
that is passed in, since isolating it is the business of rooms above; without one, problems that need it are left out, never run unguarded.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from modelwright.forge import references
from modelwright.forge.data.lines import json_list_or_rows
from modelwright.forge.errors import ConfigError, DataError
from modelwright.forge.template import Message

RunPython = Callable[[str, Sequence[str], float], Sequence[bool]]
"""(code, expressions, seconds) -> for each expression, whether it was true after the code had run. All false where the code fails."""

NumberReward = Callable[[str, str], float]
"""The part: (what was said, the right answer) -> 1.0 or 0.0."""


@dataclass(frozen=True)
class Problem:
    messages: tuple[Message, ...]
    answer: str = ""
    """A number, for problems that have one."""
    tests: tuple[str, ...] = ()
    """Python expressions, for problems that ask for code."""
    check: Callable[[str], float] | None = None
    """Any other judgement of the reply's text, 0 to 1."""


@dataclass(frozen=True)
class Answered:
    """A reply as it is judged."""

    text: str
    think: str | None = None
    closed: bool = True
    """Whether the thoughts were ended by the model, not by the budget or the end of the room."""
    finished: bool = True
    """Whether the reply ended by itself."""


@dataclass(frozen=True)
class Judged:
    total: float
    right: float
    """The answer's reward alone, 0 to 1, whatever the form."""
    by_name: Mapping[str, float] = field(default_factory=dict)


def form(reply: Answered, thinking: bool) -> float:
    """1 where the reply is well formed: thoughts closed within their budget, something said after them, and an end.

    Gamed by an empty scratchpad, which is why it weighs little beside the answer.
    """
    return float(reply.finished and bool(reply.text.strip()) and (not thinking or (reply.think is not None and reply.closed)))


_FENCE = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)(?:\n```|\Z)", re.DOTALL)


def code_in(text: str) -> str:
    """The Python in a reply: its first fenced block, or all of it from the first line that looks like code on."""
    if found := _FENCE.search(text):
        return found.group(1)
    lines = text.splitlines()
    start = next((i for i, line in enumerate(lines) if re.match(r"(def |class |import |from |@)", line)), 0)
    return "\n".join(lines[start:])


def python(text: str, tests: Sequence[str], run: RunPython, seconds: float = 2.0) -> float:
    """The part of the tests that hold. Gamed by code that knows the tests, so some tests should be kept from the question."""
    if not tests:
        return 0.0
    held = list(run(code_in(text), tests, seconds))
    if len(held) != len(tests):
        raise ConfigError(f"the runner of Python judged {len(held)} of {len(tests)} tests; it must judge each")
    return sum(map(bool, held)) / len(tests)


def judge(
    problem: Problem,
    reply: Answered,
    *,
    thinking: bool = False,
    form_weight: float = 0.1,
    number: NumberReward = references.reward,
    run: RunPython | None = None,
) -> Judged:
    """The answer's reward plus `form_weight` times the form's."""
    if problem.check is not None:
        name, right = "check", float(problem.check(reply.text))
    elif problem.tests:
        if run is None:
            raise ConfigError(
                "this problem asks for Python, and no isolated runner was given; start it from the studio, or leave such problems out"
            )
        name, right = "python", python(reply.text, problem.tests, run)
    else:
        name, right = "number", number(reply.text, problem.answer)
    shape = form(reply, thinking)
    return Judged(right + form_weight * shape, right, {name: right, "form": shape})


# What a runner of plain scripts needs to become a RunPython.


def script(code: str, tests: Sequence[str]) -> str:
    """One script that runs the code and prints, as its last line, which tests held.

    The code and its tests share a process there: code that looks for the tests could forge that line. The isolation protects the machine,
    not the score; for training on a model's own code that is enough, since every sample can be read.
    """
    return (
        "import contextlib, io, json\n"
        f"code, tests = json.loads({json.dumps(json.dumps([code, list(tests)]))})\n"
        "space, held = {'__name__': 'answer'}, []\n"
        "with contextlib.redirect_stdout(io.StringIO()):\n"
        "    try:\n"
        "        exec(compile(code, 'answer.py', 'exec'), space)\n"
        "        ran = True\n"
        "    except BaseException:\n"
        "        ran = False\n"
        "    for test in tests:\n"
        "        try:\n"
        "            held.append(ran and bool(eval(test, space)))\n"
        "        except BaseException:\n"
        "            held.append(False)\n"
        "print()\n"
        "print(json.dumps(held))\n"
    )


def held_tests(output: str, count: int) -> list[bool]:
    """The last line that `script` printed; all false where it never got there."""
    lines = output.strip().splitlines()
    try:
        held = json.loads(lines[-1])
    except (ValueError, IndexError):
        return [False] * count
    return [value is True for value in held] if isinstance(held, list) and len(held) == count else [False] * count


def from_script_runner(run: Callable[[str, float], str]) -> RunPython:
    """A `RunPython` from something that runs a script for so many seconds and gives its output ("" where it failed)."""
    return lambda code, tests, seconds: held_tests(run(script(code, tests), seconds), len(tests))


# Problems.


def open_problems(source: str, seed: int, run: RunPython | None = None) -> Iterator[Problem]:
    """Endless. `sums` (up to two digits), `sums:1`, `words`, `python`, several joined by `+`, or JSON lines of question and answer."""
    streams = [_stream(name, seed + i, run) for i, name in enumerate(source.split("+"))]
    rng = random.Random(f"problems/{seed}")
    while True:
        yield next(rng.choice(streams))


def _stream(source: str, seed: int, run: RunPython | None) -> Iterator[Problem]:
    from modelwright.forge.data import primer

    name, _, level = source.partition(":")
    rng = random.Random(f"problems/{name}/{seed}")
    if name == "sums":
        for made in primer.sums(10**9, seed, int(level) if level.isdigit() else 2):
            yield Problem((Message("user", made.question),), str(made.answer))
    elif name == "words":
        while True:
            ask, _, answer = primer.word_problem(rng)
            yield Problem((Message("user", ask),), str(answer))
    elif name == "python":
        if run is None:
            raise ConfigError("the problems 'python' need an isolated runner of Python; start it from the studio, or choose sums or words")
        for task in primer.tasks(10**9, seed):
            yield Problem((Message("user", task.ask),), tests=task.tests)
    else:
        rows = list(read_problems(Path(source)))
        while True:
            yield from rng.sample(rows, len(rows))


def read_problems(path: Path) -> Iterator[Problem]:
    """JSON lines with `question` and `answer`; as in GSM8K the answer is what stands after '####', if that is there."""
    if not path.exists():
        raise DataError(f"there are no problems at {path}; give sums, words, python or a file")
    number = 0
    for number, row in json_list_or_rows(path):
        question, answer = (row.get("question"), row.get("answer")) if isinstance(row, dict) else (None, None)
        if not isinstance(question, str) or isinstance(answer, bool) or not isinstance(answer, str | int | float):
            raise DataError(f"{path}, row {number} needs question and answer, as texts (the answer may be a number)")
        yield Problem((Message("user", question),), str(answer).rsplit("####", 1)[-1].strip())
    if not number:
        raise DataError(f"{path} holds no problem")
