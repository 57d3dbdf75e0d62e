"""A failed check in a person's words: what was given, what was expected, what came, and the first place where they differ.

It reads what pytest, NumPy, torch and Hypothesis leave behind (the exception, its frames, its notes) and never parses their printed
reports where a value can be had instead. Nothing here decides whether a check passed.
"""

from __future__ import annotations

import ast
import linecache
import reprlib
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from .forbidden import NotAllowed
from .proxy import Call, Frames, NotDefined, Remote, Unjudged

LONG = 1200
# Where the assertion helpers keep what they compare: function name -> (local that came, local that was wanted).
HELPERS = {
    "assert_close": ("actual", "expected"),
    "assert_allclose": ("actual", "desired"),
    "assert_equal": ("actual", "desired"),
    "assert_array_equal": ("actual", "desired"),
    "assert_almost_equal": ("actual", "desired"),
    "assert_array_almost_equal": ("actual", "desired"),
    "assert_array_almost_equal_nulp": ("x", "y"),
    "assert_array_less": ("x", "y"),
}


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlist, self.maxtuple, self.maxdict, self.maxset = 5, 12, 12, 12, 12
        self.maxdeque, self.maxstring, self.maxlong, self.maxother = 12, 300, 80, 300

    def repr1(self, x: Any, level: int) -> str:
        if is_tensor(x) or type(x) is np.ndarray:
            return summary(x) if level == self.maxlevel else _array_inline(x)
        if isinstance(x, np.generic):
            return repr(x.item())
        if isinstance(x, Remote):
            return repr(x)
        return super().repr1(x, level)


def is_tensor(x: Any) -> bool:
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(x, torch.Tensor)


def to_array(x: Any) -> np.ndarray:
    if is_tensor(x):
        plain = x.detach()
        if not plain.dtype.is_complex and plain.dtype.itemsize <= 2 and plain.dtype.is_floating_point:
            plain = plain.float()
        array: np.ndarray = plain.numpy()
        return array
    return np.asarray(x)


def kind_of(x: Any) -> str:
    shape = "(" + ", ".join(map(str, x.shape)) + ("," if len(x.shape) == 1 else "") + ")"
    dtype = str(x.dtype).removeprefix("torch.")
    return f"{dtype} {'tensor' if is_tensor(x) else 'array'} of shape {shape}"


def _values(x: Any, most: int = 24) -> str:
    array = to_array(x)
    if array.ndim == 0:
        return _number(array[()])
    with np.printoptions(precision=5, threshold=most, edgeitems=3, suppress=True, linewidth=100):
        return np.array2string(array, separator=", ")


def _array_inline(x: Any) -> str:
    if to_array(x).size <= 12:
        return f"{kind_of(x)} " + _values(x).replace("\n", "")
    return kind_of(x)


def summary(x: Any) -> str:
    """One value, short: an array by kind, shape and its first elements; anything else by a bounded repr."""
    try:
        if is_tensor(x) or type(x) is np.ndarray:
            if x.ndim > 2 and to_array(x).size > 24:
                first = to_array(x)[(0,) * (x.ndim - 1)]
                return f"{kind_of(x)}; its first row is {_values(first)}"
            if x.ndim > 2 and to_array(x).size > 24:
                first = to_array(x)[(0,) * (x.ndim - 1)]
                return f"{kind_of(x)}; its first row is {_values(first)}"
            text = _values(x)
            return f"{kind_of(x)}:\n{text}" if "\n" in text else f"{kind_of(x)}: {text}"
        return _Short().repr(x)[:LONG]
    except Exception as error:
        return f"<a value that cannot be shown: {type(error).__name__}>"


def brief(x: Any) -> str:
    """A value in the middle of a sentence, in at most 60 characters: a large array by its kind and shape, a function by its name."""
    if is_tensor(x) or type(x) is np.ndarray:
        kind = kind_of(x)
        text = f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}" if to_array(x).size > 6 else _values(x)
    else:
        text = getattr(x, "__name__", None) or _Short().repr(x)
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:59] + "…"


def arguments(call: Call, values: tuple[list[Any], dict[str, Any]]) -> str:
    args, kwargs = values
    parts = [_Short().repr(x) if not (is_tensor(x) or type(x) is np.ndarray) else _array_inline(x) for x in args]
    parts += [f"{k}={_Short().repr(v)}" for k, v in kwargs.items()]
    return f"{call.name}({', '.join(parts)})"[:LONG]


