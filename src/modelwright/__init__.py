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


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'modelwright' has no attribute {name!r}")
    from modelwright import notebook

    return getattr(notebook, name)
