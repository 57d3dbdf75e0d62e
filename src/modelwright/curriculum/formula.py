"""Reads what a learner types as an answer into SymPy, by a grammar of its own: what is not in it is refused with a sentence.

Ordinary notation is read (2x, x^2, √2, ln 7, 2½, 33.3%, 1.2·10^3, |x|, [[1, 2], [3, 4]], [1 2; 3 4]). What people read in two ways
(1/2x, ln 17/7, sin^-1) is refused with both ways of writing it. Nothing typed is evaluated as code, and every number is kept below
10^400, so that no answer takes long.
"""

from __future__ import annotations

import keyword
import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NoReturn

from modelwright.curriculum.errors import AnswerError
from modelwright.curriculum.evaluating import LARGEST, TooLarge, evaluate

if TYPE_CHECKING:
    import sympy

LONGEST = 400
LARGEST_POWER = 400
LONGEST_NUMBER = 40
LARGEST_BITS = 1330  # of a whole number below LARGEST
DEEPEST = 40
ROUNDED = Fraction(1, 200)  # what rounding may lose, of the value: three significant digits lose at most this
MOST_ARGUMENTS = 12

Commas = Literal["list", "thousands", "decimal"]

FUNCTIONS = {
    "sqrt": "sqrt", "cbrt": "cbrt", "exp": "exp", "log": "log", "ln": "log", "sin": "sin", "cos": "cos", "tan": "tan", "tanh": "tanh",
    "sinh": "sinh", "cosh": "cosh", "asin": "asin", "acos": "acos", "atan": "atan", "arcsin": "asin", "arccos": "acos", "arctan": "atan",
    "abs": "Abs", "max": "Max", "min": "Min", "factorial": "factorial", "binomial": "binomial", "sign": "sign", "log2": "log",
    "log10": "log",
}  # fmt: skip
CONSTANTS = {"pi": "pi", "e": "E", "i": "I", "inf": "oo", "infinity": "oo", "infty": "oo", "oo": "oo"}
MOST_TAKEN = {"log": 2, "max": MOST_ARGUMENTS, "min": MOST_ARGUMENTS, "binomial": 2}

_SIGNS = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "﹣": "-", "·": "*", "×": "*", "⋅": "*", "∗": "*", "•": "*", "∙": "*", "÷": "/",
    "∕": "/", "⁄": "/", "∞": " oo ", "’": "'", "‘": "'", "′": "'", "ᵀ": "^T", "⊤": "^T", "∛": " cbrt", "≈": "=", "≃": "=", "≅": "=",
    "⟨": "(", "⟩": ")", "\t": " ", "µ": "μ",
}  # fmt: skip
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿˣ", "0123456789+-nx", strict=True))
_SENTENCES = {
    "±": "± gives two answers: write each of them, as in (2, -2).",
    "\\": "LaTeX's backslashes are not read here: write 1/2, sqrt(2), pi and * for a product.",
    "$": "Write the number alone, without $ or another sign of money.",
    "€": "Write the number alone, without a sign of money.",
    "£": "Write the number alone, without a sign of money.",
    "°": "Write the number alone, without the sign for degrees.",
    "≤": "Write the value alone, without an inequality.",
    "≥": "Write the value alone, without an inequality.",
    "<": "Write the value alone, without an inequality.",
    ">": "Write the value alone, without an inequality.",
    ":": "The sign : is not read here: write a ratio as a fraction, as in 3/4.",
    "∪": "Sets are not read here: write the numbers one after the other, as in (1, 2).",
}
_TOKEN = r"(?P<name>[A-Za-z\u0370-\u03ff][A-Za-z0-9_\u0370-\u03ff]*)|(?P<op>\*\*|[-+*/^!%‰,;()\[\]{}|√])"
_PLAIN = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)"
_GROUPED = r"[0-9]{1,3}(?:(?P<mark>[ '_])[0-9]{3})(?:(?P=mark)[0-9]{3})*(?![0-9])(?:\.[0-9]*)?"
_EXPONENT = r"(?:[eE][+-]?[0-9]+(?![\w.]))?"
_NUMBERS: dict[str, str] = {
    "list": rf"{_GROUPED}|{_PLAIN}",
    "thousands": rf"[0-9]{{1,3}}(?:,[0-9]{{3}})+(?![0-9])(?:\.[0-9]*)?|{_GROUPED}|{_PLAIN}",
    "decimal": rf"[0-9]+,[0-9]+|{_PLAIN}",
}
_ENTRY = r"[+-]?[0-9]+(?:\.[0-9]+)?(?:/[0-9]+)?"
_SPACED_ROWS = re.compile(rf"\[?\s*{_ENTRY}(?:(?:\s+|\s*;\s*){_ENTRY})+\s*\]?")
_IN_BRACKETS = re.compile(rf"\[(\s*{_ENTRY}(?:(?:\s+|\s*;\s*){_ENTRY})+\s*)\]")


