"""The notebook's face: grade what stands in a cell, and see the verdict under it.

A lab is a file, so what is checked here is first made into one: the source of the functions or classes that are given, and of every
name of the notebook that they use. What cannot be written down as source is said, never guessed. The file in the workshop is left as it
is, unless it is still the starter and the cell passes: then the cell's code goes there.
"""

from __future__ import annotations

import ast
import builtins
import cmath
import html
import inspect
import linecache
import math
import os
import re
import sys
import textwrap
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from modelwright.errors import ModelwrightError

if TYPE_CHECKING:
    from modelwright.grading import CheckResult, Row, Verdict
    from modelwright.studio import Studio
    from modelwright.studio import views as v

PLAIN = (int, float, complex, str, bytes, bool, type(None))
COLOURS = {"passed": "#2a7d46", "failed": "#b3261e", "error": "#b3261e"}


class NotebookError(ModelwrightError):
    """Something in a cell that cannot be made into a file."""


def check(lab: str, *things: Any, **named: Any) -> Result:
    """Grade functions or classes against a lab. Without any, the workshop's own file is graded.

    `things` are found under their own names; `named` ones under the name given: `check("…/softmax", softmax=my_version)`. A text is
    taken as the whole file.
    """
    studio = open()
    lab_id = studio.find_lab(lab)
    if not things and not named:
        return Result(studio.hand_in(lab_id))
    if len(things) == 1 and isinstance(things[0], str) and not named:
        return Result(studio.hand_in(lab_id, source=things[0], keep=False))
    return Result(studio.hand_in(lab_id, source=as_file(things, named), keep=False))


def today(minutes: int | None = None) -> Evening:
    """This evening's list."""
    return Evening(open().today(minutes))


def hint(lab: str) -> Hint:
    """The next of a lab's three hints."""
    studio = open()
    return Hint(studio.hint(studio.find_lab(lab)))


def open() -> Studio:
    """The studio on your home (MODELWRIGHT_HOME), the same one for the whole notebook, so that its grader stays warm."""
    return _opened(os.environ.get("MODELWRIGHT_HOME"), os.environ.get("MODELWRIGHT_CURRICULUM"))


@lru_cache(maxsize=4)
def _opened(home: str | None, curriculum: str | None) -> Studio:
    import atexit

    from modelwright.studio import Studio

    studio = Studio.open(home or None, curriculum or None)
    atexit.register(studio.close)
    return studio


# From a cell to a file


def as_file(things: tuple[Any, ...], named: dict[str, Any]) -> str:
    """The text of a file that defines these things and whatever they need."""
    writer = _Writer()
    for thing in things:
        if not isinstance(thing, FunctionType | type):
            raise NotebookError(
                f"{_called(thing)} is not a function or a class. Give the functions themselves, without calling them: check(lab, softmax)."
            )
        writer.define(thing.__name__, thing)
    for name, thing in named.items():
        if isinstance(thing, FunctionType | type) and thing.__name__ != "<lambda>":
            writer.define(thing.__name__, thing)
            if thing.__name__ != name:
                writer.body.append(f"{name} = {thing.__name__}")
        else:
            writer.define(name, thing)
    return writer.text()


class _Writer:
    """Collects definitions so that what is used stands above what uses it."""

    def __init__(self) -> None:
        self.imports: list[str] = []
        self.body: list[str] = []
        self.known: dict[str, Any] = {}

    def text(self) -> str:
        return "\n".join(dict.fromkeys(self.imports)) + "\n\n\n" + "\n\n\n".join(self.body) + "\n"

    def define(self, name: str, thing: Any, by: str = "") -> None:
        if name in self.known:
            if self.known[name] is thing:
                return
            raise NotebookError(f"Two different things are called '{name}' here. Rename one of them, so that the file can hold both.")
        self.known[name] = thing
        if isinstance(thing, ModuleType):
            self.imports.append(f"import {thing.__name__}" + (f" as {name}" if name != thing.__name__ else ""))
        elif isinstance(thing, FunctionType | type) and _of_notebook(thing):
            self._source(name, thing)
        elif home := _home(name, thing):
            self.imports.append(f"from {home} import {thing.__name__}" + (f" as {name}" if name != thing.__name__ else ""))
        elif _plain(thing):
            self.body.append(f"{name} = {_written(thing)}")
        else:
            raise NotebookError(
                f"{by or 'The code'} uses '{name}', {_a(type(thing).__name__)} of this notebook, which cannot be written into a file. "
                f"Make it an argument, or build it inside the function."
            )

    def _source(self, name: str, thing: FunctionType | type) -> None:
        source = source_of(thing)
        tree = ast.parse(source)
        space = _space(thing)
        if isinstance(thing, FunctionType) and thing.__closure__:
            free = ", ".join(f"'{n}'" for n in thing.__code__.co_freevars)
            raise NotebookError(f"{name} was made inside another function and uses {free} of it. Define it at the top of a cell.")
        for needed in _names(tree):
            if needed != thing.__name__ and needed in space and not (needed in vars(builtins) and space[needed] is vars(builtins)[needed]):
                self.define(needed, space[needed], by=name)
        self.body.append(source.strip("\n"))


