"""Checks that nothing can pass, found in the text of a checks.py.

A comparison compares nothing where one side may be empty, where it broadcasts, where an iteration may stop early, or where the expected
value is made from what the learner's code may have changed. Each rule names one of these; an assertion about the shape or the length in
the same check is what settles it. The grader refuses some of them as they happen (docs/grading.md); an author should not lean on that.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

ASSERTIONS = {
    "assert_allclose", "assert_array_equal", "assert_equal", "assert_almost_equal", "assert_array_almost_equal", "assert_array_less",
    "assert_close", "allclose", "approx",
}  # fmt: skip
BROADCASTING = {
    "assert_allclose",
    "assert_array_equal",
    "assert_almost_equal",
    "assert_array_almost_equal",
    "assert_array_less",
    "allclose",
}
ABOUT_THE_SHAPE = {"shape", "ndim", "size", "dtype", "nbytes", "requires_grad", "grad"}


@dataclass(frozen=True)
class Vacuous:
    """One place where a check may compare nothing; `mend` says what to write."""

    line: int
    message: str
    mend: str


def vacuous(source: str) -> list[Vacuous]:
    """What is wrong with the checks of a file, in the order of the lines. Raises SyntaxError."""
    tree = ast.parse(source)
    helpers = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("test_")}
    places: set[Vacuous] = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and (node.name.startswith("test_") or _uses_learner(node)):
            places |= set(Check(node, helpers).places())
    return sorted(places, key=lambda place: (place.line, place.message))


@dataclass
class Check:
    """One test function, or a helper that is handed the learner."""

    function: ast.FunctionDef
    helpers: dict[str, ast.FunctionDef]
    learned: set[str] = field(default_factory=set)  # names that hold what came from the learner's code
    emptiable: set[str] = field(default_factory=set)  # of those, what may hold nothing because nothing came
    numbers: set[str] = field(default_factory=set)  # names that hold a single number

    def __post_init__(self) -> None:
        for _ in range(4):
            for node in ast.walk(self.function):
                match node:
                    case ast.Assign(targets=targets, value=value):
                        for target in targets:
                            self._learn(target, value)
                    case ast.For(target=target, iter=value) | ast.comprehension(target=target, iter=value):
                        self._learn(target, value)
                    case ast.AnnAssign(target=target, value=ast.expr() as value) | ast.NamedExpr(target=target, value=value):
                        self._learn(target, value)

    def _learn(self, target: ast.expr, value: ast.expr) -> None:
        names = {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}
        if isinstance(target, ast.Name) and _is_number(value, self.numbers):
            self.numbers |= names
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id in ("zip", "enumerate"):
            parts = target.elts if isinstance(target, ast.Tuple) else [target]
            given = value.args if value.func.id == "zip" else [ast.Constant(0), *value.args]
            for part, argument in zip(parts, given, strict=False):
                if self.from_learner(argument):
                    self.learned |= {node.id for node in ast.walk(part) if isinstance(node, ast.Name)}
        elif self.from_learner(value):
            self.learned |= names
        if self._may_be_empty(value):
            self.emptiable |= names

    def from_learner(self, node: ast.AST | None) -> bool:
        """Whether an expression is, or is made from, something that the learner's code returned."""
        match node:
            case None:
                return False
            case ast.Name(id=name):
                return name in self.learned
            case ast.Call(func=ast.Attribute(value=ast.Name(id="learner"), attr=name)):
                return name not in ("calls", "has", "unchanged_by", "compare")
            case ast.Call(func=ast.Name(id="len" | "isinstance" | "type")):
                return False
            case ast.Attribute(attr=attr, value=value):
                return attr not in ("shape", "dtype", "ndim", "size") and self.from_learner(value)
        children = (child for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr | ast.keyword | ast.comprehension))
        return any(map(self.from_learner, children))

    def settled(self) -> bool:
        """Whether the check asks for the shape or the length of something that came."""
        for node in ast.walk(self.function):
            if isinstance(node, ast.Call) and _name(node.func) == "isinstance" and any(map(self.from_learner, node.args)):
                return True
            if isinstance(node, ast.Compare):
                for part in ast.walk(node):
                    if isinstance(part, ast.Attribute) and part.attr in ("shape", "size", "ndim") and self.from_learner(part.value):
                        return True
                    if (
                        isinstance(part, ast.Call)
                        and _name(part.func) in ("len", "shape", "size")
                        and any(map(self.from_learner, part.args))
                    ):
                        return True
                    if (
                        isinstance(part, ast.List | ast.Tuple | ast.Set | ast.Dict)
                        and part is not node.left
                        and self.from_learner(node.left)
                    ):
                        return True  # equality with a list says how long it is
            match node:
                case ast.Assign(targets=[ast.Tuple()], value=ast.Attribute(attr="shape", value=value)) if self.from_learner(value):
                    return True
        return False

    def places(self) -> Iterator[Vacuous]:
        settled = self.settled()
        for node in ast.walk(self.function):
            match node:
                case ast.Call(func=ast.Name(id="zip"), args=args, keywords=keywords):
                    if any(map(self.from_learner, args)) and not _is_strict(keywords) and len({_root(a) or a for a in args}) > 1:
                        message = "zip stops at the shorter side: what the learner leaves out is not compared."
                        yield Vacuous(node.lineno, message, "Write zip(…, strict=True).")
                case ast.Call(func=ast.Name(id="all" | "any" | "sum"), args=[ast.Call(func=ast.Name(id="map"), args=given)]):
                    if any(_calls_learner(part) or self.from_learner(part) for part in given):
                        message = "map ends without a word where the learner's code raises StopIteration or returns nothing."
                        yield Vacuous(node.lineno, message, "Make a list of the results, and compare it with a list.")
                case ast.Call(
                    func=ast.Name(id="all"), args=[ast.GeneratorExp(generators=generators) | ast.ListComp(generators=generators)]
                ):
                    if not settled and any(self._may_be_empty(generator.iter) for generator in generators):
                        yield self._empty(node, "all(…)")
                case ast.Call(func=ast.Attribute(attr="all", value=value), args=_) if not settled:
                    if self.from_learner(value if _name(value) not in ("np", "numpy", "torch") else node.args[0] if node.args else None):
                        yield self._empty(node, ".all()")
                case ast.For(iter=iterated, body=body) if not settled:
                    if self._may_be_empty(iterated) and any(_asserts(statement) for statement in body):
                        yield self._empty(node, "The assertions in this loop")
                case ast.Call() if not settled:
                    got, want = self._compared(node)
                    if got is not None and want is not None and not _reduces(got):
                        if not self.from_learner(got) or not _is_number(want, self.numbers):
                            continue
                        message = "An array of any shape, or of none, agrees with a single number."
                        yield Vacuous(node.lineno, message, "Compare with an array of the shape that is expected, or assert the shape.")
        yield from self._expected_afterwards()

    def _may_be_empty(self, iterated: ast.expr) -> bool:
        if isinstance(iterated, ast.Call) and _name(iterated.func) == "zip":
            return not _is_strict(iterated.keywords) and all(map(self._may_be_empty, iterated.args))
        match iterated:
            case ast.Name(id=name):
                return name in self.emptiable
            case ast.Subscript(value=value, slice=ast.Slice()):
                return self._may_be_empty(value)
            case ast.ListComp(generators=generators) | ast.GeneratorExp(generators=generators):
                return any(self._may_be_empty(generator.iter) for generator in generators)
            case ast.Call(func=ast.Name(id="list" | "tuple" | "enumerate" | "sorted" | "reversed"), args=[inner, *_]):
                return self._may_be_empty(inner)
            case ast.Call(func=ast.Name(id="range")) | ast.List() | ast.Tuple():
                return False
        return self.from_learner(iterated)

    def _empty(self, node: ast.stmt | ast.expr, what: str) -> Vacuous:
        return Vacuous(node.lineno, f"{what} holds where nothing came back.", "Assert its shape or its length in the same check.")

    def _compared(self, call: ast.Call) -> tuple[ast.expr | None, ast.expr | None]:
        """What a call compares, where it is an assertion that broadcasts or a helper of the file around one."""
        name = _name(call.func)
        if name in BROADCASTING and len(call.args) > 1:
            return call.args[0], call.args[1]
        helper = self.helpers.get(name)
        if helper is not None:
            names = [argument.arg for argument in helper.args.args]
            if _asserts_shape(helper):
                return None, None
            for node in ast.walk(helper):
                if isinstance(node, ast.Call) and _name(node.func) in BROADCASTING and len(node.args) > 1:
                    places = [names.index(a.id) for a in node.args[:2] if isinstance(a, ast.Name) and a.id in names]
                    if len(places) == 2 and max(places) < len(call.args):
                        return call.args[places[0]], call.args[places[1]]
        return None, None

    # -- expected values that the learner may choose ------------------------------------------------------------------------
    def _expected_afterwards(self) -> Iterator[Vacuous]:
        """An array that was handed to the learner's code, and from which an expected value is made afterwards."""
        handed: dict[str, list[tuple[int, int]]] = {}
        made = dict(self._assigned())
        for call in (node for node in ast.walk(self.function) if isinstance(node, ast.Call)):
            if _is_learner_call(call):
                for argument in (*call.args, *(k.value for k in call.keywords)):
                    if (name := _root(argument)) in made and made[name] < _place(call):
                        handed.setdefault(name, []).append(_end(call))
        if not handed:
            return
        for statement in _statements(self.function):
            if not self._is_comparison(statement):
                continue
            inside = {id(n) for call in _learner_calls(statement) for n in ast.walk(call)}
            names: list[str] = []
            for node in _own_nodes(statement):
                if not isinstance(node, ast.Name) or id(node) in inside or node.id not in handed or node.id in names:
                    continue
                since = max((place for name, place in self._assigned(node.id) if place < _place(node)), default=(0, 0))
                if any(since < end <= _place(node) for end in handed[node.id]) and not _only_asks_the_shape(statement, node):
                    names.append(node.id)
            if names:
                message = (
                    f"The expected value is made of {' and '.join(names)}, which the learner's code was given before and may have changed."
                )
                yield Vacuous(statement.lineno, message, "Compute what is expected before the call, or hand over a copy.")

    def _assigned(self, wanted: str = "") -> Iterator[tuple[str, tuple[int, int]]]:
        """Names that are given something that can be changed in place, and where; all of them, or one."""
        for node in ast.walk(self.function):
            if isinstance(node, ast.Assign) and not _is_number(node.value, self.numbers) and _is_mutable(node.value):
                for target in node.targets:
                    for part in ast.walk(target):
                        if isinstance(part, ast.Name) and part.id not in self.learned and wanted in ("", part.id):
                            yield part.id, _place(node)

    def _is_comparison(self, statement: ast.stmt) -> bool:
        """Whether a statement compares something of the learner's, or computes with the reference what is compared later."""
        if isinstance(statement, ast.Assert):
            return self.from_learner(statement.test)
        if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            name = _name(statement.value.func)
            return (name in ASSERTIONS or name in self.helpers) and any(map(self.from_learner, statement.value.args))
        if isinstance(statement, ast.For):
            return self.from_learner(statement.iter) and any(_of_reference(n) for n in ast.walk(statement.iter) if isinstance(n, ast.Call))
        if isinstance(statement, ast.Assign):
            return any(_of_reference(node) for node in ast.walk(statement.value) if isinstance(node, ast.Call))
        return False


