"""What a task forbids, found in a file by its syntax tree: names of libraries, operators, and Python loops over an argument.

The text alone is read; nothing is run. A name is followed to what it stands for (`np.linalg.inv`, `from numpy.linalg import inv as f`,
`getattr(np, "linalg")`, `la = np.linalg`, `a.dot(b)`) and compared with the names that `lab.yaml` lists. What the file defines itself
under the same name is the learner's own, and code that grading never runs (under `if __name__ == "__main__"`, or in a function that
nothing graded reaches) may use what it likes. It finds what people write; it is not a sandbox, and someone who hides a call from it
deceives only themselves.
"""

from __future__ import annotations

import ast
import builtins
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelwright.curriculum.models import Lab

OPERATORS: dict[str, tuple[type[ast.operator], str]] = {
    "@": (ast.MatMult, "matmul"), "+": (ast.Add, "add"), "-": (ast.Sub, "sub"), "*": (ast.Mult, "mul"), "/": (ast.Div, "truediv"),
    "//": (ast.FloorDiv, "floordiv"), "%": (ast.Mod, "mod"), "**": (ast.Pow, "pow"), "<<": (ast.LShift, "lshift"),
    ">>": (ast.RShift, "rshift"), "&": (ast.BitAnd, "and"), "|": (ast.BitOr, "or"), "^": (ast.BitXor, "xor"),
}  # fmt: skip
# One operation under several names: forbidding one of them forbids all.
PRODUCT = ("@", "numpy.matmul", "torch.matmul")
ARRAY_METHODS = """all any argmax argmin argpartition argsort astype choose clip compress conj conjugate copy cumprod cumsum diagonal dot
dump dumps fill flatten item max mean min nonzero partition prod ptp put ravel repeat reshape resize round searchsorted sort squeeze std sum
swapaxes take tobytes tofile tolist trace transpose var view"""
# Calls that loop over their argument in Python without saying `for`.
LOOPING = {
    "numpy": "apply_along_axis nditer ndenumerate ndindex fromiter fromfunction",
    "builtins": "map filter",
    "functools": "reduce",
    "itertools": "starmap accumulate takewhile dropwhile",
}
LOOPS = frozenset(f"{module}.{name}" for module, names in LOOPING.items() for name in names.split())
LOOPS_OVER_A_SHAPE = frozenset({"numpy.ndindex", "numpy.fromfunction"})  # whose argument is a shape, and whose steps are all its places
WRAPPING = frozenset({"numpy.vectorize", "numpy.frompyfunc"})
DATA, SHAPE, SIZE = "data", "shape", "size"
FAR = 40  # steps that a name is followed: no one hides a library behind more by accident
DEEP = 3_000  # frames for reading a file: a sum of a thousand terms is a tree that is a thousand high
NOTHING: frozenset[str] = frozenset()
Place = tuple[int, int]  # line, column
START: Place = (0, 0)


@dataclass(frozen=True)
class Rule:
    """One entry of a lab's `forbid`: qualified names with `*`, or operators; or an argument that no Python loop may run over."""

    names: tuple[str, ...] = ()
    loops_over: str = ""
    instead: str = ""
    allow: tuple[str, ...] = ()


@dataclass(frozen=True)
class Use:
    """One place where a file does what its task forbids. `what` ends the sentence "line 3 …"; `function` is empty at module level."""

    line: int
    function: str
    what: str
    instead: str

    def __str__(self) -> str:
        return f"Line {self.line} {self.what}, which this task does not allow. {self.instead}"


class NotAllowed(AssertionError):
    """The check of what a task forbids has failed; `places` says where."""

    def __init__(self, places: list[Use], source: str) -> None:
        first, *others = places
        also = f" So does line {others[0].line}." if len(others) == 1 else ""
        also = f" So do lines {', '.join(str(use.line) for use in others)}." if len(others) > 1 else also
        super().__init__(f"{first}{also}")
        self.where = f"line {first.line}" + (f", in {first.function}" if first.function else "")
        self.text = source.splitlines()[first.line - 1].strip()[:300]


def rules_of(lab: Lab) -> tuple[Rule, ...]:
    """A lab's `forbid`, as the rules that are looked for."""
    return tuple(Rule(f.name, f.loops_over or "", f.instead, f.allow) for f in lab.forbid)


def require_allowed(source: str, rules: Iterable[Rule], graded: Iterable[str]) -> None:
    """Raises NotAllowed where the file does what its task forbids, or cannot be read for it."""
    try:
        places = uses(source, rules, graded)
    except (RecursionError, MemoryError):
        raise AssertionError("The file is nested too deeply to be read; write it in smaller steps.") from None
    if places:
        raise NotAllowed(places, source)


