"""The forecast says when, how surely, and what would change it."""

import random
import re

import pytest
from course import DAY, START
from histories import Diary

from modelwright.curriculum import Curriculum
from modelwright.journal import events as e
from modelwright.learner import Forecast, WhatIf, forecast, learned

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
            diary.add(e.ChapterRead(resource="python/crash", chapter=n, hours=1.5 * factor))
        return diary

    assert ahead(reader(0.5)).hours_left < ahead(reader(1)).hours_left < ahead(reader(2)).hours_left


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
    assert all(learned(course, diary.state, s, diary.now) for s in course.skills)
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
