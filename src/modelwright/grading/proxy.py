"""What a check sees of the learner's module: a proxy that speaks to the runner, and believes nothing but values.

`Channel` is the trusted end of one runner: it sends requests, waits, watches the clocks and the memory from outside, collects what
was printed, and kills. `Learner` is the fixture `learner`; `Remote` stands for an object that stays in the runner.

An object of the learner's own may not be its own judge. A `Remote` whose class the check has never named (`learner.Value`) does no
arithmetic, no comparison and no truth here: `assert abs(learner.f(x) - 2) < 1e-6` must not be decided by a `__sub__` that always
answers 0. It can still be read: its attributes, items and iteration give values, which are compared on this side.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import linecache
import math
import os
import select
import signal
import socket
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any, TypeVar

from . import wire
from .errors import WireError

# A lab's limit in seconds is for one call of the learner's code; one check may make many calls, and takes at most this many times it.
CHECK_CALLS = 3
LIFE_CALLS = 30  # all calls of one submission together: the kernel's limit on a runner (cage.limit)
OUTPUT_KEPT = 64 << 10
OUTPUT_LIMIT = 64 << 20
MESSAGE_LIMIT = 256 << 20
LONGEST_SLEEP = 10.0  # seconds in which a call does nothing at all
LOOK_EVERY = 0.05  # seconds by the clock between two looks at a runner's clocks and memory, whatever comes from it meanwhile
PIECE = 1 << 20
Plain = TypeVar("Plain")


class RunnerDied(BaseException):
    """The runner is gone. Not an `Exception`, so that neither a check's `except` nor Hypothesis's search swallows it."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


class NotDefined(AttributeError):
    """A check asked for a name that the learner's file does not define."""

    def __init__(self, name: str) -> None:
        super().__init__(f"your file defines no `{name}`", name=name)


class Unjudged(AssertionError):
    """A check tried to let an object of the learner's decide; the text says what came instead of a value."""


class Frames:
    """The learner's own frames of an error, kept beside the exception that stands for it on this side."""

    def __init__(self, rows: list[list[Any]], kind: str, text: str) -> None:
        self.rows = [(str(r[0]), int(r[1]), str(r[2]), str(r[3])) for r in rows[:30]]
        self.kind, self.text = kind, text

    @property
    def where(self) -> str:
        if not self.rows:
            return ""
        file, line, function, _ = self.rows[-1]
        return (
            f"line {line}"
            + (f", in {function}" if function and function != "<module>" else "")
            + ("" if len(self.files) < 2 else f" of {file}")
        )

    @property
    def files(self) -> set[str]:
        return {row[0] for row in self.rows}

    @property
    def unread(self) -> bool:
        """Whether the file could not even be read as Python: the one frame is the place in its text, and no function."""
        return self.kind in ("SyntaxError", "IndentationError", "TabError") and len(self.rows) == 1 and not self.rows[0][2]

    def __str__(self) -> str:
        lines = [
            f"  {file}, line {line}" + (f", in {function}" if function else "") + f"\n    {text}"
            for file, line, function, text in self.rows
        ]
        if self.unread:
            return "\n".join(lines)
        return "\n".join([*lines, f"{self.kind}: {self.text}" if self.text else self.kind])


class Call:
    """The last thing that a check asked of the learner's code, to be told when the check fails."""

    def __init__(self, name: str, packed: bytes) -> None:
        self.name, self.packed = name, packed
        self.result: Any = None
        self.returned = False


def process_seconds(pid: int) -> float:
    """CPU time of another process, by its clock: seen from outside, to the nanosecond, and not theirs to set.

    On Linux it is read once the process sleeps: the kernel books the time of another process only when it leaves its processor or a tick
    passes, so that a call read too early seems to have cost nothing.
    """
    if sys.platform != "linux":
        import psutil

        try:
            times = psutil.Process(pid).cpu_times()
        except psutil.Error:
            return 0.0
        return times.user + times.system
    try:
        for _ in range(500):
            with open(f"/proc/{pid}/stat", "rb") as file:
                state = file.read().rpartition(b") ")[2][:1]
            if state != b"R":
                break
            time.sleep(20e-6)
        time.sleep(20e-6)  # between falling asleep and the booking there are some instructions
    except OSError:
        return 0.0
    return seconds_so_far(pid)