@dataclass
class Scope:
    """A module, function, class or comprehension, with what each of its names is bound to, in the order of the text."""

    kind: str
    parent: Scope | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)
    outer: set[str] = field(default_factory=set)  # declared global
    stars: list[str] = field(default_factory=list)  # modules whose names were all imported

    def bind(self, name: str, binding: Binding) -> None:
        scope = self.module if name in self.outer else self
        scope.bindings.setdefault(name, []).append(binding)

    @property
    def module(self) -> Scope:
        return self if self.parent is None else self.parent.module


@dataclass(frozen=True, eq=False)
class Binding:
    """`qualified` for an import, `value` for an assignment of an expression; neither for the file's own."""

    certain: bool
    qualified: str = ""
    value: ast.expr | None = None
    definition: ast.AST | None = None


def uses(source: str, rules: Iterable[Rule], graded: Iterable[str] = ()) -> list[Use]:
    """Every use of what the rules forbid, in the order of the lines, one a line.

    `graded` names the functions and classes that the checks call (those of the starter); without it, all of the file's are taken as
    graded. Raises SyntaxError where the text is not Python, RecursionError or MemoryError where it is nested too deeply to be read.
    """
    by_line: dict[int, Use] = {}
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, DEEP))
    try:
        for use in Reader(ast.parse(source), tuple(rules), tuple(graded)).found():
            by_line.setdefault(use.line, use)
    finally:
        sys.setrecursionlimit(before)
    return [by_line[line] for line in sorted(by_line)]


def defined(source: str) -> tuple[str, ...]:
    """The functions and classes that a file defines at its top level."""
    return tuple(n.name for n in ast.parse(source).body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef))


