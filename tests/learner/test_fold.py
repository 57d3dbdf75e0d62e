"""The state follows from the journal alone: the same history, the same bytes."""

import itertools
import math
from pathlib import Path

import pytest
from course import DAY, course
from histories import Diary, histories
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from modelwright.curriculum import Curriculum, UnknownId
from modelwright.journal import Journal
from modelwright.journal import events as e
from modelwright.journal.events import Event
from modelwright.learner import LearnerError, State, due_cards, fold, forecast, hours_logged, mastery, memory, session, standing, why_not

COURSE = course()
QUICK = (Phase.explicit, Phase.reuse, Phase.generate)  # shrinking a whole history takes minutes and says little more


@settings(max_examples=60, deadline=None, phases=QUICK)
@given(history=histories(COURSE), cuts=st.lists(st.integers(0, 60), max_size=4))
def test_folding_in_parts_with_restores_between_is_folding_at_once(history: list[Event], cuts: list[int]) -> None:
    whole = fold(COURSE, history).canonical()
    state: State | None = None
    edges = [0, *sorted(min(c, len(history)) for c in cuts), len(history)]
    for start, end in itertools.pairwise(edges):
        state = fold(COURSE, history[start:end], state)
        state = State.restore(state.canonical())
    assert state is not None
    assert state.canonical() == whole


@settings(max_examples=25, deadline=None, phases=QUICK)
@given(history=histories(COURSE, 40), minutes=st.integers(1, 240), later=st.integers(0, 500))
def test_any_history_gets_an_evening_a_forecast_and_honest_numbers(history: list[Event], minutes: int, later: int) -> None:
    state = fold(COURSE, history)
    now = (history[-1].at if history else 0) + later * DAY
    before = state.canonical()
    plan = session(COURSE, state, now, minutes)
    assert plan.steps
    assert plan.title
    for step in plan.steps:
        assert step.reason.endswith(".")
        assert step.title
    assert sum(s.minutes for s in plan.steps) <= max(minutes, 5) + 8
    for skill in COURSE.skills:
        m = mastery(COURSE, state, skill, now)
        assert 0 < m.p < 1
        assert 0 <= m.sd < 0.5
        kept = memory(COURSE, state, skill, now)
        assert kept is None or (0 <= kept.retrievability <= 1 and math.isfinite(kept.stability_days))
        assert why_not(COURSE, state, now, skill).reason.endswith((".", "!", "?"))
        standing(COURSE, state, skill, now)
    due_cards(COURSE, state, now)
    q = forecast(COURSE, state, now, paths=50).finish
    assert now <= q.q025 <= q.q10 <= q.q25 <= q.q50 <= q.q75 <= q.q90 <= q.q975
    assert state.canonical() == before  # asking changes nothing


def test_a_fold_leaves_the_state_that_it_goes_on_from_alone(diary: Diary) -> None:
    state = diary.learn("algebra/vectors").state
    before = state.canonical()
    diary.learn("algebra/products")
    after = fold(diary.course, diary.events[-5:], state)
    assert state.canonical() == before
    assert after.canonical() != before


def test_every_kind_of_event_is_folded() -> None:
    from modelwright.journal.upgrades import KINDS
    from modelwright.learner.folding import _HANDLERS

    assert set(_HANDLERS) == set(KINDS)


def test_the_state_comes_back_from_a_journal_on_disk(diary: Diary, tmp_path: Path) -> None:
    diary.learn("algebra/vectors", "algebra/softmax").lab("algebra/softmax").wait(3).card("algebra/vectors-1")
    with Journal.open(tmp_path / "j.db") as journal:
        for event in diary.events:
            journal.append(event.data, at=event.at, tz=0)
        assert fold(diary.course, journal.events()).canonical() == diary.state.canonical()


@pytest.mark.parametrize("kept", [b"", b"{", b"[]", b'{"schema": 999}', b'{"skills": 3}'])
def test_a_kept_state_that_cannot_be_used_says_to_make_it_again(kept: bytes) -> None:
    with pytest.raises(LearnerError, match="made again from the journal"):
        State.restore(kept)


def test_unknown_skills_are_named_with_the_nearest(course: Curriculum) -> None:
    with pytest.raises(UnknownId, match="algebra/softmax"):
        mastery(course, State(), "algebra/sofmax", 0)


# Mastery


def p(diary: Diary, skill: str) -> float:
    return mastery(diary.course, diary.state, skill, diary.now).p


def test_answers_move_mastery_the_right_way_and_make_it_surer(diary: Diary) -> None:
    unknown = mastery(diary.course, diary.state, "algebra/rank", diary.now)
    diary.lesson("algebra/what-rank-counts")
    read = p(diary, "algebra/rank")
    diary.answers("algebra/ranks", True, True)
    right = mastery(diary.course, diary.state, "algebra/rank", diary.now)
    diary.answers("algebra/ranks", False, False)
    assert unknown.p < 0.5 < read < right.p
    assert right.p > 0.8
    assert p(diary, "algebra/rank") < right.p
    assert right.sd < unknown.sd


