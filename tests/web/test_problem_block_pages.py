"""A block of problems on its page: it counts, goes on by itself, and ends; a chapter can be read again."""

from __future__ import annotations

import re
from typing import Any

import tiny_curriculum
from modelwright.studio import Studio

PROBLEM, BOOK = tiny_curriculum.PROBLEM, tiny_curriculum.BOOK
HTMX = {"HX-Request": "true"}
OF = ",".join([PROBLEM] * 3)


def number(text: str) -> int:
    """What the one form on the page asks to be doubled."""
    question = text[text.rindex('<div class="prose ask">') :]
    return int(re.findall(r"<mn>(\d+)</mn>", question)[1])


def seed(text: str) -> str:
    return re.findall(r'name="seed" value="(\d+)"', text)[-1]


def test_a_block_says_where_it_is_goes_on_by_itself_and_leads_to_the_next_step(client: Any, studio: Studio) -> None:
    studio.finish_lesson(tiny_curriculum.LESSON)
    page = client.get("/").text
    assert f'href="/problems?of={OF}"' in page
    text = client.get(f"/problems?of={OF}").text
    assert "1 of 3" in text
    wrong = client.post("/problems", data={"of": OF, "seed": seed(text), "text": "1"}, headers=HTMX)
    assert "1 of 3" in wrong.text
    assert "Not yet" in wrong.text
    right = client.post("/problems", data={"of": OF, "seed": seed(text), "text": str(2 * number(text))}, headers=HTMX)
    assert right.headers["HX-Replace-Url"] == f"/problems?of={OF}&marks=w"
    assert "✓ Right." in right.text
    assert "2 of 3" in right.text
    assert seed(right.text) != seed(text)
    shown = client.post("/problems", data={"of": OF, "marks": "w", "seed": seed(right.text), "show": "1"}, headers=HTMX)
    assert "On to 3 of 3" in shown.text
    last = client.get(f"/problems?of={OF}&marks=ww").text
    end = client.post("/problems", data={"of": OF, "marks": "ww", "seed": seed(last), "text": str(2 * number(last))})
    assert "1 of 3 right at the first answer" in end.text
    assert "Next: " in end.text
    assert "More of these" in end.text


def test_an_example_stands_beside_the_problem_and_is_recorded_with_the_answer(client: Any, studio: Studio) -> None:
    text = client.get(f"/problems?of={OF}&example=1").text
    assert "Like this one, worked out" in text
    client.post("/problems", data={"of": OF, "seed": seed(text), "text": "1", "example": "1"})
    (data,) = [event.data for _, event in studio.journal.events() if event.data.__class__.__name__ == "ProblemAnswered"]
    assert data.example


def test_a_block_that_cannot_be_is_a_page_with_a_sentence(client: Any) -> None:
    assert client.get("/problems?of=none/such").status_code == 404
    assert client.get(f"/problems?of={OF}&marks=zz").status_code in (400, 409, 422)


def test_a_chapter_that_was_read_can_be_read_again_on_its_page(client: Any, studio: Studio) -> None:
    studio.read_chapter(BOOK, 1)
    assert "Read again" in client.get(f"/resource/{BOOK}").text
    row = client.post("/chapter", data={"resource": BOOK, "number": 1, "again": "1"}, headers=HTMX)
    assert "2 times" in row.text
    assert studio.resource(BOOK).chapters[0].times == 2


def test_the_page_meets_an_absence(tiny: Any, tmp_path: Any) -> None:
    from fastapi.testclient import TestClient

    from modelwright.web import create_app
    from serving import HERE
    from turned_clock import Clock

    clock = Clock()
    with Studio.open(tmp_path / "home", tiny, now=clock) as studio:
        studio.enrol("Ada", 7)
        studio.log_time(1, "a talk")
        clock.pass_(days=45)
        text = TestClient(create_app(studio), base_url=HERE).get("/").text
        assert "You were away for 44 days." in text
        assert "Nothing that you had is lost." in text


def test_the_api_gives_a_block_an_example_and_takes_a_second_reading(client: Any) -> None:
    block = client.get("/api/problems", params={"of": [PROBLEM] * 2}).json()
    assert block["problem"]["id"] == PROBLEM
    example = client.get(f"/api/problems/{PROBLEM}/example", params={"seed": 1})
    assert example.json()["solution"]["steps"]
    client.post("/api/chapters", json={"resource": BOOK, "number": 1})
    again = client.post("/api/chapters", json={"resource": BOOK, "number": 1, "again": True})
    assert again.json()["chapters"][0]["times"] == 2


def test_where_a_chapter_stopped_is_said_on_its_page_in_the_api_and_with_a_sentence_for_nonsense(client: Any) -> None:
    assert "Stopped on the way?" in client.get(f"/resource/{BOOK}").text
    row = client.post("/chapter/stop", data={"resource": BOOK, "number": 2, "share": "40 %", "place": "page 12"}, headers=HTMX)
    assert "Read to page 12 (40%)" in row.text
    stopped = client.post("/api/chapters/stop", json={"resource": BOOK, "number": 2, "share": 0.6})
    assert stopped.json()["chapters"][1]["reached"] == 0.6
    assert client.post("/chapter/stop", data={"resource": BOOK, "number": 2, "share": "far"}).status_code in (400, 409, 422)


def test_the_first_evening_shows_the_next_milestone_and_the_forecasts_page_the_plans_range_first(client: Any) -> None:
    today = client.get("/").text
    assert "The next milestone" in today
    assert "Most likely" not in today
    page = client.get("/forecast").text
    assert page.index("at your 7 hours a week") < page.index('<svg class="fan"')
