"""Problems made from a seed, and the judging of what a learner answers.

A generator is one function of a NumPy generator in a module's problems.py; the same seed always gives the same exercise. An answer
is compared symbolically where that settles it and numerically otherwise, so that 1/2, 0.5 and sin(pi/6) are one answer.
"""

from __future__ import annotations

import contextlib
import math
import random
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from modelwright.curriculum.author_code import author_code
from modelwright.curriculum.errors import AnswerError, CurriculumError, Finding
from modelwright.curriculum.evaluating import DIGITS, DIGITS_OF_GAMMA, evaluate, rounding
from modelwright.curriculum.formula import ROUNDED, Commas, Reading, read
from modelwright.curriculum.models import Problem

if TYPE_CHECKING:
    import sympy

ENOUGH = 60  # digits, where rounding is looked at
FLOAT_DIGITS = 12  # to which a key of floating-point numbers is meant


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
    proof: tuple[Any, Any, float] = _function(problem, "prove_" + problem.function)(raw, np.random.default_rng([seed, 1]))
    return proof


def judge(exercise: Exercise, text: str) -> Judgement:
    """Whether `text` answers the exercise, and if it shows a known misconception, which."""
    if isinstance(exercise.answer, str):
        return _judge_choice(exercise, text)
    try:
        reading = _reading(exercise, text)
    except AnswerError as error:
        return Judgement(None, str(error))
    given = _shaped_like(reading.value, exercise.answer)
    read_as = show(given)
    if _answers(reading, exercise.answer):
        return Judgement(True, "Right.", read_as=read_as)
    if doubt := _second_reading(exercise, text):
        return Judgement(None, doubt)
    for wrong, why in exercise.misconceptions.items():
        if not isinstance(wrong, str) and _answers(reading, wrong):
            return Judgement(False, why, misconception=why, read_as=read_as)
    return Judgement(False, _near_miss(given, exercise.answer, bool(reading.nudged)), read_as=read_as)


_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})+(?!\d)")
_DECIMAL_COMMA = re.compile(r"(?<![\d.,])\d[\d.]*,\d+(?![\d,.])")


def _reading(exercise: Exercise, text: str) -> Reading:
    """The answer, with the commas between its digits taken as the key's form lets them be. Raises AnswerError."""
    key, bare = exercise.answer, not re.search(r"[\[({;]", text)
    try:
        reading = read(text, exercise.symbols)
    except AnswerError:
        if not _THOUSANDS.search(text):
            raise
        return read(text, exercise.symbols, commas="thousands")
    if _THOUSANDS.search(text) and _form(_shaped_like(reading.value, key)) != _form(key):
        with contextlib.suppress(AnswerError):
            other = read(text, exercise.symbols, commas="thousands")
            if _form(_shaped_like(other.value, key)) == _form(key):
                return other
    if _form(key) == () and isinstance(reading.value, tuple) and bare and (comma := _DECIMAL_COMMA.search(text)):
        point = comma[0].replace(".", "").replace(",", ".")
        raise AnswerError(f"A comma stands between the parts of an answer, and this one is one number: write {point}.")
    return reading


def _form(value: Any) -> tuple[int, ...]:
    if isinstance(value, tuple):
        return (len(value),)
    return tuple(getattr(value, "shape", ()))


def _second_reading(exercise: Exercise, text: str) -> str:
    """How to write the answer plainly, where it is right in a way in which some would read it, and not in the way in which it was."""
    if _form(exercise.answer) != ():
        return ""
    ways: list[tuple[re.Match[str] | None, Commas, bool]] = [
        (_THOUSANDS.search(text), "decimal", False),
        (re.search(r"\d[eE][+-]?\d+", text), "list", True),
    ]
    for match, commas, euler in ways:
        if match is None:
            continue
        with contextlib.suppress(AnswerError):
            if _answers(read(text, exercise.symbols, commas, euler), exercise.answer):
                plain = "a point for decimals, and no comma" if commas == "decimal" else "* before e, or 10^ for a power of ten"
                return f"{match[0]} can be read in two ways: write {plain}."
    return ""


def _answers(reading: Reading, key: Any) -> bool:
    return same(_shaped_like(reading.value, key), key, tuple(_shaped_like(value, key) for value in reading.nudged))


def show(value: Any) -> str:
    """A value as LaTeX, for the page to set."""
    import sympy

    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return "\\left(" + ",\\ ".join(sympy.latex(v) for v in value) + "\\right)"
    return str(sympy.latex(value))


def same(given: Any, key: Any, nudged: Sequence[Any] = ()) -> bool:
    """Whether two values are equal: entry by entry, exactly or at points; a decimal counts to the digits it gives (three or more).

    `nudged`: what is given again for each of its decimals, half a unit of that one's last place further (`formula.read`).
    """
    import sympy

    if isinstance(key, tuple | sympy.MatrixBase) or isinstance(given, tuple | sympy.MatrixBase):
        if isinstance(key, tuple) != isinstance(given, tuple) or _form(given) != _form(key):
            return False
        columns: Iterable[tuple[Any, ...]] = zip(*nudged, strict=True) if nudged else ((),) * len(key)
        return all(same(g, k, n) for g, k, n in zip(given, key, columns, strict=True))
    if not isinstance(given, sympy.Expr) or not isinstance(key, sympy.Expr):
        return False
    if given == key:
        return True
    infinities = (sympy.oo, -sympy.oo, sympy.zoo, sympy.nan)
    if given.has(*infinities) or key.has(*infinities):
        return False
    if given.free_symbols | key.free_symbols:
        return _same_at_points(given, key)
    if given.is_Rational and key.is_Rational and not nudged:
        return False
    return _agree(given, key, {}) is True or _rounds_to(given, key, nudged)