@dataclass(frozen=True)
class Reading:
    """`value` as `parse` gives it. nudged: the value again for each decimal in the text, with half a unit of its last place added."""

    value: Any
    nudged: tuple[Any, ...] = ()


def parse(text: str, names: set[str] | None = None) -> Any:
    """The SymPy object that `text` means: a number, an expression, a Matrix (from nested brackets) or a tuple of numbers.

    `names` are the symbols that the answer may use (others are refused with a sentence); None allows any single letters or
    Greek names. Raises AnswerError, whose text can be shown to the learner as it is.
    """
    return read(text, names, rounded=False).value


def read(text: str, names: set[str] | None = None, commas: Commas = "list", euler: bool = False, rounded: bool = True) -> Reading:
    """The same with what rounding may have lost.

    commas: what one between two digits is, a border of list entries, a mark of thousands, or a decimal point. euler: 2e3 is 2·e·3 and
    not 2000. rounded: whether the value is wanted again for each decimal.
    """
    if not text.strip():
        raise AnswerError("The answer is empty.")
    if len(text) > LONGEST:
        raise AnswerError(f"The answer is {len(text)} characters long; at most {LONGEST} are read.")
    tokens = _tokens(_plain_signs(text, names), commas, euler)
    parser = _Parser(tokens, names)
    value = parser.whole()
    decimals = [n for n, token in enumerate(tokens) if token.kind == "number" and token.half] if rounded else []
    # More than these are no rounded answer but a calculation with rounded numbers.
    if len(decimals) > MOST_ARGUMENTS:
        return Reading(value)
    try:
        return Reading(value, tuple(_Parser(tokens, names, n).whole() for n in decimals))
    except AnswerError:  # at the border of where there is a value
        return Reading(value)


def _plain_signs(text: str, names: set[str] | None) -> str:
    """The same in ASCII and Greek letters: signs, raised figures, fractions of one character, and what stands before the answer."""
    for sign, plain in _SIGNS.items():
        text = text.replace(sign, plain)
    if "π" not in (names or ()):
        text = text.replace("π", " pi ")
    text = re.sub(f"[{''.join(_RAISED)}]+", lambda m: "^(" + "".join(_RAISED[c] for c in m[0]) + ")", text)
    text = re.sub(r"([0-9]*)\s*([¼-¾⅐-⅞])", _with_fraction, text)
    text = "".join(c for c in unicodedata.normalize("NFKC", text).replace("\u2044", "/") if unicodedata.category(c) != "Cf")
    text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in text).strip()
    # "x = 3" answers the question as well as "3" does, and so does "f(x) = 3".
    text = re.sub(r"^(?:[A-Za-z\u0370-\u03ff]\w*\s*(?:\(\s*[A-Za-z]\w*\s*\))?\s*)?={1,2}\s*", "", text)
    if "=" in text:
        raise AnswerError("Write the value alone, without =; several values in the order that the question asks for, as in (1, 2).")
    for sign, sentence in _SENTENCES.items():
        if sign in text:
            raise AnswerError(sentence)
    text = re.sub(r"^(?:(?:np|numpy|sp|sympy|torch)\s*\.\s*)?(?:array|matrix|Matrix|tensor)\s*\((.*)\)$", r"\1", text, flags=re.S)
    if "\n" in text:
        text = re.sub(r"\s*\n\s*", " " if re.search(r"[\[(]", text) else ";", text)
    if re.fullmatch(r"[^.]*[0-9A-Za-z)\]]\.|.*\.[0-9]+\.", text):
        text = text[:-1]
    if names is None or "x" not in names:
        text = re.sub(r"(?<=[0-9])\s*[xX]\s*(?=10\s*(?:\^|\*\*))", "*", text)
    if ";" in text and _SPACED_ROWS.fullmatch(text):
        text = "[" + text.strip("[] ") + "]"
    return _IN_BRACKETS.sub(lambda m: "[" + re.sub(r"\s*;\s*", ";", m[1].strip()).replace(" ", ",") + "]", re.sub(" +", " ", text))