def source_of(thing: FunctionType | type) -> str:
    """The source of a function or class, as text that stands at the left margin. Raises NotebookError where there is none."""
    name = thing.__name__
    if name == "<lambda>":
        raise NotebookError("A lambda has no source of its own. Write it as `def`, with the name that the lab asks for.")
    try:
        source = _class_source(thing) if isinstance(thing, type) else inspect.getsource(thing)
    except (OSError, TypeError):
        source = ""
    source = textwrap.dedent(source)
    try:
        if source and any(getattr(node, "name", None) == name for node in ast.parse(source).body):
            return source
    except SyntaxError:
        pass
    if isinstance(thing, FunctionType) and (typed := _under_a_magic(thing)):
        return typed
    if any(code.co_filename in ("<timed exec>", "<string>") for code in _codes(thing)):
        raise NotebookError(
            f"The source of {name} cannot be had: a cell that begins with a magic, as %%time does, runs without its text being kept. "
            f"Take the line with %% away and run the cell again, or give the code as a text: check(lab, '''def {name}…''')."
        )
    raise NotebookError(
        f"The source of {name} cannot be had: it was not typed into a cell or a file (exec, a decorator, or a restarted kernel). "
        f"Run the cell that defines it again, or give the code as a text: check(lab, '''def {name}…''')."
    )


def _codes(thing: FunctionType | type) -> list[CodeType]:
    functions = [thing] if isinstance(thing, FunctionType) else [f for f in vars(thing).values() if isinstance(f, FunctionType)]
    return [f.__code__ for f in functions]


def _under_a_magic(thing: FunctionType) -> str:
    """The text of a function from a cell that began with a %% magic, from the history, if it compiles to this very one."""
    shell = thing.__globals__.get("get_ipython", lambda: None)()
    cells = getattr(getattr(shell, "history_manager", None), "input_hist_raw", [])
    for cell in reversed(cells):
        head, _, body = str(cell).lstrip().partition("\n")
        if not head.startswith("%%"):
            continue
        try:
            definitions = [node for node in ast.parse(body).body if getattr(node, "name", None) == thing.__name__]
        except SyntaxError:
            continue
        for node in definitions:
            text = ast.get_source_segment(body, node) or ""
            if isinstance(node, ast.FunctionDef) and not node.decorator_list and _compiles_to(text, thing.__code__):
                return text + "\n"
    return ""


def _compiles_to(text: str, code: CodeType) -> bool:
    made = next((c for c in compile(text, "<cell>", "exec").co_consts if isinstance(c, CodeType)), None)
    return made is not None and _alike(made, code)


def _alike(a: CodeType, b: CodeType) -> bool:
    """Two code objects that do the same, wherever their texts stand."""
    same = all(getattr(a, x) == getattr(b, x) for x in ("co_code", "co_names", "co_varnames", "co_argcount", "co_kwonlyargcount"))
    return (
        same
        and len(a.co_consts) == len(b.co_consts)
        and all(
            _alike(x, y) if isinstance(x, CodeType) and isinstance(y, CodeType) else repr(x) == repr(y)
            for x, y in zip(a.co_consts, b.co_consts, strict=True)
        )
    )


