"""Time and memory as ratios to the reference, measured in one run, from outside.

The learner's module and the reference run in two fresh and equal cages; neither can tell which it is or see the other. Time is the
processor time that the kernel charged to each process, read by this one: a busy machine does not lengthen it much, and a patched
`time` module does not shorten it. A budget warms both up, alternates them, compares their minima, and measures again, four times with
growing patience, before it blames: a plain timer failed the reference itself once in six runs on a busy machine.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from .proxy import Call, Channel, process_memory, process_seconds

if TYPE_CHECKING:
    from .checker import Fixtures

ROUNDS = (1, 4, 8, 16)  # after the one in which it is found how often to repeat
SHORTEST = 0.002  # seconds: a call is repeated until it takes this long, because clocks and caches blur what is shorter
MOST_REPEATS = 1 << 14
LEAST_SECONDS = 20e-6
LEAST_BYTES = 1 << 20
SLACK_BYTES = 2 << 20


class Budget:
    """The fixture `budget`: `budget("name", args, kwargs, time_ratio=4, memory_ratio=4)` fails if the learner's takes more."""

    def __init__(self, fixtures: Fixtures) -> None:
        self.fixtures = fixtures

    def __call__(self, name: str, args: tuple = (), kwargs: dict[str, Any] | None = None, *, time_ratio: float | None = None,
                 memory_ratio: float | None = None) -> None:  # fmt: skip
        fixtures = self.fixtures
        packed = fixtures.channel.codec.pack([list(args), kwargs or {}])
        fixtures.channel.last = Call(name, packed)
        mine, theirs = fixtures.fresh_pair()
        pair = (mine, theirs)
        try:
            for channel in pair:
                prepare(channel, name, packed)
                channel.request("go", 1)
            if memory_ratio is not None:
                used, allowed = (peak(channel, name, packed) for channel in pair)
                if used > memory_ratio * max(allowed, LEAST_BYTES) + SLACK_BYTES:
                    raise AssertionError(
                        f"`{name}` used {used / 2**20:.0f} MB where the reference used {allowed / 2**20:.0f} MB; "
                        f"at most {memory_ratio:g} times as much is allowed."
                    )
            if time_ratio is not None:
                took, best = self._race(pair, name, packed, time_ratio)
                if took > time_ratio * max(best, LEAST_SECONDS):
                    raise AssertionError(
                        f"`{name}` took {_milliseconds(took)} where the reference took {_milliseconds(best)}; "
                        f"at most {time_ratio:g} times as long is allowed."
                    )
        finally:
            mine.close()
            theirs.close()

    def _race(self, pair: tuple[Channel, Channel], name: str, packed: bytes, time_ratio: float) -> tuple[float, float]:
        repeats, best = [1, 1], [0.0, 0.0]
        for i, channel in enumerate(pair):
            while (took := seconds(channel, name, packed, repeats[i])) * repeats[i] < SHORTEST and repeats[i] < MOST_REPEATS:
                repeats[i] *= 4
            best[i] = took
        for rounds in ROUNDS:
            for _ in range(rounds):
                for i, channel in enumerate(pair):
                    best[i] = min(best[i], seconds(channel, name, packed, repeats[i]))
            if best[0] <= time_ratio * max(best[1], LEAST_SECONDS):
                break
        return best[0], best[1]


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms"


def prepare(channel: Channel, name: str, packed: bytes) -> None:
    """Fresh arguments, unpacked outside of what is measured: a call may have changed the last ones."""
    channel.request("stage", name, packed)


def seconds(channel: Channel, name: str, packed: bytes, times: int) -> float:
    prepare(channel, name, packed)
    before = process_seconds(channel.pid)
    channel.request("go", times)
    return (process_seconds(channel.pid) - before) / times


def peak(channel: Channel, name: str, packed: bytes) -> int:
    """The most that one call adds to the process, by the kernel's high-water mark, which this process resets first."""
    prepare(channel, name, packed)
    with contextlib.suppress(OSError), open(f"/proc/{channel.pid}/clear_refs", "w") as file:
        file.write("5")
    before, _ = process_memory(channel.pid)
    channel.request("go", 1)
    return process_memory(channel.pid)[1] - before
