"""The journal together with what was folded from it: always as new as the last question asked, and never folded twice.

Other processes append to the same journal (the terminal while the pages are open), so `refresh` folds what is new before each answer.
A snapshot in the home's cache saves the long way at the next start. It is used only if it was made by this very code, for this very
curriculum, from a journal whose entry at that number is still the same one; else it is as if it were not there.

An entry that cannot be read, or that the fold cannot take in, is set aside: it is remembered to be told, and everything else counts.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

import msgspec

from modelwright.curriculum import Curriculum
from modelwright.errors import ModelwrightError
from modelwright.journal import Journal, SetAside
from modelwright.journal.events import CardReviewed, Data, Event, ImportUndone
from modelwright.journal.upgrades import kind_of
from modelwright.learner import State, fold
from modelwright.studio.record import Record

T = TypeVar("T")
SNAPSHOT_AFTER = 400  # events since the last snapshot
CAREFULLY = 2000  # events that are folded together where one of them may fail
MOST_ASIDE = 1000  # entries set aside that are remembered one by one


class Snapshot(msgspec.Struct, array_like=True):
    """`key`: code and curriculum; `seq`, `link`: the entry up to which it goes."""

    key: str
    seq: int
    link: str
    state: bytes
    record: bytes
    aside: list[tuple[int, str, str]]


class _Late(Exception):
    """What is folded already would have been folded otherwise: an entry belongs before others, or says that some no longer count.

    since: the first entry from which it would have been, where nothing before it is touched; 0 where that is not known.
    """

    def __init__(self, since: int = 0) -> None:
        super().__init__()
        self.since = since


class Ledger:
    """Not thread-safe by itself: the studio holds its lock around every use."""

    def __init__(self, journal: Journal, curriculum: Curriculum, cache: Path | None) -> None:
        self.journal, self.curriculum, self.cache = journal, curriculum, cache
        self.state: State
        self.record: Record
        self.aside: dict[int, SetAside] = {}
        self.seq, self.saved_seq = 0, 0
        self._key = f"{curriculum.digest}-{code_version()}"
        self._begin_again()
        self._restore()
        self.refresh()

    def refresh(self) -> bool:
        """Folds what is new; True if there was anything."""
        end = self.journal.last_seq()
        if end == self.seq:
            return False
        try:
            try:
                if end < self.seq:
                    raise _Late
                self._fold(self._new_entries(end))
            except _Late as late:
                self._begin_again()
                try:
                    if not self._restored_before(late.since):
                        raise _Late
                    self._fold(self._new_entries(end, before=late.since))
                except _Late:
                    self._begin_again()
                    self._fold(self.journal.history(until=end, aside=self._set_aside))
        except (ModelwrightError, OSError, MemoryError):
            self._begin_again()  # half a fold is worse than none: the next question folds it all
            raise
        except Exception:
            self._begin_again()
            self._fold_carefully(end)
        except BaseException:
            self._begin_again()
            raise
        self.seq = end
        if self.seq - self.saved_seq >= SNAPSHOT_AFTER:
            self.save()
        return True

    def append(self, *data: Data, at: int | None = None) -> list[Event]:
        """Durable when it returns, and folded."""
        events = self.journal.append_many(data, at=at)
        self.refresh()
        return events

    def save(self) -> None:
        """Writes the snapshot. A cache that cannot be written is no error: it is only slower next time."""
        if self.cache is None or self.journal.read_only or self.seq == self.saved_seq or not self.seq:
            return
        aside = [(entry.seq, entry.id, entry.why) for entry in self.aside.values()]
        link = self.journal.link(self.seq)
        snapshot = Snapshot(self._key, self.seq, link, self.state.canonical(), msgspec.msgpack.encode(self.record), aside)
        self._write("state", msgspec.msgpack.encode(snapshot))
        self.saved_seq = self.seq

    def keep(self, name: str, key: tuple[int | str, ...], value: object) -> None:
        """Keeps something costly for the next process, under what it follows from."""
        if self.cache is not None and not self.journal.read_only:
            self._write(name, msgspec.msgpack.encode((self._stamp(key), msgspec.to_builtins(value))))

    def kept(self, name: str, key: tuple[int | str, ...], type: type[T]) -> T | None:
        """What was kept, if it follows from the very same."""
        if self.cache is None:
            return None
        try:
            found, value = msgspec.msgpack.decode((self.cache / f"{name}.msgpack").read_bytes())
            return msgspec.convert(value, type) if tuple(found) == self._stamp(key) else None
        except (OSError, msgspec.MsgspecError, ValueError, TypeError):
            return None

    def _stamp(self, key: tuple[int | str, ...]) -> tuple[int | str, ...]:
        return (self._key, self.journal.link(self.seq), *key)

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

    def _fold(self, entries: Iterable[tuple[int, Event]]) -> None:
        self.state = fold(self.curriculum, self._noted(entries), self.state)

    def _noted(self, entries: Iterable[tuple[int, Event]]) -> Iterator[Event]:
        for seq, event in entries:
            self.record.add((event,), seq)
            yield event

    def _new_entries(self, end: int, before: int = 0) -> Iterator[tuple[int, Event]]:
        """`before`: what is folded lies before this entry, so that ratings which were taken back from it on are no news."""
        latest = self.state.last_at
        taken_back: list[str] = []
        for seq, event in self.journal.events(after=self.seq, until=end, aside=self._set_aside):
            data = event.data
            if isinstance(data, ImportUndone):
                if data.what != "rating":
                    raise _Late
                taken_back += data.events
            elif event.at < latest and isinstance(data, CardReviewed) and data.source:
                raise _Late
            latest = max(latest, event.at)
            yield seq, event
        since = min(self.journal.numbers(taken_back), default=0)
        if since and (not before or since < before):
            raise _Late(since)

    def _restored_before(self, seq: int) -> bool:
        """Whether the snapshot is of a time before this entry: then only what came after it is folded anew."""
        if not seq:
            return False
        self._restore()
        return 0 < self.seq < seq

    def _fold_carefully(self, end: int) -> None:
        """All of it, where an entry made the fold fail: that one is set aside. Bounds keep such entries out; this is for what they miss."""
        history = self.journal.history(until=end, aside=self._set_aside)
        while some := list(islice(history, CAREFULLY)):
            self._fold_some(some)

    def _fold_some(self, entries: list[tuple[int, Event]]) -> None:
        before = msgspec.msgpack.encode(self.record)
        try:
            self._fold(entries)
        except (ModelwrightError, OSError, MemoryError):
            raise
        except Exception as error:
            self.record = msgspec.msgpack.decode(before, type=Record)
            if len(entries) > 1:
                middle = len(entries) // 2
                self._fold_some(entries[:middle])
                self._fold_some(entries[middle:])
            else:
                ((seq, event),) = entries
                why = f"a `{kind_of(event.data)}` event that the fold cannot take in ({type(error).__name__})"
                self._set_aside(SetAside(seq, event.id, why))

    def _set_aside(self, entry: SetAside) -> None:
        if len(self.aside) < MOST_ASIDE:
            self.aside[entry.seq] = entry

    def _begin_again(self) -> None:
        self.state, self.record = fold(self.curriculum, ()), Record()
        self.seq, self.aside = 0, {}

    def _restore(self) -> None:
        if self.cache is None:
            return
        try:
            snapshot = msgspec.msgpack.decode((self.cache / "state.msgpack").read_bytes(), type=Snapshot)
            if snapshot.key != self._key or not snapshot.seq or snapshot.seq > self.journal.last_seq():
                return
            if self.journal.link(snapshot.seq) != snapshot.link:
                return  # another journal has taken this one's place
            state, record = State.restore(snapshot.state), msgspec.msgpack.decode(snapshot.record, type=Record)
        except (OSError, msgspec.MsgspecError, ModelwrightError, ValueError):
            return
        self.state, self.record = state, record
        self.seq = self.saved_seq = snapshot.seq
        self.aside = {seq: SetAside(seq, id, why) for seq, id, why in snapshot.aside}


def code_version() -> str:
    """A hash of all that folds, and of all that it reads of the package: a snapshot made by anything else is not trusted."""
    digest = hashlib.sha256()
    for path in fold_sources():
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def fold_sources() -> list[Path]:
    """The files of the package that a folded state follows from: the learner's model with its weights, the journal and what reads it, and
    the shapes of the curriculum, whose contents have a digest of their own."""
    package = Path(__file__).parents[1]
    rooms = [
        path
        for room in ("learner", "journal", "curriculum", "groups")
        for kind in ("*.py", "*.json")
        for path in (package / room).glob(kind)
    ]
    return sorted([*rooms, *package.glob("*.py"), Path(__file__).with_name("record.py")])
