"""Time and memory as ratios to the reference, measured in one run, from outside.

The learner's module and the reference run in two fresh and equal cages; neither can tell which it is or see the other. Time is the
processor time that the kernel charged to each process, read by this one: a busy machine does not lengthen it much, and a patched
`time` module does not shorten it. A budget alternates the two, compares their minima, and measures again, four times with growing
patience, before it blames: a plain timer failed the reference itself once in six runs on a busy machine.

What is measured is work. No input is used twice: each call of each round gets arguments of its own, of the same kind and size
(`variation.py`, or drawn by the check). All the processor time from handing the inputs over to having the results back counts, so that
work cannot be done before the clock starts or after it stops; and of each round one result, drawn by lot after it ended, is compared
with the reference's.
"""

from __future__ import annotations

import contextlib
import math
import secrets
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from .errors import LabFault, WireError
from .proxy import Call, Channel, RunnerDied, process_memory, process_seconds
from .variation import KINDS, Variation, alike

if TYPE_CHECKING:
    from .checker import Fixtures

ROUNDS = (1, 4, 8, 16)
SHORTEST = 0.002  # seconds: so many calls make a round that they take this long, because clocks and caches blur what is shorter
MOST_CALLS = 128
MOST_BYTES = 32 << 20  # of arguments and results in one round
LEAST_SECONDS = 20e-6
LEAST_BYTES = 1 << 20
SLACK_BYTES = 2 << 20
# Decoding arguments and encoding results costs both modules about the same; what takes the learner's this much longer is work.
CARRYING = 8

Arguments = tuple[list[Any], dict[str, Any]]


class Round(NamedTuple):
    """One round of calls: processor seconds of each, in the function and around it; what each returned, still encoded.

    `peaks` are the bytes that the round added at most, if it was weighed: in the function, and with its arguments and results.
    """

    work: float
    carrying: float
    answers: list[bytes]
    peaks: tuple[int, int] = (0, 0)


class Budget:
    """The fixture `budget`: `budget("name", args, kwargs, time_ratio=4, memory_ratio=4)` fails if the learner's takes more.

    `args` is a tuple, of which each call gets a variation that the reference accepts; or a function that draws a fresh tuple from a NumPy
    generator. `agrees(got, wanted)` says whether a result is as good as the reference's, where more than one answer is right. By default
    they are equal to about three digits, and signs are free only where they are already for the arguments as given.
    """

    def __init__(self, fixtures: Fixtures) -> None:
        self.fixtures = fixtures

    def __call__(self, name: str, args: tuple[Any, ...] | Callable[[Any], tuple[Any, ...]] = (), kwargs: dict[str, Any] | None = None, *,
                 time_ratio: float | None = None, memory_ratio: float | None = None,
                 agrees: Callable[[Any, Any], bool] | None = None) -> None:  # fmt: skip
        mine, theirs = self.fixtures.fresh_pair()
        try:
            race = Race(name, Inputs(args, kwargs or {}), mine, theirs, self.fixtures.channel, agrees)
            race.begin(weighed=memory_ratio is not None)
            if memory_ratio is not None:
                used, allowed = race.sample
                for mine_bytes, their_bytes in zip(used.peaks, allowed.peaks, strict=True):
                    if mine_bytes > memory_ratio * max(their_bytes, LEAST_BYTES) + SLACK_BYTES:
                        raise AssertionError(
                            f"`{name}` used {mine_bytes / 2**20:.0f} MB where the reference used {their_bytes / 2**20:.0f} MB; "
                            f"at most {memory_ratio:g} times as much is allowed."
                        )
            if time_ratio is not None:
                took, best = race.times(time_ratio)
                if took > time_ratio * max(best, LEAST_SECONDS):
                    raise AssertionError(
                        f"`{name}` took {_milliseconds(took)} where the reference took {_milliseconds(best)}; "
                        f"at most {time_ratio:g} times as long is allowed."
                    )
        finally:
            mine.close()
            theirs.close()


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"


