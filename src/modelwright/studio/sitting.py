"""When things were opened, for measuring time spent: a small file in the home's `run` folder that all processes share.

It is not part of the record: deleting it costs one measurement and changes no state.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

LONGEST = 1_800_000  # milliseconds after which something must have been opened anew
KEPT = 100


class Sitting:
    def __init__(self, file: Path) -> None:
        self.file = file
        self._opened: dict[str, int] = {}  # what was opened here, in case the file cannot be written

    def open(self, name: str, now: int, again: bool = False) -> None:
        """Notes an opening. One still running goes on, unless `again`."""
        opened = self._read()
        if not again and now - opened.get(name, 0) < LONGEST and next(reversed(opened), "") == name:
            return
        begun = opened.pop(name, 0)
        opened[name] = now if again or now - begun >= LONGEST else begun
        self._opened = dict(list(opened.items())[-KEPT:])
        self._write()

    def spent(self, name: str, now: int, otherwise: float) -> float:
        """Seconds since it was opened, at most half an hour; `otherwise` where that is not known."""
        begun = self._read().get(name)
        return otherwise if begun is None else min(max(now - begun, 0), LONGEST) / 1000

    def last(self, prefix: str) -> str | None:
        """The name, without the prefix, of what was opened last."""
        return next((name.removeprefix(prefix) for name in reversed(self._read()) if name.startswith(prefix)), None)

    def _read(self) -> dict[str, int]:
        try:
            raw = json.loads(self.file.read_text())
            return {str(name): int(at) for name, at in raw.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return dict(self._opened)

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            self.file.parent.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.file.parent, prefix=".opened-")
            with open(handle, "w") as file:
                json.dump(self._opened, file)
            os.replace(name, self.file)
