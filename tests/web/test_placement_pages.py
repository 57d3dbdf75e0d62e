"""Placement, exams and the check after a chapter on the pages: with the keyboard, without scripts, and through the API."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tiny_curriculum
from modelwright.studio import Studio
from serving import LOOKS, Served, violations

ITEMS = """
- id: what-sums
  skill: tiny-maths/weights
  kind: predict
  ask: What does this print?
  code: |
    w = [0.5, 0.25, 0.25]
    print(sum(w))
  choices:
    - {text: "`1.0`", right: true}
    - {text: "`0.5`", shows: "Takes the sum for the largest."}
    - {text: "`0.0`", shows: "Takes weights for differences from a mean."}
  why: Weights sum to one.
- id: in-order
  skill: tiny-maths/weights
  kind: order
  ask: Put the steps of a softmax in order.
  lines: [subtract the largest, take exponentials, divide by the sum]
  why: The exponentials must not overflow.
"""


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_curriculum.build(tmp_path_factory.mktemp("with-items"))
    (folder / "1-foundation" / "tiny-maths" / "items.yaml").write_text(ITEMS)
    return folder


@pytest.fixture
def studio(tiny: Path, tmp_path: Path) -> Iterator[Studio]:
    with Studio.open(tmp_path / "home", tiny) as opened:
        opened.enrol("Ada", 7)
        yield opened


def item_in(text: str) -> str:
    return re.search(r'name="item" value="([^"]+)"', text)[1]  # type: ignore[index]


def seed_in(text: str) -> str:
    return re.search(r'name="seed" value="(\d+)"', text)[1]  # type: ignore[index]


def test_placement_is_offered_until_it_was_done(client: Any) -> None:
    assert "/placement" in client.get("/").text
    assert "/placement" in client.get("/plan").text
    assert "/exam/tiny-maths" in client.get("/module/tiny-maths").text
    client.post("/placement/finish")
    assert "/placement" not in client.get("/").text


def test_without_scripts_a_form_answers_and_the_next_question_comes(client: Any, studio: Studio) -> None:
    page = client.get("/placement").text
    assert studio.placement().asked == 0
    after = client.post("/placement", data={"item": item_in(page), "skip": "1"}).text
    assert "Not known." in after
    assert "<!doctype html>" in after
    assert studio.placement().asked == 1
    client.post("/placement", data={"item": item_in(page) if item_in(page) != item_in(after) else "tiny-maths/what-sums", "text": "1"})
    assert studio.placement().asked <= 2


def test_an_empty_form_answers_nothing(client: Any, studio: Studio) -> None:
    client.post("/placement", data={"item": item_in(client.get("/placement").text), "text": " "})
    assert studio.placement().asked == 0


def test_a_module_that_does_not_exist_has_no_exam(client: Any) -> None:
    answer = client.get("/exam/tiny-math")
    assert answer.status_code == 404
    assert "tiny-maths" in answer.text


def test_a_chapter_that_was_read_offers_its_check_and_another_does_not(client: Any) -> None:
    book = f"/resource/{tiny_curriculum.BOOK}"
    assert "/check/" not in client.get(book).text
    client.post("/chapter", data={"resource": tiny_curriculum.BOOK, "number": 2, "done": "1"})
    page = client.get(book).text
    assert f"/check/{tiny_curriculum.BOOK}/2" in page
    assert f"/check/{tiny_curriculum.BOOK}/1" not in page
    assert client.get(f"/check/{tiny_curriculum.BOOK}/9").status_code == 422
    assert client.get("/check/tiny-maths/small-number/2").status_code == 404


def test_without_scripts_a_chapter_is_checked_and_a_form_sent_twice_counts_once(client: Any, studio: Studio) -> None:
    here = f"/check/{tiny_curriculum.BOOK}/2"
    page = client.get(here).text
    first = {"item": item_in(page), "seed": seed_in(page), "skip": "1"}
    assert "1 of 2 answered" in client.post(here, data=first).text
    assert "1 of 2 answered" in client.post(here, data=first).text
    last = client.get(here).text
    assert "0 of 2 right" in client.post(here, data={"item": item_in(last), "seed": seed_in(last), "skip": "1"}).text
    assert studio.chapter_check(tiny_curriculum.BOOK, 2).answered == 2


def test_the_api_places_and_examines(client: Any) -> None:
    asked = 0
    while (question := client.get("/api/placement").json()["question"]) is not None:
        assert client.post("/api/questions/answer", json={"item": question["id"]}).json()["given_up"]
        asked += 1
    done = client.post("/api/placement/finish").json()
    assert (done["asked"], done["right"], done["by"]) == (asked, 0, "test")
    assert client.post("/api/placement/finish").status_code == 409
    assert client.get("/api/exams/tiny-maths").json()["length"] == 4
    check = client.get("/api/chapters/check", params={"resource": tiny_curriculum.BOOK, "number": 2}).json()
    assert len(check["questions"]) == 2
    assert client.post("/api/questions/answer", json={"item": "tiny-maths/what-sums", "setting": "guess"}).status_code == 422


def answer_by_keys(page: Any) -> None:
    """Answers the question on the page with the keyboard alone, the first choice or some formula, and waits for what follows."""
    before = page.locator("#progress, .aside").first.inner_text()
    if page.locator("input[type=radio]").count():
        page.keyboard.press("1")
        page.keyboard.press("Enter")
    else:
        page.keyboard.press("a")
        page.locator("#text").fill("3 2 1" if page.locator("ol.order").count() else "1")
        page.keyboard.press("Enter")
    page.wait_for_function(
        "before => document.querySelector('#progress, .aside').innerText !== before || document.querySelector('#said')", arg=before
    )


def clean(page: Any, where: str) -> None:
    found: list[str] = []
    for theme, width in LOOKS:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{where} {theme} {width}: {line}" for line in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") > 0:
            found.append(f"{where} {theme} {width}: wider than the window")
    page.set_viewport_size({"width": 1280, "height": 900})
    assert "\n".join(found) == ""


def test_a_chapter_is_ticked_and_checked_with_the_keyboard(served: Served, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(f"{served.url}/resource/{tiny_curriculum.BOOK}")
    page.get_by_label("2. Two").focus()
    page.keyboard.press("Space")
    expect(page.get_by_role("link", name="What stayed? 2 questions on chapter 2")).to_be_visible()
    clean(page, "the book with its offer")
    expect(page.get_by_label("2. Two")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/check/**")
    answer_by_keys(page)
    expect(page.locator("#said")).to_be_visible()
    expect(page.get_by_text("1 of 2 answered")).to_be_visible()
    clean(page, "the check, half way")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("d")
    expect(page.locator("#outcome")).to_be_focused()
    clean(page, "how the check went")
    page.keyboard.press("b")
    page.wait_for_url(f"**/resource/{tiny_curriculum.BOOK}#row-*")
    assert page.locator(page.evaluate("location.hash")).count() == 1


def test_a_placement_is_walked_with_the_keyboard_and_axe_finds_nothing_on_the_way(served: Served, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(served.url + "/")
    page.keyboard.press("k")
    page.wait_for_url("**/placement")
    clean(page, "the first question")
    answer_by_keys(page)
    expect(page.locator("#said")).to_be_visible()
    expect(page.get_by_role("img", name=re.compile(r"^Tiny maths: about \d of 2 skills"))).to_be_visible()
    clean(page, "after an answer")
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("s")
    expect(page.get_by_role("heading", level=1)).to_have_text("What it changes in the plan")
    clean(page, "the result")
    page.goto(served.url + "/exam/tiny-maths")
    clean(page, "an exam")
    for _ in range(4):
        page.evaluate("document.activeElement.blur()")
        answered = page.get_by_text(re.compile(r"^\d of 4 answered")).inner_text()
        page.keyboard.press("d")
        expect(page.get_by_text(re.compile(r"^\d of 4 answered"))).not_to_have_text(answered)
    expect(page.locator("#outcome")).to_have_text("Not passed")
    clean(page, "how the exam went")


def test_wide_code_scrolls_inside_its_question(served: Served, page: Any) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(served.url + "/placement")
    card = page.locator("section.card")
    card.locator(".ask").evaluate("ask => { ask.innerHTML += `<pre class='code'><code>${'x'.repeat(200)}</code></pre>` }")
    assert card.evaluate("card => card.scrollWidth - card.clientWidth") == 0


def test_steps_are_put_in_order_with_the_arrow_keys_and_by_dragging(served: Served, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(served.url + "/exam/tiny-maths")
    for _ in range(3):
        if page.locator("[data-order]").count():
            break
        page.evaluate("document.activeElement.blur()")
        before = page.locator("#ask").inner_text()
        page.keyboard.press("d")
        expect(page.locator("#ask")).not_to_have_text(before)
    field, lines = page.get_by_label("The numbers in the right order"), page.locator("[data-order] > li .line")
    shown = lines.all_inner_texts()
    assert field.input_value() == ""
    page.locator("[data-order] .handle").first.focus()
    page.keyboard.press("ArrowDown")
    assert lines.all_inner_texts() == [shown[1], shown[0], shown[2]]
    expect(field).to_have_value("2 1 3")
    expect(page.locator("[data-order-said]")).to_have_text("Line 1 is now number 2 of 3.")
    clean(page, "lines to be put in order")
    top, last = page.locator("[data-order] > li").first.bounding_box(), page.locator("[data-order] > li").last.bounding_box()
    page.mouse.move(last["x"] + 90, last["y"] + last["height"] / 2)
    page.mouse.down()
    page.mouse.move(top["x"] + 90, top["y"] + 2, steps=6)
    page.mouse.up()
    assert lines.all_inner_texts() == [shown[2], shown[1], shown[0]]
    expect(field).to_have_value("3 2 1")


def test_a_placement_shows_how_far_it_is(client: Any, studio: Studio) -> None:
    assert 'aria-label="Answered: 0, of 30 at the most"' in client.get("/placement").text
    view = studio.placement()
    assert view.question is not None
    studio.answer_item(view.question.id, "", 5, "placement", view.question.seed)
    assert 'aria-label="Answered: 1, of 30 at the most"' in client.get("/placement").text