class Reader:
    """The tree of one file with its scopes, and the questions asked of it."""

    def __init__(self, tree: ast.Module, rules: tuple[Rule, ...], graded: tuple[str, ...]) -> None:
        self.tree, self.rules = tree, rules
        self.scope_of: dict[ast.AST, Scope] = {}
        self.function_of: dict[ast.AST, str] = {}
        self.returns: dict[ast.AST, list[ast.expr]] = {}
        self.attributes: dict[str, list[ast.expr]] = {}  # what `anything.name = …` was set to, by name
        self.methods: set[str] = set()  # of the file's own classes
        self.arguments: dict[tuple[ast.AST, str], list[ast.expr]] = {}  # what the file passes to its own functions
        self.owner: dict[ast.arg, ast.AST] = {}  # the function that a parameter is of
        self.resolved: dict[ast.AST, frozenset[str]] = {}
        self.resolving: set[ast.AST] = set()
        self.named: dict[tuple[int, str], frozenset[str]] = {}
        self.main = {id(s) for node in tree.body if isinstance(node, ast.If) and _asks_for_main(node.test) for s in node.body}
        self.module = Scope("module")
        for statement in tree.body:
            self._read(statement, self.module, certain=True, function="")
        for node in [n for n in self.scope_of if isinstance(n, ast.Call)]:
            self._pass_arguments(node)
        definitions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)}
        self.graded = set(graded) & set(definitions) or set(definitions)
        self.idle = self._idle(definitions)

    # -- scopes -----------------------------------------------------------------------------------------------------------
    def _read(self, node: ast.AST, scope: Scope, *, certain: bool, function: str) -> None:
        """Give the node and all below it their scope, and write down what each name is bound to."""
        if id(node) in self.main:
            return
        self.scope_of[node], self.function_of[node] = scope, function

        def inside(child: ast.AST, certain: bool = False) -> None:
            return self._read(child, scope, certain=certain, function=function)

        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                self._read_function(node, scope, certain, function)
                return
            case ast.ClassDef():
                scope.bind(node.name, Binding(certain, definition=node))
                for outside in (*node.decorator_list, *node.bases, *(k.value for k in node.keywords)):
                    inside(outside)
                body = Scope("class", scope)
                for statement in node.body:
                    self._read(statement, body, certain=True, function=function)
                self.methods |= set(body.bindings)
                return
            case ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                body = Scope("comprehension", scope)
                for n, generator in enumerate(node.generators):
                    self.scope_of[generator], self.function_of[generator] = body, function
                    self._read(generator.iter, body if n else scope, certain=False, function=function)
                    self._bind_target(generator.target, None, body, False)
                    for part in (generator.target, *generator.ifs):
                        self._read(part, body, certain=False, function=function)
                for part in (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,):
                    self._read(part, body, certain=False, function=function)
                return
            case ast.Import():
                for alias in node.names:
                    name = alias.asname or alias.name.split(".")[0]
                    scope.bind(name, Binding(certain, qualified=alias.name if alias.asname else name))
            case ast.ImportFrom(level=0, module=str(module)):
                for alias in node.names:
                    if alias.name == "*":
                        scope.module.stars.append(module)
                    else:
                        scope.bind(alias.asname or alias.name, Binding(certain, qualified=f"{module}.{alias.name}"))
            case ast.ImportFrom():
                for alias in node.names:
                    scope.bind(alias.asname or alias.name, Binding(certain))
            case ast.Global():
                scope.outer |= set(node.names)
            case ast.Assign():
                for target in node.targets:
                    self._bind_target(target, node.value, scope, certain)
            case ast.AnnAssign() if node.value is not None:
                self._bind_target(node.target, node.value, scope, certain)
            case ast.NamedExpr():
                self._bind_target(node.target, node.value, scope, False)
            case ast.For() | ast.AsyncFor():
                self._bind_target(node.target, None, scope, False)
            case ast.withitem() if node.optional_vars is not None:
                self._bind_target(node.optional_vars, node.context_expr, scope, False)
            case ast.ExceptHandler(name=str(name)):
                scope.bind(name, Binding(False))
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                scope.bind(name, Binding(False))
        for child in ast.iter_child_nodes(node):
            inside(child)

    def _read_function(self, node: ast.AST, scope: Scope, certain: bool, function: str) -> None:
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        name = "" if isinstance(node, ast.Lambda) else node.name
        if not isinstance(node, ast.Lambda):
            scope.bind(name, Binding(certain, definition=node))
            for decorator in node.decorator_list:
                self._read(decorator, scope, certain=False, function=function)
        body, given = Scope("function", scope), node.args
        for default in (*given.defaults, *(d for d in given.kw_defaults if d is not None)):
            self._read(default, scope, certain=False, function=function)
        positional = [*given.posonlyargs, *given.args]
        default_of = dict(zip([a.arg for a in positional[len(positional) - len(given.defaults) :]], given.defaults, strict=True))
        default_of |= {a.arg: d for a, d in zip(given.kwonlyargs, given.kw_defaults, strict=True) if d is not None}
        for argument in (*positional, *given.kwonlyargs, *(a for a in (given.vararg, given.kwarg) if a)):
            body.bind(argument.arg, Binding(True, value=default_of.get(argument.arg), definition=argument))
            self.scope_of[argument], self.owner[argument] = body, node
        if isinstance(node, ast.Lambda):
            self.returns[node] = [node.body]
            self._read(node.body, body, certain=True, function=function)
            return
        self.returns[node] = [n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None]
        for child in node.body:
            self._read(child, body, certain=True, function=name if not function or scope.kind == "class" else function)

    def _bind_target(self, target: ast.expr, value: ast.expr | None, scope: Scope, certain: bool) -> None:
        match target:
            case ast.Name():
                scope.bind(target.id, Binding(certain, value=value))
            case ast.Attribute():
                self.attributes.setdefault(target.attr, []).extend([value] if value is not None else [])
            case ast.Tuple() | ast.List():
                pairs = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts) else None
                for n, part in enumerate(target.elts):
                    self._bind_target(part, pairs[n] if pairs else None, scope, certain)
            case ast.Starred():
                self._bind_target(target.value, None, scope, certain)

    def _pass_arguments(self, call: ast.Call) -> None:
        """What a call of the file's own function hands over, so that a parameter stands for what it was given."""
        if not isinstance(call.func, ast.Name):
            return
        for binding in self._bindings(call.func.id, self.scope_of[call]):
            function = binding.definition
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                names = [a.arg for a in (*function.args.posonlyargs, *function.args.args)]
                for name, value in zip(names, call.args, strict=False):
                    self.arguments.setdefault((function, name), []).append(value)
                for keyword in call.keywords:
                    if keyword.arg:
                        self.arguments.setdefault((function, keyword.arg), []).append(keyword.value)

    def _bindings(self, name: str, scope: Scope | None) -> list[Binding]:
        """What a name may stand for, seen from a scope; empty for a builtin.

        In a module, what was bound before the last binding that is certain is over by the time its functions run.
        """
        start = scope
        while scope is not None:
            if name in scope.bindings and (scope.kind != "class" or scope is start) and name not in scope.outer:
                found = scope.bindings[name]
                last = max((n for n, binding in enumerate(found) if binding.certain), default=0)
                return found[last:] if scope.kind == "module" else found
            scope = scope.parent
        return []

    def _idle(self, definitions: Mapping[str, ast.AST]) -> set[int]:
        """The top-level functions and classes that grading never reaches, by identity."""
        reached: set[str] = set()
        todo = list(self.graded | {name for name in definitions if name.startswith("__")})
        for statement in self.tree.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                todo += [statement.name] if statement.decorator_list else []
            elif isinstance(statement, ast.If) and _asks_for_main(statement.test):
                todo += [name for other in statement.orelse for name in _mentioned(other)]
            else:
                todo += _mentioned(statement)
        while todo:
            name = todo.pop()
            if name in definitions and name not in reached:
                reached.add(name)
                todo += _mentioned(definitions[name])
        return {id(node) for name, node in definitions.items() if name not in reached}

    # -- what an expression stands for ------------------------------------------------------------------------------------
    def names(self, node: ast.expr) -> frozenset[str]:
        """The qualified names that an expression may stand for; none where that is not known."""
        if node in self.resolved:
            return self.resolved[node]
        if node in self.resolving or len(self.resolving) > FAR:
            return NOTHING
        self.resolving.add(node)
        try:
            found = frozenset(self._names(node))
        finally:
            self.resolving.discard(node)
        self.resolved[node] = found
        return found

    def _names(self, node: ast.expr) -> Iterator[str]:
        match node:
            case ast.Name():
                yield from self._names_of(node.id, self.scope_of.get(node, self.module))
            case ast.Attribute() | ast.Call() | ast.Subscript() if (member := self._member(node)) is not None:
                base, attribute = member
                known = self.names(base)
                yield from (f"{name}.{attribute}" for name in known)
                for value in self.attributes.get(attribute, ()) if not known else ():
                    yield from self.names(value)
            case ast.Call():
                yield from self._names_of_call(node)
            case ast.Subscript():
                yield from self._names_of_item(node)
            case ast.IfExp():
                yield from self.names(node.body) | self.names(node.orelse)
            case ast.BoolOp():
                for value in node.values:
                    yield from self.names(value)
            case ast.NamedExpr():
                yield from self.names(node.value)

    def _names_of(self, name: str, scope: Scope) -> frozenset[str]:
        """What a name stands for in a scope, found once."""
        key = (id(scope), name)
        if key not in self.named:
            self.named[key] = NOTHING  # for whoever asks meanwhile
            self.named[key] = frozenset(self._bound(name, scope))
        return self.named[key]

    def _bound(self, name: str, scope: Scope) -> Iterator[str]:
        bindings = self._bindings(name, scope)
        for binding in bindings:
            if binding.qualified:
                yield binding.qualified
            if binding.value is not None:
                yield from self.names(binding.value)
            if isinstance(binding.definition, ast.arg):
                for value in self.arguments.get((self.owner[binding.definition], name), ()):
                    yield from self.names(value)
        if not bindings:
            if hasattr(builtins, name):
                yield f"builtins.{name}"
            elif name == "__builtins__":
                yield "builtins"
            yield from (f"{module}.{name}" for module in self.module.stars)

    def _member(self, node: ast.expr) -> tuple[ast.expr, str] | None:
        """(object, attribute) of `a.b` and of its other spellings: getattr, __getattribute__, attrgetter, vars(a)["b"]."""
        match node:
            case ast.Attribute():
                return node.value, node.attr
            case ast.Call(func=ast.Name(id="getattr") as func, args=[base, name, *_]) if self.names(func) == {"builtins.getattr"}:
                return (base, text) if (text := _text(name)) is not None else None
            case ast.Call(func=ast.Attribute(value=base, attr="__getattribute__"), args=[name]):
                return (base, text) if (text := _text(name)) is not None else None
            case ast.Subscript(value=ast.Attribute(value=base, attr="__dict__"), slice=name):
                return (base, text) if (text := _text(name)) is not None else None
            case ast.Subscript(value=ast.Call(func=ast.Name(id="vars"), args=[base]), slice=name):
                return (base, text) if (text := _text(name)) is not None else None
            case ast.Call(func=ast.Call(func=getter, args=[name, *_]), args=[base, *_]):
                if self.names(getter) & {"operator.attrgetter", "operator.methodcaller"} and (text := _text(name)) is not None:
                    return base, text
        return None

    def _names_of_call(self, node: ast.Call) -> Iterator[str]:
        called, text = self.names(node.func), _text(node.args[0]) if node.args else None
        if text is not None:
            if called & {"builtins.__import__", "importlib.__import__"}:
                yield text if len(node.args) > 3 or node.keywords else text.split(".")[0]
            if called & {"importlib.import_module", "sys.modules.get", "sys.modules.pop"}:
                yield text
            if called & {"builtins.eval", "builtins.exec", "builtins.compile"}:
                yield from self._evaluated(text, node)
        values: list[ast.expr] = []
        if isinstance(node.func, ast.Lambda):
            values = self.returns.get(node.func, [])
        elif isinstance(node.func, ast.Name):
            for binding in self._bindings(node.func.id, self.scope_of.get(node, self.module)):
                made = binding.definition if binding.definition is not None else binding.value
                values += self.returns.get(made, []) if made is not None else []
        for value in values:
            yield from self.names(value)

    def _evaluated(self, text: str, at: ast.AST) -> Iterator[str]:
        """What code in a text stands for: its names are those of the place, and those that it imports itself."""
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            return
        scope = Scope("function", self.scope_of[at])
        for statement in tree.body:
            self._read(statement, scope, certain=False, function=self.function_of[at])
        for child in ast.walk(tree):
            if isinstance(child, ast.expr):
                yield from self.names(child)

    def _names_of_item(self, node: ast.Subscript) -> Iterator[str]:
        text = _text(node.slice)
        if text is not None and "sys.modules" in self.names(node.value):
            yield text
        if text is not None and "builtins" in self.names(node.value):
            yield f"builtins.{text}"
        if text is not None and isinstance(node.value, ast.Call) and self.names(node.value.func) & {"builtins.globals", "builtins.locals"}:
            yield from self._names_of(text, self.scope_of.get(node, self.module))
        for literal in self._literals(node.value):
            for value in literal:
                yield from self.names(value)

    def _literals(self, node: ast.expr) -> Iterator[list[ast.expr]]:
        """The elements of the list, tuple or dict that an expression may be, where the file writes it out."""
        if isinstance(node, ast.List | ast.Tuple):
            yield node.elts
        elif isinstance(node, ast.Dict):
            yield node.values
        elif isinstance(node, ast.Name):
            for binding in self._bindings(node.id, self.scope_of.get(node, self.module)):
                if binding.value is not None and not isinstance(binding.value, ast.Name):
                    yield from self._literals(binding.value)

    # -- what is forbidden ------------------------------------------------------------------------------------------------
    def found(self) -> Iterator[Use]:
        for rule in self.rules:
            names = set(rule.names)
            if names & set(PRODUCT):
                names |= set(PRODUCT)
            search = Search(self, names, rule)
            for statement in self.tree.body:
                if id(statement) not in self.idle:
                    yield from search.visit(statement)
            if rule.loops_over:
                yield from Loops(self, rule).found()

    def at(self, node: ast.AST, what: str, rule: Rule) -> Use:
        return Use(getattr(node, "lineno", 0), self.function_of.get(node, ""), what, rule.instead)

    def seen_to_be_array(self, node: ast.expr) -> bool:
        """Whether the text shows that this is an array or a tensor: made by a call of the library, or annotated as one."""
        match node:
            case ast.Call():
                return any(name.startswith(("numpy.", "torch.")) for name in self.names(node.func))
            case ast.Attribute(attr="T" | "mT", value=value) | ast.Subscript(value=value):
                return self.seen_to_be_array(value)
            case ast.BinOp():
                return self.seen_to_be_array(node.left) or self.seen_to_be_array(node.right)
            case ast.Name():
                for binding in self._bindings(node.id, self.scope_of.get(node, self.module)):
                    annotation = getattr(binding.definition, "annotation", None)
                    if annotation is not None and self._annotated(annotation) & {"numpy.ndarray", "torch.Tensor"}:
                        return True
                    if isinstance(binding.value, ast.Call) and self.seen_to_be_array(binding.value):
                        return True
        return False

    def _annotated(self, annotation: ast.expr) -> frozenset[str]:
        for child in ast.walk(annotation):
            self.scope_of.setdefault(child, self.module)
        return self.names(annotation)