def test_help_makes_a_right_answer_count_for_less(course: Curriculum) -> None:
    alone = p(Diary(course).answers("algebra/ranks", True), "algebra/rank")
    second = p(Diary(course).answers("algebra/ranks", True, attempt=2), "algebra/rank")
    shown = p(Diary(course).answers("algebra/ranks", True, solution_shown=True), "algebra/rank")
    assert alone > second > shown

    passed = p(Diary(course).lab("algebra/softmax"), "algebra/softmax")
    hinted = Diary(course)
    for number in (1, 2, 3):
        hinted.add(e.HintTaken(lab="algebra/softmax", number=number))  # type: ignore[arg-type]
    copied = Diary(course).add(e.SolutionSeen(target="algebra/softmax", after_pass=False))
    assert passed > p(hinted.lab("algebra/softmax"), "algebra/softmax") > p(copied.lab("algebra/softmax"), "algebra/softmax")


def test_saving_a_failing_lab_fifty_times_is_not_fifty_failures(course: Curriculum) -> None:
    once, often = Diary(course).lab("algebra/softmax", passed=False), Diary(course)
    for _ in range(50):
        often.add(
            e.LabSubmitted(lab="algebra/softmax", skills=["algebra/softmax"], passed=False, checks_passed=5, checks_total=10, seconds=20,
                           source_sha256="", verdict={}), 0.3
        )  # fmt: skip
    assert p(often, "algebra/softmax") == pytest.approx(p(once, "algebra/softmax"), abs=0.02)


def test_all_skills_of_an_exercise_move(diary: Diary) -> None:
    before = p(diary, "algebra/rank"), p(diary, "algebra/softmax")
    diary.add(e.ItemAnswered(item="x/y", skills=["algebra/rank", "algebra/softmax"], right=True, seconds=30, item_kind="choose",
                             difficulty=3, setting="exam"))  # fmt: skip
    assert p(diary, "algebra/rank") > before[0]
    assert p(diary, "algebra/softmax") > before[1]


def test_placement_is_believed_and_a_self_report_less_surely(course: Curriculum) -> None:
    for by in ("test", "self-report"):
        diary = Diary(course).add(e.Placed(skills={"algebra/rank": 0.9, "algebra/softmax": 0.1}, by=by))  # type: ignore[arg-type]
        assert p(diary, "algebra/rank") == pytest.approx(0.9, abs=0.07)
        assert p(diary, "algebra/softmax") == pytest.approx(0.1, abs=0.07)
    tested = Diary(course).add(e.Placed(skills={"algebra/rank": 0.9}, by="test"))
    said = Diary(course).add(e.Placed(skills={"algebra/rank": 0.9}, by="self-report"))
    sd = [mastery(course, d.state, "algebra/rank", d.now).sd for d in (tested, said)]
    assert sd[0] < sd[1]
    said.add(e.Placed(skills={"algebra/rank": 0.9}, by="test")).add(e.Placed(skills={"algebra/rank": 0.2}, by="self-report"))
    assert p(said, "algebra/rank") > 0.8  # a test is not undone by a claim


# Memory and its credit


def recall(diary: Diary, skill: str, days: float = 0) -> float:
    kept = memory(diary.course, diary.state, skill, diary.now + int(days * DAY))
    assert kept is not None
    return kept.retrievability


def test_what_is_new_to_someone_leaves_what_is_believed_of_anyone(course: Curriculum) -> None:
    silent, new, used = (
        Diary(course).add(e.Enrolled(name="Ada", hours_per_week=6, background=said)) for said in ({}, {"algebra": 0}, {"algebra": 2})
    )
    p = [mastery(course, diary.state, "algebra/rank", diary.now).p for diary in (silent, new, used)]
    assert p[0] == p[1] < p[2]


def test_a_skill_fades_and_practice_brings_it_back(diary: Diary) -> None:
    assert memory(diary.course, diary.state, "algebra/rank", diary.now) is None
    diary.learn("algebra/rank")
    fresh = recall(diary, "algebra/rank")
    diary.wait(30)
    faded = recall(diary, "algebra/rank")
    diary.answers("algebra/ranks", True)
    assert fresh > 0.99 > 0.9 > faded
    assert recall(diary, "algebra/rank") > 0.99
    assert recall(diary, "algebra/rank", 30) > faded  # and it lasts longer than before


def test_practising_attention_refreshes_what_it_is_made_of(course: Curriculum) -> None:
    diary = Diary(course).learn("algebra/vectors", "algebra/softmax", "deep/attention").wait(30)
    before = {s: recall(diary, s) for s in ("algebra/softmax", "algebra/vectors")}
    diary.answers("deep/logit-size", True)
    gain = {s: recall(diary, s) - r for s, r in before.items()}
    assert gain["algebra/softmax"] > 0.3 * (1 - before["algebra/softmax"])  # an edge of .8
    assert gain["algebra/vectors"] > 0.02  # two edges away
    assert gain["algebra/softmax"] > gain["algebra/vectors"]


