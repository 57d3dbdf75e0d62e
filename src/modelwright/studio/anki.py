"""A learner who also uses Anki: answers given there come in as reviews, the curriculum's cards go out as a package.

An answer to a card of this program is known by its note's stable id and becomes a `card-reviewed` with the time, the rating and the
seconds it had there; its event's id is made from Anki's own number of the answer, so reading a file twice adds nothing. Answers to other
cards are never turned into cards. Up to 20,000 of them are kept, without what was on them, as material for fitting the memory.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modelwright.anki import CardHistory, Histories, Sheet, card_number, card_of
from modelwright.journal import Journal, new_id
from modelwright.journal import events as e
from modelwright.studio import views as v
from modelwright.studio.desk import Desk
from modelwright.studio.knowing import day

if TYPE_CHECKING:
    from modelwright.curriculum import Curriculum

SOURCE = "anki"
MOST_KEPT = 20_000  # answers to other cards: some ten times what a fit needs, and a quarter of a megabyte in the journal


@dataclass(frozen=True, slots=True)
class OwnAnswers:
    """events: answers to this program's cards, each with its time and id. gone: how many were to cards that it no longer has.

    forgotten: how many were to cards that were forgotten on purpose and not learned since; they come in once that has happened. others: the
    cards that are not this program's.
    """

    events: list[tuple[e.CardReviewed, int, str]]
    gone: int
    forgotten: int
    others: list[CardHistory]


def own_answers(curriculum: Curriculum, found: Histories) -> OwnAnswers:
    """Of what a file holds, what is this program's. A card that was forgotten and learned anew has the memory of its present life."""
    by_number = {card_number(id): id for id in curriculum.cards}
    events: list[tuple[e.CardReviewed, int, str]] = []
    others: list[CardHistory] = []
    gone = forgotten = 0
    for history in found.cards:
        # A second card that a learner added to a note of ours, the reverse perhaps, is theirs.
        name = card_of(history.note) if history.place == 0 else None
        if not history.note:
            name = by_number.get(history.number)
        if name is None:
            others.append(history)
        elif (card := curriculum.cards.get(name)) is None:
            gone += len(history.answers)
        elif history.begins == len(history.answers):
            forgotten += len(history.answers)
        else:
            for n, answer in enumerate(history.answers):
                data = e.CardReviewed(
                    card=card.id,
                    skill=card.skill,
                    rating=answer.rating,  # type: ignore[arg-type]
                    seconds=answer.seconds,
                    source=SOURCE,
                    anew=0 < n == history.begins,
                )
                noise = hashlib.sha256(f"{SOURCE}:{card.id}:{answer.at}".encode()).digest()
                events.append((data, answer.at, new_id(answer.at, noise[:10])))
    events.sort(key=lambda one: (one[1], one[2]))
    return OwnAnswers(events, gone, forgotten, others)


