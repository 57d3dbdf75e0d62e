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


class Variation:
    """Another set of arguments of the same form: `turn` counts them. What has no variation of this kind, such as a function, stays."""

    def __init__(self, kind: str, rng: np.random.Generator, turn: int) -> None:
        self.kind, self.rng, self.turn = kind, rng, turn
        # One for all numbers of a call: what is sorted stays sorted, what is twice another stays that.
        self.coarse = 1.0 - rng.uniform(1, 2) / 64
        self.factor = self.coarse if kind == "numbers" else 1.0 - rng.uniform(1, 2) * 1e-5

    def of(self, x: Any) -> Any:
        torch = sys.modules.get("torch")
        form, kind = type(x), self.kind
        if form is np.ndarray and x.dtype.kind in "biufc":
            return self._array(x)
        if torch is not None and isinstance(x, torch.Tensor):
            return self._tensor(torch, x)
        if form in (list, tuple):
            return form(self._items(list(x)))
        if form is dict:
            return {key: self.of(value) for key, value in x.items()}
        if form is str and kind == "order" and len(words := x.split(" ")) > LONG:
            return " ".join(words[i] for i in self.rng.permutation(len(words)))
        if form in (str, bytes) and kind == "numbers" and len(x) > LONG:
            place = int(self.rng.integers(1, len(x)))
            return x[place:] + x[:place]
        if form is float and kind != "order":
            return x * self.factor
        if form is int and kind == "nudged" and abs(x) >= LARGE:
            return x - (1 + self.turn % (abs(x) // 10)) * (1 if x > 0 else -1)
        return x

    def _items(self, items: list[Any]) -> list[Any]:
        if self.kind == "order" and len(items) > LONG and not _sorted(items):
            items = [items[i] for i in self.rng.permutation(len(items))]
        if not items or any(type(item) not in (int, float) for item in items):
            return [self.of(item) for item in items]
        if self.kind != "order" and any(type(item) is float for item in items):
            return [item * self.factor if type(item) is float else item for item in items]
        if self.kind == "numbers" and len(items) > LONG:
            by = int(self.rng.integers(1, 1 << 20))
            return [item + by for item in items]
        return items

    def _array(self, x: np.ndarray) -> np.ndarray:
        out = np.empty_like(x)  # of the same layout in memory
        if self.kind == "order" and x.ndim and (orders := self._orders(x)) is not None:
            out[...] = x[np.ix_(*orders)]
        elif self.kind != "order" and x.dtype.kind in "fc":
            out[...] = x * (self.factor if x.dtype.itemsize > 2 else self.coarse)
        else:
            out[...] = x
        return out

    def _tensor(self, torch: Any, x: Any) -> Any:
        plain = x.detach()
        out = torch.empty_like(plain)
        if self.kind == "order" and x.ndim and (orders := self._orders(_numbers(plain))) is not None:
            for axis, order in enumerate(orders):
                plain = plain.index_select(axis, torch.from_numpy(order))
        elif self.kind != "order" and (x.dtype.is_floating_point or x.dtype.is_complex):
            plain = plain * (self.factor if x.dtype.itemsize > 2 else self.coarse)
        out.copy_(plain)
        return out.requires_grad_() if x.requires_grad else out

    def _orders(self, x: np.ndarray) -> list[np.ndarray] | None:
        """An order for each axis that keeps what the array is: rows and columns of a symmetric matrix together; none of a triangle."""
        orders = [self.rng.permutation(n) for n in x.shape]
        if x.ndim == 1 and x.dtype.kind != "c" and (bool((x[1:] >= x[:-1]).all()) or bool((x[1:] <= x[:-1]).all())):
            return None
        if x.ndim == 1 and x.size <= LONG and x.dtype.kind in "iu":
            return None
        if x.ndim >= 2 and x.shape[-1] == x.shape[-2]:
            if np.array_equal(x, np.triu(x)) or np.array_equal(x, np.tril(x)):
                return None
            if x.dtype.kind not in "fc":
                orders[-1] = orders[-2]  # a table of who is whose neighbour
            elif np.allclose(x, np.swapaxes(x, -1, -2), equal_nan=True):
                orders[-1] = orders[-2]
        return orders


def _sorted(items: list[Any]) -> bool:
    if any(type(item) not in (int, float, str, tuple) for item in items):
        return False
    try:
        return all(a <= b for a, b in pairwise(items)) or all(a >= b for a, b in pairwise(items))
    except (TypeError, ValueError):  # numbers among strings, arrays in tuples
        return False


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
