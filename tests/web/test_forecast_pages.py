"""The forecast's pages: what if, by link and in place; how forecasts fared; the calendar through its real route."""

from __future__ import annotations

import re
from typing import Any

import icalendar
import pytest

import tiny_curriculum
from modelwright.studio import Studio
from serving import Served

BOOK = tiny_curriculum.BOOK


def test_the_forecast_shows_the_fan_with_all_three_intervals_for_each_stage_and_the_end(client: Any) -> None:
    page = client.get("/forecast").text
    assert 'class="fan"' in page
    for words in ("half of them", "eight in ten", "95 in a hundred", "The whole plan", "Most likely"):
        assert words in page, words
    stages = page.split('aria-label="Forecast by stage"')[1].split("</table>")[0]
    assert len(re.findall(r"\w{3} \d{4} to \w{3} \d{4}", stages)) == 3 * 2
    assert 'href="/plan.ics"' in page


def test_no_picture_stands_on_the_plan_and_on_the_forecast(client: Any) -> None:
    """The plan says in words when a stage ends, and leads to the forecast, which draws it."""
    pictures = lambda path: {svg for svg in re.findall(r"<svg.*?</svg>", client.get(path).text, re.S) if 'role="img"' in svg}
    plan, forecast = pictures("/plan"), pictures("/forecast")
    assert forecast
    assert plan
    assert not plan & forecast
    page = client.get("/plan").text
    assert "fan" not in page
    assert re.search(r"Most likely done by \w+ \d{4}, in eight paths of ten between \w+ \d{4} and \w+ \d{4}", page)
    assert 'href="/forecast"' in page


def test_what_if_by_link_stands_beside_what_is(client: Any, studio: Studio) -> None:
    page = client.get("/forecast", params={"hours": "14"}).text
    assert "14 hours a week instead of 7" in page
    assert "As things stand" in page
    assert 'value="14"' in page, "the form keeps what was asked"
    assert studio.settings().hours_per_week == 7


def test_what_if_in_place_is_the_picture_alone(client: Any) -> None:
    part = client.get("/forecast", params={"hours": "3"}, headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div id="when"')
    assert "later" in part
    assert "<nav" not in part


@pytest.mark.parametrize("asked", [{"hours": "many"}, {"hours": "0"}, {"hours": "7", "book:tiny-maths": "no/such-book"}])
def test_what_cannot_be_asked_is_said_on_the_page(client: Any, asked: dict[str, str]) -> None:
    answer = client.get("/forecast", params=asked)
    assert answer.status_code == 422
    assert 'class="sign bad"' in answer.text
    assert 'class="fan"' in answer.text, "what stands is shown all the same"


@pytest.mark.parametrize("path", ["/plan.ics", "/api/plan.ics"])
def test_the_calendar_comes_whole_through_its_route(client: Any, studio: Studio, path: str) -> None:
    answer = client.get(path, params={"weeks": 3, "at": "20:15"})
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    read = icalendar.Calendar.from_ical(answer.content)
    again = icalendar.Calendar.from_ical(read.to_ical())
    entries = {e["UID"]: (e["DTSTART"].dt, str(e["SUMMARY"]), str(e["DESCRIPTION"])) for e in read.walk("VEVENT")}
    assert entries == {e["UID"]: (e["DTSTART"].dt, str(e["SUMMARY"]), str(e["DESCRIPTION"])) for e in again.walk("VEVENT")}
    assert len({uid for uid in entries if uid.startswith("session-")}) == 3 * -(-7 * 60 // studio.settings().minutes_per_day)
    assert any(uid.startswith("plan@") for uid in entries)


def test_the_calendar_refuses_what_is_no_time_and_no_length(client: Any) -> None:
    for wrong in ({"at": "99:99"}, {"at": "soon"}, {"weeks": "0"}, {"weeks": "1000"}):
        assert client.get("/plan.ics", params=wrong).status_code == 422, wrong


def test_a_script_asks_what_if_and_how_forecasts_fared(client: Any) -> None:
    seen = client.get("/api/forecast/what-if", params={"hours": 14, "book": f"tiny-maths={BOOK}"}).json()
    assert seen["days"] > 0
    assert seen["then"]["finish"]["q50"] < seen["stands"]["finish"]["q50"]
    assert client.get("/api/forecast/what-if", params={"skip": "tiny-maths"}).status_code == 422
    assert client.get("/api/forecast/what-if", params={"book": "tiny-math=x"}).json()["nearest"] == ["tiny-maths"]
    past = client.get("/api/forecast/fared").json()
    assert past["said"] == []
    assert past["sentence"]


ON_IT = """fan => {
  const words = [...fan.querySelectorAll("text")], boxes = words.map(word => word.getBBox());
  const drawn = [...fan.querySelectorAll(".widest, .own, .mid, .other, .ends-80, .ends-50, .dot")];
  const troubles = [];
  boxes.forEach((box, n) => {
    const high = box.y + 0.2 * box.height, low = box.y + 0.8 * box.height, most = fan.viewBox.baseVal.width;
    for (let x = box.x; x <= box.x + box.width; x += 1)
      for (let y = high; y <= low; y += 1)
        for (const shape of drawn) {
          const point = new DOMPoint(x, y), filled = shape.matches(".widest, .dot") && shape.isPointInFill(point);
          if (filled || shape.isPointInStroke(point)) { troubles.push(words[n].textContent + " on " + shape.className.baseVal); x = y = 1e9; }
        }
    if (box.x < -1 || box.x + box.width > most + 1) troubles.push(words[n].textContent + " is cut off");
    boxes.slice(0, n).forEach((other, k) => {
      if (other.x < box.x + box.width && box.x < other.x + other.width && other.y + 0.2 * other.height < low && high < other.y + 0.8 * other.height)
        troubles.push(words[n].textContent + " on " + words[k].textContent);
    });
  });
  return troubles;
}"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("deadline", ["2027-01-31", "2040-06-30"])
def test_the_words_of_the_fan_lie_beside_it_at_every_width(served: Served, page: Any, width: int, deadline: str) -> None:
    served.studio.change_goals(deadline=deadline)
    page.set_viewport_size({"width": width, "height": 900})
    for path in ("/forecast", "/forecast?hours=2"):
        page.goto(served.url + path)
        page.evaluate("document.fonts.ready")
        fan = page.locator("svg.fan[role=img]").first
        assert len(fan.locator("text").all()) >= 6
        assert fan.evaluate(ON_IT) == [], path


def test_what_if_draws_one_forecast_beside_the_one_that_is_shown(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    from modelwright.studio import outlook

    shown = studio.forecast()
    drawn: list[object] = []
    draw = outlook.drawn
    monkeypatch.setattr(outlook, "drawn", lambda desk, what_if=None: drawn.append(what_if) or draw(desk, what_if))
    assert studio.what_if(14).stands == shown
    assert len(drawn) == 1, "what stands was not drawn again"
    studio.read_chapter(BOOK, 1)
    drawn.clear()
    again = studio.what_if(14)
    assert None in drawn, "something was done since: it is not compared with what stood before"
    assert again.changed
