"""Reads what a learner types as an answer into SymPy, by a whitelist of syntax.

The text is turned into Python's syntax tree, which is walked node by node and never compiled or evaluated; a node that is not on the
list is refused with a sentence. After PrairieLearn's `sympy_utils`, with ordinary notation (2x, x^2, √2, 3/4, [[1, 2], [3, 4]]) allowed.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from modelwright.curriculum.errors import AnswerError

if TYPE_CHECKING:
    import sympy

LONGEST = 400
LARGEST_POWER = 400
LONGEST_NUMBER = 40

FUNCTIONS = {
    "sqrt": "sqrt", "exp": "exp", "log": "log", "ln": "log", "sin": "sin", "cos": "cos", "tan": "tan", "tanh": "tanh", "sinh": "sinh",
    "cosh": "cosh", "asin": "asin", "acos": "acos", "atan": "atan", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "abs": "Abs",
    "max": "Max", "min": "Min", "factorial": "factorial", "binomial": "binomial", "sign": "sign",
}  # fmt: skip
CONSTANTS = {"pi": "pi", "e": "E", "i": "I", "inf": "oo", "infinity": "oo", "oo": "oo"}
_UNICODE = {
    "−": "-", "–": "-", "·": "*", "×": "*", "÷": "/", "π": " pi ", "∞": " oo ", "²": "^2", "³": "^3", "½": "(1/2)", "¼": "(1/4)",
    "’": "'", "\u00a0": " ", "⋅": "*", "∗": "*", "“": '"', "”": '"',
}  # fmt: skip


def parse(text: str, names: set[str] | None = None) -> Any:
    """The SymPy object that `text` means: a number, an expression, a Matrix (from nested brackets) or a tuple of numbers.

    `names` are the symbols that the answer may use (others are refused with a sentence); None allows any single letters or
    Greek names. Raises AnswerError, whose text can be shown to the learner as it is.
    """
    if not text.strip():
        raise AnswerError("The answer is empty.")
    if len(text) > LONGEST:
        raise AnswerError(f"The answer is {len(text)} characters long; at most {LONGEST} are read.")
    source = _python_syntax(text)
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise AnswerError(f"{text.strip()!r} cannot be read as mathematics: check the brackets and the signs.") from None
    try:
        return _walk(tree, names)
    except RecursionError:
        raise AnswerError("The answer is nested too deeply to be read.") from None


def _python_syntax(text: str) -> str:
    for sign, plain in _UNICODE.items():
        text = text.replace(sign, plain)
    text = re.sub(r"√\s*(\d+(?:\.\d+)?|[a-zA-Z])", r"sqrt(\1)", text).replace("√", "sqrt")
    text = text.strip().rstrip(".").replace("^", "**").replace("{", "[").replace("}", "]")
    text = re.sub(r"(\d(?:[\d.]*)?)\s*%", r"(\1/100)", text)
    # "x = 3" answers the question as well as "3" does.
    text = re.sub(r"^\s*[A-Za-z]\w*\s*=\s*(?!=)", "", text)
    text = re.sub(r"\|([^|]+)\|", r"abs(\1)", text)
    # Implicit products: 2x, 2(x+1), (a)(b), )x. A name before a bracket is a function or it is refused later.
    text = re.sub(r"(\d)\s*(?=[A-DF-Za-df-z(\[])", r"\1*", text)
    text = re.sub(r"(\d)\s*(?=[eE](?![+-]?\d))", r"\1*", text)
    text = re.sub(r"\)\s*(?=[\w(])", ")*", text)
    text = re.sub(r"\b((?!(?:" + "|".join(FUNCTIONS) + r")\b)[A-Za-z])\s*\(", r"\1*(", text)
    return re.sub(r"\b([A-Za-z]\w*)\s+(?=[A-Za-z(])", lambda m: m[1] + ("" if m[1] in FUNCTIONS else "*"), text)


def _walk(node: ast.AST, names: set[str] | None) -> Any:
    import sympy

    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        written = repr(node.value)
        if len(written) > LONGEST_NUMBER or written in ("inf", "1e309"):
            raise AnswerError("One of the numbers is too long to be read.")
        return sympy.Integer(node.value) if isinstance(node.value, int) else sympy.Rational(written)
    if isinstance(node, ast.Name):
        return _name(node.id, names)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        value = _walk(node.operand, names)
        return -value if isinstance(node.op, ast.USub) and not isinstance(value, tuple) else value
    if isinstance(node, ast.BinOp):
        return _operation(node, names)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and not node.keywords:
        if node.func.id not in FUNCTIONS:
            raise AnswerError(f"The function {node.func.id} is not known here; these are: {', '.join(sorted(FUNCTIONS))}.")
        values = [_scalar(_walk(argument, names)) for argument in node.args]
        if node.func.id in ("factorial", "binomial") and any(not v.is_number or abs(v) > 1000 for v in values):
            raise AnswerError(f"{node.func.id} takes numbers up to 1000 here.")
        try:
            return getattr(sympy, FUNCTIONS[node.func.id])(*values)
        except TypeError:
            raise AnswerError(f"{node.func.id} does not take {len(values)} arguments.") from None
    if isinstance(node, ast.Tuple | ast.List):
        return _row_or_matrix([_walk(element, names) for element in node.elts])
    raise AnswerError(f"{ast.unparse(node)!r} is not something an answer may contain: write numbers, letters, + - * / ^ and brackets.")


def _row_or_matrix(values: list[Any]) -> Any:
    import sympy

    if values and all(isinstance(value, tuple) for value in values):
        if len({len(value) for value in values}) != 1:
            raise AnswerError("The rows of the matrix have different lengths.")
        return sympy.ImmutableMatrix([list(row) for row in values])
    return tuple(_scalar(value) for value in values)


def _scalar(value: Any) -> sympy.Expr:
    import sympy

    if not isinstance(value, sympy.Expr):
        raise AnswerError("A list stands where a number should.")
    return value


def _name(name: str, names: set[str] | None) -> Any:
    import sympy

    if names is not None and name in names:
        return sympy.Symbol(name)
    if name.lower() in CONSTANTS and (name in CONSTANTS or len(name) > 1):
        return getattr(sympy, CONSTANTS[name.lower()])
    if name in FUNCTIONS:
        raise AnswerError(f"{name} needs brackets: {name}(…).")
    if names is None and re.fullmatch(r"[A-Za-z]\w{0,8}", name):
        return sympy.Symbol(name)
    known = f"This answer uses only {', '.join(sorted(names))}." if names else "This answer is a number."
    raise AnswerError(f"The letter {name} means nothing here. {known}")


def _operation(node: ast.BinOp, names: set[str] | None) -> Any:
    import sympy

    left, right = _walk(node.left, names), _walk(node.right, names)
    matrices = isinstance(left, sympy.MatrixBase) or isinstance(right, sympy.MatrixBase)
    if isinstance(left, tuple) or isinstance(right, tuple):
        raise AnswerError("A list of numbers cannot be added to or multiplied here; write the result.")
    try:
        match node.op:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                if matrices and isinstance(right, sympy.MatrixBase):
                    raise AnswerError("One does not divide by a matrix; write the result.")
                if right == 0:
                    raise AnswerError("The answer divides by zero.")
                return left / right
            case ast.Pow():
                if matrices:
                    raise AnswerError("Write the matrix itself, not a power of it.")
                if (right.is_number and abs(right) > LARGEST_POWER) or (left.is_number and not right.is_number and abs(left) > 10**6):
                    raise AnswerError(f"Powers are read up to {LARGEST_POWER}.")
                if right.is_number and left.is_number and abs(sympy.log(abs(left) + 1).evalf() * right) > 3000:
                    raise AnswerError("That number is too large to be read.")
                return left**right
    except (TypeError, ValueError, sympy.matrices.exceptions.ShapeError):
        raise AnswerError("The two sides of an operation do not fit together.") from None
    raise AnswerError("Only + - * / and ^ join the parts of an answer.")