class Search:
    """Looks for the names and operators of one rule, from the outside of an expression in."""

    def __init__(self, reader: Reader, names: set[str], rule: Rule) -> None:
        self.reader, self.rule = reader, rule
        self.tokens = {token for token in names if token in OPERATORS}
        self.patterns = {f"builtins.{name}" if "." not in name or hasattr(builtins, name.split(".")[0]) else name
                         for name in names - self.tokens}  # fmt: skip
        self.patterns |= {f"operator.{prefix}{OPERATORS[token][1]}{tail}" for token in self.tokens for prefix in ("", "i", "__")
                          for tail in ("", "_", "__")}  # fmt: skip
        self.allowed = {f"builtins.{name}" if "." not in name else name for name in rule.allow}
        self.namespaces = {pattern.removesuffix(".*") for pattern in self.patterns if pattern.endswith(".*")}
        self.namespaces = {name for name in self.namespaces if not _is_class(name)}
        self.patterns |= {f"*.__{prefix}{OPERATORS[token][1]}__" for token in self.tokens for prefix in ("", "r", "i")}
        self.methods = {pattern.rpartition(".")[2] for pattern in self.patterns if _has_method(pattern)}
        self.methods |= {f"__{prefix}{OPERATORS[token][1]}__" for token in self.tokens for prefix in ("", "r", "i")}

    def visit(self, node: ast.AST) -> Iterator[Use]:
        reader = self.reader
        if id(node) in reader.main or id(node) in reader.idle:
            return
        if isinstance(node, ast.BinOp | ast.AugAssign) and (token := self._token(node)) is not None:
            yield reader.at(node, f"uses the operator `{token}`", self.rule)
        if isinstance(node, ast.expr) and not isinstance(getattr(node, "ctx", None), ast.Store | ast.Del):
            named = reader.names(node)
            if named:
                yield from self._judge(node, named, whole=True)
                if not isinstance(node, ast.Call) or reader._member(node) is not None:
                    yield from self._arguments(node)
                    return
            elif (member := reader._member(node)) is not None and (what := self._method(node, *member)):
                yield reader.at(node, f"calls {what}", self.rule)
        if isinstance(node, ast.Assign | ast.NamedExpr | ast.AnnAssign) and node.value is not None and reader.names(node.value):
            # Giving a library another name is not yet using it.
            yield from self._judge(node.value, reader.names(node.value), whole=False)
            return
        for child in self._below(node):
            yield from self.visit(child)

    def _below(self, node: ast.AST) -> Iterator[ast.AST]:
        """The parts of a node that grading runs: annotations, and what only the main block runs, are left out."""
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST):
                    yield child

    def _arguments(self, node: ast.expr) -> Iterator[Use]:
        """Inside a chain of names that was judged as a whole, what stands in calls and brackets is still to be seen."""
        while True:
            match node:
                case ast.Attribute(value=inner):
                    node = inner
                case ast.Call(func=func, args=args, keywords=keywords):
                    for child in (*args[1:], *(k.value for k in keywords)):
                        yield from self.visit(child)
                    if self.reader._member(node) is not None and args:
                        node = args[0]
                        continue
                    node = func
                case ast.Subscript(value=inner):
                    node = inner
                case _:
                    return

    def _judge(self, node: ast.expr, named: frozenset[str], *, whole: bool) -> Iterator[Use]:
        named = frozenset(name for name in named if not any(fnmatchcase(name, allowed) for allowed in self.allowed))
        for name in sorted(named):
            if any(_matches(name, pattern) for pattern in self.patterns) and not name.endswith(("Error", "Warning", "Exception")):
                yield self.reader.at(node, f"uses `{name.removeprefix('builtins.')}`", self.rule)
                return
        for name in sorted(named & self.namespaces) if whole else ():
            yield self.reader.at(node, f"hands on `{name}` as a whole", self.rule)
            return

    def _token(self, node: ast.BinOp | ast.AugAssign) -> str | None:
        for token in self.tokens:
            kind, name = OPERATORS[token]
            if isinstance(node.op, kind):
                own = bool(self.reader.methods & {f"__{name}__", f"__r{name}__", f"__i{name}__"})
                sides = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
                if not own or all(self.reader.seen_to_be_array(side) for side in sides):
                    return token + ("=" if isinstance(node, ast.AugAssign) else "")
        return None

    def _method(self, node: ast.expr, base: ast.expr, attribute: str) -> str:
        """How a method of an object that nobody can name is forbidden; empty where it is not."""
        if isinstance(base, ast.Constant | ast.JoinedStr):
            return ""
        own = attribute in self.reader.methods or attribute in self.reader.attributes
        if attribute in self.methods and (not own or self.reader.seen_to_be_array(base)):
            return f"the method `.{attribute}`"
        inner = self.reader._member(base)
        if inner is not None and inner[1] not in self.reader.attributes and inner[1] not in self.reader.methods:
            tail = f"{inner[1]}.{attribute}"
            for pattern in self.patterns:
                root, _, rest = pattern.partition(".")
                if root != "operator" and "." in rest and fnmatchcase(tail, rest) and not _is_class(pattern.rpartition(".")[0]):
                    return f"`{root}.{tail}`"
        return ""


