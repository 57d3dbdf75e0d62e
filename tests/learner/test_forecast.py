"""The forecast says when, how surely, and what would change it."""

import random
import re

import numpy as np
import pytest
from course import DAY, START
from histories import Diary

from modelwright.curriculum import Curriculum
from modelwright.journal import events as e
from modelwright.learner import Forecast, WhatIf, fared, forecast, learned
from modelwright.learner.forecasting import _draw_weeks, _paces, _rhythm, _work

WEEK = 7 * DAY


def ahead(diary: Diary, **more: object) -> Forecast:
    return forecast(diary.course, diary.state, diary.now, **more)  # type: ignore[arg-type]


def width(f: Forecast) -> int:
    return f.finish.q90 - f.finish.q10


def weeks_of(diary: Diary, hours: list[float]) -> Diary:
    for h in hours:
        diary.add(e.TimeLogged(hours=h, what="study")).wait(7)
    return diary


def test_quantiles_and_stages_are_in_order(diary: Diary) -> None:
    f = ahead(diary)
    for q in (f.finish, *f.stages.values()):
        assert diary.now < q.q025 < q.q10 < q.q25 < q.q50 < q.q75 < q.q90 < q.q975
    assert f.stages["foundation"].q50 < f.stages["core"].q50
    assert f.stages["core"] == f.finish


def test_the_same_seed_gives_the_same_forecast_and_another_nearly_the_same(diary: Diary) -> None:
    assert ahead(diary, seed=3) == ahead(diary, seed=3)
    one, other = ahead(diary, seed=3).finish.q50, ahead(diary, seed=4).finish.q50
    assert one != other
    assert abs(one - other) < 0.08 * (one - diary.now)


def test_the_middle_is_the_plans_hours_at_the_hours_that_people_keep(diary: Diary) -> None:
    f = ahead(diary)
    assert 0.75 * 150 < f.hours_left < 1.4 * 200  # 120 to 240 h of modules, 6 to 12 of a project
    weeks = (f.finish.q50 - diary.now) / WEEK
    assert weeks == pytest.approx(f.hours_left / f.hours_a_week, rel=0.35)
    assert f.done == 0


def test_what_would_change_it(diary: Diary) -> None:
    usual = ahead(diary).finish.q50
    assert ahead(diary, what_if=WhatIf(hours_per_week=12)).finish.q50 < usual
    assert ahead(diary, what_if=WhatIf(skipped=("games",))).finish.q50 < usual
    assert ahead(diary, what_if=WhatIf(books={"algebra": "algebra/light"})).finish.q50 < usual
    assert ahead(diary, what_if=WhatIf()) == ahead(diary)


def test_own_weeks_weigh_more_than_the_wish(course: Curriculum) -> None:
    wish = ahead(Diary(course))
    slow = ahead(weeks_of(Diary(course), [2.0] * 20))
    fast = ahead(weeks_of(Diary(course), [12.0] * 20))
    assert slow.hours_a_week == pytest.approx(2, rel=0.3)
    assert fast.hours_a_week == pytest.approx(12, rel=0.3)
    assert slow.hours_a_week < wish.hours_a_week < fast.hours_a_week


def test_own_pace_moves_it(course: Curriculum) -> None:
    def reader(factor: float) -> Diary:
        diary = Diary(course)
        for n in (1, 2, 3):
            diary.add(e.ChapterRead(resource="python/crash", chapter=n, hours=12 * factor))
        return diary

    assert 1.2 * ahead(reader(0.5)).hours_left < ahead(reader(1)).hours_left < ahead(reader(2)).hours_left / 1.2


def test_it_grows_surer_and_nearer_as_the_plan_is_walked(course: Curriculum) -> None:
    diary, rng = Diary(course), random.Random(3)
    before = ahead(diary)
    for _ in range(30):
        diary.follow(90, 0.9, rng).steps
        diary.wait(1)
    after = ahead(diary)
    assert after.done > 0.5
    assert width(after) < 0.6 * width(before)
    assert after.finish.q50 < before.finish.q50


