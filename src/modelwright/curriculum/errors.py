"""What can be wrong with a curriculum's files, said with the file, the line and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from modelwright.errors import ModelwrightError


@dataclass(frozen=True)
class Finding:
    """One thing that an author should mend. `line` counts from 1; 0 where the whole file, or its absence, is meant."""

    file: Path
    line: int
    message: str
    mend: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        return f"{place}: {self.message} {self.mend}".rstrip()


class CurriculumError(ModelwrightError):
    """A curriculum that cannot be read. `finding` says where."""

    def __init__(self, finding: Finding):
        super().__init__(str(finding))
        self.finding = finding


class UnknownId(ModelwrightError):
    """An id that names nothing here, with the nearest that do."""

    def __init__(self, kind: str, wrong: str, nearest: list[str]):
        self.kind, self.wrong, self.nearest = kind, wrong, nearest
        hint = f" Did you mean {' or '.join(nearest)}?" if nearest else ""
        super().__init__(f"There is no {kind} called {wrong!r}.{hint}")


class AnswerError(ModelwrightError):
    """A learner's answer that could not be read as mathematics."""
