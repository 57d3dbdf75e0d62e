"""Events of every kind, built from the schema itself: whatever its bounds let in, with the extremes often and the curriculum's ids often."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from modelwright.journal.checks import fsrs_bounds
from modelwright.journal.errors import JournalError
from modelwright.journal.events import Event
from modelwright.journal.upgrades import KINDS, Reader, kind_of

READER = Reader()
WORDS = ["", "x", "gone/away", "a/b#2", "Ω\u2028\u202e\x1b[2J<b>&amp;", "'; --", "q50", "q10", "q90", "8", "\x00", "%s {0} [red]", "9" * 20]
DATES = ["", "1970-01-01", "2028-02-29", "2399-12-31"]
OPEN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(-1e300, 1e300) | st.sampled_from(WORDS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*WORDS, "checks", "status"]), inner, max_size=3),
    max_leaves=8,
)
CHECK = st.dictionaries(st.sampled_from(["name", "status", "claim", "message", "given", "seconds"]), OPEN | st.just("passed"), max_size=5)
VERDICT = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("schema", "message", "passed", "total", "seconds", "isolation", "x"), OPEN),
        "status": OPEN | st.just("failed"),
        "checks": OPEN | st.lists(CHECK | OPEN, max_size=3),
        "isolation": OPEN | st.fixed_dictionaries({"tier": OPEN, "lacks": OPEN}),
    },
)


def of(type: Any, ids: Sequence[str]) -> st.SearchStrategy[Any]:
    """Values of a type as `msgspec.inspect` describes it."""
    match type:
        case inspect.IntType(ge=low, le=high):
            low, high = (-(2**63) if low is None else low), (2**63 - 1 if high is None else high)
            return st.sampled_from([low, high, *(n for n in (0, 1, 2, 3) if low <= n <= high)]) | st.integers(low, high)
        case inspect.FloatType(ge=low, le=high):
            low, high = (-1e308 if low is None else low), (1e308 if high is None else high)
            return st.sampled_from([low, high, *(n for n in (0.0, 0.5, 1.0) if low <= n <= high)]) | st.floats(low, high)
        case inspect.StrType(max_length=longest):
            kept = [word for word in WORDS if longest is None or len(word) <= longest]
            return st.sampled_from([*(ids if longest == 200 else ()), *(kept if longest != 200 or not ids else kept[:3])])
        case inspect.ListType(item_type=item):
            return st.lists(of(item, ids), max_size=4)
        case inspect.DictType(key_type=key, value_type=value):
            return VERDICT if isinstance(value, inspect.AnyType) else st.dictionaries(of(key, ids), of(value, ids), max_size=4)
        case inspect.UnionType(types=types):
            return st.one_of(*(of(one, ids) for one in types))
        case inspect.LiteralType(values=values):
            return st.sampled_from(list(values))
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
    raise TypeError(f"no strategy for {type}")


def data_of(kind: type[Any], ids: Sequence[str]) -> st.SearchStrategy[dict[str, Any]]:
    """The `data` of an event of one kind, as plain JSON."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    special: dict[str, st.SearchStrategy[Any]] = {
        "deadline": st.sampled_from(DATES),
        "parameters": st.just([]) | st.tuples(*(st.sampled_from(pair) | st.floats(*pair) for pair in fsrs_bounds())).map(list),
        "events": st.lists(st.integers(0, 40).map("{:032x}".format), max_size=4),
        "name": st.sampled_from(["Ada", "", "Ω" * 200, "\x1b[31m", "O'Neil & Co"]),
    }
    fields = {
        field.encode_name: special[field.encode_name] if field.encode_name in special else of(field.type, ids) for field in info.fields
    }
    if "cards" in fields:
        pairs = st.lists(st.tuples(st.integers(0, 7_258_118_400), st.integers(1, 4)), max_size=4).map(
            lambda made: [n for pair in made for n in pair]
        )
        fields["cards"] = st.dictionaries(st.sampled_from(WORDS), pairs, max_size=3)
    required = {field.encode_name: fields[field.encode_name] for field in info.fields if field.required}
    optional = {name: made for name, made in fields.items() if name not in required}
    return st.fixed_dictionaries({"kind": st.just(kind_of(kind)), **required}, optional=optional)


def events(
    ids: Sequence[str], most: int = 30, moments: Sequence[int] = (0, 1, 1_790_000_000_000, 7_258_118_400_000)
) -> st.SearchStrategy[list[Event]]:
    """A history of anything, each event as the journal would return it."""
    any_data = st.one_of(*(data_of(kind, ids) for kind in KINDS))
    at = st.sampled_from(list(moments)) | st.integers(1_789_000_000_000, 1_791_000_000_000)
    tz = st.sampled_from([0, 120, -1560, 1560])
    one = st.tuples(any_data, at, tz)
    return st.lists(one, max_size=most).map(lambda made: [event(n, *each) for n, each in enumerate(made)])


def line(number: int, data: dict[str, Any], at: int, tz: int) -> bytes:
    return msgspec.json.encode({"id": f"{number:032x}", "at": at, "tz": tz, "data": data})


def event(number: int, data: dict[str, Any], at: int, tz: int) -> Event:
    try:
        return READER.read(line(number, data, at, tz))
    except JournalError as error:
        raise AssertionError(f"the strategy leaves the schema: {error}") from error
