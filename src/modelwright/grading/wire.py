"""Values between checker and runner: MessagePack with a few extension types, and no pickle anywhere.

`pack` turns a value into bytes by its exact `type(x)`, so that an object that claims to be an array (`__class__`, `__array__`,
`__eq__`, `__len__`) is never taken for one; whatever is not on the list goes to `Codec.foreign`, which each side defines: the
runner gives it a handle, the checker a callback. `unpack` yields plain builtin values, NumPy arrays and torch tensors and
nothing else. Frames are eight bytes of length and the message.

What comes from a runner is read here and not by msgpack's own unpacker, because thirty bytes can ask for gigabytes (a count of a list's
elements, a shape, a list of empty lists), and no unpacker counts over the levels of extensions. `_Reader` counts first and
allocates afterwards: a message may become 64 MB of objects beyond its own bytes, 256 levels deep, and no more.

This module is imported by the runner as well, but only the checker's copy is trusted.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import math
import operator
import random
import re
import socket
import struct
import sys
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import msgpack
import numpy as np

from .errors import WireError

FRAME_LIMIT = 512 << 20
# What one untrusted message may become. The memory is an estimate from above, made before anything is made; raw bytes count as themselves.
OBJECTS_LIMIT = 64 << 20  # bytes of Python objects
DEPTH_LIMIT = 256  # lists, maps and extensions inside each other, all counted together
INTEGER_BITS = 1 << 18  # of a whole number: what can be done with it (printing, division) takes quadratic time
FRACTION_BITS = 1 << 16  # of each half of a fraction, which is reduced when it is made
DECIMAL_DIGITS = 20_000  # and as an exponent: 1e999999999 is nine characters, and a gigabyte as an integer
SAME_HASH = 256  # keys of one dict or set with the same hash: making it takes quadratic time in their number
EMPTY_SIDES = 1 << 20  # the product of an empty array's other sides: a sum over the empty one makes as many numbers
GENERATORS_LIMIT = 256  # random generators that one runner may send


class Code(IntEnum):
    """The kinds of value that plain msgpack does not know, as its extension codes."""

    TUPLE = 1
    COMPLEX = 2
    BIGINT = 3
    SET = 4
    FROZENSET = 5
    SLICE = 6
    NDARRAY = 7
    SCALAR = 8
    TENSOR = 9
    FOREIGN = 10
    RANGE = 11
    ELLIPSIS = 12
    GENERATOR = 13
    RANDOM = 14
    NAMED = 15
    DTYPE = 16
    CONTAINER = 17
    OBJECTS = 18
    NOTIMPL = 19
    BUILTIN = 20
    TORCHDTYPE = 21
    FRACTION = 22
    DECIMAL = 23
    DATETIME = 24
    TORCHGEN = 25
    SIZE = 26


BUILTINS: dict[str, type] = {t.__name__: t for t in (int, float, bool, str, bytes, list, tuple, dict, set, frozenset, complex, object)}
CONTAINERS: dict[str, type] = {
    "Counter": collections.Counter,
    "deque": collections.deque,
    "OrderedDict": collections.OrderedDict,
    "defaultdict": dict,
}
# The exact types, looked up once: a module that the learner's code patches later changes nothing here.
_COUNTER, _DEQUE, _ORDERED, _DEFAULT = collections.Counter, collections.deque, collections.OrderedDict, collections.defaultdict
_DTYPE_TYPES = tuple({type(np.dtype(c)) for c in "?bhilqBHILQefdgFDGSUVMmO"})
_SCALAR_TYPES = frozenset(np.dtype(c).type for c in "?bhilqBHILQefdgFDGMm") | {np.str_, np.bytes_}


class Named(tuple[Any, ...]):
    """A named tuple of the learner's, on the trusted side: a plain tuple whose fields can also be read by name."""

    _fields: tuple[str, ...] = ()
    _title = "tuple"

    def __getattr__(self, name: str) -> Any:
        if name in self._fields:  # one that begins with an underscore, which is no property here
            return self[self._fields.index(name)]
        raise AttributeError(f"{self._title} has no field {name!r}; its fields are {', '.join(self._fields)}")

    def __repr__(self) -> str:
        return f"{self._title}({', '.join(f'{k}={v!r}' for k, v in zip(self._fields, self, strict=True))})"


