"""Reviews from elsewhere: stored once, under ids made from where they come, and told in the order in which they were lived."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelwright.journal import BadEventError, Journal, new_id
from modelwright.journal import events as e

START = 1_790_000_000_000


def review(card: str = "m/a", source: str = "anki") -> e.CardReviewed:
    return e.CardReviewed(card=card, skill="m/s", rating=3, seconds=4.0, source=source)


def test_what_is_brought_in_twice_is_stored_once(journal: Journal) -> None:
    at = [START + n for n in range(1200)]
    ids = [new_id(moment, moment.to_bytes(10, "big")) for moment in at]
    assert len(journal.bring_in([review()] * 1200, at=at, ids=ids)) == 1200
    again = journal.bring_in([review()] * 1201, at=[*at, START + 5000], ids=[*ids, new_id(START + 5000)])
    assert [event.at for event in again] == [START + 5000]
    assert journal.last_seq() == 1201
    assert journal.known([*ids, "0" * 32]) == set(ids)
    assert journal.verify().ok


def test_a_batch_with_a_broken_id_stores_nothing(journal: Journal) -> None:
    with pytest.raises(BadEventError):
        journal.bring_in([review(), review()], at=[START, START + 1], ids=[new_id(START), "not an id"])
    assert journal.last_seq() == 0


def test_entries_and_kinds_are_found_without_reading_the_rest(journal: Journal) -> None:
    for n in range(6):
        journal.append(review(source="") if n % 2 else e.TimeLogged(hours=1, what="x"), at=START + n)
    assert [seq for seq, _ in journal.entries([5, 2, 99, 2])] == [2, 5]
    assert [seq for seq, _ in journal.of_kind(e.CardReviewed)] == [2, 4, 6]
    assert [seq for seq, _ in journal.of_kind(e.CardReviewed, learner="another")] == []


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), max_size=20))
def test_history_is_journal_order_but_for_what_was_brought_in_late(tmp_path_factory: pytest.TempPathFactory, made: list) -> None:
    """Nothing is lost or doubled; entries made here keep their order; a brought-in one never stands behind a later one made here."""
    with Journal.open(tmp_path_factory.mktemp("j") / "journal.db") as journal:
        for at, brought in made:
            journal.append(review() if brought else e.TimeLogged(hours=1, what="x"), at=START + at)
        told = list(journal.history())
    assert sorted(seq for seq, _ in told) == list(range(1, len(made) + 1))
    here = [seq for seq, event in told if isinstance(event.data, e.TimeLogged)]
    assert here == sorted(here)
    latest = 0
    for _, event in told:
        if isinstance(event.data, e.TimeLogged):
            latest = max(latest, event.at)
        else:
            assert event.at >= latest
