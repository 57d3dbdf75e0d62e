"""A fit to one's own reviews is used only where it wins; the program knows how well it knows one."""

import random

import numpy as np
import pytest
from course import DAY, START
from histories import Diary

from modelwright.journal.events import CardReviewed, Event, MemoryFitted, ReviewsImported
from modelwright.learner import calibration, fit_memory, fold, try_fit
from modelwright.learner.fitting import _gather, _losses
from modelwright.learner.fsrs import Fsrs, Trace, default_parameters


def reviews(w: tuple[float, ...], cards: int, seed: int = 0) -> list[Event]:
    """A learner whose memory truly follows these parameters, reviewing at the default's due dates, more or less."""
    rng = random.Random(seed)
    truth, used = Fsrs(w), Fsrs(default_parameters())
    events = []
    for card in range(cards):
        mine, believed, at = Trace(), Trace(), START + rng.randrange(200) * DAY
        for _ in range(9):
            recall = truth.retrievability(mine, at) if mine.phase else 0.6
            rating = 3 if rng.random() < recall else 1
            truth.review(mine, rating, at)
            used.review(believed, rating, at)
            events.append((at, CardReviewed(card=f"c/{card}", skill="c/s", rating=rating, seconds=5)))  # type: ignore[arg-type]
            at = max(used.due(believed, 0.9), at + 60_000) + rng.randrange(DAY)
    return [Event(id=f"{n:032x}", at=at, data=data) for n, (at, data) in enumerate(sorted(events, key=lambda e: e[0]))]


def test_a_learner_who_forgets_twice_as_fast_gets_parameters_that_win_on_new_reviews() -> None:
    w = list(default_parameters())
    w[0:4] = [x * 0.3 for x in w[0:4]]
    w[8] -= 0.6
    fitted = fit_memory(reviews(tuple(w), 110))
    assert isinstance(fitted, MemoryFitted)
    assert fitted.loss_after < fitted.loss_before
    unseen = _gather(reviews(tuple(w), 150, seed=9))
    losses = [_losses(p, unseen)[unseen.scored_cn].mean() for p in (default_parameters(), fitted.parameters)]
    assert losses[1] < losses[0]


def test_a_learner_who_is_as_the_defaults_say_keeps_them() -> None:
    assert fit_memory(reviews(default_parameters(), 90)) is None


def test_ones_own_reviews_are_those_that_a_fit_is_judged_by_where_there_are_enough() -> None:
    """Cards of another program take part, also newer ones, but nobody else's forgetting decides about this program's cards."""
    own = reviews(default_parameters(), 80)
    others = {f"{n}": [second for k in range(9) for second in (START // 1000 + 900 * 86_400 + k * 86_400, 1)] for n in range(40)}
    brought = Event(id="f" * 32, at=START, data=ReviewsImported(source="anki", file="a", reviews=360, cards=others))
    alone, together = try_fit(own), try_fit([*own, brought])
    assert together.reviews == alone.reviews + 8 * 40
    assert together.held_out == alone.held_out
    assert together.before == pytest.approx(alone.before)


def test_a_card_that_was_forgotten_on_purpose_is_fitted_life_by_life() -> None:
    times = [START + n * 9 * DAY for n in range(6)]
    events = [
        Event(id=f"{n:032x}", at=at, data=CardReviewed(card="a/b", skill="a/c", rating=3, seconds=4, source="anki", anew=n == 3))
        for n, at in enumerate(times)
    ]
    gathered = _gather(reversed(events))
    assert gathered.there_cn.sum(axis=1).tolist() == [3, 3]
    assert gathered.at_cn[1, 0] == times[3]


def test_few_reviews_change_nothing() -> None:
    assert fit_memory(reviews(default_parameters(), 10)) is None
    assert fit_memory([]) is None


def test_the_fit_scores_what_the_fold_predicts(diary: Diary) -> None:
    """The table of arrays and the card by card arithmetic are one model."""
    history = reviews(default_parameters(), 40)
    table = fold(diary.course, history).memory_table
    arrays = _gather(history)
    assert sum(table.count) == int(arrays.scored_cn.sum())
    assert table.loss == pytest.approx(float(_losses(default_parameters(), arrays)[arrays.scored_cn].sum()), rel=1e-6)


def test_fitted_parameters_are_used_from_then_on(diary: Diary) -> None:
    before = diary.state.parameters
    w = [*default_parameters()]
    w[2] = 9.0
    diary.add(MemoryFitted(parameters=w)).learn("algebra/vectors").card("algebra/vectors-1", 3)
    assert before == []
    assert diary.state.cards["algebra/vectors-1"].stability == 9.0


def test_calibration_is_about_right_where_the_memory_is_as_believed(diary: Diary) -> None:
    known = calibration(fold(diary.course, reviews(default_parameters(), 200))).recall
    assert known.n > 500
    assert known.error < 0.05
    assert known.loss < known.baseline + 0.01
    assert known.sentence.endswith("about right.")
    assert sum(b.n for b in known.bins) == known.n


def test_of_a_long_history_a_part_is_scored_and_the_sentence_says_so(diary: Diary) -> None:
    state = fold(diary.course, reviews(default_parameters(), 700))
    known = calibration(state).recall
    assert state.recalls > 3000
    assert known.n == 2000 + state.recalls // 16 - 2000 // 16
    assert known.sentence.startswith(f"Of {known.n:,} of your reviews")
    assert known.error < 0.05


def test_calibration_says_when_it_was_too_hopeful_and_when_it_cannot_tell(diary: Diary) -> None:
    w = list(default_parameters())
    w[0:4] = [x * 0.1 for x in w[0:4]]
    w[8] -= 1.5
    assert calibration(fold(diary.course, reviews(tuple(w), 100))).recall.sentence.endswith("too hopeful.")
    assert "no answers" in calibration(diary.state).answers.sentence
    assert "too few" in calibration(diary.learn("algebra/vectors").state).answers.sentence


def test_answers_of_a_steady_learner_are_predicted_better_than_by_their_average(diary: Diary) -> None:
    rng = np.random.default_rng(1)
    for _ in range(150):
        easy = rng.random() < 0.5
        diary.answers("algebra/multiply" if easy else "algebra/ranks", bool(rng.random() < (0.95 if easy else 0.35)))
        diary.wait(0.3)
    known = calibration(diary.state).answers
    assert known.loss < known.baseline - 0.03
    assert known.error < 0.15
