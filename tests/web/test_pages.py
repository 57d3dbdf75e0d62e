"""What the pages say and do, as forms and links: everything here works in a browser without JavaScript."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import tiny_curriculum
from modelwright.curriculum import load
from modelwright.studio import Studio
from modelwright.web import create_app, words
from serving import HERE, Served

LAB, LESSON, PROBLEM, BOOK = tiny_curriculum.LAB, tiny_curriculum.LESSON, tiny_curriculum.PROBLEM, tiny_curriculum.BOOK
HTMX = {"HX-Request": "true"}


def test_before_anyone_is_enrolled_every_room_leads_to_the_door(tiny: Path, tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    with Studio.open(tmp_path / "home", tiny) as studio:
        client = TestClient(create_app(studio), base_url="http://127.0.0.1:8765")
        for path in ("/", "/review", "/skills", "/forecast"):
            assert client.get(path).url.path == "/enrol", path
        answer = client.post("/enrol", data={"name": "  ", "hours": "7"})
        assert answer.status_code == 422
        assert 'role="alert"' in answer.text
        answer = client.post("/enrol", data={"name": "Ada", "hours": "0,5", "stage:foundation": "2", "deadline": "2028-12-31"})
        assert answer.url.path == "/"
        settings = studio.settings()
        assert (settings.name, settings.hours_per_week, settings.deadline) == ("Ada", 0.5, "2028-12-31")
        assert [(link.id, level) for link, level in settings.background] == [("tiny-maths", 2)]


def test_before_anyone_is_enrolled_a_lesson_can_be_looked_at_and_what_it_would_record_leads_to_the_door(
    tiny: Path, tmp_path: Path, page: Any
) -> None:
    from playwright.sync_api import expect

    with Studio.open(tmp_path / "home", tiny) as studio:
        served = Served(studio)
        try:
            with page.expect_response("**/open") as opened:
                page.goto(f"{served.url}/lesson/{tiny_curriculum.LESSON}")
            assert opened.value.status == 204
            assert page.locator("#notice").text_content() == ""
            assert not list(studio.journal.events())
            page.evaluate("htmx.ajax('post', '/mark', {values: {target: 'tiny-maths/doubling#p-0'}, swap: 'none'})")
            page.wait_for_url("**/enrol")
            expect(page.locator("#notice")).to_be_hidden()
        finally:
            served.stop()


def test_a_piece_of_a_page_for_nobody_sends_the_whole_page_to_the_door_and_a_program_is_told(tiny: Path, tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    with Studio.open(tmp_path / "home", tiny) as studio:
        client = TestClient(create_app(studio), base_url=HERE, follow_redirects=False)
        asked = {"target": tiny_curriculum.LAB}
        piece = client.get("/why", params=asked, headers={"hx-request": "true"})
        assert (piece.status_code, piece.headers["hx-redirect"], piece.text) == (204, "/enrol", "")
        assert client.post("/note", data=asked | {"text": "x"}).headers["location"] == "/enrol"
        told = client.get("/why", params=asked, headers={"accept": "application/json"})
        assert told.status_code == 409
        assert "Nobody is enrolled here yet" in told.json()["detail"]


def test_what_was_done_last_night_is_called_yesterdays_and_not_a_number_of_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modelwright.web.words._offset", lambda ms: 0)
    hour = 3_600_000
    now = 20_000 * 24 * hour + 9 * hour  # nine in the morning
    assert words.ago(now - 10 * hour, now) == "yesterday"
    assert words.ago(now - 40 * hour, now) == "2 days ago"
    assert words.ago(now - 3 * hour, now) == "3 hours ago"


def test_what_is_known_can_be_said_module_by_module(tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    curriculum = load()
    stage = next(stage for stage in curriculum.stages.values() if len(stage.modules) > 2)
    new, seen, used, *_ = (module.id for module in stage.modules)
    given = {f"stage:{stage.id}": "1", f"module:{new}": "0", f"module:{seen}": "", f"module:{used}": "2"}
    with Studio.open(tmp_path / "home", curriculum.folder) as studio:
        client = TestClient(create_app(studio), base_url="http://127.0.0.1:8765")
        assert "<details open" not in client.get("/enrol").text.replace(' class="by-module"', "")
        answer = client.post("/enrol", data={"name": "", "hours": "7", **given})
        assert answer.status_code == 422
        assert answer.text.replace(' class="by-module"', "").count("<details open") == 1  # what was chosen is not hidden
        client.post("/enrol", data={"name": "Ada", "hours": "7", **given})
        levels = {link.id: level for link, level in studio.settings().background}
        assert (levels[new], levels[seen], levels[used]) == (0, 1, 2)
        assert levels == dict.fromkeys(curriculum.modules, 0) | dict.fromkeys((m.id for m in stage.modules), 1) | {new: 0, used: 2}


def test_today_has_one_open_step_and_says_why(client: Any) -> None:
    text = client.get("/").text
    assert text.count('aria-current="step"') == 1
    assert 'data-key="Enter"' in text


def test_something_else_is_done_anyway_or_put_off_by_plain_forms(client: Any, studio: Studio) -> None:
    first = studio.next()
    assert 'value="not-tonight"' in client.get("/").text
    asked = client.get(f"/why?target={LAB}").text
    assert "Do it anyway" in asked
    today = client.post("/why", data={"target": LAB, "wish": "now"})
    assert today.url.path == "/"
    assert "You chose it." in today.text
    assert studio.next().target == LAB
    client.post("/why", data={"target": first.target, "wish": "not-tonight"})
    assert "take it back" in client.get("/").text
    assert first.target not in [step.target for step in studio.today().steps]
    client.post("/why", data={"target": first.target, "wish": "as-planned"})
    assert "take it back" not in client.get("/").text
    assert client.post("/why", data={"target": LAB, "wish": "never"}).status_code == 422


def test_a_missing_page_names_the_nearest(client: Any) -> None:
    answer = client.get("/lesson/tiny-maths/dubling")
    assert answer.status_code == 404
    assert f'href="/lesson/{LESSON}"' in answer.text


def test_a_broken_room_says_what_to_do(client: Any, studio: Studio, monkeypatch: Any) -> None:
    monkeypatch.setattr(Studio, "plan", lambda self: 1 / 0)
    answer = client.get("/plan")
    assert answer.status_code == 500
    assert "Nothing that was recorded is lost" in answer.text
    assert "Traceback" not in answer.text


def test_an_answer_is_judged_and_a_misconception_is_named(client: Any, studio: Studio) -> None:
    question = studio.problem(PROBLEM, 5)
    number = int("".join(c for c in question.question.split("cdot")[1] if c.isdigit()))
    wrong = client.post(f"/problem/{PROBLEM}", data={"seed": 5, "text": str(number**2)}, headers=HTMX).text
    assert "That is the square" in wrong
    assert "worked" not in wrong.split("Show the worked solution")[0]
    right = client.post(f"/problem/{PROBLEM}?seed=5", data={"seed": 5, "text": f"2*{number}"}).text
    assert "✓ Right." in right
    assert "The worked solution" in right
    unread = client.post(f"/problem/{PROBLEM}", data={"seed": 6, "text": "2 +* 3"}, headers=HTMX).text
    assert "? Not read." in unread


def test_an_answer_is_read_back_as_mathematics(client: Any) -> None:
    said = client.get(f"/problem/{PROBLEM}/read", params={"text": "3/4 x^2"}).text
    assert "<math" in said
    assert "<mfrac>" in said
    assert "<math" not in client.get(f"/problem/{PROBLEM}/read", params={"text": "__import__('os')"}).text


def test_the_same_numbers_come_back_on_a_reload(client: Any) -> None:
    first = client.get(f"/problem/{PROBLEM}")
    assert "seed=" in str(first.url)
    question = lambda text: text.split('class="prose ask"')[1].split("</div>")[0]
    assert question(client.get(str(first.url)).text) == question(first.text)


def test_cards_go_by_as_plain_forms(client: Any, studio: Studio) -> None:
    studio.finish_lesson(LESSON, 300, ["", ""])
    card = studio.reviews(1).first
    assert card is not None
    assert f'value="{card.id}"' in client.get("/review?show=1").text
    after = client.post("/review", data={"card": card.id, "rating": 3})
    assert after.url.path == "/review"
    assert studio.reviews().done_today == 1


def test_a_lab_can_be_handed_in_as_a_plain_form(client: Any, studio: Studio) -> None:
    text = client.post(f"/lab/{LAB}", data={"source": tiny_curriculum.WRONG.replace("\n", "\r\n")}).text
    assert "2 of 3 checks pass" in text
    assert "Large logits stay finite" in text
    assert "got" in text
    assert studio.lab(LAB).source == tiny_curriculum.WRONG


def test_checks_stream_in_one_by_one_and_the_verdict_comes_last(client: Any) -> None:
    with client.stream("POST", f"/lab/{LAB}/run", json={"text": tiny_curriculum.SOLUTION}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        events = [block for block in "".join(answer.iter_text()).split("\n\n") if block]
    assert [event.split("\n")[0] for event in events] == ["event: check"] * 3 + ["event: done"]
    done = json.loads(events[-1].split("data: ", 1)[1])
    assert "3 of 3 checks" in done["html"]
    assert done["graded"] != "0"


def test_the_solution_waits_for_a_pass_or_an_explicit_wish(client: Any) -> None:
    refused = client.post(f"/lab/{LAB}/solution")
    assert refused.status_code == 409
    assert "keepdims" not in refused.text
    assert "keepdims" in client.post(f"/lab/{LAB}/solution", data={"confirm": "1"}).text


def test_a_save_on_top_of_a_changed_file_is_refused_with_the_difference(client: Any, studio: Studio) -> None:
    sha = studio.save(LAB, "a = 1\nb = 2\n")
    studio.save(LAB, "a = 1\nb = 3\n")
    answer = client.post(f"/lab/{LAB}/save", json={"text": "a = 1\nb = 4\n", "base": "a = 1\nb = 2\n", "sha": sha})
    assert answer.status_code == 409
    assert "-b = 3" in answer.json()["html"]
    assert "+b = 4" in answer.json()["html"]
    assert studio.lab(LAB).source == "a = 1\nb = 3\n"


def test_changes_that_do_not_meet_are_joined(client: Any, studio: Studio) -> None:
    before = "a = 1\nb = 2\nc = 3\n"
    sha = studio.save(LAB, before)
    studio.save(LAB, before.replace("a = 1", "a = 10"))
    answer = client.post(f"/lab/{LAB}/save", json={"text": before.replace("c = 3", "c = 30"), "base": before, "sha": sha})
    assert answer.json()["text"] == studio.lab(LAB).source == "a = 10\nb = 2\nc = 30\n"


def test_looking_at_a_lab_writes_no_file_and_opening_it_does(client: Any, studio: Studio) -> None:
    file = studio.home.workshop / "labs" / "tiny_maths" / "softmax.py"
    for path in (f"/lab/{LAB}", f"/lab/{LAB}/state", f"/lab/{LAB}/diff", f"/api/labs/{LAB}"):
        assert client.get(path).status_code == 200
    assert not file.exists()
    client.post(f"/lab/{LAB}/open")
    assert file.read_text() == tiny_curriculum.STARTER


def test_a_chapter_is_ticked_and_unticked(client: Any, studio: Studio) -> None:
    ticked = client.post("/chapter", data={"resource": BOOK, "number": 1, "done": "1"}, headers=HTMX).text
    assert "checked" in ticked
    assert "checked" not in client.post("/chapter", data={"resource": BOOK, "number": 1}, headers=HTMX).text
    assert studio.library().books[0].chapters_done == 0


def test_settings_change_what_they_say_and_the_look_is_kept(client: Any, studio: Studio) -> None:
    form = {"name": "Ada L.", "hours": "10", "minutes": "45", "deadline": "", "retention": "93", "theme": "dark", "book:tiny-maths": "tiny-maths/smaller-numbers"}  # fmt: skip
    answer = client.post("/settings", data=form)
    assert "Kept." in answer.text
    assert 'data-theme="dark"' in answer.text
    settings = studio.settings()
    assert (settings.name, settings.hours_per_week, settings.minutes_per_day, settings.retention) == ("Ada L.", 10, 45, 0.93)
    assert settings.books[0].chosen == "tiny-maths/smaller-numbers"
    refused = client.post("/settings", data=form | {"hours": "many"})
    assert refused.status_code == 422


def test_a_book_that_was_not_changed_is_not_chosen_by_saving(client: Any, studio: Studio) -> None:
    """Else the default path would stand still for everyone who once saved their settings."""
    kept = studio.settings().books[0].chosen
    form = {"name": "Ada", "hours": "10", "minutes": "45", "deadline": "", "retention": "93", "book:tiny-maths": kept}
    assert "Kept." in client.post("/settings", data=form).text
    changed = [json.loads(line)["data"] for line in client.get("/api/events").text.splitlines()][-1]
    assert changed["kind"] == "goals-changed"
    assert not changed.get("books")


def test_the_journal_can_be_taken_away(client: Any, studio: Studio, tmp_path: Path) -> None:
    studio.note("tiny-maths", "mine")
    lines = client.get("/api/events").text.splitlines()
    assert [json.loads(line)["data"]["kind"] for line in lines] == ["enrolled", "note-written"]


def test_anything_can_be_found(client: Any) -> None:
    assert f'data-href="/lab/{LAB}"' in client.get("/find?q=softmax", headers=HTMX).text
    assert "Nothing has those words" in client.get("/find?q=zebra").text


def test_every_link_in_the_rail_leads_somewhere(client: Any) -> None:
    import re

    rail = client.get("/").text.split('<nav aria-label="Rooms">')[1].split("</nav>")[0]
    links = re.findall(r'href="([^"]+)"', rail)
    assert len(links) == 7
    assert [client.get(link).status_code for link in links] == [200] * 7
    assert "GET /api/status" in client.get("/api").text


@pytest.mark.parametrize("started", ["9" * 400, "9" * 5000, "-5", "soon", "٣٣", "1e300"])
def test_a_form_that_says_nonsense_of_when_it_was_made_is_answered(client: Any, started: str) -> None:
    for url, form in (
        (f"/lesson/{LESSON}/finish", {}),
        (f"/problem/{PROBLEM}", {"seed": "1", "text": "4"}),
        ("/review", {"card": "tiny-maths/twice", "rating": "3"}),
    ):
        answer = client.post(url, data={**form, "started": started}, follow_redirects=False)
        assert answer.status_code < 500, (url, answer.text)


def test_a_card_is_taken_back_edited_and_suspended_by_plain_forms(client: Any, studio: Studio) -> None:
    studio.finish_lesson(LESSON, 600, ["", ""])
    due = studio.reviews().due
    card = studio.reviews(1).cards[0]
    page = client.get("/review").text
    assert f"{due} to go" in page
    assert "Take the last rating back" not in page
    rated = client.post("/review", data={"card": card.id, "rating": 3}, headers=HTMX).text
    assert f"{due - 1} to go" in rated
    assert f'<b id="due" hx-swap-oob="true">{due - 1} due</b>' in rated  # the rail counts down as well
    back = client.post("/review/undo", data={"share": "tonight"})
    assert "first=" in str(back.url)
    assert f"{due} to go" in back.text
    own = client.post("/review/edit", data={"card": card.id, "ask": "Mine?", "answer": "<script>no</script>"})
    assert "Mine?" in own.text
    assert "<script>no" not in own.text
    client.post("/review/suspend", data={"card": card.id})
    page = client.get("/review").text
    assert "1 suspended card" in page
    client.post("/review/suspend", data={"card": card.id, "off": "1"})
    assert studio.reviews().due == due
    while (card_ := studio.reviews(1, "tonight").first) is not None:
        end = client.post("/review", data={"card": card_.id, "rating": 4}, headers=HTMX).text
    assert "That is all for now" in end
    assert "to go" not in end
    assert 'id="due" hx-swap-oob="true" hidden' in end
