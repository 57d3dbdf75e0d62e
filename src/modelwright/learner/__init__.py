"""What follows from the journal: mastery, memory, what to do next and why, and when it will be done.

state = fold(curriculum, journal.events())
session(curriculum, state, now, minutes=60).steps

Pure functions of (curriculum, events, now): no clock, no disk, no randomness that is not passed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from modelwright.learner import compiled

if TYPE_CHECKING:
    from modelwright.learner.beliefs import (
        DueCard,
        Hours,
        Mastery,
        Memory,
        Standing,
        due_cards,
        hours_logged,
        learned,
        mastery,
        memory,
        missing,
        standing,
    )
    from modelwright.learner.errors import LearnerError
    from modelwright.learner.fitting import Fit, fit_memory, try_fit
    from modelwright.learner.folding import fold
    from modelwright.learner.forecasting import FanPoint, Forecast, Quantiles, WhatIf, forecast
    from modelwright.learner.hindsight import Fared, fared
    from modelwright.learner.planning import (
        TABLE,
        Session,
        Step,
        WhyNot,
        anyway,
        evening_minutes,
        next_step,
        put_off,
        session,
        soon_cards,
        tonights_cards,
        why_not,
    )
    from modelwright.learner.reliability import Calibration, calibration
    from modelwright.learner.state import State

__path__[:0] = compiled.found()

_HOMES = {
    "beliefs": (
        "DueCard", "Hours", "Mastery", "Memory", "Standing", "due_cards", "hours_logged", "learned", "mastery", "memory", "missing",
        "standing",
    ),
    "errors": ("LearnerError",),
    "fitting": ("Fit", "fit_memory", "try_fit"),
    "folding": ("fold",),
    "forecasting": ("FanPoint", "Forecast", "Quantiles", "WhatIf", "forecast"),
    "hindsight": ("Fared", "fared"),
    "planning": ("TABLE", "Session", "Step", "WhyNot", "anyway", "evening_minutes", "next_step", "put_off", "session", "soon_cards",
        "tonights_cards", "why_not"),
    "reliability": ("Calibration", "calibration"),
    "state": ("State",),
}  # fmt: skip
__all__ = [
    "TABLE", "Calibration", "DueCard", "FanPoint", "Fared", "Fit", "Forecast", "Hours", "LearnerError", "Mastery", "Memory",
    "Quantiles", "Session", "Standing", "State", "Step", "WhatIf", "WhyNot", "anyway", "calibration", "due_cards", "evening_minutes",
    "fared", "fit_memory", "fold", "forecast", "hours_logged", "learned", "mastery", "memory", "missing", "next_step", "put_off", "session",
    "soon_cards", "standing", "tonights_cards", "try_fit", "why_not",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """NumPy and the curriculum's types load when something is asked for, not with the package."""
    from importlib import import_module

    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{home}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
