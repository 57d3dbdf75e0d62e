"""Problems made from a seed, and the judging of what a learner answers.

A generator is one function of a NumPy generator in a module's problems.py; the same seed always gives the same exercise. An answer
is compared symbolically where that settles it and numerically otherwise, so that 1/2, 0.5 and sin(pi/6) are one answer.
"""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from modelwright.curriculum.errors import AnswerError, CurriculumError, Finding
from modelwright.curriculum.formula import parse
from modelwright.curriculum.models import Problem

SIGNIFICANT_DIGITS = 3


@dataclass(frozen=True)
class Exercise:
    """One problem with its numbers drawn. `answer` is a SymPy object, a tuple of them, or one of `choices`."""

    problem: str
    seed: int
    question: str
    answer: Any
    steps: tuple[str, ...]
    misconceptions: Mapping[Any, str]
    choices: tuple[str, ...] = ()

    @property
    def symbols(self) -> set[str]:
        """The letters that an answer may use: those of the key and of the misconceptions, and no others."""
        return {s.name for value in (self.answer, *self.misconceptions) for s in getattr(value, "free_symbols", ())}


@dataclass(frozen=True)
class Judgement:
    """`right` is None where the text could not be read as an answer at all; then nothing is held against the learner."""

    right: bool | None
    message: str
    misconception: str | None = None
    read_as: str = ""


def generate(problem: Problem, seed: int) -> Exercise:
    """The exercise that `seed` gives. Raises CurriculumError where the generator fails or returns the wrong shape."""
    import numpy as np

    raw = _function(problem, problem.function)(np.random.default_rng(seed))
    missing = {"question", "answer", "steps", "misconceptions"} - set(raw)
    if missing:
        raise CurriculumError(Finding(problem.path, 0, f"{problem.function} returned no {', '.join(sorted(missing))}.", "Add it."))
    answer = canonical(raw["answer"])
    wrong = {canonical(key): text for key, text in raw["misconceptions"].items()}
    return Exercise(problem.id, seed, raw["question"], answer, tuple(raw["steps"]), wrong, tuple(raw.get("choices", ())))


def prove(problem: Problem, seed: int) -> tuple[Any, Any, float]:
    """(claimed, measured, tolerance) of the numeric proof of the key that `seed` gives."""
    import numpy as np

    raw = _function(problem, problem.function)(np.random.default_rng(seed))
    return _function(problem, "prove_" + problem.function)(raw, np.random.default_rng([seed, 1]))


def judge(exercise: Exercise, text: str) -> Judgement:
    """Whether `text` answers the exercise, and if it shows a known misconception, which."""
    if isinstance(exercise.answer, str):
        return _judge_choice(exercise, text)
    try:
        given = parse(text, exercise.symbols)
    except AnswerError as error:
        return Judgement(None, str(error))
    given = _shaped_like(given, exercise.answer)
    read_as = show(given)
    if same(given, exercise.answer, text):
        return Judgement(True, "Right.", read_as=read_as)
    for wrong, why in exercise.misconceptions.items():
        if not isinstance(wrong, str) and same(_shaped_like(given, wrong), wrong, text):
            return Judgement(False, why, misconception=why, read_as=read_as)
    return Judgement(False, _near_miss(given, exercise.answer), read_as=read_as)


def show(value: Any) -> str:
    """A value as LaTeX, for the page to set."""
    import sympy

    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return "\\left(" + ",\\ ".join(sympy.latex(v) for v in value) + "\\right)"
    return sympy.latex(value)


def same(given: Any, key: Any, text: str = "") -> bool:
    """Whether two values are equal: entry by entry, exactly or at points; a decimal counts to the digits it gives (three or more)."""
    import sympy

    if isinstance(key, tuple) or isinstance(given, tuple):
        together = isinstance(given, tuple) and isinstance(key, tuple) and len(given) == len(key)
        return together and all(same(g, k, text) for g, k in zip(given, key, strict=True))
    if isinstance(key, sympy.MatrixBase) or isinstance(given, sympy.MatrixBase):
        matrices = isinstance(given, sympy.MatrixBase) and isinstance(key, sympy.MatrixBase) and given.shape == key.shape
        return matrices and all(same(g, k, text) for g, k in zip(given, key, strict=True))
    if not isinstance(given, sympy.Expr) or not isinstance(key, sympy.Expr):
        return False
    if given == key:
        return True
    if key in (sympy.oo, -sympy.oo, sympy.zoo, sympy.nan) or given in (sympy.oo, -sympy.oo, sympy.zoo, sympy.nan):
        return False
    difference = given - key
    if difference == 0:
        return True
    if given.free_symbols | key.free_symbols:
        return _same_at_points(difference, given, key)
    gap, size = abs(complex(difference.evalf(20))), abs(complex(key.evalf(20)))
    if gap <= 1e-12 * max(1.0, size):
        return True
    return "." in text and not key.is_integer and gap <= 0.5000001 * 10.0 ** (-_decimals(text)) and _digits(text) >= SIGNIFICANT_DIGITS


