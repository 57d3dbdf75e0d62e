"""The cards in the terminal: tonight's, one after another, to an end; the last rating taken back, one in one's own words, one set aside."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from modelwright.cli import keys, screen
from modelwright.cli.opened import studio

if TYPE_CHECKING:
    from rich.console import Console

    from modelwright.studio import Studio
    from modelwright.studio import views as v

RATINGS = ("again", "hard", "good", "easy")
LINE = "---- above this line the question, below it the answer; both empty: the author's words ----"
LEAVES = ("q", "")


def review(limit: int, share: v.Share) -> None:
    with studio() as s:
        out = screen.console()
        queue = s.reviews(1, share)
        if queue.first is None:
            out.print(_nothing(queue), markup=False)
            return
        done = 0
        with keys.single_keys():
            while queue.first is not None and done < limit:
                step = _one_card(s, out, queue, share, min(queue.left, limit - done))
                if step is None:
                    break
                queue, counts = step
                done += counts
        out.print()
        left = f", {queue.left} to go" if queue.left else ""
        out.print(f"{done} card{'' if done == 1 else 's'} reviewed{left}.")
        if not queue.left and queue.due:
            out.print(_waiting(queue), markup=False)


def _nothing(queue: v.ReviewQueue) -> str:
    if queue.due:
        return f"Tonight's cards are done. {_waiting(queue)}"
    when = f" The next one comes {screen.moment(queue.next_due_at)}." if queue.next_due_at else ""
    return f"No card is due.{when}"


def _waiting(queue: v.ReviewQueue) -> str:
    waits = "card waits" if queue.due == 1 else "cards wait"
    return f"{queue.due} more {waits} for other evenings: `modelwright review --all` goes on with them."


def _one_card(s: Studio, out: Console, queue: v.ReviewQueue, share: v.Share, left: int) -> tuple[v.ReviewQueue, int] | None:
    """The queue after a key, and by how much the cards that were done have grown; None where the learner leaves."""
    card = queue.first
    assert card is not None
    out.print()
    out.print(f"[dim]{screen.safe(card.module.title)} · {left} to go[/]")
    screen.markdown(out, card.ask)
    began = time.monotonic()
    undo = ", u takes the last rating back" if queue.undo is not None else ""
    _prompt(out, f"[dim]space shows the answer{undo}, e your own words, x suspends it, q quits[/]")
    while (key := keys.read_key()) not in (" ", "\n"):
        if key in LEAVES:
            return None
        if (other := _other(s, out, queue, share, key)) is not None:
            return other
    screen.markdown(out, card.answer)
    if card.source:
        out.print(card.source, style="dim", markup=False)
    words = "  ".join(
        f"[bold]{i}[/] {name} [dim]{_interval(days)}[/]" for i, (name, days) in enumerate(zip(RATINGS, card.intervals, strict=True), 1)
    )
    _prompt(out, words)
    while (key := keys.read_key()) not in ("1", "2", "3", "4"):
        if key in LEAVES:
            return None
        if (other := _other(s, out, queue, share, key)) is not None:
            return other
    out.print(f"  {RATINGS[int(key) - 1]}")
    return s.review(card.id, int(key), time.monotonic() - began, share), 1


def _other(s: Studio, out: Console, queue: v.ReviewQueue, share: v.Share, key: str) -> tuple[v.ReviewQueue, int] | None:
    """What else one may do with a card than rate it; None where the key says nothing of the kind."""
    card = queue.first
    assert card is not None
    if key == "u" and queue.undo is not None:
        out.print(f"  taken back: {screen.safe(queue.undo.title)}")
        return s.undo_review(share), -1
    if key == "x":
        s.suspend_card(card.id)
        out.print(f"  suspended; `modelwright review --resume {card.id}` asks it again")
        return s.reviews(1, share), 0
    if key == "e" and keys.interactive():
        _edit(s, card)
        return s.reviews(1, share, card.id), 0
    return None


def _edit(s: Studio, card: v.CardView) -> None:
    """The card in the learner's editor."""
    import click

    text = click.edit(f"{card.ask}\n\n{LINE}\n\n{card.answer}\n", extension=".md")
    if text is not None:
        ask, _, answer = text.partition(LINE)
        s.edit_card(card.id, ask, answer)


def resume(card: str) -> None:
    with studio() as s:
        name = s.named("card", card)
        s.suspend_card(name, on=False)
        screen.console().print(f"{name} is asked again.", markup=False)


def suspended_cards() -> None:
    with studio() as s:
        out = screen.console()
        links = s.suspended_cards()
        if not links:
            out.print("No card is suspended.")
        for link in links:
            screen.wrapped(out, link.title, first=f"{link.id}: ")


def _prompt(out: Console, words: str) -> None:
    if out.is_terminal:
        out.print(words)


def _interval(days: float) -> str:
    if days < 1 / 24:
        return f"{max(1, round(days * 1440))} min"
    if days < 1:
        return f"{round(days * 24)} h"
    if days < 60:
        return f"{round(days)} d"
    return f"{days / 30.4:.0f} months" if days < 700 else f"{days / 365.25:.1f} years"