def difference(got: Any, want: Any) -> str:
    """The first way in which two values differ, from the outside in: type, dtype, shape, then the first element."""
    arrays = [is_tensor(x) or type(x) is np.ndarray for x in (got, want)]
    if not any(arrays):
        return _plain_difference(got, want)
    if isinstance(got, Remote) or got is None or isinstance(got, (str, dict)):
        return f"{_named(got)} came where {'an array' if not is_tensor(want) else 'a tensor'} was expected."
    if is_tensor(want) != is_tensor(got) and all(arrays):
        return (
            f"A {'tensor' if is_tensor(got) else 'NumPy array'} came where a {'tensor' if is_tensor(want) else 'NumPy array'} was expected."
        )
    try:
        a, b = to_array(got), to_array(want)
    except (ValueError, TypeError):
        return f"{_named(got)} came where an array was expected."
    if a.shape != b.shape:
        return f"The shape is {a.shape}, and {b.shape} was expected."
    if all(arrays) and str(got.dtype) != str(want.dtype) and a.size and np.array_equal(np.broadcast_to(a, b.shape), b):
        return f"The dtype is {str(got.dtype).removeprefix('torch.')}, and {str(want.dtype).removeprefix('torch.')} was expected."
    if a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
        differ = a != b
    else:
        with np.errstate(all="ignore"):
            differ = ~np.isclose(a, b, rtol=1e-7, atol=0, equal_nan=True)
            gaps = np.abs(a.astype(complex) - b.astype(complex))
            if differ.any() and np.isfinite(gaps).any():
                worst = float(np.nanmax(np.where(np.isfinite(gaps), gaps, 0)))
                big = ~(gaps <= worst / 100)
                differ = differ & big if (differ & big).any() else differ
    if not differ.any():
        return ""
    place = tuple(int(i) for i in np.argwhere(differ)[0])
    count = int(differ.sum())
    many = f" {count} of {a.size} elements differ." if a.size > 1 else ""
    if a.dtype.kind in "fc" and np.isnan(a[place]):
        many += " It is not a number (nan)."
    return f"At {list(place)} it is {_number(a[place])}, and {_number(b[place])} was expected.{many}" if place else (
        f"It is {_number(a[place])}, and {_number(b[place])} was expected.")  # fmt: skip


def _number(x: Any) -> str:
    return f"{x:.7g}" if isinstance(x, (float, np.floating)) else str(x)


def _named(x: Any) -> str:
    if x is None:
        return "None"
    if isinstance(x, Remote):
        return f"An object of class {x._name}"
    name = type(x).__name__
    return {"str": "A string", "list": "A list", "dict": "A dict", "tuple": "A tuple", "int": "A whole number", "float": "A number",
            "bool": "A truth value"}.get(name, f"A value of type {name}")  # fmt: skip


def _plain_difference(got: Any, want: Any) -> str:
    if got is None and want is not None:
        return "None came back: is there a `return` on every path?"
    if isinstance(got, (list, tuple)) and isinstance(want, (list, tuple)):
        if type(got) is not type(want) and {type(got), type(want)} <= {list, tuple}:
            return f"A {type(got).__name__} came where a {type(want).__name__} was expected."
        for i, (a, b) in enumerate(zip(got, want, strict=False)):
            if _differs(a, b):
                return f"At position {i} it is {_Short().repr(a)}, and {_Short().repr(b)} was expected."
        if len(got) != len(want):
            return f"It has {len(got)} elements, and {len(want)} were expected."
    if isinstance(got, dict) and isinstance(want, dict):
        for key in want:
            if key not in got:
                return f"The key {key!r} is missing."
            if _differs(got[key], want[key]):
                return f"At key {key!r} it is {_Short().repr(got[key])}, and {_Short().repr(want[key])} was expected."
        if extra := [key for key in got if key not in want]:
            return f"The key {extra[0]!r} should not be there."
    if isinstance(got, str) and isinstance(want, str):
        for i, (a, b) in enumerate(zip(got, want, strict=False)):
            if a != b:
                return f"The strings differ at character {i}: {got[i : i + 20]!r}, and {want[i : i + 20]!r} was expected."
        return f"It has {len(got)} characters, and {len(want)} were expected." if len(got) != len(want) else ""
    return ""


def _differs(a: Any, b: Any) -> bool:
    try:
        return bool(a != b)
    except Exception:
        return True