def test_the_fan_rises_from_today_to_the_whole(course: Curriculum) -> None:
    diary = Diary(course).learn("algebra/vectors", "algebra/products")
    f = ahead(diary)
    assert f.fan[0].at == diary.now
    assert f.fan[0].q50 == pytest.approx(f.done, abs=1e-4)
    assert [b.at - a.at for a, b in zip(f.fan, f.fan[1:], strict=False)] == [WEEK] * (len(f.fan) - 1)
    for name in ("q025", "q10", "q25", "q50", "q75", "q90", "q975"):
        line = [getattr(point, name) for point in f.fan]
        assert line == sorted(line)
    assert f.fan[-1].q50 == 1
    assert all(p.q025 <= p.q50 <= p.q975 for p in f.fan)


def test_a_plan_that_is_done_is_done_today(course: Curriculum) -> None:
    diary = Diary(course).learn(*course.order).add(e.ProjectEntry(project="spam", done=True, hours=8))
    for lab in course.labs:
        diary.lab(lab)
    assert all(learned(course, diary.state, s) for s in course.skills)
    f = ahead(diary)
    assert f.done == 1
    assert set(f.finish.__getstate__()) == {diary.now}  # type: ignore[arg-type]
    assert f.sentence == "Everything in the plan is done."


def test_the_sentence_names_the_month_the_interval_and_an_hour_more(diary: Diary) -> None:
    months = "(January|February|March|April|May|June|July|August|September|October|November|December)"
    assert re.fullmatch(
        rf"Most likely .*{months} \d{{4}}\. Eight paths in ten end between .*{months} \d{{4}} and .*{months} \d{{4}}\. "
        r"One hour more a week brings it [\w-]+ weeks? nearer\.",
        ahead(diary).sentence,
    )


def test_the_chance_of_a_deadline_is_said(course: Curriculum) -> None:
    chances = [ahead(Diary(course).add(e.GoalsChanged(deadline=day))).chance for day in ("2026-02-01", "2026-12-01", "2040-01-01")]
    assert chances[0] is not None
    assert chances[0] < 0.01 < chances[1] < 0.99 < chances[2]  # type: ignore[operator]
    assert ahead(Diary(course)).chance is None
    assert ahead(Diary(course).add(e.GoalsChanged(deadline="some day"))).chance is None


def test_someone_who_never_has_an_hour_still_gets_an_answer(course: Curriculum) -> None:
    diary = Diary(course, enrolled=False)
    diary.add(e.Enrolled(name="A", hours_per_week=0))
    assert ahead(diary).finish.q50 > START


# What a learner's own weeks and pace teach it


def next_year(diary: Diary) -> np.ndarray:
    """Hours of the coming year, path by path."""
    rng = np.random.default_rng(0)
    return _draw_weeks(_rhythm(diary.state, diary.now, 6, 6, rng, 2000), 52, rng)[-1]


def test_steady_weeks_make_it_surer_than_bursty_ones_of_the_same_hours(course: Curriculum) -> None:
    rng = random.Random(5)
    steady = weeks_of(Diary(course), [5.0] * 60)
    bursty = weeks_of(Diary(course), [hours for _ in range(10) for hours in rng.sample([9.5, 9.5, 9.5, 0.5, 0.5, 0.5], 6)])
    assert next_year(steady).mean() == pytest.approx(next_year(bursty).mean(), rel=0.2)
    assert next_year(steady).std() < 0.4 * next_year(bursty).std()


def test_weeks_of_nothing_are_breaks_that_will_come_again(course: Curriculum) -> None:
    whole = weeks_of(Diary(course), [6.0] * 40)
    broken = weeks_of(Diary(course), ([6.0] * 7 + [0.0] * 3) * 4)
    assert next_year(broken).mean() == pytest.approx(0.7 * next_year(whole).mean(), rel=0.15)
    assert next_year(broken).std() > 1.5 * next_year(whole).std()


@pytest.mark.parametrize("weeks", [15, 60, 120])
def test_one_absence_of_sixty_days_costs_those_sixty_days_and_hardly_more(course: Curriculum, weeks: int) -> None:
    """It was taken for a habit: the end moved by years. What comes a second time is one."""
    diary = weeks_of(Diary(course), [6.0] * weeks)
    before = np.median(next_year(diary))
    assert np.median(next_year(diary.wait(60))) > 0.97 * before
    weeks_of(diary, [6.0] * weeks)
    once = next_year(diary).mean()
    assert next_year(diary.wait(60)).mean() < 0.97 * once


