"""A sitting with the cards: it counts down and ends; the last rating can be taken back, a card edited or suspended."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

import tiny_curriculum as tiny
from modelwright.journal import events as e
from modelwright.studio import Studio, StudioError
from modelwright.studio.ledger import SNAPSHOT_AFTER
from turned_clock import Clock


@pytest.fixture
def taught(studio: Studio, clock: Clock) -> Studio:
    studio.finish_lesson(tiny.LESSON, 600, ["", ""])
    clock.pass_(minutes=1)
    return studio


def everything(studio: Studio) -> tuple[bytes, object]:
    """All that is concluded, with how many events it came from left out, and when the last of them was."""
    with studio._desk() as desk:
        state = desk.state.copy()
        state.events = state.last_at = 0
        record = desk.record
        return state.canonical(), repr((record.cards, record.reviewed, record.days, record.today, record.rated))


def test_a_sitting_counts_down_to_an_end_and_what_was_missed_comes_once_more_in_it(taught: Studio, clock: Clock) -> None:
    queue = taught.reviews(1, "tonight")
    counts, missed = [], queue.cards[0].id
    rating = 1
    while queue.first is not None:
        counts.append(queue.left)
        queue = taught.review(queue.first.id, rating, 5, "tonight")
        rating = 4
        clock.pass_(seconds=10)
    assert counts == sorted(counts, reverse=True)
    assert queue.left == 0
    with taught._desk() as desk:
        assert desk.record.cards[missed] == 2  # an end that is one: nothing returns in a minute
    assert taught.reviews(1, "tonight").first is None


def test_tonights_share_ends_and_the_rest_is_offered(taught: Studio, clock: Clock) -> None:
    """One card of three has room in a short evening; done, the evening does not offer the next ones as tonight's."""
    for card in taught.reviews().cards:
        taught.review(card.id, 4, 5)
    clock.pass_(days=200)
    taught.change_goals(minutes_per_day=5)
    all_due = taught.reviews().due
    assert all_due == 3
    queue = taught.reviews(1, "tonight")
    assert queue.left == 3  # at the least so many
    while queue.first is not None:
        queue = taught.review(queue.first.id, 3, 5, "tonight")
    assert queue.left == 0


def test_the_last_rating_is_taken_back_as_if_it_had_never_been(taught: Studio, clock: Clock) -> None:
    first, second, *_ = (card.id for card in taught.reviews().cards)
    taught.review(first, 3, 5)
    clock.pass_(seconds=20)
    before = everything(taught)
    taught.review(second, 1, 7)
    assert everything(taught) != before
    queue = taught.undo_review()
    assert queue.first is not None
    assert queue.first.id == second
    assert everything(taught) == before
    queue = taught.undo_review()  # and the one before it
    assert queue.first is not None
    assert queue.first.id == first
    assert taught.reviews().undo is None
    with pytest.raises(StudioError, match="no rating of today"):
        taught.undo_review()


def test_a_rating_of_yesterday_is_not_taken_back(taught: Studio, clock: Clock) -> None:
    taught.review(taught.reviews().cards[0].id, 3, 5)
    clock.pass_(days=1)
    assert taught.reviews().undo is None
    with pytest.raises(StudioError, match="no rating of today"):
        taught.undo_review()


def test_taking_back_folds_only_what_came_after_the_snapshot(taught: Studio, clock: Clock, home: Path, curriculum_folder: Path) -> None:
    """Also where an answer from Anki lies in between, and in another process: the same state as from the whole journal."""
    card = taught.reviews().cards[0].id
    for n in range(SNAPSHOT_AFTER + 5):
        taught.note(tiny.LESSON, f"note {n}")
    folded = []
    history = taught.journal.history
    taught.journal.history = lambda *words, **more: folded.append(1) or history(*words, **more)  # type: ignore[method-assign]
    taught.review(card, 3, 5)
    taught.undo_review()
    assert not folded
    with Studio.open(home, curriculum_folder, now=clock) as other:
        (other.home.cache / "state.msgpack").unlink()
    with Studio.open(home, curriculum_folder, now=clock) as whole:
        assert everything(whole) == everything(taught)
    late = e.CardReviewed(card=card, skill=taught.curriculum.cards[card].skill, rating=3, seconds=4, source="anki")
    taught.journal.append(late, at=clock.now - 3 * 86_400_000)
    taught.review(card, 3, 5)
    taught.undo_review()
    with Studio.open(home, curriculum_folder, now=clock) as whole:
        assert everything(whole) == everything(taught)


def test_an_older_export_brings_no_rating_back_that_was_taken_back(taught: Studio) -> None:
    before = everything(taught)
    taught.review(taught.reviews().cards[0].id, 1, 5)
    file = io.BytesIO()
    taught.journal.export(file)
    taught.undo_review()
    file.seek(0)
    taught.journal.import_(file, "older.jsonl")
    assert everything(taught) == before


def test_a_card_in_the_learners_own_words_is_asked_and_exported_so(taught: Studio, tmp_path: Path) -> None:
    card = taught.reviews().cards[0]
    taught.edit_card(card.id, "My question, $2^3$?", "Eight.")
    mine = next(c for c in taught.reviews().cards if c.id == card.id)
    assert (mine.ask, mine.answer, mine.edited) == ("My question, $2^3$?", "Eight.", True)
    assert "<math" in mine.ask_html
    from modelwright.studio.anki import sheets

    with taught._desk() as desk:
        assert [s.answer for s in sheets(desk, None, True)[0] if s.id == card.id] == ["Eight."]
    with pytest.raises(StudioError, match="a question and an answer"):
        taught.edit_card(card.id, "Only this", "")
    with pytest.raises(StudioError, match="at most 2,000"):
        taught.edit_card(card.id, "a" * 2001, "b")
    taught.edit_card(card.id, "", "")
    assert next(c for c in taught.reviews().cards if c.id == card.id).ask == card.ask


def test_a_suspended_card_is_neither_due_nor_exported_until_it_is_asked_again(taught: Studio) -> None:
    card = taught.reviews().cards[0]
    due = taught.reviews().due
    taught.suspend_card(card.id)
    assert card.id not in [c.id for c in taught.reviews().cards]
    assert taught.reviews().due == due - 1
    assert [link.id for link in taught.suspended_cards()] == [card.id]
    from modelwright.studio.anki import sheets

    with taught._desk() as desk:
        assert card.id not in [s.id for s in sheets(desk, None, True)[0]]
    taught.suspend_card(card.id, on=False)
    assert taught.reviews().due == due
    assert taught.suspended_cards() == ()
