"""The lab's page: room for eighty columns, what failed first, and nothing that has to be searched for; rooms that a thumb reaches."""

from __future__ import annotations

from typing import Any

import pytest

import tiny_curriculum
from modelwright.studio import Studio
from serving import Served

LAB = tiny_curriculum.LAB


def test_a_line_of_eighty_columns_is_not_broken(served: Served, page: Any) -> None:
    served.studio.save(LAB, "x = " + "1" * 76 + "\n")
    page.goto(f"{served.url}/lab/{LAB}")
    page.locator(".cm-line").first.wait_for()
    heights = page.locator(".cm-line").evaluate_all("lines => lines.map(line => line.getBoundingClientRect().height)")
    assert heights[0] == heights[1]


@pytest.mark.parametrize("path", ["/", f"/lab/{LAB}", "/plan", "/settings"])
def test_every_room_is_reached_on_a_phone_without_scrolling_sideways(served: Served, page: Any, path: str) -> None:
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(served.url + path)
    links = page.locator(".rail nav a").evaluate_all("all => all.map(a => a.getBoundingClientRect()).map(r => [r.left, r.right, r.height])")
    assert len(links) == 7
    for left, right, height in links:
        assert 0 <= left < right <= 390
        assert height >= 36
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_what_failed_is_told_first_and_what_passes_is_folded(client: Any, studio: Studio) -> None:
    studio.hand_in(LAB, source=tiny_curriculum.WRONG)
    text = client.get(f"/lab/{LAB}").text
    failed, folded = text.index('class="fail"'), text.index("2 checks pass<")
    assert failed < folded < text.index('class="pass"')
    assert text.index('id="hints"') < text.index("Compare with the starter")


def test_a_pass_says_what_it_opened_and_no_percentage(client: Any, studio: Studio) -> None:
    with client.stream("POST", f"/lab/{LAB}/run", json={"text": tiny_curriculum.SOLUTION}) as answer:
        done = "".join(answer.iter_text()).split("event: done")[1]
    assert "Passed." in done
    assert "mastery" not in done


def test_the_key_that_shows_a_solution_does_so_from_the_answers_field_and_types_nothing(served: Served, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(f"{served.url}/problem/{tiny_curriculum.PROBLEM}")
    field = page.get_by_label("Your answer")
    expect(field).to_be_focused()
    page.keyboard.press("Control+s")
    expect(page.locator("#said")).to_contain_text("The worked solution")
    expect(field).to_have_value("")
