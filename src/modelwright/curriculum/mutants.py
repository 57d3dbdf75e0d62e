"""One-change mutants of a lab's solution, and the author's list of those that nobody could tell from it.

A mutant is the solution with one place changed as a tired person might: a sign, a boundary, an axis, a guard left out. Whether the lab's
checks catch it is decided by grading it (`modelwright.studio.mutation`); here nothing is run. Changes are cut into the text, so lines,
names and comments stay as they are and a report can point at them. What is printed or said (messages, docstrings, annotations) is left
alone: no clause speaks of it. The operators are the usual ones (DeMillo, Lipton and Sayward, Hints on Test Data Selection, 1978), with
those that numerical code asks for: axis, dtype, copies.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from modelwright.curriculum.errors import Finding
from modelwright.curriculum.models import EquivalentMutant, Lab
from modelwright.curriculum.reading import read_list

DROPPED = "(dropped)"
TINY = 1e-4  # a literal below it is a tolerance: twice as much is the same tolerance, a thousand times is another


class Operator(StrEnum):
    """What kind of change a mutant makes."""

    ARITHMETIC = "arithmetic"
    COMPARISON = "comparison"
    CONSTANT = "constant"
    DEFAULT = "default value"
    AXIS = "axis"
    KEYWORD = "keyword dropped"
    STATEMENT = "statement dropped"
    GUARD = "guard dropped"
    CONDITION = "condition fixed"
    OFF_BY_ONE = "off by one"
    DTYPE = "dtype"
    FUNCTION = "function swapped"
    CALL = "call dropped"
    COPY = "copy dropped"
    LOGIC = "and, or, not"


@dataclass(frozen=True)
class Mutant:
    """A solution with one change. `text` is the line, stripped, that the change begins in; `change` reads `before → after`."""

    operator: Operator
    line: int
    text: str
    change: str
    source: str

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the whole changed file."""
        return hashlib.sha256(self.source.encode()).hexdigest()

    def __str__(self) -> str:
        return f"{self.operator}: {self.change}"


def mutants(source: str) -> list[Mutant]:
    """Every mutant of a module's text, in the order of its lines, each different from the others and from the text. Raises SyntaxError."""
    tree = ast.parse(source)
    text = _Text(source)
    seen = {_shape(tree)}
    result = []
    for edit in sorted(_Changes(text, tree), key=lambda edit: (edit.start, edit.end)):
        changed = text.with_edit(edit)
        try:
            shape = _shape(ast.parse(changed))
        except SyntaxError:
            continue  # a change that has no reading where it stands
        if shape in seen:
            continue
        seen.add(shape)
        line = text.line_at(edit.start)
        change = f"{_one_line(edit.before)} → {_one_line(edit.after)}"
        result.append(Mutant(edit.operator, line, text.lines[line - 1].strip(), change, changed))
    return result


def _shape(tree: ast.Module) -> str:
    """What tells two texts apart: the syntax tree, in which `x = x` does nothing."""
    for node in ast.walk(tree):
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                body[:] = [ast.Pass() if _is_idle(statement) else statement for statement in body]
    return ast.dump(tree)


def _is_idle(node: ast.AST) -> bool:
    if not isinstance(node, ast.Assign) or len(node.targets) != 1:
        return False
    target, value = node.targets[0], node.value
    return isinstance(target, ast.Name) and isinstance(value, ast.Name) and target.id == value.id


@dataclass(frozen=True)
class _Edit:
    """Bytes `start` to `end` of the text become `new`; `before` and `after` are what a person is told."""

    operator: Operator
    start: int
    end: int
    new: str
    before: str
    after: str