def _place(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)


def _end(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "end_lineno", 0), getattr(node, "end_col_offset", 0)


def _name(function: ast.AST | None) -> str:
    """The last part of what is called."""
    return function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""


def _uses_learner(function: ast.FunctionDef) -> bool:
    return any(argument.arg == "learner" for argument in function.args.args)


def _is_learner_call(call: ast.Call) -> bool:
    match call.func:
        case ast.Attribute(value=ast.Name(id="learner"), attr=name):
            return name not in ("calls", "has", "unchanged_by", "compare")
    return False


def _calls_learner(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "learner" for part in ast.walk(node))


def _learner_calls(node: ast.AST) -> list[ast.Call]:
    return [part for part in ast.walk(node) if isinstance(part, ast.Call) and _is_learner_call(part)]


def _of_reference(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name) and call.func.value.id == "reference"


def _root(node: ast.expr) -> str:
    """The name whose memory an argument shares: `x`, `x.T`, `x[1:]`, `*xs`; empty where it is a copy or something new."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr="T" | "mT" | "data") | ast.Subscript(value=value) | ast.Starred(value=value):
            return _root(value)
    return ""


def _is_number(node: ast.expr, numbers: set[str]) -> bool:
    match node:
        case ast.Constant(value=value):
            return isinstance(value, int | float | complex)
        case ast.UnaryOp(operand=operand):
            return _is_number(operand, numbers)
        case ast.BinOp(left=left, right=right):
            return _is_number(left, numbers) and _is_number(right, numbers)
        case ast.Name(id=name):
            return name in numbers
        case ast.Attribute(value=ast.Name(id="np" | "numpy" | "math"), attr="inf" | "nan" | "pi" | "e"):
            return True
        case ast.Call(func=func, args=args):
            return (
                _name(func) in ("sqrt", "log", "exp", "tanh") and isinstance(func, ast.Name) and all(_is_number(a, numbers) for a in args)
            )
    return False


def _is_strict(keywords: list[ast.keyword]) -> bool:
    return any(k.arg == "strict" and isinstance(k.value, ast.Constant) and k.value.value is True for k in keywords)


def _is_mutable(value: ast.expr) -> bool:
    """Whether what a name is given can be changed in place: an array, a list, a dict; not a number that was drawn."""
    match value:
        case ast.List() | ast.Dict() | ast.ListComp() | ast.Set():
            return True
        case ast.Call(func=func, keywords=keywords):
            drawn = _name(func) in ("draw", "int", "float", "len", "str", "range", "integers", "uniform", "choice", "max", "min", "round")
            return not drawn or any(keyword.arg == "size" for keyword in keywords)
        case ast.BinOp(left=left, right=right):
            return any(isinstance(part, ast.Call) and _is_mutable(part) for side in (left, right) for part in ast.walk(side))
        case ast.Tuple(elts=elements):
            return any(map(_is_mutable, elements))
    return False


def _reduces(node: ast.expr) -> bool:
    """Whether an expression is a single number whatever came: `np.linalg.norm(x)`, `x.sum()`, `float(x)`."""
    if not isinstance(node, ast.Call) or any(keyword.arg in ("axis", "dim") for keyword in node.keywords):
        return False
    name = _name(node.func)
    arguments = len(node.args) - (
        0 if isinstance(node.func, ast.Attribute) and _name(node.func.value) not in ("np", "linalg", "torch") else 1
    )
    return name in ("norm", "sum", "mean", "max", "min", "prod", "item", "float", "int", "trace", "det") and arguments <= 0


def _asserts(statement: ast.stmt) -> bool:
    for node in ast.walk(statement):
        if isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and _name(node.func).startswith("assert_")):
            return True
    return False


def _asserts_shape(helper: ast.FunctionDef) -> bool:
    return any(isinstance(node, ast.Attribute) and node.attr == "shape" for node in ast.walk(helper))


def _statements(function: ast.FunctionDef) -> Iterator[ast.stmt]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assert | ast.Expr | ast.Assign | ast.For):
            yield node


def _own_nodes(statement: ast.stmt) -> Iterator[ast.AST]:
    """The nodes that a statement evaluates itself: not its message, not a loop's body."""
    match statement:
        case ast.Assert(test=test):
            yield from ast.walk(test)
        case ast.For(iter=iterated):
            yield from ast.walk(iterated)
        case ast.Assign(value=value) | ast.Expr(value=value):
            yield from ast.walk(value)


def _only_asks_the_shape(statement: ast.stmt, name: ast.Name) -> bool:
    for node in ast.walk(statement):
        if isinstance(node, ast.Attribute) and node.value is name and node.attr in ABOUT_THE_SHAPE:
            return True
        if (
            isinstance(node, ast.Call)
            and _name(node.func) in ("len", "ones_like", "zeros_like", "empty_like", "full_like")
            and name in node.args
        ):
            return True
    return False
