"""What can go wrong in the studio, said for people."""

from __future__ import annotations

from modelwright.errors import ModelwrightError


class StudioError(ModelwrightError):
    """The family of this room."""


class Unknown(StudioError):
    """An id that the curriculum does not have; `nearest` holds those that it may have been meant for."""

    def __init__(self, kind: str, wrong: str, nearest: tuple[str, ...]) -> None:
        self.kind, self.wrong, self.nearest = kind, wrong, nearest
        meant = f" Did you mean {_either(nearest)}?" if nearest else ""
        super().__init__(f"There is no {kind} called '{wrong}'.{meant}")


class NotEnrolled(StudioError):
    """Asked for something that needs to know who the learner is."""

    def __init__(self) -> None:
        super().__init__("Nobody is enrolled here yet. Run `modelwright enrol`, or open the studio with `modelwright start`.")


class HomeError(StudioError):
    """The learner's folder cannot be used as it is: read-only, full, or damaged."""


class Busy(StudioError):
    """Something that only one process can do at a time is being done by another one."""


class NotYet(StudioError):
    """Allowed later or on an explicit wish: a solution before a pass, a hint after the last."""


def _either(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]