def _class_source(thing: type) -> str:
    """A class's text. Before Python 3.13 `inspect` finds it only in a module's file, so its methods lead to the cell."""
    methods = [f for f in vars(thing).values() if isinstance(f, FunctionType)]
    files = dict.fromkeys([f.__code__.co_filename for f in methods] or [name for name in linecache.cache if "ipython" in name.lower()])
    inside = {f.__code__.co_firstlineno for f in methods}
    for file in reversed(list(files)):
        lines = linecache.getlines(file)
        if not lines:
            continue
        try:
            tree = ast.parse("".join(lines))
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef) and node.name == thing.__name__:
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                if all(first <= line <= (node.end_lineno or first) for line in inside):
                    return "".join(lines[first - 1 : node.end_lineno])
    return inspect.getsource(thing)


def _names(tree: ast.AST) -> Iterator[str]:
    """Every name that is read anywhere in a piece of code, in order."""
    seen = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id not in seen:
            seen.add(node.id)
            yield node.id


def _space(thing: FunctionType | type) -> dict[str, Any]:
    """The global names that a function sees; for a class, those of its methods, or of the notebook."""
    if isinstance(thing, FunctionType):
        return thing.__globals__
    for f in vars(thing).values():
        if isinstance(f, FunctionType):
            return f.__globals__
    return vars(sys.modules.get(thing.__module__, sys.modules["__main__"]))


def _of_notebook(thing: FunctionType | type) -> bool:
    return thing.__module__ in ("__main__", None) or not getattr(sys.modules.get(thing.__module__), "__file__", None)


def _home(name: str, thing: Any) -> str:
    """The module from which something can be imported under its own name, or ""."""
    module, own = getattr(thing, "__module__", None), getattr(thing, "__name__", None)
    if not module or module == "__main__" or not own:
        return ""
    return module if getattr(sys.modules.get(module), own, None) is thing else ""


def _plain(thing: Any, depth: int = 0) -> bool:
    """Whether a value can be written down as it is."""
    if type(thing) in PLAIN:
        return True
    if depth > 4:
        return False
    if type(thing) in (list, tuple, set, frozenset):
        return len(thing) <= 1000 and all(_plain(x, depth + 1) for x in thing)
    return type(thing) is dict and len(thing) <= 1000 and all(_plain(x, depth + 1) for pair in thing.items() for x in pair)


def _written(thing: Any) -> str:
    """A plain value as an expression that gives it back: infinities and what is not a number have no literal."""
    if type(thing) is float:
        return repr(thing) if math.isfinite(thing) else f'float("{thing!r}")'
    if type(thing) is complex:
        return repr(thing) if cmath.isfinite(thing) else f"complex({_written(thing.real)}, {_written(thing.imag)})"
    if type(thing) is list:
        return "[" + ", ".join(map(_written, thing)) + "]"
    if type(thing) is tuple:
        return "(" + ", ".join(map(_written, thing)) + ("," if len(thing) == 1 else "") + ")"
    if type(thing) in (set, frozenset):
        inside = "{" + ", ".join(map(_written, thing)) + "}" if thing else ""
        return inside or "set()" if type(thing) is set else f"frozenset({inside})"
    if type(thing) is dict:
        return "{" + ", ".join(f"{_written(key)}: {_written(value)}" for key, value in thing.items()) + "}"
    return repr(thing)


def _called(thing: Any) -> str:
    text = repr(thing)
    return f"{_a(type(thing).__name__).capitalize()} ({text if len(text) <= 40 else text[:40] + '…'})"


def _a(noun: str) -> str:
    return ("an " if noun[:1].lower() in "aeiou" else "a ") + noun


# What a cell shows


