"""An entry, made into predictions: a CSV as it is, a Python file or a notebook by being run where labels cannot be reached.

A program finds the training and the test files beside it and either defines `predict`, or writes `submission.csv`. Whatever it hands back
is a claim of the learner's side and is read as one: nothing in it can score itself.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from modelwright.curriculum.models import Lab, Limits
from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from modelwright.arena.material import Material
    from modelwright.curriculum.models import Competition
    from modelwright.grading import Verdict

    Grade = Callable[..., Verdict]

Form = Literal["csv", "program", "notebook"]
LARGEST = 20 << 20  # bytes of an entry
SUMS_TO = 1e-3  # how far 256 probabilities may add up to something else than 1
FEWEST_BITS = 1e-9  # no byte gets less than this probability: one mistake should not cost an infinite number of bits
NAMED = 3  # rows that a sentence names
CONTEXTS = "contexts.json"
MAGIC = re.compile(r"^\s*%(matplotlib|config|load_ext|autoreload)\b.*$")


class EntryError(ModelwrightError):
    """An entry that cannot be scored: one sentence that says why, and what to do. It costs none of the day's entries."""


@dataclass(frozen=True)
class Predictions:
    """values: (n,) or (n, 256), in the order of the material's rows. printed: what the program said. seconds: of processor time."""

    values: NDArray[np.float64]
    printed: str = ""
    seconds: float = 0.0


def form_of(name: str, content: bytes) -> Form:
    """What kind of entry a file is. Raises EntryError for what is none: too large, a pickle, an archive, another suffix."""
    if not content:
        raise EntryError(f"{name} is empty.")
    if len(content) > LARGEST:
        raise EntryError(f"{name} has {len(content) / 2**20:.0f} MB; an entry may have at most {LARGEST >> 20} MB.")
    if content[:1] == b"\x80" or content[:6] == b"\x93NUMPY" or content[:2] in (b"PK", b"\x1f\x8b"):
        raise EntryError(f"{name} is a pickle, an array file or an archive, which is not opened here; hand in a CSV, a .py or an .ipynb.")
    suffix = name.lower().rpartition(".")[2]
    forms: dict[str, Form] = {"csv": "csv", "py": "program", "ipynb": "notebook"}
    if suffix not in forms:
        raise EntryError(f"An entry is a .csv, a .py or an .ipynb file, and {name} is none of these.")
    return forms[suffix]


