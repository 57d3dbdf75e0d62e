"""The checker cannot be drowned: whatever bytes come from a runner, reading them takes little memory and little time, or is refused."""

from __future__ import annotations

import collections
import decimal
import fractions
import itertools
import math
import struct
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import msgpack
import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelwright.grading.errors import WireError
from modelwright.grading.wire import DEPTH_LIMIT, INTEGER_BITS, OBJECTS_LIMIT, Code, Codec

SECONDS = 20  # of processor time for one message, traced, which makes it several times slower; these messages took minutes
BEYOND = OBJECTS_LIMIT + (4 << 20)  # bytes that reading may take beyond the message's own


def codec() -> Codec:
    return Codec(lambda x: 0, lambda payload: ("foreign", payload))


def ext(code: int, payload: Any) -> bytes:
    data = payload if type(payload) is bytes else codec().pack(payload)
    return b"\xc9" + struct.pack(">I", len(data)) + bytes([code]) + data


def listed(token: bytes, count: int) -> bytes:
    return b"\xdd" + struct.pack(">I", count) + token * count


def many(tokens: list[bytes]) -> bytes:
    return b"\xdd" + struct.pack(">I", len(tokens)) + b"".join(tokens)


def read(data: bytes) -> tuple[Any, int]:
    """What a message is (a WireError where it was refused), and the most memory that reading it took, in bytes."""
    tracemalloc.start()
    try:
        started = time.process_time()
        try:
            value = codec().unpack(bytearray(data))
        except WireError as error:
            value = error
        peak = tracemalloc.get_traced_memory()[1]
        assert time.process_time() - started < SECONDS
        return value, peak
    finally:
        tracemalloc.stop()


