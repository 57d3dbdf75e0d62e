"""From stored JSON to events of today's meaning: the only place that knows that a kind of event once meant something else.

A journal is never rewritten. Where the meaning of a kind changes, its number in `CURRENT` grows by one and `UPGRADES` gets a
function from the old fields to the new ones, which is applied each time an old event is read. A field that is merely added
takes a default in `events.py` and needs nothing here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, get_args

import msgspec

from modelwright.journal.checks import CHECKED, check
from modelwright.journal.errors import BadEventError, NewerJournalError
from modelwright.journal.events import Data, Event, Event_

Fields = dict[str, Any]
Upgrade = Callable[[Fields], Fields]

# What a decoder raises for a text that is no event: not JSON or out of bounds, not UTF-8, nested too deep, no text at all.
UNREADABLE = (msgspec.DecodeError, UnicodeError, RecursionError, TypeError)
MOST_VERSIONS = 10_000
KINDS: tuple[type[Data], ...] = get_args(Event_)


def kind_of(data: Data | type[Data]) -> str:
    """The name of a kind of event in the journal: `card-reviewed`."""
    return str(data.__struct_config__.tag)


# The version of each kind's meaning that this program writes. An event without one is of version 1.
CURRENT: Mapping[str, int] = {kind_of(kind): 1 for kind in KINDS}
# (kind, version) -> the fields of the next version. Empty until a meaning changes.
UPGRADES: Mapping[tuple[str, int], Upgrade] = {}


class Reader:
    """Decodes stored events. The common case, an event of today's version, is one call of msgspec; the rest goes the long way."""

    def __init__(self, current: Mapping[str, int] = CURRENT, upgrades: Mapping[tuple[str, int], Upgrade] = UPGRADES) -> None:
        self._decode = msgspec.json.Decoder(Event).decode
        self._current = current
        self._upgrades = upgrades
        self._by_type: dict[type, int] = {kind: current[kind_of(kind)] for kind in KINDS}

    def version(self, data: object) -> int:
        """The version that is written for this kind of data today."""
        return self._by_type[type(data)]

    def read(self, body: str | bytes) -> Event:
        """The event in this JSON; raises `BadEventError` or `NewerJournalError`."""
        try:
            event = self._decode(body)
        except UNREADABLE:
            return self._read_slowly(body)
        kind = type(event.data)
        if event.version != self._by_type[kind]:
            return self._read_slowly(body)
        if kind in CHECKED:
            _check(event)
        return event

    def _read_slowly(self, body: str | bytes) -> Event:
        if not isinstance(body, str | bytes):
            raise BadEventError("not an event: its text is gone.")
        try:
            raw = msgspec.json.decode(body, type=dict[str, Any])
        except RecursionError:
            raise BadEventError("not an event: lists and tables stand too deep in one another.") from None
        except UNREADABLE as error:
            raise BadEventError(f"not an event: {str(error).rstrip('.')}.") from None
        data = raw.get("data")
        if not isinstance(data, dict) or not isinstance(data.get("kind"), str):
            raise BadEventError("not an event: it has no `data` with a `kind`.")
        kind, version = data["kind"], raw.get("version", 1)
        if kind not in self._current:
            kind = "".join(sign if sign.isprintable() else "?" for sign in kind[:40])
        if not isinstance(version, int) or not 1 <= version <= MOST_VERSIONS:
            raise BadEventError(f"a `{kind}` event whose version is {str(version)[:20]!r}, not a whole number from 1 to {MOST_VERSIONS:,}.")
        if kind not in self._current or version > self._current[kind]:
            what = f"`{kind}` events" if kind not in self._current else f"version {version} of `{kind}` events"
            raise NewerJournalError(f"{what} are unknown to this Modelwright, so a newer one wrote them: update Modelwright.")
        while version < self._current[kind]:
            data = _upgraded(self._upgrades[kind, version], kind, version, data)
            version += 1
        try:
            event = msgspec.convert({**raw, "data": data, "version": version}, Event)
        except msgspec.ValidationError as error:
            raise BadEventError(f"a `{kind}` event that does not read as one: {error}.") from None
        if type(event.data) in CHECKED:
            _check(event)
        return event


def _check(event: Event) -> None:
    try:
        check(event.data)
    except ValueError as error:
        raise BadEventError(f"a `{kind_of(event.data)}` event that does not read as one: {error}.") from None


def _upgraded(upgrade: Upgrade, kind: str, version: int, data: Fields) -> Fields:
    try:
        return {"kind": kind, **upgrade(data)}
    except (KeyError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        raise BadEventError(f"version {version} of a `{kind}` event that does not read as one: {error!r}.") from None