def _same_at_points(difference: Any, given: Any, key: Any) -> bool:
    import sympy

    symbols = sorted(given.free_symbols | key.free_symbols, key=lambda s: s.name)
    agreed = 0
    # Fixed irrational points, positive and away from 0 and 1: two formulas of a learner's length that agree at nine of them are one.
    for k in range(1, 16):
        point = {s: sympy.Float(0.31 + 0.177 * k + 0.613 * i + (k * i % 3) * 0.21, 30) for i, s in enumerate(symbols)}
        gap, size = complex(difference.evalf(25, subs=point)), complex(key.evalf(25, subs=point))
        if gap != gap or size != size:  # not a number at this point
            continue
        if abs(gap) > 1e-12 * max(1.0, abs(size)):
            return False
        agreed += 1
    return agreed >= 9


def _decimals(text: str) -> int:
    import re

    found = re.findall(r"\d*\.(\d+)", text)
    return min((len(part) for part in found), default=0)


def _digits(text: str) -> int:
    import re

    found = re.findall(r"\d*\.\d+", text)
    return min((len(part.replace(".", "").lstrip("0")) for part in found), default=0)


def _near_miss(given: Any, key: Any) -> str:
    import sympy

    if isinstance(key, tuple) and not isinstance(given, tuple):
        return f"The answer has {len(key)} parts; yours is one."
    if isinstance(key, tuple) and isinstance(given, tuple) and len(given) != len(key):
        return f"The answer has {len(key)} parts; yours has {len(given)}."
    if isinstance(key, sympy.MatrixBase) and not isinstance(given, sympy.MatrixBase):
        return f"The answer is a {key.rows} by {key.cols} matrix; write it as [[1, 2], [3, 4]]."
    if isinstance(key, sympy.MatrixBase) and given.shape != key.shape:
        return f"The answer is a {key.rows} by {key.cols} matrix; yours is {given.rows} by {given.cols}."
    if isinstance(given, sympy.Expr) and isinstance(key, sympy.Expr) and key.is_number and same(-given, key):
        return "Not quite: look at the sign."
    return "That is not it. Try again, or look at the worked solution."


def _judge_choice(exercise: Exercise, text: str) -> Judgement:
    answer = " ".join(text.split()).strip().lower().rstrip(".")
    if not answer:
        return Judgement(None, "The answer is empty.")
    if answer == " ".join(exercise.answer.split()).lower().rstrip("."):
        return Judgement(True, "Right.", read_as=text)
    for wrong, why in exercise.misconceptions.items():
        if isinstance(wrong, str) and answer == " ".join(wrong.split()).lower().rstrip("."):
            return Judgement(False, why, misconception=why, read_as=text)
    return Judgement(False, "That is not it. Try again, or look at the worked solution.", read_as=text)


def _shaped_like(given: Any, key: Any) -> Any:
    """A row of numbers answers a question for a column as well; a one-row matrix answers one for a list."""
    import sympy

    if isinstance(key, sympy.MatrixBase) and isinstance(given, tuple) and len(given) == key.rows * key.cols and 1 in key.shape:
        return sympy.ImmutableMatrix(key.rows, key.cols, list(given))
    if isinstance(key, tuple) and isinstance(given, sympy.MatrixBase) and 1 in given.shape:
        return tuple(given)
    if isinstance(key, tuple) and len(key) == 1 and isinstance(given, sympy.Expr):
        return (given,)
    if isinstance(given, tuple) and len(given) == 1 and isinstance(key, sympy.Expr):
        return given[0]
    return given


def canonical(value: Any) -> Any:
    """A value as SymPy's, so that it can be compared and be a key; a word stays as it is."""
    import sympy

    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple):
        return tuple(canonical(v) for v in value)
    if isinstance(value, sympy.MatrixBase):
        return sympy.ImmutableMatrix(value)
    return sympy.sympify(value)


def _function(problem: Problem, name: str) -> Callable[..., Any]:
    module = _import(problem.path, problem.path.stat().st_mtime_ns)
    function = getattr(module, name, None)
    if function is None:
        raise CurriculumError(
            Finding(problem.path, 0, f"There is no function {name}.", f"Write def {name}(…) for the problem {problem.id}.")
        )
    return function


@lru_cache(maxsize=64)
def _import(path: Path, mtime: int) -> ModuleType:
    """The author's problems.py as a module, read again when it changes. An author's code is trusted: see docs/authors.md."""
    name = f"modelwright_problems_{abs(hash((str(path), mtime)))}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise CurriculumError(Finding(path, 0, "This file cannot be imported.", "It should be a Python file."))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise CurriculumError(
            Finding(path, getattr(error, "lineno", 0) or 0, f"This file cannot be imported: {error}.", "Mend it.")
        ) from error
    return module
