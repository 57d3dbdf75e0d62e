"""Anki's files: what a learner remembered there is read out of them, and the curriculum's cards are written into one.

answers = read(Path("collection.colpkg"))
write(Path("cards.apkg"), cards, at=now)

A room of its own beside the curriculum and the workshop, because it knows a file format and nothing else: no learner, no journal, no
memory model. What the answers are worth is the studio's and the learner room's business.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from modelwright.anki.errors import AnkiError
    from modelwright.anki.reading import Answer, CardHistory, Histories, read
    from modelwright.anki.writing import Sheet, card_number, card_of, write

_HOMES = {
    "AnkiError": "errors", "Answer": "reading", "CardHistory": "reading", "Histories": "reading", "read": "reading", "Sheet": "writing",
    "card_number": "writing", "card_of": "writing", "write": "writing",
}  # fmt: skip
__all__ = ["AnkiError", "Answer", "CardHistory", "Histories", "Sheet", "card_number", "card_of", "read", "write"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