def _with_fraction(match: re.Match[str]) -> str:
    over, under = unicodedata.normalize("NFKC", match[2]).split("\u2044")
    return f"({match[1] or 0}+{over}/{under})"


@dataclass(frozen=True)
class _Token:
    """kind: number, name, op or end. spaced: whether a space stands before it. half: of a decimal, half a unit of its last place."""

    kind: str
    text: str
    spaced: bool
    value: Any = None
    half: Any = None


def _tokens(text: str, commas: Commas, euler: bool) -> list[_Token]:
    mixed = r"(?P<whole>[0-9]+) (?P<over>[0-9]+)/(?P<under>[0-9]+)(?![0-9.])"
    pattern = re.compile(rf"\s*(?:(?P<mixed>{mixed})|(?P<number>(?:{_NUMBERS[commas]}){'' if euler else _EXPONENT})|{_TOKEN})")
    tokens: list[_Token] = []
    at, end = 0, len(text.rstrip())
    while at < end:
        match = pattern.match(text, at)
        if match is None:
            sign = text[at:].strip()[0]
            sign = sign if sign.isprintable() else f"with the number {ord(sign)}"
            raise AnswerError(f"The sign {sign} is not read here: write numbers, letters, + - * / ^ and brackets.")
        spaced = text[at].isspace()
        at = match.end()
        kind = match.lastgroup or ""
        if match["mixed"]:
            tokens.append(_mixed(match, spaced))
        elif match["number"]:
            tokens.append(_number(match["number"], spaced, commas))
        else:
            kind = "name" if match["name"] else "op"
            tokens.append(_Token(kind, match[kind].replace("**", "^"), spaced))
    return [*tokens, _Token("end", "", False)]


def _mixed(match: re.Match[str], spaced: bool) -> _Token:
    import sympy

    whole, over, under = (int(match[name][:LONGEST_NUMBER]) for name in ("whole", "over", "under"))
    if not 0 < over < under:
        raise AnswerError(f"{match['mixed']} can be read in two ways: write * or + between the numbers.")
    return _Token("number", match["mixed"], spaced, whole + sympy.Rational(over, under))


def _number(written: str, spaced: bool, commas: Commas) -> _Token:
    import sympy

    plain = written.replace(",", "." if commas == "decimal" else "")
    for mark in " '_":
        plain = plain.replace(mark, "")
    digits, _, exponent = plain.lower().partition("e")
    if len(digits) > LONGEST_NUMBER or len(exponent) > 5 or abs(int(exponent or 0)) > LARGEST - LONGEST_NUMBER:
        raise AnswerError("One of the numbers is too long to be read.")
    scale = sympy.Integer(10) ** int(exponent or 0)
    whole, _, places = digits.partition(".")
    value = sympy.Rational(int((whole + places) or "0"), 10 ** len(places)) * scale
    half = scale / (2 * sympy.Integer(10) ** len(places))
    # A decimal of one or two digits is taken as exact: 0.5 is a half.
    return _Token("number", written, spaced, value, half if places and half <= value * ROUNDED.numerator / ROUNDED.denominator else None)