ARRAY, SCALAR, TENSOR = Code.NDARRAY, Code.SCALAR, Code.TENSOR
DROWNING: dict[str, Callable[[], bytes]] = {
    "600 million objects in thirty bytes": lambda: ext(Code.OBJECTS, [[600_000_000], []]),
    "objects of a shape whose product is huge": lambda: ext(Code.OBJECTS, [[2**31, 2**31], []]),
    "ten million empty lists": lambda: listed(b"\x90", 10_000_000),
    "three million empty maps": lambda: listed(b"\x80", 3_000_000),
    "ten million lists of one": lambda: listed(b"\x91\xc0", 10_000_000),
    "ten million empty strings": lambda: listed(b"\xa0", 10_000_000),
    "sets of nothing": lambda: listed(b"\xd4\x04\x90", 500_000),
    "tuples of nothing": lambda: listed(b"\xd4\x01\x90", 500_000),
    "counters": lambda: listed(ext(Code.CONTAINER, ["Counter", []]), 200_000),
    "a hundred thousand queues": lambda: listed(ext(Code.CONTAINER, ["deque", []]), 100_000),
    "a hundred thousand arrays": lambda: listed(ext(ARRAY, ["<f8", [0], [0], b""]), 100_000),
    "twenty thousand classes": lambda: many([ext(Code.NAMED, [f"c{i}", ["x"], [1]]) for i in range(20_000)]),
    "a list that promises two billion": lambda: b"\xdd\x7f\xff\xff\xff" + b"\x00" * 100,
    "lists that each promise what the message holds": lambda: (b"\xdd" + struct.pack(">I", 900_000)) * 200 + b"\x00" * 900_000,
    "a map that promises two billion": lambda: b"\xdf\x7f\xff\xff\xff" + b"\x00" * 100,
    "bytes that promise four gigabytes": lambda: b"\xc6\xff\xff\xff\xff" + b"\x00" * 100,
    "text whose one sign makes the rest four times as wide": lambda: codec().pack("a" * 50_000_000 + "😀"),
    "a range of 120 million": lambda: ext(Code.RANGE, [0, 120_000_000, 1]),
    "a thousand ranges": lambda: listed(ext(Code.RANGE, [0, 1_000_000, 1]), 1000),
    "a range of numbers of a million bits": lambda: ext(Code.RANGE, [1 << 10**6, 3 << 10**6, 1 << 10**5]),
    "a fraction of two numbers of four megabytes": lambda: ext(
        Code.FRACTION, many([ext(Code.BIGINT, [False, b"\xa7" * 4_000_000]), ext(Code.BIGINT, [False, b"\x55" * 4_000_000])])
    ),
    "a thousand fractions": lambda: listed(ext(Code.FRACTION, [3**30_000, 7**15_000]), 1000),
    "a whole number of a megabyte": lambda: ext(Code.BIGINT, [False, b"\xff" * 1_000_000]),
    "a decimal of a gigabyte": lambda: ext(Code.DECIMAL, "1e999999999"),
    "a decimal of a million digits": lambda: ext(Code.DECIMAL, "7" * 1_000_000),
    "20,000 whole numbers of one hash in a set": lambda: ext(Code.SET, [i * (2**61 - 1) for i in range(1, 20_001)]),
    "20,000 whole numbers of one hash in a dict": lambda: b"\xdf"
    + struct.pack(">I", 20_000)
    + b"".join(codec().pack(i * (2**61 - 1)) + b"\x00" for i in range(1, 20_001)),
    "20,000 in a counter": lambda: ext(Code.CONTAINER, ["Counter", [[i * (2**61 - 1), 1] for i in range(1, 20_001)]]),
    "4096 tuples of one hash": lambda: ext(Code.SET, [tuple(t) for t in itertools.product((-1, -2), repeat=12)]),
    "fractions of one hash": lambda: ext(Code.SET, [fractions.Fraction(1 + i * (2**61 - 1)) for i in range(2000)]),
    "complex numbers of one hash": lambda: ext(Code.SET, [complex(1000003 * k, -k) for k in range(1, 5000)]),
    "480 extensions inside each other": lambda: _nested_extensions(480, Code.TUPLE),
    "5000 tuples inside each other": lambda: _nested_extensions(5000, Code.TUPLE),
    "5000 sets inside each other": lambda: _nested_extensions(5000, Code.FROZENSET),
    "a hundred thousand lists inside each other": lambda: b"\x91" * 100_000 + b"\x90",
    "a hundred thousand maps inside each other": lambda: b"\x81\x00" * 100_000 + b"\x90",
    "an element of two gigabytes": lambda: ext(ARRAY, ["V1999999999", [0], [0], b""]),
    "a text element of four gigabytes": lambda: ext(ARRAY, ["<U999999999", [0], [0], b""]),
    "a field of a terabyte": lambda: ext(ARRAY, [[("x", "<f8", (10**9, 100))], [0], [0], b""]),
    "elements of no size": lambda: ext(ARRAY, ["|S0", [60_000_000], [0], b""]),
    "an empty array with a side of 2**61": lambda: ext(ARRAY, ["<f8", [0, 2**61], [0, 1], b""]),
    "an empty array with a side of a billion": lambda: ext(ARRAY, ["<f8", [10**9, 0], [0, 1], b""]),
    "an empty tensor with a side of a billion": lambda: ext(TENSOR, ["float32", [10**9, 0], [0, 1], b"", False]),
    "an array of more axes than there are": lambda: ext(ARRAY, ["<f8", [1] * 1000, list(range(1000)), bytes(8)]),
    "an array of objects by its dtype": lambda: ext(ARRAY, ["|O", [1], [0], bytes(8)]),
    "strings of NumPy's own kind by their dtype": lambda: ext(ARRAY, ["T", [1], [0], bytes(16)]),
    "a scalar of two gigabytes": lambda: ext(SCALAR, ["V1999999999", b""]),
    "a dtype of ten thousand fields": lambda: ext(Code.DTYPE, ["dtype", [(f"f{i}", "<f8") for i in range(10_000)]]),
    "a dtype inside a dtype": lambda: ext(Code.DTYPE, ["dtype", _nested_dtype(200)]),
    "a tensor of a kind that is none": lambda: ext(TENSOR, ["qint8", [1], [0], b"\x01", False]),
    "a tensor's kind that is a function": lambda: ext(TENSOR, ["load", [1], [0], b"\x01", False]),
    "a date that is a file": lambda: ext(Code.DATETIME, ["sys", "2020-01-01"]),
    "a date of a megabyte": lambda: ext(Code.DATETIME, ["datetime", "2" * 1_000_000]),
    "a generator that points beyond its numbers": lambda: ext(
        Code.GENERATOR, [1, "MT19937", np.random.MT19937(1).state | {"state": {"key": np.zeros(624, np.uint32), "pos": 10**9}}]
    ),
    "a generator that points before its numbers": lambda: ext(
        Code.GENERATOR, [1, "Philox", np.random.Philox(1).state | {"buffer_pos": -(10**6)}]
    ),
    "a thousand generators": lambda: many([ext(Code.RANDOM, [i, 3, [1] * 624 + [1], None]) for i in range(1000)]),
    "names that are not names": lambda: ext(Code.NAMED, ["p", ["x", "x"], [1, 2]]),
    "a time stamp of msgpack's own": lambda: ext(255, b"\x00\x00\x00\x00"),
}  # fmt: skip


