"""The program holds its own chances against what came, says what became of a fit, and shows a skill's past as it was."""

from __future__ import annotations

import random

import pytest

import tiny_curriculum as tiny
from modelwright.journal import events as e
from modelwright.learner.fsrs import Fsrs, Trace, default_parameters
from modelwright.studio import Studio
from turned_clock import Clock

DAY = 86_400_000
WEIGHTS, DOUBLING = "tiny-maths/weights", "tiny-maths/doubling"


def forget(studio: Studio, clock: Clock, factor: float, cards: int = 110) -> None:
    """Reviews of other cards, as an Anki file brings them, by someone who forgets them `1 / factor` times as fast as most."""
    w = list(default_parameters())
    w[0:4] = [x * factor for x in w[0:4]]
    if factor < 1:
        w[8] -= 0.6
    rng, truth, used = random.Random(0), Fsrs(tuple(w)), Fsrs(default_parameters())
    histories: dict[str, list[int]] = {}
    for card in range(cards):
        mine, believed, at = Trace(), Trace(), clock.now - (600 - rng.randrange(200)) * DAY
        for _ in range(9):
            recall = truth.retrievability(mine, at) if mine.phase else 0.6
            rating = 3 if rng.random() < recall else 1
            truth.review(mine, rating, at)
            used.review(believed, rating, at)
            histories.setdefault(f"{card:012x}", []).extend((at // 1000, rating))
            at = max(used.due(believed, 0.9), at + 60_000) + rng.randrange(DAY)
    studio.journal.append(e.ReviewsImported(source="anki", file="all.colpkg", reviews=9 * cards, cards=histories), at=clock.now - DAY)


def test_a_fit_that_wins_is_used_from_then_on_and_said_in_words(studio: Studio, clock: Clock) -> None:
    forget(studio, clock, 0.3)
    assert not studio.knowing().own
    fit = studio.refit()
    assert fit.won
    assert fit.after < fit.before
    assert "better than the one in use" in fit.words
    assert len(studio._ledger.state.parameters) == 21
    known = studio.knowing()
    assert known.own
    assert [(one.won, one.reviews, one.held_out) for one in known.fits] == [(True, fit.reviews, fit.held_out)]


def test_a_fit_that_does_not_win_changes_nothing_and_is_said_too(studio: Studio, clock: Clock) -> None:
    forget(studio, clock, 1.0, cards=90)
    before = list(studio._ledger.state.parameters)
    fit = studio.refit()
    assert fit.tried
    assert not fit.won
    assert "nothing was changed" in fit.words
    assert studio._ledger.state.parameters == before
    (event,) = [event for _, event in studio.journal.of_kind(e.MemoryFitted)]
    assert (event.data.won, event.data.parameters) == (False, before)


def test_few_reviews_are_said_and_nothing_is_recorded(studio: Studio, clock: Clock) -> None:
    seq = studio.journal.last_seq()
    fit = studio.refit()
    assert not fit.tried
    assert "from 400 reviews on" in fit.words
    assert studio.journal.last_seq() == seq
    assert studio.refit_if_due() is None


def test_it_tries_by_itself_once_a_week_and_only_when_something_is_new(studio: Studio, clock: Clock) -> None:
    forget(studio, clock, 1.0, cards=75)
    assert studio.refit_if_due() is not None
    clock.pass_(days=8)
    assert studio.refit_if_due() is None, "nothing is new"
    more = {f"b{card}": [n for k in range(9) for n in (clock.now // 1000 + k * 86_400, 3)] for card in range(12)}
    studio.journal.append(e.ReviewsImported(source="anki", file="b", reviews=108, cards=more), at=clock.now)
    assert studio.refit_if_due() is not None
    assert studio.refit_if_due() is None, "a week has not passed"


def test_its_chances_are_held_against_what_came(studio: Studio, clock: Clock) -> None:
    few = studio.knowing().calibration.answers
    assert (few.n, few.bins, few.enough) == (0, (), False)
    for n in range(40):
        clock.pass_(minutes=3)
        problem = studio.problem(tiny.PROBLEM, n)
        number = int("".join(c for c in problem.question.split("cdot")[1] if c.isdigit()))
        studio.answer(tiny.PROBLEM, n, str(2 * number if n % 4 else 0), 20)
    found = studio.knowing().calibration.answers
    assert found.enough
    assert found.n == sum(b.n for b in found.bins) == 40
    assert sum(b.n * b.came for b in found.bins) == pytest.approx(30)
    assert all(b.at_least <= b.came <= b.at_most and b.low <= b.predicted <= b.high for b in found.bins)
    assert "75% were" in found.sentence
    assert studio.status().calibration == studio.knowing().calibration


def test_a_skills_page_tells_what_was_done_and_draws_what_was_believed(studio: Studio, clock: Clock) -> None:
    nothing = studio.skill(DOUBLING)
    assert (nothing.history, nothing.curve) == ((), None)
    assert nothing.why_due.startswith("There is nothing to remember yet")
    studio.open_lesson(tiny.LESSON)
    studio.finish_lesson(tiny.LESSON, 300, ["a", "b"])
    answers = [True, False, True, True]
    for n, right in enumerate(answers):
        clock.pass_(days=4)
        problem = studio.problem(tiny.PROBLEM, n)
        number = int("".join(c for c in problem.question.split("cdot")[1] if c.isdigit()))
        studio.answer(tiny.PROBLEM, n, str(2 * number if right else 0), 20)
    clock.pass_(days=2)
    view = studio.skill(DOUBLING)
    assert [line.right for line in view.history] == [True, True, False, True, None]
    assert [line.kind for line in view.history] == ["problem"] * 4 + ["lesson"]
    curve = view.curve
    assert curve is not None
    assert [right for _, _, right in curve.marks] == [None, *answers]
    times = [at for at, _ in curve.past]
    assert times == sorted(times)
    assert times[-1] == clock.now
    # What is drawn as today's is what the state says, and what is drawn of the past is what the state said then.
    assert curve.past[-1][1] == pytest.approx(view.line.memory, abs=1e-9)
    assert curve.ahead[0][1] == pytest.approx(view.line.memory, abs=1e-9)
    recalls = [p for _, p in curve.ahead]
    assert recalls == sorted(recalls, reverse=True)
    at_due = min(curve.ahead, key=lambda point: abs(point[0] - curve.due_at))
    assert at_due[1] == pytest.approx(curve.goal, abs=0.03)


def test_the_past_of_a_curve_is_what_was_believed_at_the_time(studio: Studio, clock: Clock) -> None:
    studio.open_lesson(tiny.LESSON)
    studio.finish_lesson(tiny.LESSON, 300, ["a", "b"])
    seen = {}
    for n in range(5):
        clock.pass_(days=3)
        seen[clock.now] = studio.skill(DOUBLING).line.memory
        for card in studio.reviews().cards:
            studio.review(card.id, 3, 4.0)
        studio.answer(tiny.PROBLEM, n, "0", 20)
    curve = studio.skill(DOUBLING).curve
    assert curve is not None
    drawn = dict(reversed(curve.past))  # of two points of one moment, the first: just before the practice
    for at, memory in seen.items():
        nearest = min(drawn, key=lambda t: abs(t - at))
        assert nearest == at
        assert drawn[at] == pytest.approx(memory, abs=0.02)
