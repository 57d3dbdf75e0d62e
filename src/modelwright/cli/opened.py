"""The studio that a command works with: opened where the environment says, closed when the command ends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modelwright.studio import Studio


@contextmanager
def studio(enrolled: bool = True) -> Iterator[Studio]:
    """With `enrolled`, somebody must be: a command that records something says so before it begins."""
    from modelwright.studio import NotEnrolled, Studio

    with Studio.open(curriculum_folder=os.environ.get("MODELWRIGHT_CURRICULUM") or None) as opened:
        if notice := opened.guest.notice("terminal"):
            from modelwright.cli.screen import complain

            complain(notice)
            opened.guest.acknowledge("terminal")
        if enrolled and not opened.enrolled:
            raise NotEnrolled()
        yield opened