def _nested_extensions(depth: int, code: int) -> bytes:
    data = b"\x90"
    for _ in range(depth):
        data = b"\xc9" + struct.pack(">I", len(data) + 1) + bytes([code]) + b"\x91" + data
    return data


def _nested_dtype(depth: int) -> Any:
    descr: Any = "<f8"
    for _ in range(depth):
        descr = [("x", descr, (2,))]
    return descr


@pytest.mark.parametrize("name", DROWNING)
def test_a_message_that_would_drown_the_checker_is_refused_and_takes_little(name: str) -> None:
    data = DROWNING[name]()
    value, peak = read(data)
    assert isinstance(value, WireError), value
    assert str(value)
    assert peak < BEYOND + 4 * len(data)


HONEST = {
    "two million floats": lambda: [float(i) for i in range(1_500_000)],
    "numbers of every size": lambda: [*range(100_000), -1, 2**63, -(2**31), 2**200, 1.5],
    "words": lambda: [f"word {i}" for i in range(100_000)],
    "a dict of numbers": lambda: {i: i * i for i in range(100_000)},
    "powers of two as keys": lambda: {2**i for i in range(10_000)},
    "a grid of complex numbers": lambda: {complex(a, b) for a in range(-100, 100) for b in range(-100, 100)},
    "pairs as keys": lambda: {(a, b): a for a in range(-100, 100) for b in range(-100, 100)},
    "a hundred thousand pairs": lambda: [(i, -i) for i in range(100_000)],
    "a list 200 levels deep": lambda: _nested_list(200),
    "a number of 30,000 digits": lambda: math.factorial(10_000),
    "a harmonic number": lambda: sum((fractions.Fraction(1, n) for n in range(1, 1500)), fractions.Fraction(0)),
    "decimals": lambda: [decimal.Decimal("1E-500"), decimal.Decimal("NaN"), decimal.Decimal("Infinity"), decimal.Decimal("0.1")],
    "a range": lambda: range(1_000_000),
    "arrays by the thousand": lambda: [np.arange(3) for _ in range(10_000)],
    "an array of 100 MB": lambda: np.zeros(100 << 20, np.uint8),
    "empty arrays": lambda: [np.zeros((0, 5)), np.zeros((3, 0, 1000)), np.zeros(0, "U3"), torch.zeros(0, 7)],
    "fields": lambda: np.zeros(3, dtype=[("a", "<f8", (2,)), ("b", [("c", "U3"), ("d", "?")])]),
    "dates": lambda: np.array(["2026-01-01T00:00:01"], dtype="datetime64[25us]"),
    "named tuples by the ten thousand": lambda: [_POINT(i, i) for i in range(10_000)],
    "a counter of letters": lambda: collections.Counter({f"k{i}": i for i in range(10_000)}),
    "a queue": lambda: collections.deque(range(100_000)),
}  # fmt: skip
_POINT = collections.namedtuple("_POINT", "x y")


def _nested_list(depth: int) -> list:
    out: list = [1]
    for _ in range(depth):
        out = [out]
    return out


@pytest.mark.parametrize("name", HONEST)
def test_what_an_honest_function_returns_still_comes_back(name: str) -> None:
    value = HONEST[name]()
    got = codec().unpack(codec().pack(value))
    if isinstance(value, np.ndarray):
        assert got.dtype == value.dtype
        assert np.array_equal(got, value)
    elif name in ("empty arrays", "arrays by the thousand", "decimals", "fields"):
        assert str(got) == str(value)
    else:
        assert got == value
        assert type(got) is type(value)


def test_a_truth_that_is_neither_true_nor_false_becomes_true() -> None:
    """In an array, the byte 2 equals neither True nor False, and `~` turns it into another truth."""
    forged = codec().unpack(ext(ARRAY, ["|b1", [2], [0], b"\x02\x00"]))
    assert (forged == [True, False]).all()
    assert codec().unpack(ext(SCALAR, ["|b1", b"\x02"])) == np.True_
    assert torch.equal(codec().unpack(ext(TENSOR, ["bool", [2], [0], b"\x02\x00", False])), torch.tensor([True, False]))