def seconds_so_far(pid: int) -> float:
    """The same of a process that may be running: at once, and at most a tick of the kernel's behind."""
    if sys.platform != "linux":
        return process_seconds(pid)
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def process_memory(pid: int) -> tuple[int, int]:
    """(resident now, highest so far) in bytes."""
    now = high = 0
    if sys.platform != "linux":
        import psutil

        try:
            now = psutil.Process(pid).memory_info().rss
        except psutil.Error:
            return 0, 0
        return now, now
    try:
        with open(f"/proc/{pid}/status") as file:
            for line in file:
                if line.startswith("VmHWM:"):
                    high = int(line.split()[1]) << 10
                elif line.startswith("VmRSS:"):
                    now = int(line.split()[1]) << 10
    except OSError:
        return 0, 0
    return now, high


class Channel:
    """One runner, from outside. `close` ends it; after `RunnerDied` it is of no further use.

    Limits hold by the clock: whatever comes from the runner, and however fast, its clocks and its memory are looked at every `LOOK_EVERY`
    seconds. `death` says that it died and why, also where whoever was told (a check's own code) let nobody else know.
    """

    def __init__(
        self, sock: socket.socket, output: int, status: int, pid: int, *, seconds: float, memory_mb: int, holds: list[str]
    ) -> None:
        self.sock, self.output, self.status, self.pid, self.holds = sock, output, status, pid, holds
        self.seconds, self.memory_mb = seconds, memory_mb
        self.codec = wire.Codec(self._give, self._meet)
        self.callbacks: dict[int, Callable[..., Any]] = {}
        self.errors: dict[int, type[BaseException]] = {}
        self.known: set[int] = set()
        self.classes: list[Remote] = []
        # One proxy for one object, however often it comes back: two would let it go twice, and `is` would tell them apart.
        self.remotes: weakref.WeakValueDictionary[int, Remote] = weakref.WeakValueDictionary()
        self.released: dict[int, None] = {}
        self.printed = bytearray()
        self.printed_total = 0
        self.output_open = True
        self.dead: RunnerDied | None = None
        self.death: RunnerDied | None = None
        self.ended = False  # the kernel has said how: the number of the process may be another's by now
        self.of_the_lab = False  # it holds the reference: its death is no fault of the learner's
        self.last: Call | None = None
        self.peak = 0
        self.born, _ = process_memory(pid)
        # Processor seconds: the runner's when it was last looked at; this process's own in requests; when this spell of them began.
        self.spent = self.own = 0.0
        self.working: float | None = None
        self.call_began = self.check_began = self.call_effort = 0.0
        self.asleep = self.asleep_in_check = 0.0
        self.looked = self.look_at = math.inf  # while the cage is being built there is nobody to watch
        # Whether the reference, given (function, packed arguments, which argument), changes that argument too.
        self.reference_changes: Callable[[str, bytes, int | str], bool] = lambda name, packed, key: True
        sock.setblocking(False)

    # -- values that stay on one side -------------------------------------------------------------------------------------
    def _give(self, x: Any) -> list[Any]:
        if isinstance(x, Remote):
            return ["handle", object.__getattribute__(x, "_number")]
        for number, kind in self.errors.items():
            if kind is x:
                return ["handle", number]
        if callable(x):
            self.callbacks[id(x)] = x
            return ["callback", id(x)]
        raise WireError(
            f"a check passed {type(x).__name__}, which cannot be sent to the learner's code; pass numbers, arrays, lists or functions"
        )

    def _meet(self, payload: Any) -> Any:
        number, what, name, module, extra = payload
        number = int(number)
        if what == "class" and extra and isinstance(base := getattr(builtins, str(extra), None), type) and issubclass(base, BaseException):
            if number not in self.errors:
                self.errors[number] = type(str(name), (base,), {"__module__": "learner"})
            return self.errors[number]
        bases = tuple(map(int, extra)) if isinstance(extra, list) else ()
        self.released.pop(number, None)  # the last proxy is gone, and the runner has not been told: it still holds the object
        remote = self.remotes.get(number)
        if remote is None or (remote._what, remote._name) != (what, name):
            remote = self.remotes[number] = Remote(self, number, str(what), str(name), str(module), bases)
        object.__setattr__(remote, "_bases", bases)  # a class of them may have been named since
        return remote

    # -- requests ---------------------------------------------------------------------------------------------------------
    def request(self, op: str, *rest: Any, before: float = 0.0) -> list[Any]:
        """Ask, and wait for the answer. `before` is processor time that earlier requests took for the same call (an iterator's)."""
        if self.dead:
            raise self.dead
        self.look_for_surprises()
        outer = self.call_began, self.asleep, self.working
        self.working, self.asleep = time.process_time(), 0.0
        self.call_began = self._effort() - before
        gone, self.released = [*self.released], {}
        try:
            return self._exchange([gone, op, *rest])
        except StopIteration as stop:
            if op == "operate" and rest[0] == "next":
                raise
            raise stopped(stop) from None
        finally:
            self.call_effort = self._effort() - self.call_began
            self._rest()
            self.call_began, self.asleep, self.working = outer

    def _rest(self) -> None:
        """What follows is the check's own work, not the learner's."""
        if self.working is not None:
            self.own += time.process_time() - self.working
            self.working = None

    def _effort(self) -> float:
        """Processor seconds so far: the runner's, and this process's in carrying and reading what the runner asks or answers."""
        self.spent = max(self.spent, seconds_so_far(self.pid))
        return self.spent + self.own + (0.0 if self.working is None else time.process_time() - self.working)

    def look_for_surprises(self) -> None:
        """Between requests a runner has nothing to say: an answer to no question is forged, and an end is noted where it happened."""
        if self.dead:
            return
        try:
            ahead = self.sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return
        except OSError:
            ahead = b""
        if ahead:
            self.kill("killed", "Your code's process answered before it was asked.")
        else:
            self._gone()
        raise self.dead or RunnerDied("killed", "Your code's process is gone.")

    def _exchange(self, message: list[Any]) -> list[Any]:
        self._send(self.codec.pack(message))
        while True:
            try:
                reply: list[Any] = self.codec.unpack(self._receive())
                kind = reply[0]
                if kind == "ok":
                    return reply
                if kind == "raise":
                    raised = self._error(*reply[1:])
                    break
                if kind != "callback":
                    raise WireError("an answer of unknown kind")
                _, number, args, kwargs = reply
                function = self.callbacks[number]
            except WireError as error:
                raise self.kill("killed", f"What came back from your code's process is not a value: {error}.") from None
            except (TypeError, ValueError, KeyError, IndexError, AttributeError) as error:
                raise self.kill("killed", f"Your code's process answered out of turn ({type(error).__name__}).") from None
            self._rest()
            try:
                answer = ["answer", function(*args, **kwargs)]
            except RunnerDied:
                raise
            except Exception as error:
                name = next(b.__name__ for b in type(error).__mro__ if b.__module__ == "builtins")
                answer = ["answer-error", name, str(error)]
            self.working = time.process_time()
            self._look()
            self._send(self._packed_answer(answer))
        raise raised

    def _packed_answer(self, answer: list[Any]) -> bytes:
        try:
            return self.codec.pack(answer)
        except WireError as error:
            return self.codec.pack(["answer-error", "TypeError", str(error)])

    def _error(
        self, kind: str, base: str, text: str, rows: list[list[Any]], numbers: list[int], attributes: dict[str, Any]
    ) -> BaseException:
        frames = Frames(rows, str(kind), str(text))
        found = self._error_class(str(kind), [self.errors[n] for n in numbers if n in self.errors]) or getattr(builtins, str(base), None)
        if not (isinstance(found, type) and issubclass(found, BaseException)):
            found = Exception
        if not issubclass(found, Exception):
            error: BaseException = RuntimeError(f"{text}" if kind == "SystemExit" else f"{kind}: {text}")
        else:
            try:
                error = found(str(text))
            except TypeError:
                error = RuntimeError(f"{kind}: {text}")
        for name, value in attributes.items():
            if str(name).isidentifier() and not str(name).startswith("__") and not hasattr(error, name):
                setattr(error, name, value)
        error.learner_frames = frames  # type: ignore[attr-defined]
        return error

    def _error_class(self, kind: str, known: list[type[BaseException]]) -> type[BaseException] | None:
        """What an `except` of any of the learner's classes that the check has named catches: `known`, from the nearest on."""
        if len(known) < 2:
            return known[0] if known else None
        try:
            return type(kind, tuple(known), {"__module__": "learner"})
        except TypeError:  # bases that no class has together
            return known[0]

    # -- bytes, clocks and limits -----------------------------------------------------------------------------------------
    def _send(self, data: bytes) -> None:
        view = memoryview(wire._HEADER.pack(len(data)) + data)
        while view:
            self._look()
            try:
                view = view[self.sock.send(view[:PIECE]) :]
            except BlockingIOError:
                self._wait(writing=True)
            except OSError:
                raise self._gone() from None

    def _receive(self) -> bytearray:
        (count,) = wire._HEADER.unpack(self._receive_exactly(8))
        if count > MESSAGE_LIMIT:
            raise WireError(f"it is {count >> 20} MB, and at most {MESSAGE_LIMIT >> 20} MB may come back")
        return self._receive_exactly(count)

    def _receive_exactly(self, count: int) -> bytearray:
        """`count` bytes. Memory is taken as they come: a length that is announced costs nothing."""
        buffer = bytearray()
        while len(buffer) < count:
            self._look()
            try:
                piece = self.sock.recv(min(count - len(buffer), PIECE))
            except BlockingIOError:
                self._wait()
                continue
            except OSError:
                piece = b""
            if not piece:
                raise self._gone()
            buffer += piece
        return buffer

    def _wait(self, writing: bool = False) -> None:
        """Until the socket is ready, reading what is printed and watching the limits meanwhile."""
        sock = self.sock.fileno()
        while True:
            readers = [sock, self.output] if self.output_open else [sock]
            readable, writable, _ = select.select(readers, [sock] if writing else [], [], LOOK_EVERY)
            if self.output in readable:
                self.drain(PIECE)
            ready = sock in readable or bool(writable)
            self._look(silent=not ready)
            if ready:
                return

    def _look(self, silent: bool = False) -> None:
        """Watch the limits, if it is time to. `silent`: the runner has neither answered nor taken what it is sent."""
        now = time.monotonic()
        if now < self.look_at:
            return
        # What nobody watched (this process had no processor, the machine was asleep) is not held against the runner.
        since = min(now - self.looked, 2 * LOOK_EVERY)
        self.looked, self.look_at = now, now + LOOK_EVERY
        self._watch(since if silent else 0.0)

    def _watch(self, silence: float) -> None:
        before = self.spent
        effort = self._effort()
        if silence and self.spent - before < silence / 5 and _sleeps(self.pid) and not self._more_printed():
            self.asleep += silence
            self.asleep_in_check += silence
        memory, high = process_memory(self.pid)
        self.peak = max(self.peak, high - self.born)
        if memory - self.born > self.memory_mb << 20:
            raise self.kill("killed", f"It used more than the {self.memory_mb} MB of memory that this lab allows.")
        if effort - self.call_began > self.seconds:
            raise self.kill(
                "timeout", f"It was still running after {self.seconds:g} seconds of processor time. Is there a loop that never ends?"
            )
        if effort - self.check_began > CHECK_CALLS * self.seconds:
            raise self.kill("timeout", f"Its calls took more than {CHECK_CALLS * self.seconds:g} seconds of processor time together.")
        longest = min(self.seconds, LONGEST_SLEEP)
        if self.asleep > longest or self.asleep_in_check > CHECK_CALLS * longest:
            waited = max(self.asleep, self.asleep_in_check)
            raise self.kill("timeout", f"It waited {waited:.0f} seconds for something that never came (a sleep, a lock, input?).")

    def _more_printed(self) -> bool:
        return self.output_open and bool(select.select([self.output], [], [], 0)[0])

    def drain(self, most: int = OUTPUT_LIMIT + PIECE) -> None:
        """Read what was printed, `most` bytes of it: one who talks must not keep us from watching."""
        while self.output_open and most > 0:
            try:
                data = os.read(self.output, 1 << 16)
            except BlockingIOError:
                return
            if not data:  # the runner has closed its end
                self.output_open = False
                return
            most -= len(data)
            self.printed_total += len(data)
            self.printed += data[: max(0, OUTPUT_KEPT - len(self.printed))]
            if self.printed_total > OUTPUT_LIMIT:
                raise self.kill("killed", f"It printed more than {OUTPUT_LIMIT >> 20} MB.")

    def take_output(self) -> str:
        with contextlib.suppress(RunnerDied):  # `death` says so
            self.drain()
        text, total = bytes(self.printed).decode("utf-8", "replace"), len(self.printed)
        self.printed.clear()
        return text + ("\n… (the rest is not kept)" if total >= OUTPUT_KEPT else "")

    def kill(self, status: str, message: str) -> RunnerDied:
        if not self.ended:
            self.peak = max(self.peak, process_memory(self.pid)[1] - self.born)
        if self.dead is None:
            self.dead = self.death = RunnerDied(status, message)
        self._end()
        return self.dead

    def _end(self) -> None:
        if not self.ended:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)

    def _gone(self) -> RunnerDied:
        """The socket closed by itself: say how the process ended."""
        with contextlib.suppress(RunnerDied):
            self.drain()  # who printed too much and then died is told of what they printed
        code = None
        if select.select([self.status], [], [], 2.0)[0]:
            text = os.read(self.status, 64).split()
            code = int(text[0]) if text else None
            self.ended = code is not None
        out_of_time = self.spent > LIFE_CALLS * self.seconds * 0.9
        if code is None:
            message = "Your code's process stopped answering."
        elif code == -signal.SIGXCPU or (code == -signal.SIGKILL and out_of_time):
            return self.kill("timeout", "Its calls took more processor time together than this lab allows.")
        elif code < 0:
            name = signal.Signals(-code).name if -code in list(signal.Signals) else str(-code)
            message = {
                "SIGSEGV": "Your code crashed its process (a segmentation fault).",
                "SIGKILL": f"The process was killed: most often because it asked for more memory than the {self.memory_mb} MB allowed.",
                "SIGABRT": "Your code's process aborted, as a library does when memory runs out.",
            }.get(name, f"The process was ended by {name}.")
        else:
            message = f"Your code ended its own process (exit status {code}). A function must return, not exit."
        return self.kill("killed", message)

    def begin_check(self) -> None:
        self.check_began, self.asleep_in_check, self.last = self._effort(), 0.0, None
        self.looked = self.look_at = time.monotonic()

    def close(self) -> None:
        if not self.ended:
            self.peak = max(self.peak, process_memory(self.pid)[1] - self.born)
        if self.dead is None:
            self._end()
            self.dead = RunnerDied("killed", "The process has been stopped.")
        self.sock.close()
        for fd in (self.output, self.status):
            with contextlib.suppress(OSError):
                os.close(fd)