def _text(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EntryError(f"{name} is not UTF-8 text (byte {error.start}); save it as UTF-8.") from error


# What an entry says


def read_predictions(competition: Competition, material: Material, name: str, content: bytes) -> Predictions:
    """The predictions in a CSV of `id` and the competition's target, in any order of rows and columns. Raises EntryError."""
    if competition.predicts == "bytes":
        raise EntryError("This competition takes programs alone: 256 probabilities for each context would be a CSV of many megabytes.")
    rows = csv.reader(io.StringIO(_text(name, content), newline=""))
    try:
        header = [column.strip() for column in next(rows, [])]
        wanted = ["id", competition.target]
        if sorted(header) != sorted(wanted):
            found = ", ".join(header[:6]) + (", …" if len(header) > 6 else "") if any(header) else "nothing"
            raise EntryError(f"The first line of {name} should be {','.join(wanted)}; it has {found}.")
        at_id, at_value = header.index("id"), header.index(competition.target)
        given: dict[int, float] = {}
        for number, row in enumerate(rows, start=2):
            if not row:
                continue
            if len(row) != 2:
                raise EntryError(f"Line {number} of {name} has {len(row)} columns; it should have 2.")
            id, value = _whole(row[at_id], number, name), _number(row[at_value], number, name)
            if id in given:
                raise EntryError(f"The id {id} comes twice in {name} (again in line {number}); each row is predicted once.")
            given[id] = value
    except csv.Error as error:
        raise EntryError(f"{name} cannot be read as a CSV: {error}.") from error
    expected = material.ids.tolist()
    if missing := [id for id in expected if id not in given]:
        raise EntryError(f"{name} misses {len(missing):,} of the {len(expected):,} ids: {_some(missing)}.")
    if unknown := sorted(set(given) - set(expected)):
        raise EntryError(f"{name} has {len(unknown):,} ids that are not in test.csv: {_some(unknown)}.")
    return Predictions(_in_bounds(competition, np.array([given[id] for id in expected]), expected))


def _whole(text: str, line: int, name: str) -> int:
    try:
        value = float(text) if len(text) < 40 else math.nan
    except ValueError:
        value = math.nan
    if not value.is_integer():
        raise EntryError(f"Line {line} of {name} has the id {text[:40]!r}, which is not a whole number.")
    return int(value)


def _number(text: str, line: int, name: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise EntryError(f"Line {line} of {name} predicts {text[:40]!r}, which is not a number.") from None
    if not math.isfinite(value):
        raise EntryError(f"Line {line} of {name} predicts {text.strip()[:40]}; every prediction must be a finite number.")
    return value


def _some(ids: list[int]) -> str:
    return ", ".join(map(str, ids[:NAMED])) + (" and more" if len(ids) > NAMED else "")


def _in_bounds(competition: Competition, values: NDArray[np.float64], ids: list[int]) -> NDArray[np.float64]:
    if competition.bounds is not None:
        low, high = competition.bounds
        outside = np.flatnonzero((values < low) | (values > high))
        if len(outside):
            first = outside[0]
            raise EntryError(
                f"{len(outside):,} predictions lie outside {low:g} to {high:g}; the first is {values[first]:g}, for id {ids[first]}."
            )
    return values


# A program, run


def run_program(competition: Competition, material: Material, name: str, content: bytes, grade: Grade) -> Predictions:
    """Runs a .py or an .ipynb in the isolated runner, with the training and test files beside it, by `Grader.grade`. Raises EntryError.

    The runner has the competition's budget of processor time and memory, and neither the labels nor any other file of this side.
    """
    form = form_of(name, content)
    source = _cells(name, content) if form == "notebook" else _text(name, content)
    try:
        compile(source, name, "exec")
    except (SyntaxError, ValueError) as error:
        raise EntryError(f"Python cannot read {name}{_place(form, source, getattr(error, 'lineno', 0) or 0)}: {error}.") from error
    added = BYTES if competition.predicts == "bytes" else COLUMN
    with tempfile.TemporaryDirectory(prefix="modelwright-entry-") as folder:
        place = Path(folder)
        (place / "checks.py").write_text(CHECK, encoding="utf-8")
        verdict = grade(_as_lab(competition, place), (source + added).encode(), extra_files=material.files, shrink=False)
        if verdict.status != "passed":
            raise EntryError(_told(competition, name, form, source, verdict))
        printed = "".join(check.output for check in verdict.checks)[-2000:]
        array, text = place / "answer.npy", place / "answer.csv"
        values = np.load(array, allow_pickle=False).astype(float) if array.is_file() else None
        written = text.read_text(encoding="utf-8") if text.is_file() else None
    if competition.predicts == "bytes":
        predicted = _distributions(values, len(material.ids), name)
    elif written is not None:
        predicted = read_predictions(competition, material, f"the submission.csv of {name}", written.encode()).values
    else:
        predicted = _column(competition, material, values, name)
    return Predictions(predicted, printed, verdict.seconds)


def _as_lab(competition: Competition, folder: Path) -> Lab:
    """An entry is run as a lab's file is: the same isolation, the same limits, the same sentences."""
    budget = competition.budget
    return Lab.model_construct(
        id=f"competitions/{competition.id}", title=competition.title, skills=(), needs=("numpy", *competition.needs), hints=("", "", ""),
        limits=Limits(seconds=budget.seconds, memory_mb=budget.memory_mb), folder=folder, difficulty=1, minutes=10,
    )  # fmt: skip


def _told(competition: Competition, name: str, form: Form, source: str, verdict: Verdict) -> str:
    failed = next((check for check in verdict.checks if check.status in ("failed", "error")), None)
    message = (failed.message if failed is not None else "") or verdict.message
    lines = [int(number) for number in re.findall(r"line (\d+)", failed.where if failed is not None else "")]
    inside = lines[-1] if lines and lines[-1] <= source.count("\n") + 1 else 0
    budget = competition.budget
    limits = f" An entry has {budget.seconds:g} seconds of processor time and {budget.memory_mb:,} MB."
    return f"{name} failed{_place(form, source, inside)}: {message[:400]}" + (limits if verdict.status in ("timeout", "killed") else "")


def _place(form: Form, source: str, line: int) -> str:
    if not line:
        return ""
    return f" in {_cell_at(source, line)}" if form == "notebook" else f" in line {line}"


def _column(competition: Competition, material: Material, values: NDArray[np.float64] | None, name: str) -> NDArray[np.float64]:
    n = len(material.ids)
    if values is None:
        raise EntryError(f"{name} neither defines predict(train, test) nor writes submission.csv.")
    if values.shape != (n,):
        raise EntryError(f"predict returned {values.size:,} values for {n:,} rows.")
    if not np.isfinite(values).all():
        first = int(np.flatnonzero(~np.isfinite(values))[0])
        raise EntryError(f"predict returned {values[first]:g} for row {first}; every prediction must be a finite number.")
    return _in_bounds(competition, values, material.ids.tolist())


def _distributions(values: NDArray[np.float64] | None, n: int, name: str) -> NDArray[np.float64]:
    if values is None:
        raise EntryError(f"{name} does not define predict(train, contexts).")
    if values.shape != (n, 256):
        raise EntryError(f"predict should return an array of shape ({n}, 256), and returned {values.shape}.")
    if not np.isfinite(values).all() or (values < 0).any():
        raise EntryError("predict returned probabilities below 0, or that are no numbers.")
    sums = values.sum(1)
    if (np.abs(sums - 1) > SUMS_TO).any():
        worst = int(np.argmax(np.abs(sums - 1)))
        raise EntryError(f"The 256 probabilities of a context must add up to 1; those of context {worst} add up to {sums[worst]:.4g}.")
    floored = np.maximum(values / sums[:, None], FEWEST_BITS)
    return np.asarray(floored / floored.sum(1, keepdims=True))


# A notebook, as one program: its code cells from top to bottom, without a kernel


def _cells(name: str, content: bytes) -> str:
    try:
        notebook = json.loads(_text(name, content))
        cells = notebook["cells"]
        sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise EntryError(f"{name} is not a notebook that can be read; save it again as .ipynb (nbformat 4).") from error
    parts = []
    for number, source in enumerate(sources, start=1):
        lines = ["" if MAGIC.match(line) else line for line in source.splitlines()]
        for line in lines:
            if line.lstrip().startswith(("!", "%")):
                raise EntryError(f"Cell {number} of {name} uses {line.strip()[:40]!r}: an entry's cells are plain Python, without a shell.")
        parts.append(f"# cell {number}\n" + "\n".join(lines))
    if not any(source.strip() for source in sources):
        raise EntryError(f"{name} has no code cells.")
    return "\n".join(parts) + "\n"


def _cell_at(source: str, line: int) -> str:
    lines = source.splitlines()[:line]
    starts = [i for i, text in enumerate(lines) if re.fullmatch(r"# cell \d+", text)]
    if not starts:
        return f"line {line}"
    return f"cell {lines[starts[-1]].split()[-1]}, line {line - starts[-1] - 1}"


# What is added below a program: it runs on the learner's side, and what it returns crosses as plain values.
ENTRY = "modelwright_entry"
COLUMN = f"""

def {ENTRY}():
    import os
    if callable(globals().get("predict")):
        import numpy, pandas
        values = predict(pandas.read_csv("train.csv"), pandas.read_csv("test.csv"))
        return numpy.asarray(values, dtype=object).ravel().astype(float)
    if os.path.exists("submission.csv"):
        with open("submission.csv", encoding="utf-8") as file:
            return file.read({LARGEST})
"""
BYTES = f'''

def {ENTRY}():
    import base64, json, numpy
    with open("train.txt", "rb") as file:
        train = file.read()
    with open("{CONTEXTS}", encoding="ascii") as file:
        contexts = [base64.b64decode(text) for text in json.load(file)]
    if callable(globals().get("predict")):
        return numpy.asarray(predict(train, contexts)).astype("float32")
'''
# The one check of an entry, on the trusted side: it takes what came back, if it is of a plain kind, and judges nothing.
CHECK = f'''
import json
from pathlib import Path

import numpy as np


def test_the_entry_predicts(learner):
    """The program runs to its end."""
    answer = learner.{ENTRY}()
    place = Path(__file__).parent
    if isinstance(answer, np.ndarray) and answer.dtype.kind == "f":
        np.save(place / "answer.npy", answer, allow_pickle=False)
    elif isinstance(answer, str):
        (place / "answer.csv").write_text(answer, encoding="utf-8")
'''