class Result:
    """A verdict under a cell. `passed` says it in one word; `verdict` holds everything."""

    def __init__(self, submission: v.Submission) -> None:
        self.submission = submission
        self.verdict: Verdict = submission.verdict

    @property
    def passed(self) -> bool:
        return self.verdict.status == "passed"

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        from modelwright.grading import first_failure, rows

        signs = {"passed": "✓", "failed": "✗", "error": "✗"}
        lines = [f"{self.verdict.lab}: {self._headline()}"]
        for row in rows(self.verdict.checks):
            lines.append(f"  {signs.get(row.status, '·')} {_title(row.name)}{_count(row)}")
            if row.failed and len(row.results) > 1:
                lines += [f"      {signs.get(case.status, '·')} {case.case}" for case in row.results if case.status != "passed"]
        first = first_failure(self.verdict)
        if first is not None:
            lines += ["", f"✗ {_title(first.name, first.case)}", f"  {first.message.replace('`', '')}"]
            lines += [f"  {label:<9}{value}" for label, value in _facts(first)]
            lines += [first.traceback.rstrip()] if first.traceback else []
        if self.submission.remark:
            lines += ["", self.submission.remark]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from modelwright.grading import first_failure, rows

        e = html.escape
        first = first_failure(self.verdict)
        items = ""
        for row in rows(self.verdict.checks):
            line = f"{_sign(row.status)} {e(_title(row.name))}{_count(row)}"
            if len(row.results) > 1:
                cases = "".join(f"<li>{_sign(case.status)} {e(case.case)}</li>" for case in row.results)
                line = f'<details><summary>{line}</summary><ul style="list-style:none">{cases}</ul></details>'
            items += f'<li style="color:{COLOURS.get(row.status, "inherit")}">{line}</li>'
        told = ""
        if first is not None:
            cell = "text-align:left;vertical-align:top"
            facts = "".join(
                f'<tr><th style="{cell}">{label}</th><td style="{cell}"><pre style="margin:0">{e(value)}</pre></td></tr>'
                for label, value in _facts(first)
            )
            trace = f"<pre>{e(first.traceback.rstrip())}</pre>" if first.traceback else ""
            told = f"<p><b>{e(_title(first.name, first.case))}</b><br>{_marked(first.message)}</p><table>{facts}</table>{trace}"
        remark = f"<p>{e(self.submission.remark)}</p>" if self.submission.remark else ""
        colour = COLOURS["passed" if self.passed else "failed"]
        head = f'<p><b>{e(self.verdict.lab)}</b>: <span style="color:{colour}">{e(self._headline())}</span></p>'
        return f'<div class="modelwright-verdict">{head}<ol style="list-style:none;padding-left:0">{items}</ol>{told}{remark}</div>'

    def _headline(self) -> str:
        if self.passed:
            return f"passed, all {self.verdict.total} checks"
        return f"{self.verdict.passed} of {self.verdict.total} checks pass" if self.verdict.checks else self.verdict.message


class Evening:
    """An evening under a cell."""

    def __init__(self, view: v.Today) -> None:
        self.view = view

    def __repr__(self) -> str:
        lines = [self.view.title, self.view.promise, ""]
        for step in self.view.steps:
            lines.append(f"{'✓' if step.done else '·'} {step.title}, {step.minutes:.0f} min. {step.reason}".rstrip())
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        e = html.escape
        steps = "".join(
            f"<li>{'✓ ' if step.done else ''}<b>{e(step.title)}</b>, {step.minutes:.0f} min<br>{e(step.reason)}</li>"
            for step in self.view.steps
        )
        return f"<p><b>{e(self.view.title)}</b><br>{e(self.view.promise)}</p><ol>{steps}</ol>"


class Hint:
    """A hint under a cell."""

    def __init__(self, view: v.HintView) -> None:
        self.view = view

    def __repr__(self) -> str:
        return f"Hint {self.view.number} of {self.view.of}: {self.view.text}"

    def _repr_html_(self) -> str:
        return f"<p><b>Hint {self.view.number} of {self.view.of}</b> {self.view.text_html}</p>"


def _title(name: str, case: str = "") -> str:
    return name[:1].upper() + name[1:] + (f": {case}" if case else "")


def _count(row: Row) -> str:
    if len(row.results) == 1:
        return ""
    return f", {row.passed} of {len(row.results)} cases" if row.failed else f", {len(row.results)} cases"


def _sign(status: str) -> str:
    return "✓" if status == "passed" else "✗" if status in COLOURS else "·"


def _marked(text: str) -> str:
    """HTML of a sentence that names code between backticks."""
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", html.escape(text))


def _facts(check: CheckResult) -> list[tuple[str, str]]:
    return [(label, value) for label in ("given", "expected", "got", "where") if (value := getattr(check, label))]
