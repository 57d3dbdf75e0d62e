"""A lesson is worked through on its page: by keyboard alone, by plain forms, in both themes and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tiny_curriculum
import worked_lesson
from modelwright.studio import Studio
from serving import LOOKS, Served, violations

LESSON = worked_lesson.LESSON
PAGE = f"/lesson/{LESSON}"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_curriculum.build(tmp_path_factory.mktemp("worked"))
    worked_lesson.add(folder)
    return folder


def kinds(studio: Studio) -> list[str]:
    return [type(event.data).__name__ for _, event in studio.journal.events()]


def right_choice(studio: Studio) -> int:
    check = next(block.check for block in studio.lesson(LESSON).blocks if block.id == "which-half")
    return check.choices.index("5") + 1


def test_showing_a_lesson_records_nothing_and_gives_no_answer_away(client: Any, studio: Studio) -> None:
    before = kinds(studio)
    text = client.get(PAGE).text
    assert kinds(studio) == before
    for secret in ("That is twice 10", "It divides by", "(a + b) / 2", "Two halves of a half"):
        assert secret not in text


def test_a_check_is_answered_by_a_plain_form(client: Any, studio: Studio) -> None:
    wrong = client.post(f"{PAGE}/check/a-quarter", data={"seed": 0, "text": "1"}).text
    assert "<!doctype html>" in wrong
    assert "That is a half <em>and</em> a half." in wrong
    right = client.post(f"{PAGE}/check/a-quarter", data={"seed": 0, "text": "1/4"}).text
    assert "✓ Right." in right
    shown = client.post(f"{PAGE}/check/which-state", data={"seed": 0, "show": "true"}).text
    assert "It prints" in shown


def test_a_closing_question_is_answered_and_marked_by_a_plain_form(client: Any, studio: Studio) -> None:
    page = client.post(f"{PAGE}/answer/closing-1", data={"text": "A quarter."}, follow_redirects=True)
    assert "It divides by" in page.text
    client.post(f"{PAGE}/answer/closing-1", data={"text": "A quarter.", "mark": "partly"})
    assert studio.lesson(LESSON).closing[0].mark == "partly"
    assert client.post(f"{PAGE}/answer/closing-1", data={"text": "x", "mark": "brilliant"}).status_code == 422


def test_a_generator_of_a_check_that_is_missed_comes_with_new_numbers(client: Any) -> None:
    fragment = client.post(f"{PAGE}/check/again-and-again", data={"seed": 1_000_000, "text": "1"}, headers={"hx-request": "true"}).text
    assert "The same with new numbers" in fragment
    assert 'name="seed" value="1000001"' in fragment
    assert 'id="contents"' in fragment


def test_the_palette_and_the_glossary_lead_to_a_term(client: Any) -> None:
    assert 'data-href="/terms#learning-rate"' in client.get("/find?q=learning", headers={"hx-request": "true"}).text
    text = client.get("/terms").text
    assert 'id="learning-rate"' in text
    assert PAGE in text


def test_what_a_learner_writes_is_text_on_every_page_and_in_the_file(client: Any, studio: Studio) -> None:
    place = re.search(r'<p id="(p-\w+)"', client.get(PAGE).text)[1]
    evil = '"><script>alert(1)</script>'
    client.post("/note", data={"target": f"{LESSON}#{place}", "text": evil, "then": PAGE})
    client.post("/mark", data={"target": f"{LESSON}#{place}", "on": "true"})
    for path in (PAGE, "/notes"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "alert(1)" in text
    file = client.get("/notes.md")
    assert file.headers["content-type"].startswith("text/markdown")
    assert "attachment" in file.headers["content-disposition"]
    assert evil in file.text


def test_a_mark_on_a_paragraph_that_is_not_there_is_refused(client: Any) -> None:
    assert client.post("/mark", data={"target": f"{LESSON}#p-00000000"}).status_code in (400, 404, 409, 422)
    assert client.post("/mark", data={"target": "no/such#p-1"}).status_code == 404


def test_the_interface_for_scripts_does_the_same(client: Any, studio: Studio) -> None:
    api = f"/api/lessons/{LESSON}"
    assert client.post(f"{api}/check/a-quarter", json={"seed": 0, "text": "1/4"}).json()["right"] is True
    assert client.post(f"{api}/answer/closing-1", json={"text": "x", "mark": "not"}).json()["mark"] == "not"
    assert [term["term"] for term in client.get("/api/terms").json()] == ["halving", "learning rate"]
    assert client.get("/api/notes").json()["groups"] == []


# In a browser


@pytest.fixture(scope="module")
def lived_in(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Studio.open(tmp_path_factory.mktemp("home"), tiny) as studio:
        studio.enrol("Ada", 7)
        studio.check(LESSON, "which-half", "1", 0)
        studio.check(LESSON, "a-quarter", "1/4", 0)
        studio.check(LESSON, "again-and-again", "1", 1_000_000)
        studio.answer_closing(LESSON, "closing-1", "A quarter.", "partly")
        place = re.search(r'<p id="(p-\w+)"', studio.lesson(LESSON).html)[1]
        studio.note(f"{LESSON}#{place}", "Always?")
        studio.mark(f"{LESSON}#{place}")
        served = Served(studio)
        yield served
        served.stop()


@pytest.mark.parametrize("path", [PAGE, "/terms", "/notes"])
def test_axe_finds_nothing_in_either_theme_on_either_width(lived_in: Served, chromium: Any, path: str) -> None:
    context = chromium.new_context(reduced_motion="reduce")
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(lived_in.url + path)
    found: list[str] = []
    for theme, width in LOOKS:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{theme} {width}: {line}" for line in violations(page)]
        if (wider := page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")) > 0:
            found.append(f"{theme} {width}: {wider} px wider than the window")
    context.close()
    assert "\n".join(found) == ""


def test_a_lesson_is_worked_through_by_keyboard_alone(served: Served, studio: Studio, page: Any) -> None:
    """A check wrongly and then rightly, a closing answer written and marked, a paragraph marked and noted, the end, the first problem."""
    from playwright.sync_api import expect

    page.goto(served.url + PAGE)
    right = right_choice(studio)
    wrong = 1 if right != 1 else 2
    check = page.locator("#ask-which-half")
    check.scroll_into_view_if_needed()
    page.keyboard.press(str(wrong))
    page.keyboard.press("Enter")
    expect(check.locator(".reply")).to_contain_text("Not so")
    page.keyboard.press(str(right))
    page.keyboard.press("Enter")
    expect(check.locator(".reply")).to_contain_text("Right")
    expect(page.locator("#contents li.done a").first).to_have_attribute("href", "#ask-which-half")

    own = page.locator("#ask-closing-1")
    own.locator("textarea").focus()
    page.keyboard.type("It quarters.")
    page.keyboard.press("Control+Enter")
    expect(own.locator(".reply")).to_contain_text("It divides by")
    page.keyboard.press("2")
    expect(own.get_by_role("button", name="Partly")).to_have_attribute("aria-pressed", "true")
    assert studio.lesson(LESSON).closing[0].mark == "partly"

    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    page.keyboard.press("j")
    expect(page.locator("#text > p.current")).to_contain_text("What undoes doubling?")
    page.keyboard.press("m")
    expect(page.locator("#text > p.marked")).to_contain_text("What undoes doubling?")
    page.keyboard.press("e")
    page.keyboard.type("Always?")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#beside")).to_contain_text("Always?")
    expect(page.locator("#text > p.noted")).to_have_count(1)

    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("f")
    expect(page.locator("#finished")).to_contain_text("The first problem")
    number = int(re.search(r"2⋅(\d+)|2·(\d+)", page.locator("#finished .ask").inner_text().replace("\n", "").replace(" ", ""))[0][2:])
    expect(page.locator("#finished input.answer")).to_be_focused()
    page.keyboard.type(str(2 * number))
    page.keyboard.press("Enter")
    expect(page.locator("#finished #said")).to_contain_text("Right")
    done = kinds(studio)
    assert done.count("Checked") == 2
    assert {"AnswerMarked", "PassageMarked", "NoteWritten", "LessonFinished", "ProblemAnswered"} <= set(done)


def test_an_answer_moves_only_what_stands_below_it(lived_in: Served, page: Any) -> None:
    """What is above keeps its place, and the browser's own measure of unasked shifts stays at zero."""
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) window.shift += e.value; })"
        ".observe({type: 'layout-shift', buffered: true});"
    )
    page.goto(lived_in.url + PAGE)
    page.locator("#text-which-state").fill("3 2")
    above = page.locator("#ask-a-quarter").bounding_box()
    page.locator("#text-which-state").press("Control+Enter")
    page.wait_for_selector("#ask-which-state .reply")
    assert page.locator("#ask-a-quarter").bounding_box() == above
    assert page.evaluate("window.shift") < 0.01


def test_the_contents_say_where_the_reader_stands(lived_in: Served, page: Any) -> None:
    page.goto(lived_in.url + PAGE)
    page.locator("#closing").scroll_into_view_if_needed()
    page.evaluate("document.querySelector('#closing').scrollIntoView()")
    page.wait_for_selector("#contents a[href='#closing'][aria-current=location]")


def test_a_lesson_is_light_on_a_first_visit(client: Any) -> None:
    """Everything that its page names, compressed, with the faces that it preloads."""
    import gzip

    from modelwright.web import assets

    text = client.get(PAGE).text
    total = len(gzip.compress(text.encode()))
    for name in set(re.findall(r"/static/([\w.-]+\.(?:js|css|woff2))", text)):
        path = assets.DIST / name
        packed = path.with_name(path.name + ".br")
        total += (packed if packed.exists() else path).stat().st_size
    assert total < 200_000


def test_a_check_of_another_studio_is_refused(client: Any) -> None:
    answer = client.post(f"{PAGE}/check/a-quarter", data={"seed": 0, "text": "1"}, headers={"Origin": "https://example.org"})
    assert answer.status_code == 403
