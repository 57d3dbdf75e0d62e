"""The learner's side: loads their file and answers the checker's requests, one at a time, over a socket.

It runs inside the cage and holds nothing secret: no check, no solution, no expected value. Nothing that it says is believed beyond
being the value that the learner's code returned. What has no form of its own on the wire (an object of the learner's class, a
generator, a function) stays here behind a number, a *handle*, which the checker's proxy names in later requests.
"""

from __future__ import annotations

import builtins
import copy
import ctypes
import linecache
import operator
import os
import socket
import sys
import types
from typing import Any

from . import cells
from .errors import WireError
from .wire import Codec, recv_frame, send_frame

NAMES = """add sub mul matmul truediv floordiv mod pow lshift rshift and_ or_ xor neg pos abs invert lt le eq ne gt ge
getitem setitem delitem contains iadd isub imul imatmul itruediv ifloordiv imod ipow index"""
OPERATORS: dict[str, Any] = {name: getattr(operator, name) for name in NAMES.split()} | {
    "len": len, "iter": iter, "next": next, "bool": bool, "repr": repr, "str": str, "hash": hash, "int": int, "float": float,
    "divmod": divmod, "round": round, "reversed": reversed, "isinstance": isinstance,
    "copy": copy.copy, "deepcopy": copy.deepcopy,
    "enter": lambda x: x.__enter__(), "exit": lambda x, *error: _left(x, *error),
}  # fmt: skip
MISSING = object()


class CheckSaid(Exception):
    """A callable that the check passed in raised; its error travels back through the learner's frames."""


