"""How long something was worked on: a small file in the home's `run` folder that all processes share.

Time runs from one sign of work to the next (opening it, saving it, handing it in), for half an hour at most, and stops while something
else is open. It is not part of the record: deleting it costs one measurement and changes no state.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

LONGEST = 1_800_000  # milliseconds from one sign of work to the next that count as work
ANEW = 12 * 3_600_000  # after so long without a sign, it is begun anew
KEPT = 100


class Worked(NamedTuple):
    """In milliseconds: the last sign of work, and the work until then."""

    at: int
    done: int


class Sitting:
    def __init__(self, file: Path) -> None:
        self.file = file
        self._noted: dict[str, Worked] = {}  # what was noted here, in case the file cannot be written

    def open(self, name: str, now: int, again: bool = False) -> None:
        """Notes an opening. What is open already goes on, unless `again`; the time that it lay there closed does not count."""
        noted = self._read()
        before = noted.get(name)
        done = 0
        if before is not None and not again and 0 <= now - before.at < ANEW:
            done = before.done + (now - before.at if _last(noted) == name and now - before.at < LONGEST else 0)
        self._keep(noted, name, Worked(now, done))

    def work(self, name: str, now: int) -> None:
        """Notes a sign of work on what is open."""
        noted = self._read()
        before = noted.get(name)
        done = 0
        if before is not None and 0 <= now - before.at < ANEW:
            done = before.done + (min(now - before.at, LONGEST) if _last(noted) == name else 0)
        self._keep(noted, name, Worked(now, done))

    def spent(self, name: str, now: int, otherwise: float) -> float:
        """Seconds of work on it until now; `otherwise` where it was not opened."""
        noted = self._read()
        worked = noted.get(name)
        if worked is None:
            return otherwise
        since = min(max(now - worked.at, 0), LONGEST) if _last(noted) == name else 0
        return min(worked.done + since, ANEW) / 1000

    def last(self, prefix: str) -> str | None:
        """The name, without the prefix, of what was worked on last."""
        return next((name.removeprefix(prefix) for name in reversed(self._read()) if name.startswith(prefix)), None)

    def _keep(self, noted: dict[str, Worked], name: str, worked: Worked) -> None:
        """`name` was worked on last; where something else was until now, its time ends here."""
        last = _last(noted)
        if last and last != name:
            at, done = noted[last]
            noted[last] = Worked(at, done + min(max(worked.at - at, 0), LONGEST))
        noted.pop(name, None)
        noted[name] = worked
        self._noted = dict(list(noted.items())[-KEPT:])
        self._write()

    def _read(self) -> dict[str, Worked]:
        try:
            raw = json.loads(self.file.read_text())
            return {str(name): Worked(int(at), int(done)) for name, (at, done) in raw.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return dict(self._noted)

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.file.parent, prefix=".opened-")
            with open(handle, "w") as file:
                json.dump(self._noted, file)
            os.replace(name, self.file)


def _last(noted: dict[str, Worked]) -> str:
    """What was worked on last, or ""."""
    return next(reversed(noted), "")