def test_failing_at_a_part_raises_doubt_about_the_whole(course: Curriculum) -> None:
    diary = Diary(course).learn("algebra/softmax", "deep/attention").wait(10)
    m, r = p(diary, "deep/attention"), recall(diary, "deep/attention", 20)
    diary.answers("algebra/logits", False)
    assert p(diary, "deep/attention") < m
    assert recall(diary, "deep/attention", 20) < r


def test_many_tasks_of_one_evening_give_no_more_than_one_direct_review(course: Curriculum) -> None:
    many, direct = (Diary(course).learn("algebra/softmax", "deep/attention").wait(20) for _ in range(2))
    many.answers("deep/logit-size", *[True] * 20)
    direct.answers("algebra/logits", True)
    stability = [memory(course, d.state, "algebra/softmax", d.now).stability_days for d in (many, direct)]  # type: ignore[union-attr]
    assert stability[0] <= 1.02 * stability[1]


def test_of_an_evenings_right_answers_the_first_refreshes_the_parts(course: Curriculum) -> None:
    def lasts(*right: bool) -> float:
        diary = Diary(course).learn("algebra/softmax", "deep/attention").wait(20).answers("deep/logit-size", *right)
        kept = memory(course, diary.state, "algebra/softmax", diary.now)
        assert kept is not None
        return kept.stability_days

    assert lasts(True, True) == pytest.approx(lasts(True))
    assert lasts(False, True) > lasts(False)  # the first right one, though not the first


def test_a_changed_wish_for_retention_moves_what_is_due(diary: Diary) -> None:
    diary.learn("algebra/vectors").card("algebra/vectors-1").wait(0.01).card("algebra/vectors-1").wait(1.5)
    assert "algebra/vectors-1" not in [d.card for d in due_cards(diary.course, diary.state, diary.now)]
    diary.add(e.GoalsChanged(retention=0.97))
    assert "algebra/vectors-1" in [d.card for d in due_cards(diary.course, diary.state, diary.now)]


def test_cards_are_new_only_after_their_skill_was_taught(diary: Diary) -> None:
    assert due_cards(diary.course, diary.state, diary.now) == []
    diary.lesson("algebra/vectors-as-data")
    due = due_cards(diary.course, diary.state, diary.now)
    assert [d.card for d in due] == ["algebra/vectors-1", "algebra/vectors-2", "algebra/vectors-3"]
    assert all(d.new for d in due)


# Hours


def test_hours_are_logged_by_kind_and_by_the_learners_own_week(course: Curriculum) -> None:
    diary = Diary(course)
    sunday = 1_767_571_200_000  # Monday 5 January 2026, 00:00 UTC
    diary.events.append(Event(id="a" * 32, at=sunday - 60_000, tz=-60, data=e.TimeLogged(hours=2, what="lecture")))
    diary.events.append(Event(id="b" * 32, at=sunday + 60_000, tz=-60, data=e.LessonFinished(lesson="algebra/soft", seconds=1800)))
    diary.events.append(Event(id="c" * 32, at=sunday + 7_200_000, tz=-60, data=e.LessonFinished(lesson="algebra/soft", seconds=10**7)))
    logged = hours_logged(course, diary.state, sunday + 7_200_000)
    assert [h for _, h in logged.by_week] == [2.5, 3.0]  # a page left open for days counts three hours
    assert logged.by_week[1][0] == sunday + 3_600_000  # Monday's midnight in the learner's own time
    assert logged.this_week == 3.0
    assert logged.by_kind == {"elsewhere": 2.0, "lesson": 3.5}
    assert logged.total == 5.5


def test_reading_that_is_taken_back_is_unread(diary: Diary) -> None:
    diary.add(e.ChapterRead(resource="python/crash", chapter=1, hours=1))
    assert standing(diary.course, diary.state, "python/names", diary.now) == "known"
    diary.add(e.ChapterRead(resource="python/crash", chapter=1, hours=0, done=False))
    assert standing(diary.course, diary.state, "python/names", diary.now) != "known"


def test_hours_logged_at_once_count_to_the_weeks_in_which_they_were_worked() -> None:
    diary = Diary(COURSE).add(e.ChapterRead(resource="python/crash", chapter=1, hours=1.0)).wait(21)
    logged = dict(diary.add(e.ChapterRead(resource="python/crash", chapter=2, hours=12.0)).state.weeks)
    state = diary.state
    assert max(logged.values()) == 12.0, "the hours of a week are those that were logged in it"
    assert sum(state.carried.values()) == pytest.approx(0, abs=1e-9)
    worked = [logged.get(week, 0.0) + state.carried.get(week, 0.0) for week in range(min(logged), max(logged) + 1)]
    assert len([hours for hours in worked if hours > 2.0]) >= 2
    assert max(worked) <= state.hours_per_week + 1.0
