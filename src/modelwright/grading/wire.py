"""Values between checker and runner: MessagePack with a few extension types, and no pickle anywhere.

`pack` turns a value into bytes by its exact `type(x)`, so that an object that claims to be an array (`__class__`, `__array__`,
`__eq__`, `__len__`) is never taken for one; whatever is not on the list goes to `Codec.foreign`, which each side defines: the
runner gives it a handle, the checker a callback. `unpack` yields plain builtin values, NumPy arrays and torch tensors and
nothing else, and checks every size before it allocates. Frames are eight bytes of length and the message.

This module is imported by the runner as well, but only the checker's copy is trusted.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import fractions
import math
import random
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


class Named(tuple):
    """A named tuple of the learner's, on the trusted side: a plain tuple whose fields can also be read by name."""

    _fields: tuple[str, ...] = ()
    _title = "tuple"

    def __getattr__(self, name: str) -> Any:
        if name in self._fields:
            return self[self._fields.index(name)]
        raise AttributeError(f"{self._title} has no field {name!r}; its fields are {', '.join(self._fields)}")

    def __repr__(self) -> str:
        return f"{self._title}({', '.join(f'{k}={v!r}' for k, v in zip(self._fields, self, strict=True))})"


def _layout(strides: tuple[int, ...], shape: tuple[int, ...]) -> list[int]:
    """The order of axes from the slowest to the fastest, so that a transposed array arrives transposed."""
    return sorted(range(len(shape)), key=lambda axis: (-abs(strides[axis]), axis))


class Codec:
    """Both directions. `foreign(x)` names what has no form of its own; `resolve(payload)` is its inverse on the other side."""

    def __init__(self, foreign: Callable[[Any], Any], resolve: Callable[[Any], Any], limit: int = FRAME_LIMIT) -> None:
        self.foreign, self.resolve, self.limit = foreign, resolve, limit
        self.generators: dict[int, Any] = {}
        self._twins: dict[tuple[str, int], Any] = {}

    # -- to bytes ---------------------------------------------------------------------------------------------------------
    def pack(self, value: Any) -> bytes:
        try:
            return msgpack.packb(value, default=self._extend, strict_types=True, use_bin_type=True)
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
            return msgpack.unpackb(data, ext_hook=self._revive, strict_map_key=False, raw=False)
        except WireError:
            raise
        except Exception as error:
            raise WireError(f"a message could not be read: {type(error).__name__}: {error}") from error

    def _revive(self, code: int, data: bytes) -> Any:
        x = self.unpack(data)
        if code == Code.TUPLE:
            return tuple(x)
        if code == Code.NDARRAY:
            return self._revive_array(x)
        if code == Code.TENSOR:
            return self._revive_tensor(x)
        if code == Code.SCALAR:
            return np.frombuffer(x[1], dtype=_dtype(x[0]), count=1)[0]
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
            set_state = lambda g: g.set_state(torch.frombuffer(bytearray(x[1]), dtype=torch.uint8))
            return self._twin(("torch", int(x[0])), torch.Generator, lambda g: None, set_state)
        return _revive_plain(code, x)

    def _twin(self, key: tuple[str, int], make: Callable[[], Any], always: Callable[[Any], Any], once: Callable | None = None) -> Any:
        """The runner's own copy of a random generator that a check passes: the same one each time it is passed."""
        if key not in self._twins:
            self._twins[key] = make()
            if once:
                once(self._twins[key])
        always(self._twins[key])
        self.generators[key[1]] = self._twins[key]
        return self._twins[key]

    def _revive_array(self, x: Any) -> np.ndarray:
        dtype = np.lib.format.descr_to_dtype(x[0])
        shape, order, raw = [int(n) for n in x[1]], [int(n) for n in x[2]], x[3]
        if dtype.hasobject or len(shape) > 64 or min(shape, default=0) < 0 or sorted(order) != list(range(len(shape))):
            raise WireError("an array with a shape or dtype that no array has")
        if math.prod(shape) * dtype.itemsize != len(raw):
            raise WireError("an array whose size is not that of its bytes")
        flat = np.frombuffer(bytearray(raw), dtype=dtype) if raw else np.empty(math.prod(shape), dtype=dtype)
        return flat.reshape([shape[axis] for axis in order]).transpose(np.argsort(order)) if order else flat.reshape(())

    def _revive_tensor(self, x: Any) -> Any:
        torch = _torch()
        dtype = getattr(torch, x[0], None)
        shape, order, raw, flag = [int(n) for n in x[1]], [int(n) for n in x[2]], x[3], bool(x[4])
        if not isinstance(dtype, torch.dtype) or len(shape) > 64 or min(shape, default=0) < 0 or sorted(order) != list(range(len(shape))):
            raise WireError("a tensor with a shape or dtype that no tensor has")
        if math.prod(shape) * dtype.itemsize != len(raw):
            raise WireError("a tensor whose size is not that of its bytes")
        flat = torch.frombuffer(bytearray(raw), dtype=torch.uint8).view(dtype) if raw else torch.empty(math.prod(shape), dtype=dtype)
        out = flat.reshape([shape[axis] for axis in order])
        out = out.permute([order.index(axis) for axis in range(len(order))]) if order else out
        return out.requires_grad_() if flag and (dtype.is_floating_point or dtype.is_complex) else out

    def _revive_named(self, title: str, fields: list[str], values: list[Any]) -> Named:
        if len(fields) != len(values):
            raise WireError("a named tuple with more names than values")
        kind = type("Named", (Named,), {"_fields": tuple(map(str, fields)), "_title": str(title), "__slots__": ()})
        return kind(values)


