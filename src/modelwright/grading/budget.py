"""Time and memory as ratios to the reference, measured in one run, from outside."""

from __future__ import annotations

from typing import Any

from .proxy import Channel, process_memory, process_seconds

ROUNDS = (3, 5, 9, 15)
LEAST_SECONDS = 0.002
FLOOR_BYTES = 2 << 20


class Budget:
    """The fixture `budget`. Both modules run in fresh, equal cages; the clock is the kernel's, read by this process."""

    def __init__(self, fixtures: Any) -> None:
        self.fixtures = fixtures

    def __call__(self, name: str, args: tuple = (), kwargs: dict[str, Any] | None = None, *, time_ratio: float | None = None,
                 memory_ratio: float | None = None) -> None:  # fmt: skip
        from .checker import start_source

        fixtures = self.fixtures
        old = fixtures.channel
        packed = old.codec.pack([list(args), kwargs or {}])
        from .proxy import Call

        old.last = Call(name, packed)
        job, stable = fixtures.job, fixtures.stable
        later = [stable.order(), stable.order()]
        mine, other = later[0](), later[1]()
        fixtures.channel, mine.last = mine, old.last
        old.close()
        start_source(mine, job, job.source, job.file)
        start_source(other, job, (job.folder / "solution.py").read_bytes(), "reference.py")
        pair = (mine, other)
        for channel in pair:
            channel.request("stage", name, packed)
            channel.request("go", 1)
        if memory_ratio is not None:
            peaks = [peak(channel, name, packed) for channel in pair]
            allowed = memory_ratio * max(peaks[1], 1 << 20) + FLOOR_BYTES
            if peaks[0] > allowed:
                raise AssertionError(
                    f"`{name}` used {peaks[0] / 2**20:.0f} MB where the reference used {peaks[1] / 2**20:.0f} MB; "
                    f"at most {memory_ratio:g} times as much is allowed."
                )
        if time_ratio is not None:
            best = [float("inf"), float("inf")]
            for rounds in ROUNDS:
                times = 1
                for _ in range(rounds):
                    for i, channel in enumerate(pair):
                        best[i] = min(best[i], seconds(channel, name, packed, times))
                if best[0] <= time_ratio * max(best[1], LEAST_SECONDS):
                    break
            else:
                raise AssertionError(
                    f"`{name}` took {best[0] * 1000:.1f} ms where the reference took {best[1] * 1000:.1f} ms; at most {time_ratio:g} times as long is allowed."
                )
        other.close()


def seconds(channel: Channel, name: str, packed: bytes, times: int) -> float:
    channel.request("stage", name, packed)
    before = process_seconds(channel.pid)
    channel.request("go", times)
    return (process_seconds(channel.pid) - before) / times


def peak(channel: Channel, name: str, packed: bytes) -> int:
    """The most that one call adds to the process, by the kernel's high-water mark."""
    channel.request("stage", name, packed)
    with open(f"/proc/{channel.pid}/clear_refs", "w") as file:
        file.write("5")
    before, _ = process_memory(channel.pid)
    channel.request("go", 1)
    return process_memory(channel.pid)[1] - before