def _sleeps(pid: int) -> bool:
    """Whether no thread of it runs, wants to, or waits for a disk."""
    if sys.platform != "linux":
        import psutil

        try:
            return psutil.Process(pid).status() == psutil.STATUS_SLEEPING
        except psutil.Error:
            return False
    try:
        for thread in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{thread}/stat") as file:
                if file.read().rpartition(")")[2].split()[0] in ("R", "D"):
                    return False
    except OSError:
        return False
    return True


# -- what the check holds --------------------------------------------------------------------------------------------------
class Remote:
    # An object that lives in the runner; the module's first paragraph says what it may decide. Its docstring is the learner's.
    __doc__ = property(lambda self: self._channel.request("get", self._number, "__doc__")[1])

    def __init__(self, channel: Channel, number: int, what: str, name: str, module: str, bases: tuple[int, ...]) -> None:
        for key, value in (
            ("_channel", channel),
            ("_number", number),
            ("_what", what),
            ("_name", name),
            ("_module", module),
            ("_bases", bases),
        ):
            object.__setattr__(self, key, value)
        object.__setattr__(self, "_label", name)

    def __del__(self) -> None:
        holder = self._channel.remotes.get(self._number)
        if holder is None or holder is self:
            self._channel.released[self._number] = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__") and name not in _READABLE:
            raise AttributeError(name)
        value = self._channel.request("get", self._number, name)[1]
        return _labelled(value, f"{self._label}.{name}")

    def __setattr__(self, name: str, value: Any) -> None:
        self._channel.request("set", self._number, name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return call(self._channel, self._number, None, args, kwargs, self._label)

    def __instancecheck__(self, x: Any) -> bool:
        return isinstance(x, Remote) and operate(self._channel, "isinstance", x, self) is True

    def __repr__(self) -> str:
        if self._what in ("class", "function", "module"):
            return f"<{self._what} {self._label}>"
        if not _expected(self):
            return f"<an object of class {self._name}>"
        try:
            return str(operate(self._channel, "repr", self))[:500]
        except Exception:
            return f"<an object of class {self._name}, whose repr fails>"

    def __str__(self) -> str:
        return repr(self) if not _expected(self) else _exactly(str, operate(self._channel, "str", self), "str")

    def __iter__(self) -> Iterator[Any]:
        iterator = operate(self._channel, "iter", self)
        if not isinstance(iterator, Remote):
            return iter(iterator)
        return _Iterator(self._channel, iterator)

    def __next__(self) -> Any:
        return operate(self._channel, "next", self)

    def __len__(self) -> int:
        return _exactly(int, operate(self._channel, "len", self), "len")

    def __getitem__(self, key: Any) -> Any:
        return operate(self._channel, "getitem", self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        operate(self._channel, "setitem", self, key, value)

    def __delitem__(self, key: Any) -> None:
        operate(self._channel, "delitem", self, key)

    def __contains__(self, x: Any) -> bool:
        if not _expected(self):
            return any(x is item or x == item for item in self)
        return _exactly(bool, operate(self._channel, "contains", self, x), "in")

    def __bool__(self) -> bool:
        if self._what in ("function", "class", "module"):
            return True
        return _exactly(bool, operate(self._channel, "bool", _judge(self, "its truth")), "bool")

    def __hash__(self) -> int:
        if self._what != "object" or not _expected(self):
            return hash(("learner's", self._number))
        return _exactly(int, operate(self._channel, "hash", self), "hash")

    def __int__(self) -> int:
        return _exactly(int, operate(self._channel, "int", self), "int")

    def __float__(self) -> float:
        return _exactly(float, operate(self._channel, "float", self), "float")

    def __index__(self) -> int:
        return _exactly(int, operate(self._channel, "index", self), "index")

    def __round__(self, digits: int | None = None) -> Any:
        return operate(self._channel, "round", _judge(self, "round"), *([] if digits is None else [digits]))

    def __copy__(self) -> Any:
        return operate(self._channel, "copy", self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return operate(self._channel, "deepcopy", self)

    def __reversed__(self) -> Any:
        return operate(self._channel, "reversed", self)

    def __enter__(self) -> Any:
        return operate(self._channel, "enter", self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        """The learner's code hears of an error; it may swallow only one that the check raised for that, and no failure of the check's."""
        if kind is None or error is None or isinstance(error, AssertionError) or not isinstance(error, Exception):
            operate(self._channel, "exit", self)
            return False
        base = next(b for b in kind.__mro__ if b.__module__ == "builtins" or b in self._channel.errors.values())
        swallowed = operate(self._channel, "exit", self, base.__name__ if base.__module__ == "builtins" else base, str(error)[:1000])
        return swallowed is True and not hasattr(error, "learner_frames") and _raised_by_a_statement(trace)

    def __eq__(self, other: object) -> bool:
        return _compare(self, "eq", "==", other)

    def __ne__(self, other: object) -> bool:
        return _compare(self, "ne", "!=", other)

    def __lt__(self, other: Any) -> bool:
        return _compare(self, "lt", "<", other)

    def __le__(self, other: Any) -> bool:
        return _compare(self, "le", "<=", other)

    def __gt__(self, other: Any) -> bool:
        return _compare(self, "gt", ">", other)

    def __ge__(self, other: Any) -> bool:
        return _compare(self, "ge", ">=", other)


_READABLE = {"__name__", "__wrapped__", "__annotations__"}


def _raised_by_a_statement(trace: TracebackType | None) -> bool:
    """Whether the error was raised by the word, in the check's own lines, rather than by what a line tried."""
    if trace is None or trace.tb_next is not None:
        return False
    return linecache.getline(trace.tb_frame.f_code.co_filename, trace.tb_lineno).strip().startswith("raise ")


def _labelled(value: Any, label: str) -> Any:
    if type(value) is Remote and value._label == value._name:  # what has come before keeps the name that it came by
        object.__setattr__(value, "_label", label)
    return value


def _expected(x: Remote) -> bool:
    return any(number in x._channel.known for number in x._bases if number)


def _judge(x: Remote, what: str) -> Remote:
    if not _expected(x):
        source = x._channel.last.name if x._channel.last else "The call"
        raise Unjudged(
            f"{source} returned an object of class {x._name}, where a plain value (a number, a string, a list, a dict, "
            f"an array) was expected; {what} is not left to it."
        )
    return x


def _exactly(kind: type[Plain], value: Any, what: str) -> Plain:
    if type(value) is not kind:
        raise Unjudged(f"{what} gave {type(value).__name__}, and must give {kind.__name__}.")
    return value


def _compare(left: Remote, name: str, sign: str, right: Any) -> bool:
    if left is right:
        return name in ("eq", "le", "ge")
    _judge(left, f"the comparison {sign}")
    if not isinstance(right, Remote):
        raise Unjudged(
            f"An object of class {left._name} came where {type(right).__name__} was expected, and whether they are equal is "
            f"not left to the object. (A check that means to test the class's own {sign} says learner.compare(a, {sign!r}, b).)"
        )
    _judge(right, f"the comparison {sign}")
    return _exactly(bool, operate(left._channel, name, left, right), sign)


def _arithmetic(name: str, reflected: bool) -> Callable[..., Any]:
    def method(self: Remote, other: Any) -> Any:
        _judge(self, "arithmetic")
        return operate(self._channel, name, *((other, self) if reflected else (self, other)))

    return method


def _unary(name: str) -> Callable[..., Any]:
    return lambda self: operate(self._channel, name, _judge(self, "arithmetic"))


def _inplace(name: str) -> Callable[..., Any]:
    def method(self: Remote, other: Any) -> Any:
        return operate(self._channel, "i" + name, _judge(self, "arithmetic"), other)

    return method


for _name in ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "lshift", "rshift", "and", "or", "xor", "divmod"):
    _op = _name + "_" if _name in ("and", "or") else _name
    setattr(Remote, f"__{_name}__", _arithmetic(_op, False))
    setattr(Remote, f"__r{_name}__", _arithmetic(_op, True))
for _name in ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow"):
    setattr(Remote, f"__i{_name}__", _inplace(_name))
for _name in ("neg", "pos", "abs", "invert"):
    setattr(Remote, f"__{_name}__", _unary(_name))


def stopped(stop: StopIteration) -> RuntimeError:
    """StopIteration from a call, as an error: it would end the check's own `map` or `all` without a word, as if all were well."""
    error = RuntimeError(f"the call raised StopIteration{f': {stop}' if str(stop) else ''}")
    error.learner_frames = getattr(stop, "learner_frames", None)  # type: ignore[attr-defined]
    return error


class _Iterator:
    """All steps of one iteration are one call to its clock: a generator that never ends is a loop that never ends."""

    def __init__(self, channel: Channel, remote: Remote) -> None:
        self.channel, self.remote = channel, remote
        self.effort = 0.0

    def __iter__(self) -> _Iterator:
        return self

    def __next__(self) -> Any:
        value = operate(self.channel, "next", self.remote, before=self.effort)
        self.effort = self.channel.call_effort
        return value


def call(channel: Channel, number: int, name: str | None, args: tuple[Any, ...], kwargs: dict[str, Any], label: str) -> Any:
    packed = channel.codec.pack([list(args), kwargs])
    channel.last = Call(label, packed)
    reply = channel.request("call", number, name, packed)
    settle(channel, reply, args, kwargs, label, packed)
    channel.last = Call(label, packed) if channel.last is None else channel.last
    channel.last.result, channel.last.returned = reply[1], True
    return _labelled(reply[1], f"{label}(…)")


def operate(channel: Channel, name: str, *args: Any, before: float = 0.0) -> Any:
    packed = channel.codec.pack([list(args), {}])
    reply = channel.request("operate", name, packed, before=before)
    settle(channel, reply, args, {}, "", packed)
    return reply[1]


def settle(channel: Channel, reply: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any], name: str, packed: bytes) -> bool:
    """Make the caller's own arguments what the learner's code made of its copies; True where nothing changed.

    A function of the task's may change what the reference changes. An argument that the reference has never written into stays as it was,
    so that an expected value that is computed from it afterwards is not the learner's to choose.
    """
    changed, states = reply[2], reply[3]
    for key, value in changed.items():
        if name.isidentifier() and not channel.reference_changes(name, packed, key):
            continue
        was = args[key] if isinstance(key, int) else kwargs[key]
        become(was, value)
    if states:
        for x in (*args, *kwargs.values()):
            if id(x) in states:
                wire.advance_like(x, states[id(x)])
    return not changed


def become(was: Any, now: Any) -> None:
    """Write `now` into `was` in place, as far as the two have the same form."""
    kind = type(was)
    if kind in (list, tuple) and type(now) is kind and len(was) == len(now):
        for i, (a, b) in enumerate(zip(was, now, strict=True)):
            if type(a) is type(b) and _holds(a):
                become(a, b)
            elif kind is list:
                was[i] = b
    elif kind is list and type(now) is list:
        was[:] = now
    elif kind is dict and isinstance(now, dict):
        for key in [key for key in was if key not in now]:
            del was[key]
        for key, value in now.items():
            if key in was and type(was[key]) is type(value) and _holds(value):
                become(was[key], value)
            else:
                was[key] = value
    elif isinstance(was, set) or hasattr(was, "clear"):
        if type(now) is kind:
            was.clear()
            (was.update if hasattr(was, "update") else was.extend)(now)
    elif kind.__name__ == "ndarray" and getattr(now, "shape", None) == was.shape and was.flags.writeable:
        was[...] = now
    elif kind.__name__ in ("Tensor", "Parameter") and getattr(now, "shape", None) == was.shape:
        was.data.copy_(now.data)


def _holds(x: Any) -> bool:
    return type(x).__name__ in (
        "list",
        "tuple",
        "dict",
        "set",
        "ndarray",
        "Tensor",
        "Parameter",
        "deque",
        "bytearray",
        "Counter",
        "OrderedDict",
    )


class Learner:
    """The fixture `learner`: the learner's module behind the proxy."""

    def __init__(self, channel_now: Callable[[], Channel], source: str, reference: Callable[[], Any] | None = None) -> None:
        self._channel_now, self._reference = channel_now, reference
        self._written_to: set[tuple[str, int | str]] = set()  # (function, argument): the reference has written into it
        self._functions: dict[str, Remote] = {}
        self.source = source

    @property
    def _channel(self) -> Channel:
        """The runner in use: another one after a check in which it died."""
        channel = self._channel_now()
        channel.reference_changes = self._reference_changes
        return channel

    def _reference_changes(self, name: str, packed: bytes, key: int | str) -> bool:
        """Whether the reference's function of that name changes that argument in place; True where that cannot be tried.

        A function that did so once works in place: what it leaves alone in another call is then the learner's to leave alone too.
        """
        if (name, key) in self._written_to:
            return True
        codec = self._channel.codec
        try:
            function = getattr(self._reference() if self._reference else None, name)
            (args, kwargs), (args_before, kwargs_before) = codec.unpack(packed), codec.unpack(packed)
            with contextlib.suppress(Exception):
                function(*args, **kwargs)
            after, before = (args[key], args_before[key]) if isinstance(key, int) else (kwargs[key], kwargs_before[key])
            if codec.pack(after) != codec.pack(before):
                self._written_to.add((name, key))
            return (name, key) in self._written_to
        except Exception:  # no such function there, or arguments that live in the learner's process
            return True

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        channel = self._channel
        if (known := self._functions.get(name)) is not None and known._channel is channel:
            return known
        try:
            value = channel.request("get", 0, name)[1]
        except AttributeError:
            raise NotDefined(name) from None
        if type(value) is Remote:
            object.__setattr__(value, "_label", name)
            if value._what == "function":
                self._functions[name] = value
            if value._what == "class":
                channel.known.add(value._number)
                channel.classes.append(value)  # for as long as the runner lives: a number that is free again could be another's
        return value

    def has(self, name: str) -> bool:
        return name in self._channel.request("names")[1]

    def calls(self, name: str) -> bool:
        """Whether the source calls `name` anywhere: "sorted", "np.linalg.inv" or its last part, "scaled_dot_product_attention"."""
        return source_calls(self.source, name)

    def unchanged_by(self, name: str, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> bool:
        """Call it, and say whether it left its arguments as they were."""
        kwargs = kwargs or {}
        packed = self._channel.codec.pack([list(args), kwargs])
        self._channel.last = Call(name, packed)
        reply = self._channel.request("call", 0, name, packed)
        self._channel.last.result = reply[1]
        return settle(self._channel, reply, args, kwargs, name, packed)

    def gradients(self, name: str, args: tuple[Any, ...], weight: Any = None, kwargs: dict[str, Any] | None = None) -> tuple[Any, ...]:
        """Gradients of sum(output * weight) for the arguments that require one, computed by torch's autograd in the runner."""
        packed = self._channel.codec.pack([list(args), kwargs or {}])
        self._channel.last = Call(f"gradients of {name}", packed)
        slopes: tuple[Any, ...] = self._channel.request("gradients", name, list(args), kwargs or {}, weight)[1]
        self._channel.last.result, self._channel.last.returned = slopes, True
        return slopes

    def compare(self, left: Any, sign: str, right: Any) -> bool:
        """The learner's own comparison of two values, where that is what a check means to test."""
        name = {"==": "eq", "!=": "ne", "<": "lt", "<=": "le", ">": "gt", ">=": "ge", "in": "contains"}[sign]
        pair = (right, left) if sign == "in" else (left, right)
        return _exactly(bool, operate(self._channel, name, *pair), sign)


def source_calls(source: str, name: str) -> bool:
    wanted = name.split(".")
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            parts: list[str] = []
            target: ast.expr = node.func
            while isinstance(target, ast.Attribute):
                parts.insert(0, target.attr)
                target = target.value
            if isinstance(target, ast.Name):
                parts.insert(0, target.id)
            if parts[-len(wanted) :] == wanted:
                return True
    return False