class _Text:
    """The source with byte positions, because those are what the syntax tree gives."""

    def __init__(self, source: str) -> None:
        self.data = source.encode()
        self.lines = source.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line.encode()) + 1)

    def span(self, node: ast.AST) -> tuple[int, int]:
        first, last = node.lineno, node.end_lineno  # type: ignore[attr-defined]
        return self.starts[first - 1] + node.col_offset, self.starts[last - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def of(self, node: ast.AST) -> str:
        start, end = self.span(node)
        return self.data[start:end].decode()

    def operand(self, node: ast.AST) -> str:
        """The node's text, in parentheses where it would otherwise fall apart beside an operator."""
        whole = isinstance(node, (ast.Name, ast.Constant, ast.Attribute, ast.Call, ast.Subscript, ast.List, ast.Dict, ast.Set))
        return self.of(node) if whole else f"({self.of(node)})"

    def between(self, left: ast.AST, right: ast.AST, token: str) -> tuple[int, int] | None:
        """Where the operator between two neighbouring operands stands."""
        start, end = self.span(left)[1], self.span(right)[0]
        match = re.search(re.escape(token).replace(r"\ ", r"\s+").encode(), self.data[start:end])
        return (start + match.start(), start + match.end()) if match else None

    def with_edit(self, edit: _Edit) -> str:
        return (self.data[: edit.start] + edit.new.encode() + self.data[edit.end :]).decode()

    def line_at(self, position: int) -> int:
        return next(n for n, start in enumerate(self.starts) if start > position)


def _one_line(text: str) -> str:
    return " ".join(text.split())


ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.FloorDiv: ("//", "/"), ast.Mod: ("%", "*"),
    ast.Pow: ("**", "*"), ast.BitAnd: ("&", "|"), ast.BitOr: ("|", "&"), ast.BitXor: ("^", "|"), ast.LShift: ("<<", ">>"),
    ast.RShift: (">>", "<<"),
}  # fmt: skip
COMPARISON: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Eq: ("==", "!="), ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"), ast.NotIn: ("not in", "in"), ast.Is: ("is", "is not"), ast.IsNot: ("is not", "is"),
}  # fmt: skip
DTYPES = {
    "float64": ("float32",), "float32": ("float64", "float16"), "float16": ("float32",), "bfloat16": ("float32",), "int64": ("int32",),
    "int32": ("int64",), "int16": ("int8",), "int8": ("int16",), "uint8": ("int8",), "uint16": ("uint8",), "uint32": ("int32",),
    "uint64": ("int64",), "complex128": ("complex64",), "complex64": ("complex128",), "double": ("float",), "long": ("int",),
}  # fmt: skip
_PAIRS = (
    "min max", "minimum maximum", "amin amax", "argmin argmax", "nanmin nanmax", "any all", "zeros ones", "zeros_like ones_like",
    "new_zeros new_ones", "sum mean", "var std", "floor ceil", "floor_divide divide", "sin cos", "log log1p", "exp expm1", "triu tril",
    "hstack vstack", "logical_and logical_or", "nlargest nsmallest", "bisect_left bisect_right",
)  # fmt: skip
FUNCTIONS = {name: other for pair in _PAIRS for a, b in [pair.split()] for name, other in ((a, b), (b, a))}
FUNCTIONS |= {"prod": "sum", "popleft": "pop", "appendleft": "append"}
# Calls whose result may do as well without them: a method leaves its receiver, a function its first argument.
COPYING = {"copy", "clone", "deepcopy", "array", "asarray", "ascontiguousarray", "contiguous", "detach", "list", "tuple", "dict", "tolist"}
CASTING = {"astype", "float", "int", "bool", "double", "half", "long", "type", "to", "item", "float64", "float32", "int64", "str"}
DOING = {"abs", "absolute", "sorted", "reversed", "set", "sqrt", "clip", "clamp", "round", "floor", "ceil", "flatten", "ravel", "squeeze",
         "transpose", "flip", "strip", "lower", "sign", "conj", "triu", "tril", "swapaxes", "square", "sort"}  # fmt: skip
BUILTINS = {"list", "tuple", "dict", "float", "int", "bool", "str", "abs", "sorted", "reversed", "set", "round", "deepcopy", "copy"}
MODULES = {"np", "numpy", "torch", "math", "copy", "F", "sp", "scipy", "jnp", "cmath", "random"}
AXES = {"axis", "axes", "dim", "dims"}
RANGES = {"range", "arange"}