class Runner:
    def __init__(self, sock: socket.socket, scratch: str) -> None:
        self.sock, self.scratch = sock, scratch
        self.codec = Codec(self._keep, self._find, trusted=True)
        self.held: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}
        self.next_number = 1
        self.module: types.ModuleType | None = None
        self.ours: set[str] = set()
        self.staged: tuple[Any, list[Any]] = (None, [])
        self.results: list[Any] = []
        self.operations = {name.removeprefix("do_"): getattr(self, name) for name in dir(self) if name.startswith("do_")}

    # -- handles ----------------------------------------------------------------------------------------------------------
    def _keep(self, x: Any) -> list[Any]:
        number = self.numbers.get(id(x))
        if number is None:
            number, self.next_number = self.next_number, self.next_number + 1
            self.held[number], self.numbers[id(x)] = x, number
        kind = type(x)
        if isinstance(x, type):
            base = next((b.__name__ for b in x.__mro__ if b.__module__ == "builtins" and issubclass(b, BaseException)), "")
            return [number, "class", x.__name__, x.__module__ or "", base]
        what = "function" if callable(x) and kind in (types.FunctionType, types.MethodType, types.BuiltinFunctionType) else "object"
        what = "module" if kind is types.ModuleType else what
        return [number, what, kind.__name__, kind.__module__ or "", [self._number_of(b) for b in kind.__mro__]]

    def _number_of(self, kind: type) -> int:
        return self.numbers.get(id(kind), 0)

    def _find(self, payload: Any) -> Any:
        tag, number = payload
        if tag == "handle":
            return self.held[number]
        return self._callback(number)

    def _callback(self, number: int) -> Any:
        def given_by_the_check(*args: Any, **kwargs: Any) -> Any:
            send_frame(self.sock, self.codec.pack(["callback", number, list(args), kwargs]))
            return self._serve_until_answer()

        return given_by_the_check

    def _serve_until_answer(self) -> Any:
        while True:
            request = self.codec.unpack(recv_frame(self.sock))
            if request[0] == "answer":
                return request[1]
            if request[0] == "answer-error":
                kind = getattr(builtins, request[1], Exception)
                raise kind(request[2])
            self._answer(request)

    # -- requests ---------------------------------------------------------------------------------------------------------
    def serve(self) -> None:
        while True:
            try:
                data = recv_frame(self.sock)
            except EOFError:
                return
            self._answer(self.codec.unpack(data))

    def _answer(self, request: list[Any]) -> None:
        try:
            for number in request[0]:
                if (x := self.held.pop(number, MISSING)) is not MISSING:
                    self.numbers.pop(id(x), None)
            reply = self.operations[request[1]](*request[2:])
        except SystemExit as stop:
            reply = ["raise", "SystemExit", "SystemExit", f"the code called sys.exit({stop.code!r})", self._frames(stop), [], {}]
        except BaseException as error:
            reply = self._describe(error)
        _flush()
        try:
            data = self.codec.pack(reply)
        except BaseException as error:
            data = self.codec.pack(self._describe(error))
        send_frame(self.sock, data)

    def do_load(self, source: bytes, path: str, extra: dict[str, bytes]) -> list[Any]:
        files = {**extra, path: source}
        for name, data in files.items():
            place = os.path.join(self.scratch, name)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "wb") as file:
                file.write(data)
            self.ours.add(place)
        place = os.path.join(self.scratch, path)
        name = path.removesuffix(".py").replace("/", ".")
        text = source.decode("utf-8-sig")
        linecache.cache[place] = (len(source), None, text.splitlines(keepends=True), place)
        module = types.ModuleType(name)
        module.__file__ = place
        sys.path.insert(0, self.scratch)
        leave_nothing_of_ours()
        sys.modules[name] = module
        self.module = module
        exec(compile(text, place, "exec", dont_inherit=True), module.__dict__)
        return ["ok", None]

    def do_names(self) -> list[Any]:
        return ["ok", [name for name in vars(self.module) if not name.startswith("__")]]

    def do_get(self, number: int, name: str) -> list[Any]:
        return ["ok", getattr(self._target(number), name)]

    def do_set(self, number: int, name: str, value: Any) -> list[Any]:
        setattr(self._target(number), name, value)
        return ["ok", None]

    def _target(self, number: int) -> Any:
        return self.held[number] if number else self.module

    def do_call(self, number: int, name: str | None, packed: bytes) -> list[Any]:
        """Call with arguments; the reply says what came back and which arguments are no longer what they were."""
        target = self._target(number)
        function = getattr(target, name) if name is not None else target
        self.codec.generators.clear()
        args, kwargs = self.codec.unpack(packed)
        result = function(*args, **kwargs)
        return ["ok", result, *self._aftermath(packed, args, kwargs)]

    def do_operate(self, name: str, packed: bytes) -> list[Any]:
        self.codec.generators.clear()
        args, kwargs = self.codec.unpack(packed)
        return ["ok", OPERATORS[name](*args, **kwargs), *self._aftermath(packed, args, kwargs)]

    def _aftermath(self, packed: bytes, args: list[Any], kwargs: dict[str, Any]) -> list[Any]:
        states = {number: g.bit_generator.state for number, g in self.codec.generators.items() if type(g).__name__ == "Generator"
                  and hasattr(g, "bit_generator")}  # fmt: skip
        changed: dict[Any, Any] = {}
        if self.codec.pack([args, kwargs]) == packed:
            return [changed, states]
        before = self.codec.unpack(packed)
        for key, was, now in [(i, a, b) for i, (a, b) in enumerate(zip(before[0], args, strict=True))] + [
            (key, before[1][key], kwargs[key]) for key in before[1] if key in kwargs
        ]:
            if was is not now and self._mutable(now) and self.codec.pack(was) != self.codec.pack(now):
                changed[key] = now
        return [changed, states]

    def _mutable(self, x: Any) -> bool:
        return type(x).__name__ not in ("int", "float", "str", "bool", "NoneType", "Generator", "Random", "function")

    def do_gradients(self, name: str, args: list[Any], kwargs: dict[str, Any], weight: Any) -> list[Any]:
        """Vector-Jacobian product by autograd: the gradients of sum(output * weight) for each argument that asks for one."""
        import torch

        out = getattr(self.module, name)(*args, **kwargs)
        if not isinstance(out, torch.Tensor):
            raise TypeError(f"{name} returned {type(out).__name__}, and only a tensor has gradients")
        wanted = [x for x in (*args, *kwargs.values()) if isinstance(x, torch.Tensor) and x.requires_grad]
        total = out.sum() if weight is None else (out * weight).sum()
        return ["ok", tuple(torch.autograd.grad(total, wanted))]

    def do_stage(self, name: str, packed: list[bytes]) -> list[Any]:
        """The arguments of some calls, decoded into plain values; nothing of the learner's runs before `go`."""
        self.results = []
        self.staged = (getattr(self.module, name), [self.codec.unpack(data) for data in packed])
        return ["ok", None]

    def do_steady(self) -> list[Any]:
        """Give large blocks back to the system as soon as they are free, so that memory can be measured from outside."""
        if sys.platform == "linux":
            ctypes.CDLL(None).mallopt(-3, 1 << 19)  # M_MMAP_THRESHOLD, whose setting also stops glibc from moving it
        return ["ok", None]

    def do_go(self) -> list[Any]:
        """Every staged call, once each: what a budget measures."""
        function, inputs = self.staged
        self.results = [function(*args, **kwargs) for args, kwargs in inputs]
        return ["ok", None]

    def do_give(self) -> list[Any]:
        """What the staged calls returned; of a function that returns nothing, what it made of its arguments."""
        return ["ok", [self.codec.pack(given[0] if out is None else out) for out, given in zip(self.results, self.staged[1], strict=True)]]

    def do_run(self, code: str, path: str) -> list[Any]:
        """Plain Python, as a script: what `run_python` runs."""
        place = os.path.join(self.scratch, path)
        self.ours.add(place)
        linecache.cache[place] = (len(code), None, code.splitlines(keepends=True), place)
        sys.path.insert(0, self.scratch)
        leave_nothing_of_ours()
        main = types.ModuleType("__main__")
        main.__file__ = place
        sys.modules["__main__"] = main
        exec(compile(code, place, "exec", dont_inherit=True), main.__dict__)
        return ["ok", None]

    def do_cell(self, name: str, code: str, style: dict[str, Any]) -> list[Any]:
        """One block of a session, in the namespace of those before it: what a page shows of it."""
        return ["ok", cells.run(self, name, code, style)]

    def do_values(self, expressions: list[str]) -> list[Any]:
        return ["ok", cells.values(expressions)]

    def do_write(self, files: dict[str, bytes]) -> list[Any]:
        for name, data in files.items():
            place = os.path.join(self.scratch, name)
            os.makedirs(os.path.dirname(place), exist_ok=True)
            with open(place, "wb") as file:
                file.write(data)
        return ["ok", None]

    # -- errors -----------------------------------------------------------------------------------------------------------
    def _describe(self, error: BaseException) -> list[Any]:
        kind = type(error)
        base = next((b.__name__ for b in kind.__mro__ if b.__module__ == "builtins"), "Exception")
        try:
            text = str(error)[:4000]
        except BaseException as again:
            text = f"(its message could not be made: {type(again).__name__})"
        frames = self._frames(error)
        if isinstance(error, SyntaxError):  # where it is read, with its line, is the frame
            text = str(error.msg)[:4000] if frames else f"{error.msg} (line {error.lineno}): {(error.text or '').strip()}"[:4000]
        if isinstance(error, WireError):
            base, kind = "TypeError", TypeError
        numbers = [number for number in map(self._number_of, kind.__mro__) if number]
        return ["raise", kind.__name__, base, text, frames, numbers, _attributes(error)]

    def _frames(self, error: BaseException) -> list[list[Any]]:
        """Where it went wrong, in the learner's own files only: line, function, the line's text."""
        frames, tb = [], error.__traceback__
        while tb is not None:
            place = tb.tb_frame.f_code.co_filename
            if place in self.ours or place.startswith(self.scratch):
                text = linecache.getline(place, tb.tb_lineno).strip()
                frames.append([os.path.relpath(place, self.scratch), tb.tb_lineno, tb.tb_frame.f_code.co_name, text[:300]])
            tb = tb.tb_next
        if isinstance(error, SyntaxError) and isinstance(error.lineno, int) and not frames:
            frames.append([os.path.relpath(str(error.filename), self.scratch), error.lineno, "", (error.text or "").strip()[:300]])
        return frames if len(frames) <= 30 else frames[:15] + frames[-15:]


def _left(x: Any, kind: Any = None, text: str = "") -> bool:
    """Leave a context manager, with an error of the check's made anew; whether it swallows it."""
    if kind is None:
        return bool(x.__exit__(None, None, None))
    kind = getattr(builtins, kind, Exception) if isinstance(kind, str) else kind
    return bool(x.__exit__(kind, kind.__new__(kind, text), None))


def _attributes(error: BaseException) -> dict[str, Any]:
    """What the learner's code left on an error for whoever catches it, as far as it is plain."""
    try:
        plain = {k: v for k, v in vars(error).items() if type(v) in (int, float, str, bool, type(None)) and len(str(v)) < 1000}
    except BaseException:  # an error may have a dictionary of the learner's own making
        return {}
    return dict(list(plain.items())[:20])


def leave_nothing_of_ours() -> None:
    """The learner's module must not find this one by importing it: an assignment to what answers requests would be a lever."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "modelwright"]:
        del sys.modules[name]
    sys.modules["__main__"] = types.ModuleType("__main__")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # a closed or replaced stream is the learner's affair
            continue
