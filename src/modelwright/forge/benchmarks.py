"""Public benchmarks in the formats of their own files, as three kinds of item: choose an option, give a number, write code.

It reads files and downloads none. Sources: GSM8K (Cobbe et al. 2021, arXiv 2110.14168), HumanEval (Chen et al. 2021, arXiv 2107.03374), ARC
(Clark et al. 2018, arXiv 1803.05457), HellaSwag (Zellers et al. 2019, arXiv 1905.07830), MMLU (Hendrycks et al. 2021, arXiv 2009.03300).
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modelwright.forge.data.lines import BOM, decoded, json_rows, opened
from modelwright.forge.errors import DataError


@dataclass(frozen=True)
class Choice:
    context: str
    options: tuple[str, ...]
    """What may follow the context, each with the space that joins it."""
    right: int


@dataclass(frozen=True)
class Open:
    question: str
    answer: str


@dataclass(frozen=True)
class CodeTask:
    name: str
    prompt: str
    """The beginning of the program."""
    test: str
    """Defines `check(candidate)`."""
    entry_point: str
    solution: str = ""

    @property
    def expression(self) -> str:
        """What is true of a program that passes: for a `rewards.RunPython`, after the program and `test`."""
        return f"check({self.entry_point}) is None"


Item = Choice | Open | CodeTask
LETTERS = "ABCDEFGHIJ"


def read_lines(path: Path) -> Iterator[tuple[str, Any]]:
    """(where, object) for each line of JSON; .gz is unpacked."""
    for number, value in json_rows(path):
        yield f"{path.name}, line {number}", value


def gsm8k(path: Path) -> Iterator[Open]:
    """{"question", "answer"}; what counts of the answer is the number after '####'."""
    for where, row in read_lines(path):
        answer = _text(row, "answer", where)
        if "####" not in answer:
            raise DataError(f"{where} has no '####' before its final number; is it GSM8K?")
        yield Open(_text(row, "question", where), answer.rsplit("####", 1)[1].strip())


def humaneval(path: Path) -> Iterator[CodeTask]:
    """{"task_id", "prompt", "entry_point", "test", "canonical_solution"}."""
    for where, row in read_lines(path):
        name, prompt, test, entry_point = (_text(row, key, where) for key in ("task_id", "prompt", "test", "entry_point"))
        yield CodeTask(name, prompt, test, entry_point, str(row.get("canonical_solution", "")))


def arc(path: Path) -> Iterator[Choice]:
    """{"question": {"stem", "choices": [{"text", "label"}]}, "answerKey"}, or the flat form of the Hugging Face set."""
    for where, row in read_lines(path):
        question = _get(row, "question", where)
        if isinstance(question, dict):
            stem, choices = _get(question, "stem", where), _get(question, "choices", where)
            labels, texts = [str(c["label"]) for c in choices], [str(c["text"]) for c in choices]
        else:
            stem, choices = question, _get(row, "choices", where)
            labels, texts = [str(label) for label in choices["label"]], [str(text) for text in choices["text"]]
        key = str(_get(row, "answerKey", where))
        if key not in labels:
            raise DataError(f"{where} has the answer {key}, but its choices are {', '.join(labels)}")
        yield Choice(f"Question: {stem}\nAnswer:", tuple(f" {text}" for text in texts), labels.index(key))


def hellaswag(path: Path) -> Iterator[Choice]:
    """{"ctx", "endings", "label", "activity_label"}."""
    for where, row in read_lines(path):
        endings, label = _get(row, "endings", where), _get(row, "label", where)
        activity = f"{row['activity_label']}: " if row.get("activity_label") else ""
        if not str(label).isdigit() or int(label) >= len(endings):
            raise DataError(f"{where} has the label {label!r} for {len(endings)} endings; the test part has none, use the validation part")
        yield Choice(f"{activity}{_get(row, 'ctx', where)}", tuple(f" {ending}" for ending in endings), int(label))


def mmlu(path: Path) -> Iterator[Choice]:
    """A CSV without a head: question, four options, the letter of the right one. The letters are what is compared."""
    try:
        with opened(path) as file:
            rows = list(csv.reader(io.StringIO(decoded(file.read().removeprefix(BOM), path), newline="")))
    except csv.Error as error:
        raise DataError(f"{path} is not CSV ({error})") from None
    for number, row in enumerate(filter(None, rows), 1):
        if len(row) != 6 or row[5].strip() not in "ABCD":
            raise DataError(f"{path.name}, row {number} has {len(row)} columns; a question, four options and a letter are expected")
        listed = "\n".join(f"{letter}. {text}" for letter, text in zip("ABCD", row[1:5], strict=True))
        yield Choice(f"{row[0].strip()}\n{listed}\nAnswer:", (" A", " B", " C", " D"), "ABCD".index(row[5].strip()))


FORMATS: dict[str, Callable[[Path], Iterator[Item]]] = {
    "gsm8k": gsm8k, "humaneval": humaneval, "arc": arc, "hellaswag": hellaswag, "mmlu": mmlu,
}  # fmt: skip


def read(name: str, path: Path, limit: int = 0) -> list[Item]:
    """A benchmark's items; `limit` takes the first so many."""
    if name not in FORMATS:
        raise DataError(f"there is no benchmark '{name}'; there are {', '.join(FORMATS)}")
    try:
        items = list(FORMATS[name](path))
    except (KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path.name} is not in the format of {name} ({error})") from error
    if not items:
        raise DataError(f"{path} holds no item of {name}")
    return items[:limit] if limit else items


def _get(row: Any, key: str, where: str) -> Any:
    if not isinstance(row, dict) or key not in row:
        raise DataError(f"{where} has no '{key}'")
    return row[key]


def _text(row: Any, key: str, where: str) -> str:
    value = _get(row, key, where)
    if not isinstance(value, str):
        raise DataError(f"{where} has a '{key}' that is not a text but {json.dumps(value)[:40]}")
    return value