def test_answers_on_other_things_move_nothing_of_what_is_done(course: Curriculum) -> None:
    """The share of a begun skill followed the learner's level of today, so one evening's four answers moved the end by months."""
    diary = Diary(course).learn("algebra/vectors").lesson("algebra/soft").answers("algebra/logits", True, False)
    diary.add(e.Placed(skills={"algebra/rank": 0.5}, by="test"))
    before = _work(course, diary.state, WhatIf())
    diary.answers("algebra/lengths", True, True, True, True).answers("algebra/multiply", False, True, False)
    after = _work(course, diary.state, WhatIf())
    assert after.done_hours == before.done_hours
    assert list(after.left) == list(before.left)


def test_every_unbroken_month_makes_a_break_less_likely(course: Curriculum) -> None:
    def short(weeks: int) -> float:
        """How many of the paths hold clearly fewer hours than the middle one."""
        hours = next_year(weeks_of(Diary(course), [6.0] * weeks))
        return float(np.mean(hours < 0.8 * np.median(hours)))

    assert short(6) > 1.5 * short(24)
    assert short(24) > 1.5 * short(96)


def test_the_weeks_at_the_ends_of_a_break_are_not_taken_for_slow_ones(course: Curriculum) -> None:
    """Going away on a Wednesday and coming back on a Thursday leaves two halves of a week beside those of nothing."""
    rng = np.random.default_rng(0)

    def full_week(weeks: list[float]) -> float:
        diary = weeks_of(Diary(course), weeks * 6)
        return float(np.median(_rhythm(diary.state, diary.now, 6.0, 6.0, rng, 2000).level_p))

    sharp = full_week([6.0] * 5 + [0.0] * 3)
    assert full_week([6.0] * 4 + [3.0, 0.0, 0.0, 3.0]) == pytest.approx(sharp, rel=0.03)


def test_who_takes_a_week_off_now_and_then_is_not_expected_to_stay_away(course: Curriculum) -> None:
    now_and_then = weeks_of(Diary(course), ([6.0] * 9 + [0.0]) * 5)
    for_long = weeks_of(Diary(course), ([6.0] * 20 + [0.0] * 5) * 2)
    assert next_year(now_and_then).std() < 0.6 * next_year(for_long).std()


def test_first_weeks_that_were_keener_are_not_taken_for_what_follows(course: Curriculum) -> None:
    fading = [4 + 5 * 0.85**week for week in range(24)]
    f = ahead(weeks_of(Diary(course), fading))
    assert f.hours_a_week < 0.9 * sum(fading) / len(fading)
    assert f.hours_a_week == pytest.approx(4, rel=0.2)


def test_work_logged_in_lumps_is_not_taken_for_bursts(course: Curriculum) -> None:
    lumpy = Diary(course)
    for week in range(40):
        lumpy.add(e.TimeLogged(hours=0.2, what="cards"))
        if week % 2:
            lumpy.add(e.ChapterRead(resource="python/crash", chapter=1, hours=9.6))
        lumpy.wait(7)
    rng = random.Random(2)
    bursts = weeks_of(Diary(course), [rng.choice([0.2, 9.8]) for _ in range(40)])
    assert next_year(lumpy).std() < 0.6 * next_year(bursts).std()


def weekly(diary: Diary, weeks: int) -> Diary:
    """Five hours a week of a chapter, ticked off on its last day, and one of cards."""
    for _ in range(weeks):
        diary.add(e.TimeLogged(hours=1.0, what="cards")).wait(4)
        diary.add(e.ChapterRead(resource="python/crash", chapter=1, hours=5.0, again=True)).wait(3)
    return diary


def test_weeks_on_a_chapter_that_is_still_open_are_not_taken_for_slow_ones(course: Curriculum) -> None:
    """One long chapter moved the end by three months, and its tick moved it back."""
    diary = weekly(Diary(course), 20)
    before = ahead(diary).hours_a_week
    for _ in range(2):
        diary.add(e.TimeLogged(hours=1.0, what="cards")).wait(7)
    assert ahead(diary).hours_a_week == pytest.approx(before, rel=0.02)
    diary.add(e.ChapterRead(resource="python/crash", chapter=2, hours=12.0)).wait(7)
    assert ahead(diary).hours_a_week == pytest.approx(before, rel=0.04)