class _Parser:
    """One pass over the tokens. nudge: the number of a decimal to which half a unit of its last place is added."""

    def __init__(self, tokens: list[_Token], names: set[str] | None, nudge: int = -1) -> None:
        self.tokens, self.names, self.nudge = tokens, names, nudge
        self.at = self.depth = self.bars = 0

    # Tokens

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def sees(self, *signs: str) -> bool:
        return self.next.kind == "op" and self.next.text in signs

    def take(self, *signs: str) -> bool:
        seen = self.sees(*signs)
        self.at += seen
        return seen

    def fail(self) -> NoReturn:
        if self.next.kind == "end":
            raise AnswerError("The answer breaks off: check that nothing is missing at its end and that every bracket is closed.")
        text = "".join(" " * t.spaced + t.text for t in self.tokens).strip()
        raise AnswerError(f"'{text}' cannot be read as mathematics at '{self.next.text}': check the brackets and the signs.")

    # Lists

    def whole(self) -> Any:
        value = self.entries("")
        if self.next.kind != "end":
            self.fail()
        for scalar in (value,) if _is_scalar(value) else tuple(value):
            _bounded(scalar)
        return value

    def entries(self, closing: str) -> Any:
        """Entries up to `closing`: between commas, in rows between semicolons. One entry in round brackets, or in none, is itself."""
        rows: list[list[Any]] = [[]]
        separated = False
        while not (self.next.kind == "end" if not closing else self.sees(closing)):
            rows[-1].append(self.sum())
            if self.take(",", ";"):
                separated = True
                if self.tokens[self.at - 1].text == ";":
                    rows.append([])
            elif not (self.next.kind == "end" if not closing else self.sees(closing)):
                if self.sees(")", "]") and closing in (")", "]"):
                    raise AnswerError("A bracket of one kind is closed by another: an interval is written by its two ends, as in (0, 1).")
                self.fail()
        self.at += bool(closing)
        if not rows[-1]:
            rows.pop()
        if not rows or not all(rows):
            self.fail()
        if not separated and closing != "]":
            return rows[0][0]
        return _row_or_matrix([tuple(row) for row in rows] if len(rows) > 1 and len(rows[0]) > 1 else [x for row in rows for x in row])

    # Sums, products, powers

    def sum(self) -> Any:
        value = self.product()
        while self.sees("+", "-"):
            sign = self.next.text
            self.at += 1
            value = _operation(sign, value, self.product())
        return value

    def product(self) -> Any:
        value = self.unary()
        divided = False
        while True:
            if self.sees("*", "/"):
                sign = self.next.text
                self.at += 1
                value = _operation(sign, value, self.unary())
                divided = sign == "/"
            elif self.begins_factor():
                before = self.tokens[self.at - 1]
                if self.next.kind == "number" and (before.kind == "number" or before.text in ("%", "‰")):
                    raise AnswerError("Two numbers stand beside each other: put a sign or a comma between them.")
                if divided and not self.next.spaced:
                    raise AnswerError("A product right behind / can be read in two ways: write (1/2)x or 1/(2x), with the brackets.")
                value = _operation("*", value, self.power())
                divided = False
            else:
                return value

    def begins_factor(self) -> bool:
        return self.next.kind in ("number", "name") or self.sees("(", "[", "{", "√") or (self.sees("|") and not self.bars)

    def unary(self) -> Any:
        if self.sees("+", "-"):
            minus = self.take("-")
            self.at += not minus
            self.deeper()
            value = self.unary()
            self.depth -= 1
            return _operation("*", -1, value) if minus else value
        return self.power()

    def power(self) -> Any:
        base = self.postfix()
        if not self.take("^"):
            return base
        if self.next.text == "T" and not _is_scalar(base):
            self.at += 1
            return _transposed(base)
        self.deeper()
        exponent = self.unary()
        self.depth -= 1
        return _operation("^", base, exponent)

    def postfix(self) -> Any:
        value = self.atom()
        while self.sees("!", "%", "‰"):
            sign = self.next.text
            self.at += 1
            if sign == "!":
                if self.sees("!"):
                    raise AnswerError("The sign !! is not read here: write the product.")
                value = _applied("factorial", [_scalar(value)])
            else:
                value = _operation("/", _scalar(value), 100 if sign == "%" else 1000)
        return value

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise AnswerError("The answer is nested too deeply to be read.")

    def atom(self) -> Any:
        token = self.next
        if token.kind == "end":
            self.fail()
        self.at += 1
        self.deeper()
        if token.kind == "number":
            value = token.value + token.half if self.at - 1 == self.nudge else token.value
        elif token.kind == "name":
            value = self.name(token.text)
        elif token.text in ("(", "[", "{"):
            outer, self.bars = self.bars, 0
            value = self.entries({"(": ")", "[": "]", "{": "}"}[token.text])
            self.bars = outer
        elif token.text == "|":
            self.bars += 1
            value = _applied("abs", [_scalar(self.sum())])
            self.bars -= 1
            if not self.take("|"):
                raise AnswerError("A bar | is opened and not closed: write abs(…).")
        elif token.text == "√":
            value = _applied("sqrt", [_scalar(self.bare_argument())])
            if self.sees("^", "!"):
                raise AnswerError("The root needs brackets: √(…).")
        else:
            self.at -= 1
            self.fail()
        self.depth -= 1
        return value

    # Names

    def name(self, name: str) -> Any:
        import sympy

        symbol = self.symbol(name)
        if symbol is not None:
            return symbol
        small = name.lower()
        if small in CONSTANTS and (name in CONSTANTS or len(name) > 1):
            return getattr(sympy, CONSTANTS[small])
        small = re.sub(r"^log_(?=2$|10$)", "log", small)
        if small in FUNCTIONS:
            return self.function(small)
        joined = next((f for f in sorted(FUNCTIONS, key=len, reverse=True) if re.fullmatch(rf"{f}_?(?:[0-9]+|[a-z]|pi)", small)), None)
        if joined:
            raise AnswerError(f"{joined} needs brackets: {joined}({name[len(joined) :].lstrip('_')}).")
        if self.sees("(") and (self.names is not None or len(name) > 1):
            raise AnswerError(f"The function {name} is not known here; these are: {', '.join(sorted(FUNCTIONS))}.")
        if self.names is None and re.fullmatch(r"\w{1,9}", name) and (name == "lambda" or not keyword.iskeyword(name)):
            return sympy.Symbol(name)
        letters = [self.symbol(letter) for letter in name]
        if self.names and all(letter is not None for letter in letters):
            return sympy.Mul(*letters)
        known = (
            f"This answer uses only {', '.join(sorted(self.names))}." if self.names else "This answer is a number, written without a unit."
        )
        raise AnswerError(f"The letter {name} means nothing here. {known}")

    def symbol(self, name: str) -> Any:
        """One of the answer's own symbols, however its Greek letter or its index is written."""
        import sympy

        if self.names is None:
            return None
        if name in self.names:
            return sympy.Symbol(name)
        same = sorted(known for known in self.names if _spelled(known) == _spelled(name))
        return sympy.Symbol(same[0]) if same else None

    def function(self, name: str) -> Any:
        power = None
        if self.take("^"):
            power = self.unary()
            if not (getattr(power, "is_Integer", False) and power > 1):
                raise AnswerError(f"A power right behind {name} can be read in two ways: write it behind the brackets, as in {name}(x)^2.")
        if self.sees("("):
            self.at += 1
            outer, self.bars = self.bars, 0
            values = [] if self.sees(")") else self.entries(")")
            self.bars = outer
            value = _applied(name, [_scalar(v) for v in (values if isinstance(values, tuple | list) else [values])])
        else:
            if not (self.next.kind in ("number", "name") or self.sees("√", "|")):
                raise AnswerError(f"{name} needs brackets: {name}(…).")
            value = _applied(name, [_scalar(self.bare_argument())])
            another = self.next.kind == "name" and self.next.text.lower() in FUNCTIONS and self.symbol(self.next.text) is None
            if not another and (self.sees("*", "/", "^", "!", "%", "‰") or self.begins_factor()):
                raise AnswerError(f"{name} needs brackets here, to show where its argument ends: {name}(…).")
        return value if power is None else _operation("^", value, power)

    def bare_argument(self) -> Any:
        """What a function or a root without brackets takes: one number, letter, or function."""
        if self.sees("-", "+"):
            raise AnswerError("A sign right behind a function needs brackets, as in √(-1).")
        return self.atom()