def others_kept(journal: Journal, others: list[CardHistory]) -> dict[str, list[int]]:
    """Of the other cards, what is new since the last file: hash of the card -> seconds, rating, seconds, rating …

    Cards are taken in the order of their hashes until enough reviews are there, so that a later file goes on with the same cards.
    """
    had: dict[str, set[int]] = {}
    for _, event in journal.of_kind(e.ReviewsImported):
        if isinstance(event.data, e.ReviewsImported) and event.data.source == SOURCE:
            for card, flat in event.data.cards.items():
                had.setdefault(card, set()).update(flat[::2])
    named = sorted((hashlib.sha256(str(one.number).encode()).hexdigest()[:12], one) for one in others if one.whole)
    kept: dict[str, list[int]] = {}
    total = 0
    for name, history in named:
        answers = history.answers[history.begins :]
        if len(answers) < 2:
            continue
        if total + len(answers) > MOST_KEPT:
            break
        total += len(answers)
        known = had.get(name, set())
        new = {answer.at // 1000: answer.rating for answer in answers if answer.at // 1000 not in known}
        if new:
            kept[name] = [number for pair in sorted(new.items()) for number in pair]
    return kept


def imported_view(file: str, found: Histories, own: OwnAnswers, added: list[e.Event], kept: dict[str, list[int]]) -> v.AnkiImported:
    cards = len({event.data.card for event in added if isinstance(event.data, e.CardReviewed)})
    view = v.AnkiImported(
        file=file,
        what=found.what,
        ours=len(own.events),
        added=len(added),
        cards=cards,
        gone=own.gone,
        forgotten=own.forgotten,
        foreign=sum(len(one.answers) for one in own.others),
        foreign_cards=len(own.others),
        offered=sum(len(flat) // 2 for flat in kept.values()),
        manual=found.manual,
        crammed=found.crammed,
        unreadable=found.unreadable,
        words=(),
    )
    moments = [event.at for event in added]
    return _with_words(view, (min(moments), max(moments)) if moments else None)


def _with_words(view: v.AnkiImported, span: tuple[int, int] | None) -> v.AnkiImported:
    return replace(view, words=tuple(_words(view, span)))


def _words(view: v.AnkiImported, span: tuple[int, int] | None) -> Iterator[str]:
    if span is not None:
        days = [day(at) for at in span]
        when = f"on {days[0]}" if days[0] == days[1] else f"from {days[0]} to {days[1]}"
        yield f"{_many(view.added, 'answer')} to {_many(view.cards, 'card')} of this program came in, given {when}."
        if view.ours > view.added:
            yield f"{_many(view.ours - view.added, 'answer')} more {'was' if view.ours - view.added == 1 else 'were'} here already."
    elif view.ours:
        yield f"Nothing new: the {_many(view.ours, 'answer')} to this program's cards {'was' if view.ours == 1 else 'were'} here already."
    else:
        yield "It holds no answers to this program's cards."
    if view.gone:
        yield f"{_many(view.gone, 'answer')} to cards that this curriculum does not have {'was' if view.gone == 1 else 'were'} left out."
    if view.forgotten:
        yield (
            f"{_many(view.forgotten, 'answer')} to cards that you made new in Anki and have not learned since "
            f"{'waits' if view.forgotten == 1 else 'wait'} until you do."
        )
    if view.foreign:
        yield (
            f"{_many(view.foreign, 'answer')} {'was' if view.foreign == 1 else 'were'} given to {_many(view.foreign_cards, 'other card')}. "
            "They become no cards here"
            + (f"; {view.offered:,} of them now help to fit your forgetting curve." if view.offered else ", and none was new for a fit.")
        )
    left = [
        (view.manual, "date that was set by hand", "dates that were set by hand"),
        (view.crammed, "answer in a filtered deck that does not count", "answers in filtered decks that do not count"),
        (view.unreadable, "row that could not be read", "rows that could not be read"),
    ]
    told = [f"{n:,} {one if n == 1 else many}" for n, one, many in left if n]
    if told:
        yield f"No answers, so left out: {', '.join(told)}."


def _many(n: int, one: str) -> str:
    return f"{n:,} {one}{'' if n == 1 else 's'}"


def sheets(desk: Desk, module: str | None, everything: bool) -> tuple[list[Sheet], int]:
    """The cards to export, and how many there are: those that were taught or seen, or all; none that is suspended."""
    curriculum = desk.curriculum
    chosen, of = [], 0
    for card in curriculum.cards.values():
        home = curriculum.module_of(card.id)
        if module is not None and home.id != module:
            continue
        of += 1
        trace = desk.state.skills.get(card.skill)
        if card.id in desk.state.suspended:
            continue
        if everything or card.id in desk.state.cards or (trace is not None and trace.taught_at > 0):
            ask, answer = desk.card_text(card.id)
            chosen.append(Sheet(card.id, ask, answer, card.source or "", card.skill, home.id, home.title, home.number))
    return chosen, of
