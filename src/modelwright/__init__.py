"""Modelwright: from the foundations to a Grok-like language model that you built yourself.

In a notebook:

    import modelwright as mw
    mw.check("linear-algebra/softmax", softmax)     # grade a function, or several, or a class
    mw.today()                                      # what to do this evening
    mw.hint("linear-algebra/softmax")

Importing it is fast: everything heavy loads where it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwright.notebook import check, hint, open, today

__version__ = "0.1.0"
__all__ = ["__version__", "check", "hint", "open", "today"]


def __dir__() -> list[str]:
    """What there is to use, for the Tab key."""
    return list(__all__)


def __getattr__(name: str) -> Any:
    if name not in __all__:
        from difflib import get_close_matches

        from modelwright.errors import NoSuchName

        near = get_close_matches(name, __all__, 1, 0.5)
        offers = f"did you mean {near[0]}?" if near else f"there is {', '.join(word for word in __all__ if word != '__version__')}."
        raise NoSuchName(f"modelwright has no {name!r}: {offers}")
    from modelwright import notebook

    return getattr(notebook, name)