class _Changes:
    """Walks a module and yields its edits."""

    def __init__(self, text: _Text, tree: ast.Module) -> None:
        self.text, self.tree = text, tree
        self.defaults: set[ast.AST] = set()
        self.axes: set[ast.AST] = set()
        self.settled: set[ast.AST] = set()  # literals whose change would say nothing
        self.bound: dict[ast.stmt, set[str]] = {}

    def __iter__(self) -> Iterator[_Edit]:
        yield from self._visit(self.tree)

    # Edits

    def _edit(self, node: ast.AST, new: str, operator: Operator, before: str = "", after: str = "") -> _Edit:
        start, end = self.text.span(node)
        return _Edit(operator, start, end, new, before or self.text.of(node), after or new)

    # The walk

    def _visit(self, node: ast.AST) -> Iterator[_Edit]:
        if isinstance(node, (ast.JoinedStr, ast.Raise, ast.Import, ast.ImportFrom)) or _is_main(node) or _is_text(node):
            return
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield from self._parameters(node.args)
            if isinstance(node, ast.Lambda):
                yield from self._visit(node.body)
            else:
                self._bind(node)
                for statement in node.body:
                    yield from self._visit(statement)
            return
        if isinstance(node, ast.ClassDef):
            for statement in node.body:
                if isinstance(statement, ast.Assign) and not any(_named(t, "__slots__") for t in statement.targets):
                    yield self._edit(statement, "pass", Operator.STATEMENT, after=DROPPED)
                if not (isinstance(statement, ast.Assign) and any(_named(t, "__slots__") for t in statement.targets)):
                    yield from self._visit(statement)
            return
        if isinstance(node, ast.stmt):
            yield from self._statement(node)
        elif isinstance(node, ast.expr):
            yield from self._expression(node)
            if _is_number(node):
                return
        elif isinstance(node, ast.comprehension):
            for test in node.ifs:
                yield self._edit(test, "True", Operator.CONDITION)
        if isinstance(node, ast.AnnAssign):
            children: Iterable[ast.AST] = [node.target, *([node.value] if node.value else [])]
        else:
            children = ast.iter_child_nodes(node)
        for child in children:
            yield from self._visit(child)

    def _parameters(self, arguments: ast.arguments) -> Iterator[_Edit]:
        for default in (*arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)):
            self.defaults.update(ast.walk(default))
            yield from self._visit(default)

    def _bind(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """For each assignment of the function, the names that were bound on an earlier line: without it they keep their old value."""
        every = function.args
        names = {a.arg: 0 for a in (*every.posonlyargs, *every.args, *every.kwonlyargs, *filter(None, (every.vararg, every.kwarg)))}
        stored = sorted((n.lineno, n.id) for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
        for line, name in stored:
            names.setdefault(name, line)
        for statement in ast.walk(function):
            if isinstance(statement, (ast.Assign, ast.AnnAssign)):
                self.bound[statement] = {name for name, line in names.items() if line < statement.lineno}

    # Statements

    def _statement(self, node: ast.stmt) -> Iterator[_Edit]:
        def drop(operator: Operator = Operator.STATEMENT) -> _Edit:
            return self._edit(node, "pass", operator, after=DROPPED)

        if isinstance(node, (ast.Expr, ast.Delete, ast.Break, ast.Continue)):
            yield drop()
        elif isinstance(node, ast.Assert):
            yield drop(Operator.GUARD)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [n for target in targets for n in _targets(target)]
            if node in self.bound and all(not isinstance(n, ast.Name) or n.id in self.bound[node] for n in names):
                yield drop()
        elif isinstance(node, ast.AugAssign):
            yield drop()
            target, value = self.text.of(node.target), self.text.of(node.value)
            pair = ARITHMETIC.get(type(node.op))
            if pair:
                yield self._edit(node, f"{target} {pair[1]}= {value}", Operator.ARITHMETIC)
            yield self._edit(node, f"{target} = {value}", Operator.ARITHMETIC)
        elif isinstance(node, ast.If):
            yield from self._if(node)
        elif isinstance(node, ast.While) and not isinstance(node.test, ast.Constant):
            yield self._edit(node.test, "False", Operator.CONDITION, before=f"while {self.text.of(node.test)}", after="while False")

    def _if(self, node: ast.If) -> Iterator[_Edit]:
        before, refuses = f"if {self.text.of(node.test)}", isinstance(node.body[-1], ast.Raise)
        leaves = isinstance(node.body[-1], (ast.Raise, ast.Return, ast.Continue, ast.Break))
        yield self._edit(node.test, "False", Operator.GUARD if leaves else Operator.CONDITION, before=before, after="if False")
        if not refuses:
            yield self._edit(node.test, "True", Operator.CONDITION, before=before, after="if True")

    # Expressions

    def _expression(self, node: ast.expr) -> Iterator[_Edit]:
        if isinstance(node, ast.BinOp):
            yield from self._binary(node)
        elif isinstance(node, ast.UnaryOp):
            yield from self._unary(node)
        elif isinstance(node, ast.BoolOp):
            yield from self._logic(node)
        elif isinstance(node, ast.Compare):
            yield from self._compare(node)
        elif isinstance(node, ast.IfExp):
            yield self._edit(node, f"({self.text.of(node.body)})", Operator.CONDITION)
            yield self._edit(node, f"({self.text.of(node.orelse)})", Operator.CONDITION)
        elif isinstance(node, ast.Call):
            yield from self._call(node)
        elif isinstance(node, ast.Attribute):
            yield from self._attribute(node)
        elif isinstance(node, ast.Subscript):
            yield from self._subscript(node)
        if isinstance(node, ast.Slice):
            yield from self._slice(node)
        if (value := _number(node)) is not None and node not in self.settled:
            yield from self._literal(node, value)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            for other in DTYPES.get(node.value, ()):
                yield self._edit(node, repr(other), Operator.DTYPE)

    def _literal(self, node: ast.expr, value: float) -> Iterator[_Edit]:
        operator = Operator.AXIS if node in self.axes else Operator.DEFAULT if node in self.defaults else Operator.CONSTANT
        if isinstance(value, bool):
            others: tuple[float, ...] = (not value,)
        elif isinstance(value, int):
            others = (value + 1, value - 1)
        elif value == 0:
            others = (1.0,)
        else:
            others = (0.0, float(f"{value * (1000 if abs(value) < TINY else 2):.12g}"))
        for other in others:
            yield self._edit(node, f"({other!r})" if other < 0 else repr(other), operator, after=repr(other))

    def _binary(self, node: ast.BinOp) -> Iterator[_Edit]:
        left, right = self.text.operand(node.left), self.text.operand(node.right)
        if isinstance(node.op, ast.MatMult):
            yield self._edit(node, f"({right} @ {left})", Operator.ARITHMETIC, after=f"{right} @ {left}")
            return
        token, other = ARITHMETIC[type(node.op)]
        where = self.text.between(node.left, node.right, token)
        if isinstance(node.left, (ast.JoinedStr, ast.List)) or where is None or _is_text_constant(node.left):
            return  # a list or a text has no other arithmetic
        start, end = self.text.span(node)
        new = self.text.data[start : where[0]].decode() + other + self.text.data[where[1] : end].decode()
        yield self._edit(node, f"({new})", Operator.ARITHMETIC, after=new)

    def _unary(self, node: ast.UnaryOp) -> Iterator[_Edit]:
        if _is_number(node) or isinstance(node.op, ast.UAdd):
            return
        operator = Operator.LOGIC if isinstance(node.op, ast.Not) else Operator.ARITHMETIC
        yield self._edit(node, f"({self.text.of(node.operand)})", operator, after=self.text.of(node.operand))

    def _logic(self, node: ast.BoolOp) -> Iterator[_Edit]:
        word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        parts = [self.text.operand(value) for value in node.values]
        plain = [self.text.of(value) for value in node.values]

        def join(word: str, texts: Iterable[str]) -> str:
            return f" {word} ".join(texts)

        yield self._edit(node, f"({join(other, parts)})", Operator.LOGIC, join(word, plain), join(other, plain))
        for i in range(len(parts)):
            rest = parts[:i] + parts[i + 1 :]
            yield self._edit(node, f"({join(word, rest)})", Operator.LOGIC, f"{word} {plain[i]}", DROPPED)

    def _compare(self, node: ast.Compare) -> Iterator[_Edit]:
        operands = [node.left, *node.comparators]
        start, end = self.text.span(node)
        for left, op, right in zip(operands, node.ops, operands[1:], strict=False):
            token, other = COMPARISON[type(op)]
            where = self.text.between(left, right, token)
            if where is None:
                continue
            new = self.text.data[start : where[0]].decode() + other + self.text.data[where[1] : end].decode()
            before, after = (f"{self.text.of(left)} {word} {self.text.of(right)}" for word in (token, other))
            yield self._edit(node, new, Operator.COMPARISON, before, after)
            if isinstance(op, (ast.In, ast.NotIn)) and _is_text_constant(right):
                letters = ast.literal_eval(right)
                for i in range(len(letters)):
                    yield self._edit(right, repr(letters[:i] + letters[i + 1 :]), Operator.CONSTANT)

    def _call(self, node: ast.Call) -> Iterator[_Edit]:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id if isinstance(node.func, ast.Name) else ""
        for keyword in node.keywords:
            if keyword.arg in AXES:
                self.axes.update(ast.walk(keyword.value))
            if keyword.arg == "keepdims" or _is_false_copy(keyword):
                self.settled.add(keyword.value)
            if keyword.arg is not None and not _is_false_copy(keyword):
                every: list[ast.expr | ast.keyword] = [*node.args, *node.keywords]
                rest = [self._argument(a) for a in every if a is not keyword]
                new = f"{self.text.of(node.func)}({', '.join(rest)})"
                yield self._edit(node, new, Operator.KEYWORD, self._argument(keyword), DROPPED)
        if name in FUNCTIONS and (isinstance(node.func, ast.Attribute) or name in ("min", "max", "any", "all")):
            end = self.text.span(node.func)[1]
            other = FUNCTIONS[name]
            yield _Edit(Operator.FUNCTION, end - len(name.encode()), end, other, f"{self.text.of(node.func)}(…)", f"{other}(…)")
        yield from self._call_dropped(node, name)
        if name in RANGES:
            for bound in node.args[:2]:
                yield from self._around(bound)

    def _call_dropped(self, node: ast.Call, name: str) -> Iterator[_Edit]:
        operator = Operator.COPY if name in COPYING else Operator.DTYPE if name in CASTING else Operator.CALL if name in DOING else None
        function = node.func
        if operator is None:
            return
        if isinstance(function, ast.Attribute) and not (isinstance(function.value, ast.Name) and function.value.id in MODULES):
            kept: ast.expr | None = function.value
        elif node.args and (isinstance(function, ast.Attribute) or name in BUILTINS):
            kept = None if isinstance(node.args[0], (ast.Starred, ast.GeneratorExp)) else node.args[0]
        else:
            kept = None
        if kept is not None:
            yield self._edit(node, self.text.operand(kept), operator, after=self.text.of(kept))
        if name == "array" and isinstance(function, ast.Attribute) and node.args and not isinstance(node.args[0], (ast.List, ast.Tuple)):
            end = self.text.span(function)[1]
            yield _Edit(Operator.COPY, end - len(name), end, "asarray", f"{self.text.of(function)}(…)", "asarray(…)")

    def _argument(self, argument: ast.expr | ast.keyword) -> str:
        if isinstance(argument, ast.keyword):
            return f"{argument.arg}={self.text.of(argument.value)}" if argument.arg else f"**{self.text.of(argument.value)}"
        return self.text.of(argument)

    def _attribute(self, node: ast.Attribute) -> Iterator[_Edit]:
        end = self.text.span(node)[1]
        for other in DTYPES.get(node.attr, ()):
            yield _Edit(Operator.DTYPE, end - len(node.attr), end, other, node.attr, other)
        if node.attr in ("T", "mT") and isinstance(node.ctx, ast.Load):
            yield self._edit(node, self.text.operand(node.value), Operator.CALL, after=self.text.of(node.value))

    def _subscript(self, node: ast.Subscript) -> Iterator[_Edit]:
        index = node.slice
        bare = isinstance(index, ast.Slice) and index.lower is index.upper is index.step is None
        if bare and isinstance(node.ctx, ast.Load):
            yield self._edit(node, self.text.operand(node.value), Operator.COPY)

    def _slice(self, node: ast.Slice) -> Iterator[_Edit]:
        lower, upper, step = node.lower, node.upper, node.step

        def write(low: str, high: str, by: str) -> str:
            return f"{low}:{high}" + (f":{by}" if by else "")

        texts = tuple("" if part is None else self.text.of(part) for part in (lower, upper, step))
        if step is not None:
            self.settled.update(ast.walk(step))
            yield self._edit(node, write(texts[0], texts[1], ""), Operator.OFF_BY_ONE)
        if lower is None and upper is None:
            return
        if lower is not None:
            yield self._edit(node, write("", texts[1], texts[2]), Operator.OFF_BY_ONE)
            yield from self._around(lower)
        elif step is None:
            yield self._edit(node, write("1", texts[1], texts[2]), Operator.OFF_BY_ONE)
        if upper is not None:
            yield self._edit(node, write(texts[0], "", texts[2]), Operator.OFF_BY_ONE)
            yield from self._around(upper)
        elif step is None:
            yield self._edit(node, write(texts[0], "-1", texts[2]), Operator.OFF_BY_ONE)

    def _around(self, bound: ast.expr) -> Iterator[_Edit]:
        """One more and one less than a bound that is not a literal; literals have their own."""
        if not _is_number(bound) and not isinstance(bound, ast.Starred):
            for sign in "+-":
                new = f"{self.text.operand(bound)} {sign} 1"
                yield self._edit(bound, new, Operator.OFF_BY_ONE)


def _number(node: ast.AST) -> float | None:
    """The value of a literal number or truth value, a minus sign included; None for anything else."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
        value = node.operand.value
        return -value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
        return node.value
    return None


def _is_number(node: ast.AST) -> bool:
    return _number(node) is not None


def _is_false_copy(keyword: ast.keyword) -> bool:
    """`copy=False` asks for speed: a copy more changes no value."""
    return keyword.arg == "copy" and isinstance(keyword.value, ast.Constant) and keyword.value.value is False


def _is_text_constant(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_text(node: ast.AST) -> bool:
    """A docstring, or the dots of an empty body."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_main(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and any(isinstance(n, ast.Name) and n.id == "__name__" for n in ast.walk(node.test))


def _named(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _targets(target: ast.expr) -> list[ast.expr]:
    if isinstance(target, (ast.Tuple, ast.List)):
        return [n for element in target.elts for n in _targets(element)]
    return [target.value] if isinstance(target, ast.Starred) else [target]


# The author's list of equivalent mutants


def equivalents(lab: Lab, report: Callable[[Finding], None]) -> list[tuple[EquivalentMutant, int]]:
    """The lab's mutants.yaml, each entry with its line in the file. What is misshapen is reported."""
    return read_list(lab.folder / "mutants.yaml", EquivalentMutant, report)


def named_by(entry: EquivalentMutant, every: Iterable[Mutant]) -> list[Mutant]:
    """The mutants that an entry of the list means: by the words of the line, wherever it stands now, and the change."""
    named = [m for m in every if _one_line(m.text) == _one_line(entry.line) and m.change == _one_line(entry.change)]
    return named[entry.nth - 1 : entry.nth] if entry.nth else named
