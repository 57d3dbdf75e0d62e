"""What no type can say of an event: a date that exists, parameters inside FSRS's own bounds, reviews that come in pairs.

`check` is asked each time an event is read; `check_shape` only at the door, of the whole text of an event that is to be stored. Both
raise ValueError with what is wrong, without a full stop.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from typing import Any

from modelwright.journal.events import Data, Enrolled, GoalsChanged, ImportUndone, MemoryFitted, ReviewsImported

LARGEST = 16_000_000  # characters of one event
DEEPEST = 60  # lists and tables inside one another
YEARS = range(1970, 2400)
MARKS = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)  # of JSON: a text, or a bracket
HEXADECIMAL = frozenset("0123456789abcdef")


def check_id(id: str) -> None:
    if len(id) != 32 or not HEXADECIMAL.issuperset(id):
        raise ValueError(f"the id {id[:60]!r} is not 32 hexadecimal digits")


def check_shape(text: str | bytes) -> None:
    """Bounds on the event as a whole, which its open part (a verdict) could otherwise break."""
    if len(text) > LARGEST:
        raise ValueError(f"it is {len(text):,} characters long; an event has at most {LARGEST:,}")
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if text.count("[") + text.count("{") <= DEEPEST:
        return
    depth = 0
    for match in MARKS.finditer(text):
        mark = match[0]
        if mark in "[{":
            depth += 1
            if depth > DEEPEST:
                raise ValueError(f"lists and tables stand more than {DEEPEST} deep in one another")
        elif mark in "]}":
            depth -= 1


def _date(text: str | None) -> None:
    if not text:
        return
    try:
        fits = date.fromisoformat(text).year in YEARS and len(text) == 10 and text.isascii()
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"the deadline {text!r} is not a date like 2028-06-30")


def _dated(data: Enrolled | GoalsChanged) -> None:
    _date(data.deadline)


@cache
def fsrs_bounds() -> tuple[tuple[float, float], ...]:
    """(lowest, highest) of each of FSRS's parameters, as the installed package has them."""
    from fsrs.scheduler import LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS

    return tuple(zip(LOWER_BOUNDS_PARAMETERS, UPPER_BOUNDS_PARAMETERS, strict=True))


def _parameters(data: MemoryFitted) -> None:
    if not data.parameters:
        return
    bounds = fsrs_bounds()
    if len(data.parameters) != len(bounds):
        raise ValueError(f"{len(data.parameters)} parameters of the memory, where FSRS has {len(bounds)} (or none: its defaults)")
    for n, (value, (low, high)) in enumerate(zip(data.parameters, bounds, strict=True)):
        if not low <= value <= high:
            raise ValueError(f"parameter {n} of the memory is {value:g}; FSRS keeps it from {low:g} to {high:g}")


def _pairs(data: ReviewsImported) -> None:
    for card, flat in data.cards.items():
        if len(flat) % 2:
            raise ValueError(f"the reviews of card {card!r} are not pairs of a time and a rating")
        if not {1, 2, 3, 4}.issuperset(flat[1::2]):
            raise ValueError(f"a rating of card {card!r} is none of 1, 2, 3 and 4")


def _named(data: ImportUndone) -> None:
    for id in data.events:
        check_id(id)


_CHECKS: Mapping[type[Data], Callable[[Any], None]] = {
    Enrolled: _dated,
    GoalsChanged: _dated,
    MemoryFitted: _parameters,
    ReviewsImported: _pairs,
    ImportUndone: _named,
}
CHECKED = frozenset(_CHECKS)


def check(data: Data) -> None:
    """Of an event of a kind in `CHECKED`."""
    _CHECKS[type(data)](data)
