"""Whether two values that came over the wire are the same, as a faded line is judged: by value, never by the learner's own `==`.

Numbers agree within rounding, arrays and tensors element by element with equal shapes, texts and containers exactly. An object that stayed
in the runner is never the same as anything: it would be its own judge.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from typing import Any

from .proxy import Remote

RELATIVE, ABSOLUTE = 1e-6, 1e-9
COARSE = {2: 1e-2, 4: 1e-4}  # relative, by the bytes of the coarser number: half and single precision
LONGEST = 160


def difference(got: Any, expected: Any) -> str:
    """In words, how `got` is not `expected`; empty where they are the same."""
    import numpy as np

    if type(got) is Remote or type(expected) is Remote:
        return _words(got, expected)
    got, expected = _plain(got), _plain(expected)
    if isinstance(expected, np.ndarray) or isinstance(got, np.ndarray):
        return _arrays(got, expected)
    if isinstance(expected, numbers.Number) and isinstance(got, numbers.Number):
        alike = isinstance(got, (bool, np.bool_)) == isinstance(expected, (bool, np.bool_))
        return "" if alike and _close(got, expected) else _words(got, expected)
    if isinstance(expected, (list, tuple)) and isinstance(got, (list, tuple)):
        if len(got) != len(expected):
            return f"{len(got)} items, where {len(expected)} are expected"
        return next((words for a, b in zip(got, expected, strict=True) if (words := difference(a, b))), "")
    if isinstance(expected, Mapping) and isinstance(got, Mapping):
        if got.keys() != expected.keys():
            return f"keys {_text(list(got))}, where {_text(list(expected))} are expected"
        return next((words for key in expected if (words := difference(got[key], expected[key]))), "")
    if type(got) is type(expected) and isinstance(expected, (str, bytes, set, frozenset, type(None))) and got == expected:
        return ""
    return _words(got, expected)


def _plain(x: Any) -> Any:
    """Tensors as arrays, arrays without axes as numbers."""
    import numpy as np

    if type(x).__module__.partition(".")[0] == "torch" and hasattr(x, "detach"):
        x = x.detach().cpu()
        x = x.float().numpy().astype(np.float16) if str(x.dtype) == "torch.bfloat16" else x.resolve_conj().numpy()
    return x[()] if isinstance(x, np.ndarray) and x.ndim == 0 else x


def _relative(*values: Any) -> float:
    sizes = [x.dtype.itemsize for x in values if getattr(getattr(x, "dtype", None), "kind", "") == "f"]
    return COARSE.get(min(sizes, default=8), RELATIVE)


def _close(got: Any, expected: Any) -> bool:
    relative = _relative(got, expected)
    try:
        a, b = complex(got), complex(expected)
    except (OverflowError, TypeError, ValueError):  # an integer of thousands of digits
        return bool(got == expected)

    def near(x: float, y: float) -> bool:
        return (math.isnan(x) and math.isnan(y)) or math.isclose(x, y, rel_tol=relative, abs_tol=ABSOLUTE)

    return near(a.real, b.real) and near(a.imag, b.imag)


def _arrays(got: Any, expected: Any) -> str:
    import numpy as np

    if not (isinstance(got, np.ndarray) and isinstance(expected, np.ndarray)):
        return _words(got, expected)
    if got.shape != expected.shape:
        return f"an array of shape {got.shape}, where {expected.shape} is expected"
    if "O" in (got.dtype.kind, expected.dtype.kind):
        return difference(got.tolist(), expected.tolist())
    kinds = {got.dtype.kind, expected.dtype.kind}
    if kinds <= set("iufc") or kinds == {"b"}:
        same = np.isclose(got, expected, rtol=_relative(got, expected), atol=ABSOLUTE, equal_nan=True)
    else:
        same = np.broadcast_to(np.asarray(got == expected), got.shape)
    if bool(same.all()):
        return ""
    where = tuple(int(i) for i in np.argwhere(~same)[0])
    return f"{_words(got[where], expected[where])} at [{', '.join(map(str, where))}]"


def _words(got: Any, expected: Any) -> str:
    return f"{_text(got)}, where {_text(expected)} is expected"


def _text(x: Any) -> str:
    if type(x) is Remote:
        return f"an object of class {object.__getattribute__(x, '_name')}"
    text = " ".join(repr(x.item() if hasattr(x, "item") and getattr(x, "ndim", 1) == 0 else x).split())
    return text if len(text) <= LONGEST else text[:LONGEST] + "…"
