"""What if, how past forecasts fared, and the plan as a calendar."""

from __future__ import annotations

import datetime as dt
from typing import Any

import icalendar
import pytest

import tiny_curriculum as tiny
from modelwright.curriculum import UnknownId
from modelwright.errors import ModelwrightError
from modelwright.studio import Studio
from turned_clock import Clock

WEEK = 604_800_000


def events(studio: Studio, **more: Any) -> list[icalendar.Event]:
    return list(icalendar.Calendar.from_ical(studio.calendar(**more)).walk("VEVENT"))


def sessions(studio: Studio, **more: Any) -> list[icalendar.Event]:
    return [e for e in events(studio, **more) if e["UID"].startswith("session-")]


# What if


def test_more_hours_bring_the_end_nearer_and_change_nothing(studio: Studio) -> None:
    before, seq = studio.forecast(), studio.journal.last_seq()
    seen = studio.what_if(hours_per_week=12)
    assert seen.changed
    assert seen.days > 0
    assert seen.then.finish.q50 < seen.stands.finish.q50
    assert seen.stands.finish == before.finish
    assert seen.sentence.startswith("12 hours a week instead of 6: most likely ")
    assert "sooner" in seen.sentence
    assert studio.settings().hours_per_week == 6
    assert studio.journal.last_seq() == seq


def test_fewer_hours_bring_it_later(studio: Studio) -> None:
    assert "later" in studio.what_if(hours_per_week=2).sentence


def test_the_same_choices_say_that_nothing_is_different(studio: Studio) -> None:
    seen = studio.what_if(hours_per_week=6, skipped=[], books={"tiny-maths": tiny.BOOK})
    assert not seen.changed
    assert seen.then == seen.stands
    assert "Nothing is different" in seen.sentence


@pytest.mark.parametrize(
    "choices",
    [{"hours_per_week": 0}, {"hours_per_week": float("nan")}, {"skipped": ["tiny-maths"]}, {"books": {"tiny-maths": "no/such-book"}}],
)
def test_what_cannot_be_chosen_is_said(studio: Studio, choices: dict[str, Any]) -> None:
    with pytest.raises(ModelwrightError):
        studio.what_if(**choices)


def test_a_module_that_is_not_there_gets_its_nearest(studio: Studio) -> None:
    with pytest.raises((UnknownId, ModelwrightError), match="tiny-maths"):
        studio.what_if(books={"tiny-math": tiny.BOOK})


# How forecasts fared


def test_weekly_forecasts_are_held_against_what_came(studio: Studio, clock: Clock) -> None:
    assert studio.fared().said == ()
    for _ in range(14):
        clock.pass_(days=7, minutes=1)
        studio.log_time(1, "reading")
        studio.today()
    past = studio.fared()
    assert len(past.said) == 14
    assert [h.weeks for h in past.horizons] == [4, 8, 12]
    assert [h.n for h in past.horizons] == [10, 6, 2]
    assert all(h.inside50 <= h.inside80 <= h.inside95 <= h.n for h in past.horizons)
    assert past.sentence.startswith("Eighteen forecasts of the weeks ahead")
    assert all(said.q10 < said.q50 < said.q90 for said in past.said)


# The calendar


def test_the_calendar_reads_back_as_sessions_and_ends(studio: Studio, clock: Clock) -> None:
    calendar = icalendar.Calendar.from_ical(studio.calendar())
    assert calendar["VERSION"] == "2.0"
    assert "Modelwright" in calendar["PRODID"]
    all_, planned = events(studio), sessions(studio)
    assert len(planned) == 8 * -(-6 * 60 // studio.settings().minutes_per_day)
    begins = [e.decoded("DTSTART") for e in planned]
    assert begins == sorted(set(begins))
    assert all(b.tzinfo is None and (b.hour, b.minute) == (19, 0) for b in begins), "a wall clock's time, with no zone claimed"
    assert all(e.decoded("DTEND") - e.decoded("DTSTART") == dt.timedelta(minutes=studio.settings().minutes_per_day) for e in planned)
    (stage,) = [e for e in all_ if e["UID"].startswith("stage-")]
    finish = studio.forecast().stages[0].finish
    assert stage.decoded("DTSTART") == dt.datetime.fromtimestamp(finish.q50 / 1000, dt.UTC).date()
    assert stage.decoded("DTEND") - stage.decoded("DTSTART") == dt.timedelta(days=1)
    assert type(stage.decoded("DTSTART")) is dt.date
    early = dt.datetime.fromtimestamp(finish.q10 / 1000, dt.UTC)
    assert f"Eight paths in ten end between {early.day} {early:%B %Y}" in str(stage["DESCRIPTION"])
    assert all(e.decoded("DTSTAMP") == dt.datetime.fromtimestamp(clock.now // 1000, dt.UTC) for e in all_)


def test_importing_again_updates_and_never_doubles(studio: Studio, clock: Clock) -> None:
    before = {e["UID"]: e for e in events(studio)}
    assert len(before) == len(events(studio))
    clock.pass_(days=1)
    studio.log_time(2, "a lecture")
    after = {e["UID"]: e for e in events(studio)}
    both = before.keys() & after.keys()
    assert len(both) > 0.8 * len(before)
    assert all(after[uid]["SEQUENCE"] > before[uid]["SEQUENCE"] for uid in both)
    assert all(after[uid]["DTSTART"].dt == before[uid]["DTSTART"].dt for uid in both if uid.startswith("session-"))


def test_lines_are_folded_and_text_is_escaped_as_the_standard_asks(studio: Studio) -> None:
    raw = studio.calendar()
    lines = raw.split(b"\r\n")
    assert raw.endswith(b"END:VCALENDAR\r\n")
    assert b"\n" not in b"".join(lines)
    assert max(map(len, lines)) <= 75
    assert any(line.startswith(b" ") for line in lines)
    unfolded = raw.replace(b"\r\n ", b"").decode()
    tonight = next(line for line in unfolded.split("\r\n") if line.startswith("DESCRIPTION") and "min: " in line)
    assert "\\n" in tonight
    assert str(sessions(studio)[0]["DESCRIPTION"]).count("\n") == tonight.count("\\n")


def test_sessions_fall_on_the_days_on_which_the_learner_studies(studio: Studio, clock: Clock) -> None:
    studio.change_goals(hours_per_week=2, minutes_per_day=60)
    start = clock.now
    for week in range(6):
        for day in (1, 3):  # the clock begins on a Monday
            clock.now = start + week * WEEK + day * 86_400_000
            studio.log_time(1, "reading")
    clock.now = start + 6 * WEEK
    assert {e.decoded("DTSTART").weekday() for e in sessions(studio)} == {1, 3}


def test_a_day_that_was_studied_already_is_not_planned_again(studio: Studio, clock: Clock) -> None:
    today = sessions(studio)[0].decoded("DTSTART").date()
    studio.log_time(2, "reading")
    assert sessions(studio)[0].decoded("DTSTART").date() > today


def test_a_date_of_ones_own_is_in_it_and_other_times_can_be_asked_for(studio: Studio) -> None:
    studio.change_goals(deadline="2031-05-04")
    (own,) = [e for e in events(studio, weeks=2, at="06:30") if e["UID"].startswith("deadline")]
    assert own.decoded("DTSTART") == dt.date(2031, 5, 4)
    assert sessions(studio, weeks=2, at="06:30")[0].decoded("DTSTART").time() == dt.time(6, 30)
    for wrong in ({"at": "half past"}, {"weeks": 0}, {"weeks": 300}):
        with pytest.raises(ModelwrightError):
            studio.calendar(**wrong)