def _spelled(name: str) -> str:
    """A name by its letters: α is alpha, x_1 is x1."""
    words = [unicodedata.name(c, c).split()[-1].lower().replace("lamda", "lambda") if "\u0370" <= c <= "\u03ff" else c for c in name]
    return "".join(words).replace("_", "")


def _is_scalar(value: Any) -> bool:
    import sympy

    return isinstance(value, int | sympy.Expr) and not isinstance(value, sympy.MatrixBase)


def _scalar(value: Any) -> sympy.Expr:
    if not _is_scalar(value):
        raise AnswerError("A list stands where a number should.")
    scalar: sympy.Expr = value
    return scalar


def _row_or_matrix(values: list[Any]) -> Any:
    import sympy

    if values and all(isinstance(value, tuple) for value in values):
        if len({len(value) for value in values}) != 1:
            raise AnswerError("The rows of the matrix have different lengths.")
        return sympy.ImmutableMatrix([[_scalar(x) for x in row] for row in values])
    return tuple(_scalar(value) for value in values)


def _transposed(value: Any) -> Any:
    import sympy

    return sympy.ImmutableMatrix(list(value)) if isinstance(value, tuple) else value.T


def _applied(name: str, values: list[Any]) -> Any:
    import sympy

    if not 1 <= len(values) <= MOST_TAKEN.get(name, 1) or (name == "binomial" and len(values) != 2):
        raise AnswerError(f"{name} does not take {len(values)} {'argument' if len(values) == 1 else 'arguments'}.")
    if name in ("factorial", "binomial") and any(v.is_number and not _size(v) <= 1000 for v in values):
        raise AnswerError(f"{name} takes numbers up to 1000 here.")
    if name in ("log2", "log10"):
        values = [values[0], sympy.Integer(name[3:])]
    return _computed(lambda: getattr(sympy, FUNCTIONS[name])(*values), name)