def test_a_named_tuple_may_name_a_field_as_tuples_name_a_method() -> None:
    point = collections.namedtuple("Point", "count index")(7, 8)
    got = codec().unpack(codec().pack(point))
    assert (got.count, got.index) == (7, 8)


def test_the_limits_are_where_the_documentation_says() -> None:
    assert codec().unpack(b"\x91" * DEPTH_LIMIT + b"\xc0") is not None
    with pytest.raises(WireError, match=f"{DEPTH_LIMIT} levels"):
        codec().unpack(b"\x91" * (DEPTH_LIMIT + 1) + b"\xc0")
    assert codec().unpack(codec().pack(2 ** (INTEGER_BITS - 1))) == 2 ** (INTEGER_BITS - 1)
    with pytest.raises(WireError, match="bits"):
        codec().unpack(codec().pack(2 ** (INTEGER_BITS + 8)))


# -- by chance ----------------------------------------------------------------------------------------------------------------
def header(code: int, form: str) -> st.SearchStrategy[bytes]:
    """A head that promises a count, honest or not."""
    most = 256 ** struct.calcsize(form) - 1
    return st.sampled_from([0, 1, 3, 100, 10**6, 2**31, 2**32 - 1]).map(lambda n: bytes([code]) + struct.pack(form, min(n, most)))


edges = st.sampled_from([0, 1, -1, 2, 3, 64, 624, 10**6, 2**31, 2**61 - 1, 2**62, 2**63 - 1, -(2**63), 2**64 - 1, 1.5, -0.0, math.inf])
texts = st.sampled_from(["<f8", "|b1", "|V0", "<U5", "<M8[s]", "T", "O", "type", "dtype", "PCG64", "MT19937", "float32", "bool", "Counter"])
texts |= st.sampled_from(["deque", "defaultdict", "timedelta", "datetime", "1e99999", "nan", "int", "object", "pos", "state", "x"])
atoms = st.one_of(
    (edges | texts | st.binary(max_size=16) | st.none() | st.booleans()).map(msgpack.packb),
    header(0xDD, ">I"), header(0xDC, ">H"), header(0xDF, ">I"), header(0xC6, ">I"), header(0xDB, ">I"), header(0xC9, ">I"),
)  # fmt: skip


def grown(inner: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    lists = st.lists(inner, max_size=5).map(lambda parts: bytes([0x90 + len(parts)]) + b"".join(parts))
    maps = st.lists(st.tuples(inner, inner), max_size=3).map(lambda parts: bytes([0x80 + len(parts)]) + b"".join(a + b for a, b in parts))
    repeated = st.tuples(inner, st.sampled_from([100, 3000, 100_000])).map(lambda p: listed(p[0], min(p[1], max(1, 300_000 // len(p[0])))))
    extensions = st.tuples(st.integers(0, 28), inner | lists | repeated).map(lambda p: ext(*p))
    return lists | maps | extensions | repeated


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.recursive(atoms, grown, max_leaves=12))
def test_whatever_bytes_come_are_a_value_or_a_wire_error_and_take_little(data: bytes) -> None:
    value, peak = read(data)
    assert peak < BEYOND + 4 * len(data), (len(data), peak >> 20)
    if not isinstance(value, WireError):
        repr(type(value))


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.sampled_from(sorted(set(HONEST) - {"an array of 100 MB", "two million floats"})), st.data())
def test_a_value_with_a_few_bytes_changed_is_a_value_or_a_wire_error(name: str, draw: st.DataObject) -> None:
    data = bytearray(_packed(name))
    for place, byte in draw.draw(st.lists(st.tuples(st.integers(0, min(len(data), 400) - 1), st.integers(0, 255)), min_size=1, max_size=4)):
        data[place] = byte
    _, peak = read(bytes(data))
    assert peak < BEYOND + 4 * len(data)


def _packed(name: str, kept: dict[str, bytes] = {}) -> bytes:  # noqa: B006 - made once for all examples
    if name not in kept:
        kept[name] = codec().pack(HONEST[name]())[:50_000]
    return kept[name]
