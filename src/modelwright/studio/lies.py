"""Fourteen files that do nothing, tried on every lab: what they pass is a check that asks nothing.

Each is made from the starter's signatures, so that a function that returns three arrays returns three of whatever the lie is. None may
pass a lab; no check may be passed by all of them; and none may pass more than a third of the checks that look at a result. (Some are
right by chance: zero is a gradient, the argument itself is what dropout returns in evaluation.) The idea is that of mutation testing
with the largest mutation there is: the whole body.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from modelwright.curriculum.errors import Finding
from modelwright.curriculum.lint import in_words
from modelwright.curriculum.models import Lab

if TYPE_CHECKING:
    from modelwright.grading import Verdict

SHARE = 3  # a lie passes at most one functional check in so many

# What each lie returns; in its body `given` is a list of the arguments and `array` the first of them that is an array or a tensor.
LIES = {
    "an empty array of the argument's dtype": "return array[:0] if array is not None and array.ndim else zeros(array, (0,))",
    "None": "return None",
    "its first argument": "return given[0] if given else None",
    "its first argument, changed in place": "change(given[0] if given else None)\nreturn given[0] if given else None",
    "zeros of shape (0,)": "return np.zeros((0,))",
    "an array of NaN": "return zeros(array, array.shape if array is not None else ()) * np.nan",
    "an object equal to everything": "return Agreeing()",
    "a generator that yields nothing": "return (x for x in ())",
    "StopIteration, raised": "raise StopIteration",
    "0": "return 0",
    "an empty list, text or dict": "return type(given[0])() if given and type(given[0]) in (list, tuple, dict, str) else []",
    "True": "return True",
    "an array of a single one": "return np.ones((1,))",
    "its first argument, emptied": "empty(given[0] if given else None)\nreturn given[0] if given else None",
}

TOOLS = '''
import sys
import numpy as np


class Agreeing:
    """Equal to everything, and close to it."""
    def _agree(self, *others): return True
    __eq__ = __le__ = __ge__ = __bool__ = _agree
    __hash__ = object.__hash__
    def _self(self, *others): return self
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __abs__ = __neg__ = __getitem__ = __getattr__ = _self
    def __ne__(self, other): return False
    def __float__(self): return 0.0
    def __iter__(self): return iter(())
    def __len__(self): return 0


def arrays(values):
    for value in values:
        if type(value).__module__.split(".")[0] in ("numpy", "torch") and hasattr(value, "shape"):
            yield value
        elif isinstance(value, (list, tuple)):
            yield from arrays(value)
        elif isinstance(value, dict):
            yield from arrays(value.values())


def zeros(like, shape):
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(like, torch.Tensor):
        return torch.zeros(shape, dtype=like.dtype)
    return np.zeros(shape, dtype=like.dtype if like is not None and like.dtype.kind == "f" else float)


def fill(value, number):
    for array in arrays([value]):
        target = array.detach() if hasattr(array, "detach") else array
        target[...] = number


def change(value):
    fill(value, 1)
    if isinstance(value, list):
        value.reverse()


def empty(value):
    fill(value, 0)
    if isinstance(value, (list, dict, set)):
        value.clear()


class Shell:
    """A class of the task's that does nothing: whatever is asked of it is the lie."""
    def __init__(self, *args, **kwargs): pass
    def __getattr__(self, name): return lie()


def lie(*given):
    given = list(given)
    array = next(arrays(given), None)
'''


def lies(starter: str) -> dict[str, bytes]:
    """The fourteen files for a starter, by what they return."""
    body = "\n".join(_shells(ast.parse(starter)))
    files = {}
    for what, code in LIES.items():
        lines = "".join(f"    {line}\n" for line in code.splitlines())
        files[what] = f"{TOOLS}{lines}\n\n{body}\n".encode()
    return files


def _shells(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"def {node.name}(*args, **kwargs):\n    {_answer(node)}\n\n"
        elif isinstance(node, ast.ClassDef):
            yield f"class {node.name}(Shell):\n    pass\n"
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and method.name != "__init__":
                    yield f"    def {method.name}(self, *args, **kwargs): {_answer(method)}\n"


def _answer(function: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    """`return lie(…)`, as many times as the annotation says that values come back."""
    returns = function.returns
    if (
        isinstance(returns, ast.Subscript)
        and ast.unparse(returns.value) in ("tuple", "Tuple")
        and isinstance(returns.slice, ast.Tuple)
        and not any(isinstance(part, ast.Constant) and part.value is Ellipsis for part in returns.slice.elts)
    ):
        return f"return ({'lie(*args, *kwargs.values()), ' * len(returns.slice.elts)})"
    return "return lie(*args, *kwargs.values())"


def prove_lies(lab: Lab, grade: Callable[..., Verdict]) -> Iterator[Finding]:
    """Grades the fourteen, and finds the checks that ask nothing."""
    folder, checks = lab.folder, lab.folder / "checks.py"
    starter = folder / "starter.py"
    if not (starter.is_file() and checks.is_file()):
        return  # the linter has said so
    functions = {in_words(node.name): node for node in _tests(checks)}
    functional = {name for name, node in functions.items() if not _about_the_manner(node)}
    passed_by: dict[str, list[str]] = {name: [] for name in functions}
    for what, source in lies(starter.read_text(encoding="utf-8")).items():
        verdict = grade(lab, source, shrink=False)
        failed = {in_words(check.name) for check in verdict.checks if check.status != "passed"}
        told = {in_words(check.name) for check in verdict.checks} & set(functions)
        passed = [name for name in functions if name in told - failed]
        for name in passed:
            passed_by[name].append(what)
        easy = [name for name in passed if name in functional]
        if verdict.status == "passed":
            message = f"A file whose functions return {what} passes every check."
            yield Finding(checks, 0, message, "Assert the shape and the values of what comes back.")
        elif len(easy) * SHARE > len(functional):
            message = f"A file whose functions return {what} passes {len(easy)} of {len(functional)} checks: {', '.join(easy)}."
            yield Finding(checks, functions[easy[0]].lineno, message, f"At most one in {SHARE} may be right by chance.")
    for name, whats in passed_by.items():
        if len(whats) == len(LIES):
            message = f"{name!r} is passed by all of the {len(LIES)} files that do nothing."
            yield Finding(checks, functions[name].lineno, message, "Assert something that nothing passes.")


def _tests(checks: Path) -> list[ast.FunctionDef]:
    try:
        tree = ast.parse(checks.read_text(encoding="utf-8"))
    except SyntaxError:
        return []  # the linter has said so
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")]


def _about_the_manner(test: ast.FunctionDef) -> bool:
    """Whether a check is about how it is done (time, memory, arguments left alone) and not about what comes back."""
    names = {node.arg for node in ast.walk(test) if isinstance(node, ast.arg)}
    names |= {node.attr for node in ast.walk(test) if isinstance(node, ast.Attribute)}
    return bool(names & {"budget", "unchanged_by"})