class Loops:
    """Python loops over an argument of a graded function, or over what was made of it, in that function or one that it calls.

    What is followed is coarse: an array (or a part of it, or one made from it), its shape, or a number of its elements. A loop over
    the axes (`range(x.ndim)`) or over the lengths (`x.shape`) is no loop over the array. A name holds all that it was ever given, but for
    what lies before an assignment that comes first wherever the name is read: what is called `x` there is not the argument any more.
    """

    def __init__(self, reader: Reader, rule: Rule) -> None:
        self.reader, self.rule = reader, rule
        self.kinds: dict[tuple[int, str], dict[Place, set[str]]] = {}  # (scope, name) -> what it was given, and where
        self.renewed: dict[tuple[int, str], list[tuple[Place, Place]]] = {}  # … -> from where to where an assignment replaces all before
        for node in [reader.tree, *reader.scope_of]:
            for body in (
                value for _, value in ast.iter_fields(node) if isinstance(value, list) and value and isinstance(value[0], ast.stmt)
            ):
                for statement in body:
                    self._renew(statement, _end(body[-1]))

    def _renew(self, statement: ast.stmt, until: Place) -> None:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            targets = [statement.target]
        for target in targets:
            for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                if isinstance(part, ast.Name) and part in self.reader.scope_of:
                    self.renewed.setdefault((id(self.reader.scope_of[part]), part.id), []).append((_end(statement), until))

    def found(self) -> Iterator[Use]:
        functions = [n for n in self.reader.scope_of if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)]
        for function in functions:
            if getattr(function, "name", "") in self.reader.graded or self._of_a_graded_class(function):
                for argument in _parameters(function):
                    if argument.arg == self.rule.loops_over:
                        self._add(self.reader.scope_of[argument], argument.arg, {DATA}, START)
        for _ in range(12):  # as far as a value can be handed on
            before = self._known()
            for node in list(self.reader.scope_of):
                self._spread(node)
            if self._known() == before:
                break
        for node in list(self.reader.scope_of):
            if self._loops(node):
                yield self._use(node.iter if isinstance(node, ast.comprehension) else node)

    def _known(self) -> int:
        return sum(len(kinds) for places in self.kinds.values() for kinds in places.values())

    def _loops(self, node: ast.AST) -> bool:
        match node:
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                return DATA in self.kind(node.iter)
            case ast.YieldFrom():
                return DATA in self.kind(node.value)
            case ast.While():
                return any(SIZE in self.kind(part) for part in ast.walk(node.test) if isinstance(part, ast.expr))
            case ast.Call():
                return self._loops_inside(node)
        return False

    def _use(self, node: ast.AST) -> Use:
        return self.reader.at(node, f"runs a Python loop over `{self.rule.loops_over}`", self.rule)

    def _of_a_graded_class(self, function: ast.AST) -> bool:
        return any(
            isinstance(owner, ast.ClassDef) and owner.name in self.reader.graded and function in ast.walk(owner)
            for owner in self.reader.tree.body
        )

    def _loops_inside(self, node: ast.Call) -> bool:
        given = [*node.args, *(k.value for k in node.keywords)]
        called = self.reader.names(node.func)
        if isinstance(node.func, ast.Call) and self.reader.names(node.func.func) & WRAPPING:
            called = called | LOOPS
        if isinstance(node.func, ast.Name):
            for binding in self.reader._bindings(node.func.id, self.reader.scope_of[node]):
                made = [binding.value.func] if isinstance(binding.value, ast.Call) else getattr(binding.definition, "decorator_list", [])
                if any(self.reader.names(wrapper) & WRAPPING for wrapper in made):
                    called = called | LOOPS
        held: set[str] = set().union(*(self.kind(part) for part in given)) if given else set()
        return bool(called & LOOPS and DATA in held) or bool(called & LOOPS_OVER_A_SHAPE and held)

    def _spread(self, node: ast.AST) -> None:
        match node:
            case ast.Assign():
                for target in node.targets:
                    self._hold(target, node.value, _end(node))
            case ast.AnnAssign(value=ast.expr() as value) | ast.NamedExpr(value=value) | ast.AugAssign(value=value):
                self._hold(node.target, value, _end(node))
            case ast.For() | ast.AsyncFor() | ast.comprehension():
                elements = node.iter.elts if isinstance(node.iter, ast.Tuple | ast.List) else [node.iter]
                for element in elements:
                    self._hold(node.target, element, _end(node.target))
            case ast.withitem(optional_vars=ast.expr() as target):
                self._hold(target, node.context_expr, _end(target))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                for argument in _parameters(node):
                    for value in self.reader.arguments.get((node, argument.arg), ()):
                        self._add(self.reader.scope_of[argument], argument.arg, self.kind(value), START)

    def _hold(self, target: ast.expr, value: ast.expr, place: Place) -> None:
        match target:
            case ast.Name():
                self._add(self.reader.scope_of.get(target, self.reader.module), target.id, self.kind(value), place)
            case ast.Tuple() | ast.List():
                pairs = value.elts if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts) else None
                for n, part in enumerate(target.elts):
                    if pairs:
                        self._hold(part, pairs[n], place)
                    elif isinstance(part, ast.Name):
                        kinds = {SIZE if kind == SHAPE else kind for kind in self.kind(value)}
                        self._add(self.reader.scope_of.get(part, self.reader.module), part.id, kinds, place)
                    else:
                        self._hold(part, value, place)
            case ast.Starred(value=ast.Name() as name):
                self._add(self.reader.scope_of.get(name, self.reader.module), name.id, self.kind(value), place)
            case ast.Subscript(value=ast.Name() as name):
                self._add(self.reader.scope_of.get(name, self.reader.module), name.id, self.kind(value) & {DATA}, place)

    def _add(self, scope: Scope, name: str, kinds: Iterable[str], place: Place) -> None:
        if kinds:
            self.kinds.setdefault((id(scope), name), {}).setdefault(place, set()).update(kinds)

    def _held(self, scope: Scope, name: ast.Name) -> set[str]:
        """What a name of this scope may hold where it is read."""
        here = (name.lineno, name.col_offset)
        since = max((begin for begin, until in self.renewed.get((id(scope), name.id), ()) if begin <= here <= until), default=START)
        return set().union(*(kinds for place, kinds in self.kinds[id(scope), name.id].items() if place >= since))

    def kind(self, node: ast.expr | None) -> set[str]:
        """What an expression holds of the argument: its elements, its shape, a number of them, or nothing."""
        match node:
            case ast.Name():
                scope: Scope | None = self.reader.scope_of.get(node, self.reader.module)
                while scope is not None:
                    if (id(scope), node.id) in self.kinds:
                        return self._held(scope, node)
                    if node.id in scope.bindings:
                        return set()
                    scope = scope.parent
                return set()
            case ast.Attribute():
                held = self.kind(node.value)
                if DATA not in held:
                    return set()
                return {"shape": {SHAPE}, "size": {SIZE}}.get(node.attr, set() if node.attr in ("ndim", "dtype", "itemsize") else {DATA})
            case ast.Subscript():
                held = self.kind(node.value)
                if SHAPE in held:
                    return (held - {SHAPE}) | ({SHAPE} if isinstance(node.slice, ast.Slice) else {SIZE})
                return held & {DATA}
            case ast.Call():
                return self._kind_of_call(node)
            case ast.BinOp():
                held = self.kind(node.left) | self.kind(node.right)
                return {DATA} if DATA in held else held
            case ast.UnaryOp():
                return self.kind(node.operand)
            case ast.Compare():
                held = self.kind(node.left).union(*(self.kind(part) for part in node.comparators))
                return held & {DATA}
            case ast.IfExp():
                return self.kind(node.body) | self.kind(node.orelse)
            case ast.BoolOp():
                return set().union(*(self.kind(part) for part in node.values))
            case ast.NamedExpr() | ast.Starred() | ast.Await():
                return self.kind(node.value)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return {DATA} if any(DATA in self.kind(g.iter) for g in node.generators) else set()
        return set()

    def _kind_of_call(self, node: ast.Call) -> set[str]:
        called = self.reader.names(node.func)
        given = [*node.args, *(k.value for k in node.keywords)]
        held: set[str] = set().union(*(self.kind(part) for part in given)) if given else set()
        last = {name.rpartition(".")[2] for name in called}
        if last & {"isinstance", "hasattr", "ndim", "type", "callable", "result_type"}:
            return set()
        if last & {"len", "size"} and called:
            return {SIZE} if DATA in held else set()
        if "shape" in last:
            return {SHAPE} if DATA in held else set()
        if last & {"range", "arange", "ndindex", "product", "linspace", "split", "array_split"}:
            return {DATA} if held else set()
        if last & {"prod", "int", "min", "max", "divmod", "abs", "round"} and DATA not in held:
            return {SIZE} if held else set()
        if last & {"enumerate", "zip", "reversed", "list", "tuple", "iter", "sorted", "set"} and called:
            return held
        if isinstance(node.func, ast.Attribute) and not called:
            held = held | (self.kind(node.func.value) & {DATA})
            if node.func.attr == "item":
                return set()
        return held & {DATA}


