"""Fresh arguments of the same kind and size, for a budget; and whether two results are the same for its purpose.

A dictionary of what was computed before must not help: so a call gets its array with the rows and columns in another order, its list
in another order, its numbers a little smaller. A variation keeps what a function may rely on: shape, dtype and layout; that a matrix is
symmetric, triangular or orthogonal, that a sequence is sorted. Which of the kinds a function accepts is tried on the reference.
"""

from __future__ import annotations

import sys
from itertools import pairwise
from typing import Any

import numpy as np

from .proxy import Remote

# From the strongest: another order of what is there; other numbers; numbers that are barely others.
KINDS = ("order", "numbers", "nudged")
LONG = 16  # elements: a shorter list of whole numbers is more often a shape than data
LARGE = 1000
TOLERANCE = 1e-3
COARSE = 2e-2  # for dtypes of two bytes and less


def vary(x: Any, kind: str, rng: np.random.Generator, turn: int = 0) -> Any:
    """Another `x` of the same form, the `turn`-th. What has no variation of this kind, such as a function, stays what it is."""
    torch = sys.modules.get("torch")
    form = type(x)
    if form is np.ndarray and x.dtype.kind in "biufc":
        return _vary_array(x, kind, rng)
    if torch is not None and isinstance(x, torch.Tensor):
        return _vary_tensor(torch, x, kind, rng)
    if form in (list, tuple):
        return form(_vary_items(list(x), kind, rng, turn))
    if form is dict:
        return {key: vary(value, kind, rng, turn) for key, value in x.items()}
    if form is str and kind == "order" and len(words := x.split(" ")) > LONG:
        return " ".join(words[i] for i in rng.permutation(len(words)))
    if form in (str, bytes) and kind == "numbers" and len(x) > LONG:
        place = int(rng.integers(1, len(x)))
        return x[place:] + x[:place]
    if form is float and kind != "order":
        return x * _factor(kind, rng)
    if form is int and kind == "nudged" and abs(x) >= LARGE:
        return x - (1 + turn % (abs(x) // 10)) * (1 if x > 0 else -1)
    return x


def _factor(kind: str, rng: np.random.Generator) -> float:
    return 1.0 - rng.uniform(1, 2) * (1 / 64 if kind == "numbers" else 1e-5)


def _vary_items(items: list[Any], kind: str, rng: np.random.Generator, turn: int) -> list[Any]:
    if kind == "order" and len(items) > LONG and not _sorted(items):
        items = [items[i] for i in rng.permutation(len(items))]
    if not items or any(type(item) not in (int, float) for item in items):
        return [vary(item, kind, rng, turn) for item in items]
    if kind != "order" and any(type(item) is float for item in items):
        factor = _factor(kind, rng)  # one for all: a sorted list stays sorted
        return [item * factor if type(item) is float else item for item in items]
    if kind == "numbers" and len(items) > LONG:
        by = int(rng.integers(1, 1 << 20))
        return [item + by for item in items]
    return items


def _sorted(items: list[Any]) -> bool:
    if any(type(item) not in (int, float, str) for item in items):
        return False
    try:
        return all(a <= b for a, b in pairwise(items)) or all(a >= b for a, b in pairwise(items))
    except TypeError:  # numbers among strings
        return False


def _orders(x: np.ndarray, rng: np.random.Generator) -> list[np.ndarray] | None:
    """An order for each axis that keeps what the array is: rows and columns of a symmetric matrix together, a triangular one as it is."""
    orders = [rng.permutation(n) for n in x.shape]
    if x.ndim == 1 and x.dtype.kind != "c" and (bool((x[1:] >= x[:-1]).all()) or bool((x[1:] <= x[:-1]).all())):
        return None
    if x.ndim == 1 and x.size <= LONG and x.dtype.kind in "iu":
        return None
    if x.ndim >= 2 and x.shape[-1] == x.shape[-2]:
        if np.array_equal(x, np.triu(x)) or np.array_equal(x, np.tril(x)):
            return None
        if np.allclose(x, np.swapaxes(x, -1, -2), equal_nan=True):
            orders[-1] = orders[-2]
    return orders


def _vary_array(x: np.ndarray, kind: str, rng: np.random.Generator) -> np.ndarray:
    out = np.empty_like(x)  # of the same layout in memory
    if kind == "order" and (orders := _orders(x, rng)) is not None and x.ndim:
        out[...] = x[np.ix_(*orders)]
    elif kind != "order" and x.dtype.kind in "fc":
        out[...] = x * _factor(kind if x.dtype.itemsize > 2 else "numbers", rng)
    else:
        out[...] = x
    return out


def _vary_tensor(torch: Any, x: Any, kind: str, rng: np.random.Generator) -> Any:
    out = torch.empty_like(x.detach())
    plain = x.detach()
    if kind == "order" and x.ndim and (orders := _orders(_numbers(plain), rng)) is not None:
        for axis, order in enumerate(orders):
            plain = plain.index_select(axis, torch.from_numpy(order))
    elif kind != "order" and (x.dtype.is_floating_point or x.dtype.is_complex):
        plain = plain * _factor(kind if x.dtype.itemsize > 2 else "numbers", rng)
    out.copy_(plain)
    return out.requires_grad_() if x.requires_grad else out


def _numbers(x: Any) -> np.ndarray:
    """A tensor as an array for comparing: NumPy has no bfloat16."""
    plain = x.detach()
    return np.asarray((plain.float() if plain.dtype.is_floating_point and plain.dtype.itemsize <= 2 else plain).numpy())


def alike(got: Any, wanted: Any, *, signs: bool = True) -> bool:
    """Whether two results are equal to about three digits of the largest number in each part. Without `signs`, up to the sign of each."""
    if isinstance(got, Remote) or isinstance(wanted, Remote):  # what stays in its process cannot be compared from here
        return isinstance(got, Remote) and isinstance(wanted, Remote)
    torch = sys.modules.get("torch")
    tolerance = TOLERANCE
    if torch is not None and (isinstance(got, torch.Tensor) or isinstance(wanted, torch.Tensor)):
        tolerance = max(COARSE if isinstance(x, torch.Tensor) and x.dtype.itemsize <= 2 else TOLERANCE for x in (got, wanted))
        got, wanted = (_numbers(x) if isinstance(x, torch.Tensor) else x for x in (got, wanted))
    if isinstance(wanted, dict):
        return isinstance(got, dict) and got.keys() == wanted.keys() and all(alike(got[k], wanted[k], signs=signs) for k in wanted)
    if isinstance(wanted, (list, tuple)) and isinstance(got, (list, tuple)):
        if len(got) != len(wanted):
            return False
        if not _flat(wanted) or not _flat(got):
            return all(alike(a, b, signs=signs) for a, b in zip(got, wanted, strict=True))
    try:
        a, b = np.asarray(got), np.asarray(wanted)
    except (ValueError, TypeError):
        return False
    if a.dtype.kind not in "biufc" or b.dtype.kind not in "biufc":
        return type(got) is type(wanted) and bool(np.array_equal(a, b))
    if a.shape != b.shape:
        return False
    if any(x.dtype.kind in "fc" and x.dtype.itemsize <= 2 for x in (a, b)):
        tolerance = COARSE
    with np.errstate(all="ignore"):
        a, b = (x.astype(complex if x.dtype.kind == "c" else float) for x in (a, b))
        if not signs:
            a, b = np.abs(a), np.abs(b)
        finite = np.isfinite(b)
        if not np.array_equal(finite, np.isfinite(a)) or not np.array_equal(a[~finite], b[~finite], equal_nan=True):
            return False
        largest = float(np.abs(b[finite]).max(initial=0.0))
        return bool((np.abs(a[finite] - b[finite]) <= tolerance * largest + 1e-12).all())


def _flat(x: Any) -> bool:
    return all(type(item) in (int, float, bool) for item in x)