def _rounds_to(given: sympy.Expr, key: sympy.Expr, nudged: Sequence[Any]) -> bool:
    """Whether the decimals in what is given are the key's, to at least three digits. A whole number is not met by rounding."""
    try:
        value, target = evaluate(given, digits=ENOUGH)[0], evaluate(key, digits=ENOUGH)[0]
        slack = sum(abs(evaluate(n, digits=ENOUGH)[0] - value) for n in nudged)
    except ArithmeticError:
        return False
    whole = target == int(target.real) if abs(target) < 1e300 else True
    return bool(slack) and not whole and slack <= float(ROUNDED) * abs(value) * (1 + 1e-9) and abs(value - target) <= slack * (1 + 1e-7)


def _agree(given: sympy.Expr, key: sympy.Expr, point: Mapping[str, Any], real: bool = False) -> bool | None:
    """Whether the two have one value at a point; None where one of them has none there (or, with `real`, no real one)."""
    import sympy

    digits = DIGITS_OF_GAMMA if any(f.has(sympy.factorial, sympy.binomial, sympy.gamma) for f in (given, key)) else DIGITS
    try:
        (a, largest), (b, largest_of_key) = evaluate(given, point, digits), evaluate(key, point, digits)
    except ArithmeticError:
        return None
    if real and (a.imag or b.imag):
        return None
    # A key of floating-point numbers is as exact as they are; all else agrees to hundreds of digits, whatever its scale.
    slack = abs(b) * 10.0**-FLOAT_DIGITS if key.has(sympy.Float) else rounding(max(largest, largest_of_key), digits)
    return bool(abs(a - b) <= slack)


POINTS = 12


def _same_at_points(given: sympy.Expr, key: sympy.Expr) -> bool:
    """Two formulas of a learner's length that agree at all of these points are one.

    The points are fixed, positive first; then of both signs, where only those count at which both formulas are real: 2 log(x) is log(x^2)
    to whoever asks, and |x| is not x.
    """
    symbols = {s.name: s for s in sorted(given.free_symbols, key=str)} | {s.name: s for s in sorted(key.free_symbols, key=str)}
    draw = random.Random(20)
    agreed = 0
    for n in range(2 * POINTS):
        signed = n >= POINTS
        point = {}
        for name, symbol in symbols.items():
            size = draw.randint(1, 12) if symbol.is_integer else math.exp(draw.uniform(-3, 1.8))
            point[name] = -size if signed and draw.random() < 0.6 and not symbol.is_nonnegative else size
        agreement = _agree(given, key, point, real=signed)
        if agreement is False:
            return False
        agreed += agreement is True and not signed
    return agreed >= POINTS * 3 // 4


def _near_miss(given: Any, key: Any, rounded: bool) -> str:
    import sympy

    if isinstance(key, tuple) and not isinstance(given, tuple):
        return f"The answer has {len(key)} parts; yours is one."
    if isinstance(key, tuple) and isinstance(given, tuple) and len(given) != len(key):
        return f"The answer has {len(key)} parts; yours has {len(given)}."
    if isinstance(key, sympy.MatrixBase) and not isinstance(given, sympy.MatrixBase):
        return f"The answer is a {key.rows} by {key.cols} matrix; write it as [[1, 2], [3, 4]]."
    if isinstance(key, sympy.MatrixBase) and given.shape != key.shape:
        return f"The answer is a {key.rows} by {key.cols} matrix; yours is {given.rows} by {given.cols}."
    if isinstance(key, sympy.Expr) and isinstance(given, tuple):
        return f"The answer is one number; yours has {len(given)} parts."
    if isinstance(given, sympy.Expr) and isinstance(key, sympy.Expr) and key.is_number and same(-given, key):
        return "Not quite: look at the sign."
    if rounded and isinstance(given, sympy.Expr) and isinstance(key, sympy.Expr) and _near(given, key):
        return "Close: give the exact value, or round it to three digits or more."
    return "That is not it."


def _near(given: sympy.Expr, key: sympy.Expr) -> bool:
    try:
        value, target = evaluate(given, digits=ENOUGH)[0], evaluate(key, digits=ENOUGH)[0]
    except ArithmeticError:
        return False
    return bool(abs(value - target) <= abs(target) / 50)


def _judge_choice(exercise: Exercise, text: str) -> Judgement:
    answer = " ".join(text.split()).strip().lower().rstrip(".")
    if not answer:
        return Judgement(None, "The answer is empty.")
    if answer == " ".join(exercise.answer.split()).lower().rstrip("."):
        return Judgement(True, "Right.", read_as=text)
    for wrong, why in exercise.misconceptions.items():
        if isinstance(wrong, str) and answer == " ".join(wrong.split()).lower().rstrip("."):
            return Judgement(False, why, misconception=why, read_as=text)
    return Judgement(False, "That is not it.", read_as=text)


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
    module = _import(problem.path)
    function: Callable[..., Any] | None = getattr(module, name, None)
    if function is None:
        raise CurriculumError(
            Finding(problem.path, 0, f"There is no function {name}.", f"Write def {name}(…) for the problem {problem.id}.")
        )
    return function


def _import(path: Path) -> ModuleType:
    """The author's problems.py as a module. Raises CurriculumError where it cannot be run."""
    try:
        return author_code(path)
    except Exception as error:
        raise CurriculumError(
            Finding(path, getattr(error, "lineno", 0) or 0, f"This file cannot be imported: {error}.", "Mend it.")
        ) from error
