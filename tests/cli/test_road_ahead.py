"""When it will be done, in the terminal: what if, and the plan as a calendar file."""

from __future__ import annotations

import json
from pathlib import Path

import icalendar


def test_forecast_with_other_hours_stands_beside_nothing_changed(enrolled) -> None:
    out = enrolled("forecast", "--hours", "20").out
    assert "20 hours a week instead of" in out
    assert "Nothing was changed" in out
    seen = json.loads(enrolled("forecast", "--hours", "20", "--json").out)
    assert seen["changed"]
    assert seen["days"] > 0


def test_forecast_shows_all_three_intervals_for_each_stage_and_the_end(enrolled) -> None:
    out = enrolled("forecast").out
    for words in ("most likely", "half of all paths", "eight in ten", "95 in a hundred", "Foundation", "The whole plan"):
        assert words in out, words


def test_the_plan_goes_to_a_file_that_a_calendar_reads(enrolled, tmp_path: Path) -> None:
    file = tmp_path / "plan.ics"
    said = enrolled("plan", "--ics", str(file), "--weeks", "2", "--at", "07:45")
    entries = icalendar.Calendar.from_ical(file.read_bytes()).walk("VEVENT")
    assert f"Wrote {len(entries)} entries" in said.out
    piped = enrolled("plan", "--ics", "-", "--weeks", "2", "--at", "07:45").out
    assert {e["UID"] for e in icalendar.Calendar.from_ical(piped).walk("VEVENT")} == {e["UID"] for e in entries}


def test_a_calendar_that_cannot_be_written_or_read_as_a_time_is_said(enrolled, tmp_path: Path) -> None:
    ran = enrolled("plan", "--ics", str(tmp_path / "no" / "plan.ics"))
    assert ran.code == 1
    assert "could not be written" in ran.err
    assert "time of day" in enrolled("plan", "--ics", "-", "--at", "late").err