def _operation(sign: str, left: Any, right: Any) -> Any:
    import sympy

    matrices = isinstance(left, sympy.MatrixBase) or isinstance(right, sympy.MatrixBase)
    if isinstance(left, tuple) or isinstance(right, tuple):
        raise AnswerError("A list of numbers cannot be added to or multiplied here; write the result.")
    if sign == "+":
        return _computed(lambda: left + right, "+")
    if sign == "-":
        return _computed(lambda: left - right, "-")
    if sign == "*":
        return _computed(lambda: left * right, "*")
    if sign == "/":
        if isinstance(right, sympy.MatrixBase):
            raise AnswerError("One does not divide by a matrix; write the result.")
        if right == 0:
            raise AnswerError("The answer divides by zero.")
        return _computed(lambda: left / right, "/")
    if matrices:
        raise AnswerError("Write the matrix itself, not a power of it.")
    if right.is_number and not right.is_infinite and not _size(right) <= LARGEST_POWER:
        raise AnswerError(f"Powers are read up to {LARGEST_POWER}.")
    if left == 0 and right.is_number and not right.is_positive:
        raise AnswerError(
            "The answer divides by zero." if right.is_negative else "0^0 has no value that everyone agrees on: write the number."
        )
    if left.is_Rational and right.is_number and not right.is_infinite:
        bits = max(abs(left.p), left.q).bit_length() - 1
        if bits * _size(right) > LARGEST_BITS:
            raise AnswerError("That number is too large to be read.")
    return _computed(lambda: left**right, "^")


def _computed(operation: Any, name: str) -> Any:
    """What SymPy makes of it, if that is a value: it raises errors of many kinds for what has none."""
    import sympy

    try:
        value = operation()
    except Exception:
        raise AnswerError(f"What stands at {name} does not fit together, or has no value.") from None
    if isinstance(value, sympy.MatrixBase):
        return sympy.ImmutableMatrix(value)
    if not isinstance(value, sympy.Expr) or value.has(sympy.nan, sympy.zoo, sympy.AccumBounds):
        raise AnswerError(f"What stands at {name} has no single value: look for a division by zero, or for ∞ where there is no limit.")
    if value.is_Rational:
        if max(abs(value.p), value.q).bit_length() > LARGEST_BITS:
            raise AnswerError("That number is too large to be read.")
    elif name not in "+-*/":
        _bounded(value)
    return value


def _size(value: sympy.Expr) -> float:
    """The magnitude of a number; infinite where it is ∞."""
    import sympy

    if value.has(sympy.oo, -sympy.oo):
        return float("inf")
    _bounded(value)
    size, _ = evaluate(abs(value) if value.is_Rational else value, digits=20)
    return float(min(abs(size), 1e300))


def _bounded(value: sympy.Expr) -> None:
    """Refuse a number that nobody can look at, before more is made of it."""
    import sympy

    if not isinstance(value, sympy.Expr) or value.free_symbols or value.is_Rational or value.has(sympy.oo, -sympy.oo):
        return
    try:
        evaluate(value, digits=20)
    except TooLarge:
        raise AnswerError("That number is too large to be read.") from None
    except ArithmeticError:
        raise AnswerError("The answer has no value: look for a division by zero.") from None
