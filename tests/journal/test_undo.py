"""An import can be taken back, and what it brought stays in the journal without counting: here, and wherever an export goes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from modelwright.journal import Journal, JournalError
from modelwright.journal import events as e


def file(*names: str, start: int = 0) -> io.BytesIO:
    """An export with one opening of a lesson for each name; equal names are equal events."""
    lines = (
        f'{{"id":"{sum(name.encode()):032d}","at":{5 + start},"data":{{"kind":"lesson-opened","lesson":"{name}"}}}}\n' for name in names
    )
    return io.BytesIO("".join(lines).encode())


def counting(journal: Journal) -> list[str]:
    return [event.data.lesson for _, event in journal.events() if isinstance(event.data, e.LessonOpened)]


def exported(journal: Journal) -> bytes:
    out = io.BytesIO()
    journal.export(out)
    return out.getvalue()


def test_an_import_taken_back_counts_no_longer_and_the_chain_stays_whole(journal: Journal) -> None:
    journal.append(e.LessonOpened(lesson="mine"))
    journal.import_(file("a", "b"), "laptop.jsonl")
    journal.append(e.LessonOpened(lesson="mine too"))
    assert counting(journal) == ["mine", "a", "b", "mine too"]
    undone = journal.undo_import()
    assert (undone.number, undone.events, undone.source) == (1, 2, "laptop.jsonl")
    assert counting(journal) == ["mine", "mine too"]
    assert [event.data for _, event in journal.of_kind(e.LessonOpened)] == [event.data for _, event in journal.entries([1, 2, 3, 4])]
    assert [seq for seq, _ in journal.history()][:2] == [1, 4]
    assert journal.verify().ok
    assert len(exported(journal).splitlines()) == 5


def test_taking_back_twice_says_so_and_changes_nothing(journal: Journal) -> None:
    with pytest.raises(JournalError, match="Nothing was imported"):
        journal.undo_import()
    journal.import_(file("a"))
    journal.undo_import()
    before = journal.last_seq()
    with pytest.raises(JournalError, match="Import 1 was taken back already, on "):
        journal.undo_import()
    with pytest.raises(JournalError, match="There is no import 7"):
        journal.undo_import(7)
    assert journal.last_seq() == before


def test_of_several_imports_the_last_goes_or_the_one_that_is_named(journal: Journal) -> None:
    for name in ("a", "b", "c"):
        journal.import_(file(name), name)
    assert [(line.number, line.source, line.events, line.undone_at) for line in journal.imports()] == [
        (1, "a", 1, 0), (2, "b", 1, 0), (3, "c", 1, 0)
    ]  # fmt: skip
    journal.undo_import()
    journal.undo_import(1)
    assert counting(journal) == ["b"]
    assert [line.undone_at > 0 for line in journal.imports()] == [True, False, True]


def test_importing_the_file_again_brings_it_back_and_that_can_be_taken_back_too(journal: Journal) -> None:
    journal.import_(file("a", "b"))
    journal.undo_import()
    again = journal.import_(file("a", "b"))
    assert (again.added, again.already, again.again) == (0, 2, 2)
    assert counting(journal) == ["a", "b"]
    assert journal.import_(file("a", "b")).again == 0
    journal.undo_import()
    assert counting(journal) == []
    assert journal.verify().ok


def test_importing_ones_own_export_leaves_what_was_taken_back_taken_back(journal: Journal) -> None:
    journal.import_(file("a", "b"))
    journal.undo_import()
    before = journal.last_seq()
    assert journal.import_(io.BytesIO(exported(journal))).again == 0
    assert (journal.last_seq(), counting(journal), len(journal.imports())) == (before, [], 1)


def test_an_export_carries_what_was_taken_back(journal: Journal, tmp_path: Path) -> None:
    journal.append(e.LessonOpened(lesson="mine"))
    journal.import_(file("a"))
    journal.undo_import()
    with Journal.open(tmp_path / "other.db") as other:
        other.import_(io.BytesIO(exported(journal)))
        assert counting(other) == ["mine"]
        assert other.verify().head == journal.verify().head
        other.undo_import()  # of the whole of it
        assert counting(other) == []


def test_taking_back_an_import_that_took_something_back_restores_it(journal: Journal, tmp_path: Path) -> None:
    """Both machines have `a`; the other one took it back; merging that in takes it back here, and undoing the merge does not."""
    journal.import_(file("a"))
    with Journal.open(tmp_path / "other.db") as other:
        other.import_(file("a", "b"))
        other.undo_import()
        journal.import_(io.BytesIO(exported(other)))
    assert counting(journal) == []
    undone = journal.undo_import()
    assert (undone.events, undone.again) == (0, 1)  # `b` counted no more as it was
    assert counting(journal) == ["a"]


def test_an_import_of_many_thousands_is_taken_back(journal: Journal) -> None:
    lines = (f'{{"id":"{n:032x}","at":5,"data":{{"kind":"lesson-opened","lesson":"x"}}}}\n' for n in range(11_000))
    journal.import_(io.StringIO("".join(lines)))
    assert journal.undo_import().events == 11_000
    assert counting(journal) == []
    assert journal.last_seq() == 11_003  # three events name them all


def test_a_word_on_an_entry_is_of_its_own_learner_only(journal: Journal) -> None:
    event = journal.append(e.LessonOpened(lesson="mine"))
    journal.append(e.ImportUndone(events=[event.id]), learner="another")
    assert counting(journal) == ["mine"]


def test_imports_on_a_server_are_taken_back_the_same(postgres_empty: str) -> None:
    with Journal.open(postgres_empty) as server:
        server.import_(file("a", "b"))
        server.undo_import()
        assert counting(server) == []
        server.import_(file("a"))
        assert counting(server) == ["a"]
        assert server.verify().ok


@settings(max_examples=25, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(st.sampled_from("abcdef"), max_size=4, unique=True) | st.integers(1, 6), max_size=10))
def test_what_counts_is_what_was_imported_last_and_not_taken_back(tmp_path_factory: pytest.TempPathFactory, steps: list) -> None:
    """Against a model: imports add their names; an undo puts back what stood for them before that import."""
    with Journal.open(tmp_path_factory.mktemp("undo") / "journal.db") as journal:
        counts: set[str] = set()
        made: list[set[str]] = []  # what each import changed
        undone: set[int] = set()
        for step in steps:
            if isinstance(step, list):
                new = set(step) - counts
                journal.import_(file(*step))
                counts |= new
                if new:
                    made.append(new)
            elif step <= len(made) and step not in undone:
                journal.undo_import(step)
                counts -= made[step - 1]
                undone.add(step)
            else:
                with pytest.raises(JournalError):
                    journal.undo_import(step)
        assert set(counting(journal)) == counts
        assert journal.verify().ok