def failure(
    error: BaseException,
    tb: TracebackType | None,
    *,
    comparison: tuple[str, Any, Any] | None,
    last: Call | None,
    given: str,
    checks: Path,
) -> dict[str, str]:
    """message, given, expected, got, where, traceback of one failed check."""
    story = {"message": "", "given": given, "expected": "", "got": "", "where": "", "traceback": ""}
    if example := _example(error):
        story["given"] = f"{example}\n{given}".strip()
    if isinstance(error, NotAllowed):
        return story | {"message": str(error), "where": error.where, "got": error.text, "given": ""}
    frames: Frames | None = getattr(error, "learner_frames", None)
    name = type(error).__name__
    called = f"`{last.name}`" if last else "Your code"
    if frames is not None:
        story["where"], story["traceback"] = frames.where, str(frames)
        if frames.kind == "NotImplementedError":
            story["message"] = f"{called} is not written yet (it raises NotImplementedError)."
        else:
            at = f" ({frames.where})" if frames.where else ""
            story["message"] = f"{called} raised {frames.kind}: {frames.text}{at}" if frames.text else f"{called} raised {frames.kind}{at}."
        story["got"] = f"{frames.kind}: {frames.text}" if frames.text else frames.kind
        return story
    if isinstance(error, Unjudged):
        return story | {"message": str(error), "got": summary(last.result) if last and last.returned else ""}
    text = str(error)
    if isinstance(error, NotDefined):
        return story | {"message": text[0].upper() + text[1:] + ".", "expected": f"`{error.name}`"}
    pair = _compared(tb)
    if pair is not None:
        got, want = pair
        if last is not None and last.returned and isinstance(got, np.ndarray) and got.dtype.hasobject:
            got = last.result  # NumPy has made an array of what was none
        story |= {"got": summary(got), "expected": summary(want)}
        story["message"] = difference(got, want) or (_first_line(text, skip=("assert", "Not equal")) or "The values differ.")
        return story
    if name == "Failed" and "DID NOT RAISE" in text:
        wanted = text.partition("DID NOT RAISE")[2].strip().removeprefix("<class '").removesuffix("'>").split(".")[-1]
        story["expected"] = f"{wanted} is raised"
        story["got"] = summary(last.result) if last and last.returned else "no exception"
        return story | {"message": f"{called} should have raised {wanted} and did not."}
    if isinstance(error, AssertionError):
        said = text.split("\nassert ")[0] if not text.startswith("assert ") else ""
        expression = _asserted(tb, checks)
        if comparison is not None:
            op, left, right = comparison
            if last is not None and last.returned and right is last.result and left is not last.result and op in ("==", "!="):
                left, right = right, left
            story["got"] = summary(left)
            story["expected"] = (
                "" if op in ("==", "is") else f"{ {'!=': 'not', 'in': 'one of', 'not in': 'none of'}.get(op, op) } "
            ) + summary(right)
            told = difference(left, right) if op == "==" else ""
            told = (
                told or f"{_brief(left)} came, and {story['expected'] if len(story['expected']) < 80 else 'something else'} was expected."
            )
            return story | {"message": said or told}
        if last is not None and last.returned:
            story["got"] = summary(last.result)
        return story | {
            "message": said or (f"This should hold and does not: {expression}" if expression else _first_line(text) or "It does not hold.")
        }
    if last is not None and last.returned:
        story["got"] = summary(last.result)
        return story | {"message": f"What {called} returned could not be used: {name}: {_first_line(text)}"}
    return story | {"message": f"{name}: {_first_line(text) or 'no message'}"}


def _brief(x: Any) -> str:
    text = summary(x)
    return text if len(text) < 80 and "\n" not in text else "Another value"


def _first_line(text: str, skip: tuple[str, ...] = ()) -> str:
    for line in text.splitlines():
        if line.strip() and not line.strip().startswith(skip or "\0"):
            return line.strip()[:300]
    return ""


def _compared(tb: TracebackType | None) -> tuple[Any, Any] | None:
    while tb is not None:
        code, names = tb.tb_frame.f_code, HELPERS.get(tb.tb_frame.f_code.co_name)
        if names and ("torch" in code.co_filename or "numpy" in code.co_filename):
            found = tb.tb_frame.f_locals
            if names[0] in found and names[1] in found:
                return found[names[0]], found[names[1]]
        tb = tb.tb_next
    return None


def _asserted(tb: TracebackType | None, checks: Path) -> str:
    """The expression of the assert statement that failed, as the author wrote it."""
    line = 0
    while tb is not None:
        if tb.tb_frame.f_code.co_filename == str(checks):
            line = tb.tb_lineno
        tb = tb.tb_next
    if not line:
        return ""
    try:
        tree = ast.parse("".join(linecache.getlines(str(checks))) or checks.read_text(encoding="utf-8"))
    except (OSError, SyntaxError):
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and node.lineno <= line <= (node.end_lineno or node.lineno):
            return ast.unparse(node.test)[:300]
    return ""


def _example(error: BaseException) -> str:
    """The arguments of Hypothesis's smallest failing example, without the fixtures."""
    for note in getattr(error, "__notes__", []):
        if note.startswith(("Falsifying example", "Failing test case", "Falsifying test case")):
            kept = [
                part.strip().rstrip(",")
                for part in note.splitlines()[1:]
                if "=" in part and not part.strip().startswith(("learner=", "reference=", "rng=", "budget=", "self="))
            ]
            return "The smallest example that fails: " + ", ".join(kept)[:LONG]
    return ""