def _torch() -> Any:
    torch = sys.modules.get("torch")
    if torch is None:
        raise WireError("a tensor came, but this lab does not use torch; add `needs: [torch]` to its lab.yaml")
    return torch


def _dtype(text: Any) -> np.dtype:
    dtype = np.dtype(str(text))
    if dtype.hasobject:
        raise WireError("a scalar that holds an object")
    return dtype


def _revive_plain(code: int, x: Any) -> Any:
    match code:
        case Code.COMPLEX:
            return complex(x[0], x[1])
        case Code.BIGINT:
            return -int.from_bytes(x[1], "big") if x[0] else int.from_bytes(x[1], "big")
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
            return np.dtype(x[1]).type if x[0] == "type" else np.lib.format.descr_to_dtype(x[1])
        case Code.CONTAINER:
            kind = CONTAINERS[x[0]]
            return kind(x[1]) if kind is _DEQUE else kind(dict(x[1]))
        case Code.OBJECTS:
            out = np.empty(math.prod(x[0]), dtype=object)
            if len(x[1]) != out.size:
                raise WireError("an array of objects whose size is not that of its shape")
            for i, value in enumerate(x[1]):
                out[i] = value
            return out.reshape(x[0])
        case Code.NOTIMPL:
            return NotImplemented
        case Code.BUILTIN:
            return BUILTINS[x]
        case Code.TORCHDTYPE:
            dtype = getattr(_torch(), x, None)
            if not isinstance(dtype, _torch().dtype):
                raise WireError(f"a tensor type of unknown kind {x!r}")
            return dtype
        case Code.FRACTION:
            return fractions.Fraction(x[0], x[1])
        case Code.DECIMAL:
            return decimal.Decimal(x)
        case Code.DATETIME:
            return datetime.timedelta(*x[1]) if x[0] == "timedelta" else getattr(datetime, x[0]).fromisoformat(x[1])
        case Code.SIZE:
            return _torch().Size([int(n) for n in x])
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
    buffer, got = bytearray(count), 0
    view = memoryview(buffer)
    while got < count:
        n = sock.recv_into(view[got:])
        if not n:
            raise EOFError("the other end closed")
        got += n
    return buffer


def recv_frame(sock: socket.socket, limit: int = FRAME_LIMIT) -> bytearray:
    (count,) = _HEADER.unpack(recv_exactly(sock, 8))
    if count > limit:
        raise WireError(f"a message of {count >> 20} MB, more than the {limit >> 20} MB allowed")
    return recv_exactly(sock, count)