def _end(node: ast.stmt | ast.expr) -> Place:
    return node.end_lineno or node.lineno, node.end_col_offset or node.col_offset


def _asks_for_main(test: ast.expr) -> bool:
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.Eq)):
        return False
    sides = {ast.unparse(test.left), ast.unparse(test.comparators[0])}
    return sides == {"__name__", "'__main__'"}


def _mentioned(node: ast.AST) -> list[str]:
    """The names and the whole texts in a node: what it may reach."""
    found = [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]
    return found + [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def _parameters(function: ast.AST) -> list[ast.arg]:
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        return []
    given = function.args
    return [*given.posonlyargs, *given.args, *given.kwonlyargs, *(a for a in (given.vararg, given.kwarg) if a)]


def _text(node: ast.expr) -> str | None:
    """The string that an expression of constants comes to."""
    match node:
        case ast.Constant(value=str(value)):
            return value
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            first, second = _text(left), _text(right)
            return first + second if first is not None and second is not None else None
        case ast.JoinedStr(values=values):
            parts = [_text(part.value if isinstance(part, ast.FormattedValue) else part) for part in values]
            return "".join(part for part in parts if part is not None) if None not in parts else None
    return None


def _matches(name: str, pattern: str) -> bool:
    """Whether a qualified name is what a pattern means. A library's function has several places: `numpy.ma.dot` is `numpy.dot`."""
    if fnmatchcase(name, pattern) or fnmatchcase(name, f"{pattern}.*"):
        return True
    root, _, last = pattern.partition(".")
    return root in ("numpy", "torch") and "." not in last and "*" not in last and name.startswith(root + ".") and name.endswith("." + last)


def _is_class(name: str) -> bool:
    last = name.rpartition(".")[2]
    return last == "ndarray" or last[:1].isupper() or isinstance(getattr(builtins, last, None), type)


def _has_method(pattern: str) -> bool:
    """Whether a forbidden name is also a method of arrays: `numpy.dot` is `a.dot`, `list.sort` is `xs.sort`."""
    owner, _, last = pattern.rpartition(".")
    if "*" in last:
        return False
    return _is_class(owner) or owner == "torch" or (owner == "numpy" and last in ARRAY_METHODS.split()) or pattern in PRODUCT