class Inputs:
    """Arguments for one call after another, no two the same."""

    def __init__(self, args: tuple[Any, ...] | Callable[[Any], tuple[Any, ...]], kwargs: dict[str, Any]) -> None:
        import numpy as np

        self.draw = args if callable(args) else None
        self.rng = np.random.default_rng(zlib.crc32(b"budget"))
        self.given: Arguments = (list(self._drawn() if self.draw is not None else args), kwargs)  # type: ignore[arg-type]
        self.kinds = ["drawn"] if self.draw is not None else [*KINDS, "same"]
        self.kind = self.kinds[0]
        self.turn = 0

    def _drawn(self) -> tuple[Any, ...]:
        assert self.draw is not None
        drawn = self.draw(self.rng)
        if not isinstance(drawn, tuple):
            raise LabFault(f"the function that draws a budget's arguments returned {type(drawn).__name__}, and must return a tuple")
        return drawn

    def fresh(self) -> Arguments:
        if self.draw is not None:
            return list(self._drawn()), self.given[1]
        if self.kind == "same":
            return self.given
        args, kwargs = self.given
        self.turn += 1
        variation = Variation(self.kind, self.rng, self.turn)
        return [variation.of(x) for x in args], {key: variation.of(x) for key, x in kwargs.items()}


class Race:
    """The learner's function and the reference's, called with the same inputs in turn."""

    def __init__(
        self, name: str, inputs: Inputs, mine: Channel, theirs: Channel, teller: Channel, agrees: Callable[..., Any] | None
    ) -> None:
        self.name, self.inputs, self.mine, self.theirs = name, inputs, mine, theirs
        self.agrees = agrees or alike
        # What the check is told to have given: the main channel's record is what a failure is told from.
        self.last = teller.last = Call(name, teller.codec.pack([*inputs.given]))
        self.calls = 1
        self.weighed = False

    # -- the rules of the race --------------------------------------------------------------------------------------------
    def begin(self, weighed: bool) -> None:
        """One call each as given, which must agree; then choose how inputs vary, and how many calls make a round.

        `sample` is the first call each with an input of the chosen kind, weighed if that is asked for.
        """
        got, self.wanted, _ = self._compared([self.inputs.given])
        if not self.agrees(got, self.wanted):
            if self.agrees is alike and alike(got, self.wanted, signs=False):
                self.agrees = lambda a, b: alike(a, b, signs=False)
            else:
                self._differ(got)
        rejected, self.weighed = False, weighed
        for kind in self.inputs.kinds:
            self.inputs.kind = kind
            suits = self._suits(kind, rejected)
            if suits:
                break
            rejected = rejected or suits is False
        else:
            self._differ(got)
        self.weighed = False
        mine, theirs = self.sample
        took = max(theirs.work, mine.work / 8, LEAST_SECONDS)
        size = len(self._pack(self.theirs, self.inputs.given)) + max(map(len, (*mine.answers, *theirs.answers)))
        self.calls = max(1, min(MOST_CALLS, math.ceil(SHORTEST / took), MOST_BYTES // max(size, 1)))

    def _suits(self, kind: str, rejected: bool) -> bool | None:
        """Whether inputs of this kind are fresh, accepted by the reference, and answered alike; None where they are not inputs at all.

        Where the learner's answer to another kind was `rejected`, it must be answered alike what has another answer than the arguments as
        given: else one answer that is kept and given to everything would do.
        """
        inputs = [self.inputs.fresh() for _ in range(2)]
        packed = [self._pack(self.theirs, arguments) for arguments in inputs]
        if kind not in ("same", "drawn") and len({*packed, self._pack(self.theirs, self.inputs.given)}) < 3:
            return None
        try:
            got, wanted, self.sample = self._compared(inputs[:1])
        except LabFault:
            if kind == "drawn":
                raise
            return None
        except Exception:
            if kind in ("same", "drawn"):
                raise
            return False
        return self.agrees(got, wanted) and not (rejected and (kind == "same" or self.agrees(self.wanted, wanted)))

    def _differ(self, got: Any) -> None:
        self.last.result, self.last.returned = got, True
        raise AssertionError(
            f"`{self.name}` returned something else than the reference for the inputs on which it is timed; "
            f"how fast and how small is measured of right results only."
        )

    # -- calling ----------------------------------------------------------------------------------------------------------
    def _pack(self, channel: Channel, arguments: Arguments) -> bytes:
        return channel.codec.pack([*arguments])

    def _reference(self, packed: list[bytes]) -> Round:
        try:
            return measured(self.theirs, self.name, packed, self.weighed)
        except RunnerDied as died:
            raise LabFault(f"the reference's `{self.name}` did not return: {died}") from None
        except Exception as error:
            raise LabFault(f"the reference's `{self.name}` raised {type(error).__name__}: {error}") from None

    def _round(self, inputs: list[Arguments]) -> tuple[Round, Round]:
        theirs = self._reference([self._pack(self.theirs, arguments) for arguments in inputs])
        return measured(self.mine, self.name, [self._pack(self.mine, arguments) for arguments in inputs], self.weighed), theirs

    def _compared(self, inputs: list[Arguments]) -> tuple[Any, Any, tuple[Round, Round]]:
        """A round, and of its results one that was drawn by lot once they were all there: (the learner's, the reference's)."""
        mine, theirs = pair = self._round(inputs)
        chosen = secrets.randbelow(len(inputs))
        try:
            got = self.mine.codec.unpack(mine.answers[chosen])
        except (WireError, TypeError) as error:
            raise self.mine.kill("killed", f"What came back from your code's process is not a value: {error}.") from None
        return got, self.theirs.codec.unpack(theirs.answers[chosen]), pair

    # -- measuring --------------------------------------------------------------------------------------------------------
    def times(self, ratio: float) -> tuple[float, float]:
        """(the learner's, the reference's) least processor seconds a call."""
        took = best = carried = math.inf
        for rounds in ROUNDS:
            for _ in range(rounds):
                got, wanted, (mine, theirs) = self._compared([self.inputs.fresh() for _ in range(self.calls)])
                if not self.agrees(got, wanted):
                    self._differ(got)
                best, carried = min(best, theirs.work), min(carried, theirs.carrying)
                took = min(took, mine.work + max(0.0, mine.carrying - CARRYING * carried - LEAST_SECONDS))
            if took <= ratio * max(best, LEAST_SECONDS):
                break
        return took, best


def measured(channel: Channel, name: str, packed: list[bytes], weighed: bool = False) -> Round:
    """Hand over, call, take back. The three spells are read off one clock without a gap: work that is moved is still counted."""
    count = len(packed)
    at_first = _weight(channel) if weighed else (0, 0)
    start = process_seconds(channel.pid)
    channel.request("stage", name, packed)
    begun = process_seconds(channel.pid)
    staged = process_memory(channel.pid) if weighed else (0, 0)
    if weighed:
        _weight(channel)
    channel.request("go")
    done = process_seconds(channel.pid)
    worked = process_memory(channel.pid) if weighed else (0, 0)
    answers = channel.request("give")[1]
    end = process_seconds(channel.pid)
    if type(answers) is not list or len(answers) != count or not all(type(answer) is bytes for answer in answers):
        raise channel.kill("killed", "What came back from your code's process is not what its calls returned.")
    highest = max(staged[1], worked[1], process_memory(channel.pid)[1] if weighed else 0)
    peaks = max(0, worked[1] - staged[0]), max(0, highest - at_first[0])
    return Round((done - begun) / count, (begun - start + end - done) / count, answers, peaks)


def _weight(channel: Channel) -> tuple[int, int]:
    """(resident now, highest from now on): the kernel's high-water mark is reset."""
    with contextlib.suppress(OSError), open(f"/proc/{channel.pid}/clear_refs", "w") as file:
        file.write("5")
    return process_memory(channel.pid)
