"""Find anything: what is offered before a word is typed, on the keyboard and without scripts."""

from __future__ import annotations

import re
from typing import Any

import pytest

import tiny_curriculum
from modelwright.studio import Studio
from serving import LOOKS, Served, violations

LAB, LESSON, PROBLEM, BOOK = tiny_curriculum.LAB, tiny_curriculum.LESSON, tiny_curriculum.PROBLEM, tiny_curriculum.BOOK


def test_before_a_word_is_typed_it_offers_tonight_what_was_done_lately_and_every_room(served: Served, page: Any) -> None:
    from playwright.sync_api import expect

    served.studio.open_lesson(LESSON)
    page.goto(served.url + "/library")
    page.keyboard.press("Control+k")
    groups = page.locator("#find-list [role=group]")
    expect(groups).to_have_count(4)
    assert [group.get_attribute("aria-label") for group in groups.all()] == ["Tonight", "Lately", "On this page", "Go to"]
    expect(groups.nth(0).get_by_role("option").first).to_contain_text("Begin: ")
    expect(groups.nth(1).get_by_role("option").first).to_contain_text("What doubling does")
    expect(groups.nth(2)).to_contain_text("Choose what is shown")
    expect(groups.nth(3)).to_contain_text("When will I be done?")
    # Enter takes the first, arrows go on into the other groups.
    expect(page.locator("#find-list [aria-selected=true]")).to_contain_text("Begin: ")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#find-list [aria-selected=true]")).not_to_contain_text("Begin: ")
    page.locator("#find-list").get_by_role("option", name="Plan G P").click()
    page.wait_for_url("**/plan")
    page.goto("about:blank")


def test_an_action_of_the_page_is_done_from_the_list(served: Served, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(served.url + "/library")
    page.keyboard.press("Control+k")
    page.locator("#find-list").get_by_role("option", name="Choose what is shown").click()
    expect(page.locator("#find")).to_be_hidden()
    expect(page.get_by_label("Kind")).to_be_focused()
    # Typing replaces what was offered; emptying the field brings it back.
    page.keyboard.press("Control+k")
    page.get_by_role("combobox", name="Find").fill("softmax")
    expect(page.locator("#find-list").get_by_role("option").first).to_contain_text("Softmax")
    expect(page.get_by_role("group", name="On this page")).to_have_count(0)
    page.get_by_role("combobox", name="Find").fill("")
    expect(page.get_by_role("group", name="On this page")).to_have_count(1)
    page.goto("about:blank")


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_axe_finds_nothing_in_what_is_offered(served: Served, chromium: Any, theme: str, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce")
    page = context.new_page()
    page.goto(served.url + "/")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#find-list [aria-selected=true]")
    assert "\n".join(violations(page)) == ""
    context.close()


def test_rooms_are_found_by_name(client: Any) -> None:
    text = client.get("/find?q=sett", headers={"HX-Request": "true"}).text
    assert re.search(r'aria-label="Go to".*data-href="/settings"', text, re.S)
    assert 'href="/settings"' in client.get("/find?q=settings").text.split("<main")[1]


def test_the_page_without_scripts_offers_the_same(client: Any, studio: Studio) -> None:
    studio.answer(PROBLEM, 1, "1", 20)
    main = client.get("/find").text.split("<main")[1]
    for words in ("Tonight", "Lately", "Go to", "Begin: ", "Double a number", "When will I be done?"):
        assert words in main, words


def test_each_thing_done_lately_is_named_once_and_newest_first(studio: Studio) -> None:
    clock = iter(range(1_800_000_000_000, 1_900_000_000_000, 60_000))
    studio._now = lambda: next(clock)  # type: ignore[method-assign]
    studio.open_lesson(LESSON)
    studio.read_chapter(BOOK, 1)
    for seed in (1, 2):
        studio.answer(PROBLEM, seed, "1", 20)
    studio.finish_lesson(LESSON, 300, ["", ""])
    assert [link.id for link in studio.lately()] == [LESSON, PROBLEM, f"{BOOK}#1"]
    assert len(studio.lately(1)) == 1
