"""A curriculum that did not come with the program: what it can do is said once in each face, and until somebody has taken note of it.

The note of it is a small file in the home, not an event: it is about this machine, and who deletes it is told once more.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path
from typing import Literal

from modelwright.curriculum.loader import PACKAGED_FOLDER, REPOSITORY_FOLDER

Face = Literal["terminal", "page"]


def shipped(folder: Path) -> bool:
    return folder.resolve() in (REPOSITORY_FOLDER.resolve(), PACKAGED_FOLDER.resolve())


class Guest:
    """The curriculum in `folder`, on a home that keeps in `file` which ones its learner knows of."""

    def __init__(self, folder: Path, file: Path) -> None:
        self.folder, self.file = folder, file
        self._faces = ["terminal", "page"] if shipped(folder) else self._read().get(str(folder), [])

    def notice(self, face: Face) -> str:
        """What there is to know before it is used; "" where it came with the program, or was taken note of here."""
        if face in self._faces:
            return ""
        return (
            f"This curriculum comes from {self.folder}, not with Modelwright. Its checks, problems and lessons are programs that run "
            f"with your rights: they can read and change your files and reach the network. Go on only if you trust who wrote it."
        )

    def acknowledge(self, face: Face) -> None:
        if face in self._faces:
            return
        self._faces = [*self._faces, face]
        known = self._read()
        known[str(self.folder)] = sorted({*known.get(str(self.folder), []), face})
        with contextlib.suppress(OSError):  # a home that cannot be written is told again next time
            handle, name = tempfile.mkstemp(dir=self.file.parent, prefix=".curricula-")
            with open(handle, "w", encoding="utf-8") as file:
                json.dump(known, file, indent=1)
            os.replace(name, self.file)

    def _read(self) -> dict[str, list[str]]:
        try:
            raw = json.loads(self.file.read_text(encoding="utf-8"))
            return {str(folder): [str(face) for face in faces] for folder, faces in raw.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}
