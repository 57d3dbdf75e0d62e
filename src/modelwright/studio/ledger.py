"""The journal together with what was folded from it: always as new as the last question asked, and never folded twice.

Other processes append to the same journal (the terminal while the pages are open), so `refresh` folds what is new before each answer.
A snapshot in the home's cache saves the long way at the next start. It is used only if it was made by this very code, for this very
curriculum, from a journal whose entry at that number is still the same one; else it is as if it were not there.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from modelwright.curriculum import Curriculum
from modelwright.errors import ModelwrightError
from modelwright.journal import Journal
from modelwright.journal.events import CardReviewed, Data, Event
from modelwright.learner import State, fold
from modelwright.studio.record import Record

T = TypeVar("T")
SNAPSHOT_AFTER = 400  # events since the last snapshot


class Snapshot(msgspec.Struct, array_like=True):
    """`key`: code and curriculum; `seq`, `id`: the entry up to which it goes."""

    key: str
    seq: int
    id: str
    state: bytes
    record: bytes


class _Late(Exception):
    """An entry belongs before others that are folded already."""


class Ledger:
    """Not thread-safe by itself: the studio holds its lock around every use."""

    def __init__(self, journal: Journal, curriculum: Curriculum, cache: Path | None) -> None:
        self.journal, self.curriculum, self.cache = journal, curriculum, cache
        self.state: State
        self.record: Record
        self.seq, self.last_id, self.saved_seq = 0, "", 0
        self._key = f"{curriculum.digest}-{code_version()}"
        self._begin_again()
        self._restore()
        self.refresh()

    def refresh(self) -> bool:
        """Folds what is new; True if there was anything."""
        if self.journal.last_seq() == self.seq:
            return False
        before = self.seq
        try:
            try:
                self.state = fold(self.curriculum, self._new_events(), self.state)
            except _Late:
                # Reviews brought in from another program, older than what is folded already: their place is earlier.
                self._begin_again()
                self.state = fold(self.curriculum, self._all_events(), self.state)
        except BaseException:
            self._begin_again()  # half a fold is worse than none: the next question folds it all
            raise
        if self.seq - self.saved_seq >= SNAPSHOT_AFTER:
            self.save()
        return self.seq != before

    def append(self, *data: Data, at: int | None = None) -> list[Event]:
        """Durable when it returns, and folded."""
        events = self.journal.append_many(data, at=at)
        self.refresh()
        return events

    def save(self) -> None:
        """Writes the snapshot. A cache that cannot be written is no error: it is only slower next time."""
        if self.cache is None or self.seq == self.saved_seq or not self.seq:
            return
        snapshot = Snapshot(self._key, self.seq, self.last_id, self.state.canonical(), msgspec.msgpack.encode(self.record))
        self._write("state", msgspec.msgpack.encode(snapshot))
        self.saved_seq = self.seq

    def keep(self, name: str, key: tuple[int | str, ...], value: object) -> None:
        """Keeps something costly for the next process, under what it follows from."""
        if self.cache is not None:
            self._write(name, msgspec.msgpack.encode(((self._key, self.last_id, *key), msgspec.to_builtins(value))))

    def kept(self, name: str, key: tuple[int | str, ...], type: type[T]) -> T | None:
        """What was kept, if it follows from the very same."""
        if self.cache is None:
            return None
        try:
            found, value = msgspec.msgpack.decode((self.cache / f"{name}.msgpack").read_bytes())
            return msgspec.convert(value, type) if tuple(found) == (self._key, self.last_id, *key) else None
        except (OSError, msgspec.MsgspecError, ValueError, TypeError):
            return None

    def _write(self, name: str, content: bytes) -> None:
        assert self.cache is not None
        with contextlib.suppress(OSError):
            self.cache.mkdir(parents=True, exist_ok=True)
            handle, path = tempfile.mkstemp(dir=self.cache, prefix=f".{name}-")
            try:
                with open(handle, "wb") as file:
                    file.write(content)
                os.replace(path, self.cache / f"{name}.msgpack")
            except OSError:
                Path(path).unlink(missing_ok=True)
                raise

    def _new_events(self) -> Iterator[Event]:
        latest = self.state.last_at
        for seq, event in self.journal.events(after=self.seq):
            if event.at < latest and isinstance(event.data, CardReviewed) and event.data.source:
                raise _Late
            latest = max(latest, event.at)
            yield self._noted(seq, event)

    def _all_events(self) -> Iterator[Event]:
        for seq, event in self.journal.history():
            yield self._noted(seq, event)

    def _noted(self, seq: int, event: Event) -> Event:
        self.record.add((event,), seq)
        if seq > self.seq:
            self.seq, self.last_id = seq, event.id
        return event

    def _begin_again(self) -> None:
        self.state, self.record = fold(self.curriculum, ()), Record()
        self.seq, self.last_id = 0, ""

    def _restore(self) -> None:
        if self.cache is None:
            return
        try:
            snapshot = msgspec.msgpack.decode((self.cache / "state.msgpack").read_bytes(), type=Snapshot)
            if snapshot.key != self._key or snapshot.seq > self.journal.last_seq():
                return
            first = next(self.journal.events(after=snapshot.seq - 1), None)
            if first is None or first[0] != snapshot.seq or first[1].id != snapshot.id:
                return  # another journal has taken this one's place
            state, record = State.restore(snapshot.state), msgspec.msgpack.decode(snapshot.record, type=Record)
        except (OSError, msgspec.MsgspecError, ModelwrightError, ValueError):
            return
        self.state, self.record = state, record
        self.seq = self.saved_seq = snapshot.seq
        self.last_id = snapshot.id


def code_version() -> str:
    """A hash of the code that folds: a snapshot made by other code is not trusted."""
    digest = hashlib.sha256()
    rooms = Path(__file__).parents[1]
    for path in sorted([*(rooms / "learner").glob("*.py"), *(rooms / "journal").glob("*.py"), Path(__file__).with_name("record.py")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