def _layout(strides: tuple[int, ...], shape: tuple[int, ...]) -> list[int]:
    """The order of axes from the slowest to the fastest, so that a transposed array arrives transposed."""
    return sorted(range(len(shape)), key=lambda axis: (-abs(strides[axis]), axis))


class Codec:
    """Both directions. `foreign(x)` names what has no form of its own; `resolve(payload)` is its inverse on the other side.

    `trusted` where the messages come from the checker, and may be as large as a check wants them.
    """

    def __init__(self, foreign: Callable[[Any], Any], resolve: Callable[[Any], Any], trusted: bool = False) -> None:
        self.foreign, self.resolve, self.trusted = foreign, resolve, trusted
        self.generators: dict[int, Any] = {}
        self._twins: dict[tuple[str, int], Any] = {}
        self._named: dict[tuple[str, tuple[str, ...]], type[Named]] = {}

    # -- to bytes ---------------------------------------------------------------------------------------------------------
    def pack(self, value: Any) -> bytes:
        try:
            packed: bytes = msgpack.packb(value, default=self._extend, strict_types=True, use_bin_type=True)
            return packed
        except (ValueError, RecursionError, OverflowError) as error:
            raise WireError(f"a value cannot be sent: {error}") from error

    def _ext(self, code: int, value: Any) -> msgpack.ExtType:
        return msgpack.ExtType(code, self.pack(value))

    def _extend(self, x: Any) -> Any:
        kind = type(x)
        if kind is tuple:
            return self._ext(Code.TUPLE, list(x))
        if kind is np.ndarray:
            return self._array(x)
        if kind in _SCALAR_TYPES:
            return self._ext(Code.SCALAR, [np.asarray(x).dtype.str, np.asarray(x).tobytes()])
        torch = sys.modules.get("torch")
        if torch is not None:
            if kind is torch.Tensor or kind is torch.nn.Parameter:
                return self._tensor(torch, x)
            if kind is torch.Size:
                return self._ext(Code.SIZE, list(x))
            if kind is torch.dtype:
                return self._ext(Code.TORCHDTYPE, str(x).removeprefix("torch."))
            if kind is torch.Generator:
                self.generators[id(x)] = x
                return self._ext(Code.TORCHGEN, [id(x), bytes(x.get_state().numpy().tobytes())])
        simple = self._simple(kind, x)
        if simple is not None:
            return simple
        if issubclass(kind, tuple) and isinstance(fields := kind.__dict__.get("_fields"), tuple):
            return self._ext(Code.NAMED, [str(kind.__name__)[:80], [str(f)[:80] for f in fields], list(tuple.__iter__(x))])
        return self._ext(Code.FOREIGN, self.foreign(x))

    def _simple(self, kind: type, x: Any) -> Any:
        if kind is int:
            return self._ext(Code.BIGINT, [x < 0, abs(x).to_bytes((x.bit_length() + 7) // 8, "big")])
        if kind is complex:
            return self._ext(Code.COMPLEX, [x.real, x.imag])
        if kind is set or kind is frozenset:
            return self._ext(Code.SET if kind is set else Code.FROZENSET, list(x))
        if kind is slice:
            return self._ext(Code.SLICE, [x.start, x.stop, x.step])
        if kind is range:
            return self._ext(Code.RANGE, [x.start, x.stop, x.step])
        if x is Ellipsis:
            return self._ext(Code.ELLIPSIS, None)
        if x is NotImplemented:
            return self._ext(Code.NOTIMPL, None)
        if isinstance(x, type) and kind is type and BUILTINS.get(x.__name__) is x:
            return self._ext(Code.BUILTIN, x.__name__)
        if kind is type and x in _SCALAR_TYPES:
            return self._ext(Code.DTYPE, ["type", np.dtype(x).str])
        if kind in _DTYPE_TYPES:
            return self._ext(Code.DTYPE, ["dtype", np.lib.format.dtype_to_descr(x)])
        if kind is _COUNTER or kind is _ORDERED or kind is _DEFAULT:
            return self._ext(Code.CONTAINER, [type(x).__name__, [[k, v] for k, v in dict.items(x)]])
        if kind is _DEQUE:
            return self._ext(Code.CONTAINER, ["deque", list(x)])
        if kind is fractions.Fraction:
            return self._ext(Code.FRACTION, [x.numerator, x.denominator])
        if kind is decimal.Decimal:
            return self._ext(Code.DECIMAL, str(x))
        if kind in (datetime.date, datetime.datetime, datetime.time):
            return self._ext(Code.DATETIME, [kind.__name__, x.isoformat()])
        if kind is datetime.timedelta:
            return self._ext(Code.DATETIME, ["timedelta", [x.days, x.seconds, x.microseconds]])
        if kind is np.random.Generator:
            self.generators[id(x)] = x
            return self._ext(Code.GENERATOR, [id(x), type(x.bit_generator).__name__, _plain_state(x.bit_generator.state)])
        if kind is random.Random:
            self.generators[id(x)] = x
            version, words, gauss = x.getstate()
            return self._ext(Code.RANDOM, [id(x), version, list(words), gauss])
        return None

    def _array(self, x: np.ndarray) -> msgpack.ExtType:
        if x.dtype.hasobject:
            return self._ext(Code.OBJECTS, [list(x.shape), x.ravel().tolist()])
        order = _layout(x.strides, x.shape)
        descr = np.lib.format.dtype_to_descr(x.dtype)
        return self._ext(Code.NDARRAY, [descr, list(x.shape), order, np.ascontiguousarray(x.transpose(order)).tobytes()])

    def _tensor(self, torch: Any, x: Any) -> msgpack.ExtType:
        flag = bool(x.requires_grad)
        plain = x.detach()
        if plain.layout is not torch.strided:
            plain = plain.to_dense()
        plain = plain.cpu().resolve_conj().resolve_neg()
        order = _layout(plain.stride(), tuple(plain.shape))
        data = plain.permute(order).contiguous()
        raw = data.reshape(-1).view(torch.uint8).numpy().tobytes() if data.numel() else b""
        return self._ext(Code.TENSOR, [str(x.dtype).removeprefix("torch."), list(plain.shape), order, raw, flag])

    # -- from bytes -------------------------------------------------------------------------------------------------------
    def unpack(self, data: bytes | bytearray) -> Any:
        try:
            return msgpack.unpackb(data, ext_hook=self._trust, strict_map_key=False) if self.trusted else _Reader(self, data).message()
        except WireError:
            raise
        except Exception as error:
            raise WireError(f"a message could not be read: {type(error).__name__}: {str(error)[:200]}") from error

    def _trust(self, code: int, data: bytes) -> Any:
        return self._revive(code, self.unpack(data))

    def _revive(self, code: int, x: Any) -> Any:
        """The value of an extension whose payload `x` has been read."""
        if code == Code.TUPLE:
            return tuple(x)
        if code == Code.NDARRAY:
            return self._revive_array(x)
        if code == Code.TENSOR:
            return self._revive_tensor(x)
        if code == Code.SCALAR:
            return _scalar(x)
        if code == Code.FOREIGN:
            return self.resolve(x)
        if code == Code.NAMED:
            return self._revive_named(*x)
        if code == Code.GENERATOR:
            return self._twin(("numpy", int(x[0])), lambda: _numpy_generator(x[1]), lambda g: _set_state(g, x[2]))
        if code == Code.RANDOM:
            return self._twin(("random", int(x[0])), random.Random, lambda g: None, lambda g: g.setstate((x[1], tuple(x[2]), x[3])))
        if code == Code.TORCHGEN:
            torch = _torch()

            def set_state(g: Any) -> Any:
                return g.set_state(torch.frombuffer(bytearray(x[1]), dtype=torch.uint8))

            return self._twin(("torch", int(x[0])), torch.Generator, lambda g: None, set_state)
        return _revive_plain(code, x)

    def _twin(
        self, key: tuple[str, int], make: Callable[[], Any], always: Callable[[Any], Any], once: Callable[..., Any] | None = None
    ) -> Any:
        """The runner's own copy of a random generator that a check passes: the same one each time it is passed."""
        if key not in self._twins:
            self._twins[key] = make()
            if once:
                once(self._twins[key])
        always(self._twins[key])
        self.generators[key[1]] = self._twins[key]
        return self._twins[key]

    def _revive_array(self, x: Any) -> np.ndarray:
        dtype = _dtype(x[0])
        shape, order, raw = _sides(x[1]), _sides(x[2]), x[3]
        _check_form("an array", shape, order, dtype.itemsize, len(raw))
        flat = np.frombuffer(bytearray(raw), dtype=np.uint8 if dtype.kind == "b" else dtype) if len(raw) else np.empty(0, dtype=dtype)
        if dtype.kind == "b":
            flat = flat != 0  # a byte that is neither 0 nor 1 would be a truth that equals no truth
        return flat.reshape([shape[axis] for axis in order]).transpose(np.argsort(order)) if order else flat.reshape(())

    def _revive_tensor(self, x: Any) -> Any:
        torch = _torch()
        dtype = _torch_dtype(x[0])
        shape, order, raw, flag = _sides(x[1]), _sides(x[2]), x[3], bool(x[4])
        _check_form("a tensor", shape, order, dtype.itemsize, len(raw))
        flat = torch.frombuffer(bytearray(raw), dtype=torch.uint8) if len(raw) else torch.empty(0, dtype=dtype)
        flat = flat != 0 if dtype == torch.bool else flat.view(dtype)
        out = flat.reshape([shape[axis] for axis in order])
        out = out.permute([order.index(axis) for axis in range(len(order))]) if order else out
        return out.requires_grad_() if flag and (dtype.is_floating_point or dtype.is_complex) else out

    def _revive_named(self, title: str, fields: list[str], values: list[Any]) -> Named:
        names = tuple(fields)
        proper = all(type(name) is str and name.isidentifier() for name in names)
        if len(names) != len(values) or len(set(names)) != len(names) or not proper:
            raise WireError("a named tuple whose names are not one for each value")
        key = (str(title)[:80], names)
        kind = self._named.get(key)
        if kind is None:
            if len(self._named) >= 1000:
                self._named.clear()
            own = {name: property(operator.itemgetter(i)) for i, name in enumerate(names) if not name.startswith("_")}
            kind = self._named[key] = type("Named", (Named,), {**own, "_fields": names, "_title": key[0], "__slots__": ()})
        return kind(values)


class _Reader:
    """Reads one message, and knows before it makes a thing what it will cost.

    One Python frame for each level, no copy of an extension's payload, and runs of numbers of one kind by NumPy.
    """

    def __init__(self, codec: Codec, data: bytes | bytearray) -> None:
        self.codec, self.data, self.at, self.end = codec, data, 0, len(data)
        self.left, self.depth = OBJECTS_LIMIT, 0
        self.views = False

    def message(self) -> Any:
        value = self.value()
        if self.at != self.end:
            raise WireError("a message with something after its end")
        return value

    def charge(self, size: int) -> None:
        """Take `size` bytes from what the message may become, or refuse it."""
        self.left -= size
        if self.left < 0:
            raise WireError(f"it would take more than {OBJECTS_LIMIT >> 20} MB of memory as lists, numbers, strings and other objects")

    def take(self, count: int) -> int:
        """Where the next `count` bytes begin; they are all there."""
        at = self.at
        if count > self.end - at:
            raise WireError("a message that ends too early")
        self.at = at + count
        return at

    def number(self, size: int) -> int:
        at = self.take(size)
        return int.from_bytes(self.data[at : at + size], "big")

    def value(self) -> Any:
        byte = self.data[self.take(1)]
        if byte < 0x80:
            return byte
        if byte >= 0xE0:
            return byte - 0x100
        if byte < 0x90:
            return self.mapping(byte & 15)
        if byte < 0xA0:
            return self.items(byte & 15)
        if byte < 0xC0:
            return self.text(byte & 31)
        if byte in _FIXED:
            form, size = _FIXED[byte]
            self.charge(32)
            return form.unpack_from(self.data, self.take(size))[0]
        if byte in _CONSTANTS:
            return _CONSTANTS[byte]
        if byte in _SIZED:
            make, size = _SIZED[byte]
            return make(self, self.number(size))
        if byte in _FIXED_EXTENSIONS:
            return self.extension(_FIXED_EXTENSIONS[byte])
        if byte in _EXTENSIONS:
            return self.extension(self.number(_EXTENSIONS[byte]))
        raise WireError("a message with a byte that means nothing")

    def text(self, count: int) -> str:
        self.charge(50 + 4 * count)
        at = self.take(count)
        return str(self.data[at : at + count], "utf-8")

    def raw(self, count: int) -> bytes | memoryview:
        self.charge(40)
        at = self.take(count)
        return memoryview(self.data)[at : at + count] if self.views else bytes(self.data[at : at + count])

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > DEPTH_LIMIT:
            raise WireError(f"it is nested more than {DEPTH_LIMIT} levels deep")

    def items(self, count: int) -> list[Any]:
        if count > self.end - self.at:
            raise WireError("a list with more elements than there are bytes")
        self.charge(64 + 8 * count)
        self.deeper()
        out: list[Any] = []
        while count - len(out) >= LONG_RUN:
            before = len(out)
            self.run(out, count)
            if len(out) == before:
                out += [self.value() for _ in range(min(LONG_RUN, count - before))]
        while len(out) < count:
            out.append(self.value())
        self.depth -= 1
        return out

    def run(self, out: list[Any], count: int) -> None:
        """Append the numbers of one kind that come next, if they are many."""
        code = self.data[self.at]
        dtype = _RUNS.get(code)
        if dtype is None:
            return
        width = dtype.itemsize + 1
        block = LONG_RUN
        while True:
            block = min(block, count - len(out), (self.end - self.at) // width)
            codes = np.ndarray((block,), np.uint8, self.data, self.at, (width,))
            same = block if (hits := codes == code).all() else int(hits.argmin())
            if same < LONG_RUN // 4:
                return
            self.charge(32 * same)
            out += np.ndarray((same,), dtype, self.data, self.at + 1, (width,)).tolist()
            self.at += same * width
            if same < block or len(out) == count:
                return
            block = min(2 * block, 1 << 16)

    def mapping(self, count: int) -> dict[Any, Any]:
        if 2 * count > self.end - self.at:
            raise WireError("a map with more entries than there are bytes")
        self.charge(240 + 120 * count)
        self.deeper()
        keys, values = [], []
        for _ in range(count):
            keys.append(self.value())
            values.append(self.value())
        self.depth -= 1
        return dict(zip(self.keys(keys), values, strict=True))

    def keys(self, keys: Any) -> Any:
        """The same keys, if they may go into one dict or set: those made to collide would take quadratic time."""
        if len(keys) > SAME_HASH and max(collections.Counter(map(hash, keys)).values()) > SAME_HASH:
            raise WireError(f"a dict or set with more than {SAME_HASH} keys of one hash")
        return keys

    def extension(self, count: int) -> Any:
        code = self.data[self.take(1)]
        at = self.take(count)
        outer, end = self.end, self.at
        self.deeper()
        self.at, self.end, self.views = at, end, code in (Code.NDARRAY, Code.TENSOR)
        payload = self.value()
        self.views = False
        if self.at != end:
            raise WireError("an extension with something after its end")
        self.end = outer
        self.depth -= 1
        self.weigh(code, payload)
        return self.codec._revive(code, payload)

    def weigh(self, code: int, x: Any) -> None:
        """Charge what an extension will become beyond its payload, and refuse what would be slow to make or to use."""
        self.charge(_WEIGHTS.get(code, 250))
        match code:
            case Code.SET | Code.FROZENSET:
                self.charge(120 + 100 * len(x))
                self.keys(x)
            case Code.CONTAINER:
                self.charge((8 if x[0] == "deque" else 300) * len(x[1]))
                self.keys([pair[0] for pair in x[1]] if x[0] != "deque" else [])
            case Code.OBJECTS:
                self.charge(8 * len(x[1]))
            case Code.NAMED:
                if (str(x[0])[:80], tuple(x[1])) not in self.codec._named:
                    self.charge(4000 + 200 * len(x[1]))  # a class of its own
            case Code.RANGE:
                self.charge(40 * len(range(*(_whole(bound, 64, "a range's bound") for bound in x))))  # a check may make a list of it
            case Code.BIGINT:
                self.charge(2 * len(x[1]))
                if len(x[1]) > INTEGER_BITS // 8:
                    raise WireError(f"a whole number of {8 * len(x[1])} bits, and at most {INTEGER_BITS} may come back")
            case Code.FRACTION:
                bits = sum(_whole(half, FRACTION_BITS, "a fraction's half").bit_length() for half in x)
                self.charge(8 * bits)  # mostly for the time that reducing it takes
            case Code.DECIMAL:
                if type(x) is not str or len(x) > DECIMAL_DIGITS:
                    raise WireError(f"a decimal number of more than {DECIMAL_DIGITS} characters")
                number = decimal.Decimal(x)
                if number.is_finite() and abs(number.adjusted()) > DECIMAL_DIGITS:
                    raise WireError(f"a decimal number with an exponent beyond {DECIMAL_DIGITS}")
            case Code.DATETIME:
                if x[0] != "timedelta" and len(x[1]) > 64:
                    raise WireError("a date of more than 64 characters")
            case Code.GENERATOR | Code.RANDOM | Code.TORCHGEN:
                if len(self.codec._twins) >= GENERATORS_LIMIT:
                    raise WireError(f"more than {GENERATORS_LIMIT} random generators")


# Bytes that the value of an extension takes beyond its payload, from above; more where it takes long to make.
_WEIGHTS: dict[int, int] = {Code.NDARRAY: 1500, Code.TENSOR: 3000, Code.FOREIGN: 1000, Code.CONTAINER: 1000, Code.OBJECTS: 600}
_WEIGHTS |= {Code.FRACTION: 400, Code.GENERATOR: 6000, Code.RANDOM: 6000, Code.TORCHGEN: 6000}
LONG_RUN = 64  # numbers: fewer are read one by one
_FIXED = {
    0xCA: (struct.Struct(">f"), 4), 0xCB: (struct.Struct(">d"), 8), 0xCC: (struct.Struct(">B"), 1), 0xCD: (struct.Struct(">H"), 2),
    0xCE: (struct.Struct(">I"), 4), 0xCF: (struct.Struct(">Q"), 8), 0xD0: (struct.Struct(">b"), 1), 0xD1: (struct.Struct(">h"), 2),
    0xD2: (struct.Struct(">i"), 4), 0xD3: (struct.Struct(">q"), 8),
}  # fmt: skip
_CONSTANTS = {0xC0: None, 0xC2: False, 0xC3: True}
_SIZED: dict[int, tuple[Callable[[_Reader, int], Any], int]] = {
    0xC4: (_Reader.raw, 1), 0xC5: (_Reader.raw, 2), 0xC6: (_Reader.raw, 4), 0xD9: (_Reader.text, 1), 0xDA: (_Reader.text, 2),
    0xDB: (_Reader.text, 4), 0xDC: (_Reader.items, 2), 0xDD: (_Reader.items, 4), 0xDE: (_Reader.mapping, 2), 0xDF: (_Reader.mapping, 4),
}  # fmt: skip
# The size of an extension's payload, and that of the number that says it.
_FIXED_EXTENSIONS = {0xD4: 1, 0xD5: 2, 0xD6: 4, 0xD7: 8, 0xD8: 16}
_EXTENSIONS = {0xC7: 1, 0xC8: 2, 0xC9: 4}
_RUNS = {code: np.dtype(form.format) for code, (form, _) in _FIXED.items()}
# What `numpy.dtype.str` can say of a dtype that holds no object.
_DTYPE_TEXT = re.compile(r"[<>|=]?[biufcSUVMm]\d{1,9}(\[\d{0,9}[a-zA-Zμ]{1,7}\])?")
_TORCH_DTYPES = """bool uint8 uint16 uint32 uint64 int8 int16 int32 int64 float16 bfloat16 float32 float64 complex32 complex64 complex128
float8_e4m3fn float8_e5m2 float8_e4m3fnuz float8_e5m2fnuz float8_e8m0fnu"""


def _torch() -> Any:
    torch = sys.modules.get("torch")
    if torch is None:
        raise WireError("a tensor came, but this lab does not use torch; add `needs: [torch]` to its lab.yaml")
    return torch


def _torch_dtype(name: Any) -> Any:
    dtype = getattr(_torch(), name, None) if name in _TORCH_DTYPES.split() else None
    if dtype is None:
        raise WireError(f"a tensor type of unknown kind {str(name)[:40]!r}")
    return dtype


def _dtype(descr: Any) -> np.dtype:
    """A dtype from its description, of plain numbers, text, bytes and dates only, by themselves or as fields."""
    _check_descr(descr)
    dtype = np.dtype(descr) if isinstance(descr, str) else np.lib.format.descr_to_dtype(descr)
    if dtype.hasobject:
        raise WireError("a dtype that holds an object")
    return dtype


def _check_descr(descr: Any) -> None:
    if isinstance(descr, str):
        if not _DTYPE_TEXT.fullmatch(descr):
            raise WireError(f"a dtype of unknown kind {descr[:40]!r}")
    elif isinstance(descr, list):
        if len(descr) > 1000:
            raise WireError("a dtype with more than 1000 fields")
        for field in descr:
            _check_descr(field[1])
    else:  # (dtype, shape): an element that is itself an array
        _check_descr(descr[0])


def _sides(x: Any) -> list[int]:
    if len(x) > 64 or not all(type(n) is int and 0 <= n < 1 << 62 for n in x):
        raise WireError("a shape that no array has")
    return list(x)


def _check_form(what: str, shape: list[int], order: list[int], itemsize: int, raw: int) -> None:
    if sorted(order) != list(range(len(shape))):
        raise WireError(f"{what} whose axes are not those of its shape")
    if math.prod(shape) * itemsize != raw or (raw == 0 and math.prod(shape) > 0):
        raise WireError(f"{what} whose size is not that of its bytes")
    if raw == 0 and (itemsize > EMPTY_SIDES or math.prod(side or 1 for side in shape) > EMPTY_SIDES):
        raise WireError(f"{what} that is empty, and has other sides of more than {EMPTY_SIDES} elements together")


def _scalar(x: Any) -> Any:
    dtype, raw = _dtype(x[0]), x[1]
    if dtype.itemsize != len(raw):
        raise WireError("a scalar whose size is not that of its bytes")
    if not raw:
        return dtype.type()
    return np.bool_(raw != b"\0") if dtype.kind == "b" else np.frombuffer(raw, dtype=dtype, count=1)[0]


def _whole(x: Any, bits: int, what: str) -> int:
    if type(x) is not int:
        raise WireError(f"{what} that is no whole number")
    if x.bit_length() > bits:
        raise WireError(f"{what} of {x.bit_length()} bits, and at most {bits} may come back")
    return x


def _positive(raw: Any) -> int:
    if type(raw) is not bytes:
        raise WireError("a whole number that is no number")
    return int.from_bytes(raw, "big")


def _revive_plain(code: int, x: Any) -> Any:
    match code:
        case Code.COMPLEX:
            return complex(x[0], x[1])
        case Code.BIGINT:
            return -_positive(x[1]) if x[0] else _positive(x[1])
        case Code.SET:
            return set(x)
        case Code.FROZENSET:
            return frozenset(x)
        case Code.SLICE:
            return slice(*x)
        case Code.RANGE:
            return range(*x)
        case Code.ELLIPSIS:
            return Ellipsis
        case Code.DTYPE:
            return _dtype(x[1]).type if x[0] == "type" else _dtype(x[1])
        case Code.CONTAINER:
            kind = CONTAINERS[x[0]]
            return kind(x[1]) if kind is _DEQUE else kind(dict(x[1]))
        case Code.OBJECTS:
            shape, values = _sides(x[0]), x[1]
            _check_form("an array of objects", shape, list(range(len(shape))), 1, len(values))
            out = np.empty(len(values), dtype=object)
            for i, value in enumerate(values):
                out[i] = value
            return out.reshape(shape)
        case Code.NOTIMPL:
            return NotImplemented
        case Code.BUILTIN:
            return BUILTINS[x]
        case Code.TORCHDTYPE:
            return _torch_dtype(x)
        case Code.FRACTION:
            return fractions.Fraction(x[0], x[1])
        case Code.DECIMAL:
            return decimal.Decimal(x)
        case Code.DATETIME:
            if x[0] == "timedelta":
                return datetime.timedelta(*x[1])
            kind = {"date": datetime.date, "datetime": datetime.datetime, "time": datetime.time}[x[0]]
            return kind.fromisoformat(x[1])  # type: ignore[attr-defined]
        case Code.SIZE:
            return _torch().Size(_sides(x))
    raise WireError(f"a value of unknown kind {code}")


def _plain_state(state: Any) -> Any:
    if isinstance(state, dict):
        return {key: _plain_state(value) for key, value in state.items()}
    return state


def _numpy_generator(name: str) -> np.random.Generator:
    if name not in ("PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"):
        raise WireError(f"a random generator of unknown kind {name!r}")
    return np.random.Generator(getattr(np.random, name)(0))


def _set_state(generator: np.random.Generator, state: Any) -> None:
    # NumPy does not check where in its buffer a state says that it is, and would read beyond it.
    if type(state.get("buffer_pos", 0)) is not int or not 0 <= state.get("buffer_pos", 0) <= 4:
        raise WireError("a random generator in a state that none is in")
    if state["bit_generator"] == "MT19937" and not (type(pos := state["state"]["pos"]) is int and 0 <= pos <= 624):
        raise WireError("a random generator in a state that none is in")
    generator.bit_generator.state = state


def advance_like(generator: np.random.Generator, after: Any) -> None:
    """Move the check's PCG64 as far as the learner's copy of it moved, and no other way.

    The state that comes back is not believed: it must lie ahead of ours on the same stream, by fewer than 2**40 draws, else nothing
    moves. The distance between two states of a linear congruential generator is found bit by bit (Brown, "Random number
    generation with arbitrary strides", 1994, run backwards, as in O'Neill's PCG library).
    """
    bits = generator.bit_generator
    now: Any = bits.state
    if now["bit_generator"] != "PCG64" or not isinstance(after, dict):
        return
    try:
        goal, inc = int(after["state"]["state"]), int(now["state"]["inc"])
        spare = (int(bool(after["has_uint32"])), int(after["uinteger"]) & 0xFFFFFFFF)
    except (KeyError, TypeError, ValueError):
        return
    state, mask, multiplier, plus, bit, distance = int(now["state"]["state"]), (1 << 128) - 1, 0x2360ED051FC65DA44385DF649FCCF645, inc, 1, 0
    while state != goal and bit <= mask:
        if (state ^ goal) & bit:
            state = (state * multiplier + plus) & mask
            distance |= bit
        bit <<= 1
        plus = ((multiplier + 1) * plus) & mask
        multiplier = (multiplier * multiplier) & mask
    if state == goal and distance < 1 << 40:
        if distance:
            bits.advance(distance)  # type: ignore[attr-defined]
        moved: Any = bits.state
        moved["has_uint32"], moved["uinteger"] = spare
        bits.state = moved


_HEADER = struct.Struct("<Q")


def send_frame(sock: socket.socket, data: bytes) -> None:
    sock.sendall(_HEADER.pack(len(data)))
    sock.sendall(data)


def recv_exactly(sock: socket.socket, count: int) -> bytearray:
    """`count` bytes. Memory is taken as they come: a length that is promised costs nothing."""
    buffer = bytearray()
    while len(buffer) < count:
        piece = sock.recv(min(count - len(buffer), 1 << 18))
        if not piece:
            raise EOFError("the other end closed")
        buffer += piece
    return buffer


def recv_frame(sock: socket.socket, limit: int = FRAME_LIMIT) -> bytearray:
    (count,) = _HEADER.unpack(recv_exactly(sock, 8))
    if count > limit:
        raise WireError(f"a message of {count >> 20} MB, more than the {limit >> 20} MB allowed")
    return recv_exactly(sock, count)