def test_weeks_of_cards_alone_become_what_a_week_has(course: Curriculum) -> None:
    diary = weekly(Diary(course), 20)
    before = ahead(diary).hours_a_week
    for _ in range(30):
        diary.add(e.TimeLogged(hours=1.0, what="cards")).wait(7)
    assert ahead(diary).hours_a_week < 0.7 * before


def test_one_slow_module_says_less_of_the_others_than_of_itself(course: Curriculum) -> None:
    """Own pace is the person's, the field's and the module's: it is carried over in part."""
    diary = Diary(course)
    for n in (1, 2, 3):
        diary.add(e.ChapterRead(resource="python/crash", chapter=n, hours=30))
    work = _work(course, diary.state, WhatIf())
    pace = _paces(work, np.random.default_rng(0), 4000).mean(axis=0)
    own = list(course.modules).index("python")
    others = [pace[n] for n in range(len(course.modules)) if n != own]
    assert all(0.1 < other < pace[own] for other in others)


def test_upkeep_is_counted_and_grows(course: Curriculum) -> None:
    def learner(upkeep: float) -> Diary:
        diary = Diary(course)
        for n in (1, 2, 3):
            diary.add(e.ChapterRead(resource="python/crash", chapter=n, hours=2)).add(e.TimeLogged(hours=upkeep, what="reviews")).wait(7)
        return diary

    assert ahead(learner(1.0)).hours_left > 1.1 * ahead(learner(0.1)).hours_left


# What became of it


def told(diary: Diary, ahead: dict[str, dict[str, float]], done: float) -> None:
    diary.add(
        e.ForecastMade(
            finish={"q10": 1, "q50": 2, "q90": 3},
            stages={"foundation": {"q10": diary.now, "q90": diary.now + 9 * WEEK}},
            done=done,
            ahead=ahead,
        )
    )


def test_forecasts_are_held_against_what_was_done_by_then(course: Curriculum) -> None:
    diary = Diary(course)
    right = {"q025": 0.0, "q10": 0.05, "q25": 0.09, "q50": 0.1, "q75": 0.2, "q90": 0.3, "q975": 0.4}
    wrong = {name: value + 0.5 for name, value in right.items()}
    told(diary, {"4": right}, 0.0)
    diary.wait(7)
    told(diary, {"4": wrong}, 0.02)
    diary.wait(21)
    told(diary, {}, 0.08)
    diary.wait(7)
    found = fared(diary.state, diary.now, 0.1)
    assert [(h.weeks, h.n, h.inside50, h.inside80, h.inside95, h.below) for h in found.horizons] == [(4, 2, 0, 1, 1, 2)]


def test_what_lies_ahead_or_was_never_seen_is_not_judged(course: Curriculum) -> None:
    diary = Diary(course)
    q = {"q025": 0.0, "q10": 0.0, "q25": 0.0, "q50": 0.1, "q75": 1.0, "q90": 1.0, "q975": 1.0}
    told(diary, {"12": q}, 0.0)
    assert fared(diary.state, diary.now + WEEK, 0.1).n == 0
    assert fared(diary.state, diary.now + 30 * WEEK, 0.1).n == 0, "nothing is known of the twelfth week"
    diary.add(e.ForecastMade(finish={"q50": 5}))  # as older journals have them
    assert fared(diary.state, diary.now, 0.1).n == 0


def test_the_end_of_a_stage_is_held_against_what_was_said_of_it(course: Curriculum) -> None:
    diary = Diary(course)
    told(diary, {}, 0.0)
    diary.wait(28)
    told(diary, {}, 0.3)
    diary.wait(7)
    diary.add(e.ForecastMade(stages={"foundation": dict.fromkeys(("q10", "q50", "q90"), diary.now)}, done=0.5))
    (stage,) = fared(diary.state, diary.now, 0.5).stages
    assert (stage.stage, stage.n, stage.inside80) == ("foundation", 2, 2)


def test_hours_logged_elsewhere_before_anything_is_learned_are_not_all_upkeep(course: Curriculum) -> None:
    assert ahead(weeks_of(Diary(course), [5.0] * 12)).hours_left < 1.9 * ahead(Diary(course)).hours_left
