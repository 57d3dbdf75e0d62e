"""A clock that a test turns."""

from __future__ import annotations


class Clock:
    def __init__(self, now: int = 1_790_000_000_000) -> None:  # a Monday evening in September 2026
        self.now = now

    def __call__(self) -> int:
        return self.now

    def pass_(self, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        self.now += int(1000 * (seconds + 60 * minutes + 3600 * hours + 86400 * days))
