"""Comparisons that nothing can pass: on the trusted side, an empty array equals only what is empty.

NumPy and pytest compare element by element, so that an array without elements agrees with every number, and one of a single element
with an array of any length. A check that says `assert learner.f(x) == pytest.approx(0.5)` does not mean that. `install` is called once,
in the process of one submission, before its checks are read. An empty result that is expected (`np.zeros((0, 3))`) stays right.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np


def install() -> None:
    """Make NumPy's assertions, `np.allclose`, `pytest.approx` and `torch.allclose` say no where nothing is compared."""
    import numpy.testing._private.utils as utils
    import pytest

    if not hasattr(utils.assert_array_compare, "guarded"):
        utils.assert_array_compare = _guarded_assertion(utils.assert_array_compare)
        np.allclose = _guarded_answer(np.allclose)
        scalar, array = type(pytest.approx(1.0)), type(pytest.approx(np.ones(1)))
        scalar.__eq__ = _guarded_number(scalar.__eq__)  # type: ignore[method-assign]
        array.__eq__ = _guarded_array(array.__eq__)  # type: ignore[method-assign]
    torch: Any = sys.modules.get("torch")
    if torch is not None and not hasattr(torch.allclose, "guarded"):
        torch.allclose = _guarded_answer(torch.allclose)


def vacuous(got: Any, want: Any) -> str:
    """Why comparing the two would compare nothing, as a sentence; empty where it compares something, or both are empty."""
    got_size, want_size = _size(got), _size(want)
    if (got_size == 0) == (want_size == 0):
        return ""
    if got_size == 0:
        wanted = "a number was" if not _shape(want) else f"{want_size} element{'s were' if want_size > 1 else ' was'}"
        return f"What came is empty (shape {_shape(got)}), where {wanted} expected."
    return f"It has {got_size} element{'s' if got_size > 1 else ''}, where an empty array of shape {_shape(want)} was expected."


def _shape(x: Any) -> tuple[int, ...]:
    return tuple(np.shape(x)) if not hasattr(x, "shape") else tuple(x.shape)


def _size(x: Any) -> int:
    size = 1
    for length in _shape(x):
        size *= length
    return size


def _guarded_assertion(compare: Callable[..., Any]) -> Callable[..., Any]:
    def assert_array_compare(comparison: Any, x: Any, y: Any, *args: Any, **kwargs: Any) -> None:
        __tracebackhide__ = True
        if reason := vacuous(np.asanyarray(x), np.asanyarray(y)):
            raise AssertionError(reason)
        compare(comparison, x, y, *args, **kwargs)

    assert_array_compare.guarded = True  # type: ignore[attr-defined]
    return assert_array_compare


def _guarded_answer(function: Callable[..., Any]) -> Callable[..., Any]:
    def allclose(*args: Any, **kwargs: Any) -> bool:
        pair = args[:2] if len(args) > 1 else ()
        return function(*args, **kwargs) if not pair or not vacuous(*pair) else False

    allclose.guarded = True  # type: ignore[attr-defined]
    return allclose


def _guarded_number(equal: Callable[..., Any]) -> Callable[..., Any]:
    """`approx` of a number is equal to numbers: an array has as many values as it has elements, and may have none."""

    def __eq__(self: Any, actual: Any) -> bool:
        return not _shape_of_array(actual) and equal(self, actual)

    return __eq__


def _guarded_array(equal: Callable[..., Any]) -> Callable[..., Any]:
    def __eq__(self: Any, actual: Any) -> bool:
        return (_shape(self.expected) == () or np.ndim(actual) > 0 or _size(self.expected) == 1) and equal(self, actual)

    return __eq__


def _shape_of_array(x: Any) -> tuple[int, ...]:
    return _shape(x) if hasattr(x, "shape") else ()
