"""The library's page: what it shows can be chosen, by a form that works as a link."""

from __future__ import annotations

import re
from typing import Any

import pytest

import tiny_curriculum
from modelwright.studio import Studio
from serving import Served

BOOK, OTHER = tiny_curriculum.BOOK, "tiny-maths/smaller-numbers"


def titles(text: str) -> list[str]:
    return re.findall(r'<a href="/resource/[^"]*">([^<]*)</a>', text.split('id="shelves"')[1].split("<aside")[0])


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["Small Numbers", "Smaller Numbers", "NumPy", "A forum"]),
        ("?kind=book", ["Small Numbers", "Smaller Numbers"]),
        ("?free=1", ["Small Numbers", "NumPy", "A forum"]),
        ("?kind=book&free=1&module=tiny-maths", ["Small Numbers"]),
        ("?mine=1", ["Small Numbers"]),
        ("?kind=tool&mine=1", []),
    ],
)
def test_the_library_shows_what_was_asked_for_without_scripts(client: Any, query: str, shown: list[str]) -> None:
    answer = client.get("/library" + query)
    assert titles(answer.text) == shown
    assert (f"{len(shown)} of 4" in answer.text) == (len(shown) < 4)
    assert ("Nothing here is all of that at once" in answer.text) == (not shown)


def test_a_book_is_mine_when_i_read_it_began_it_or_wrote_a_note_on_it(client: Any, studio: Studio) -> None:
    assert OTHER not in [book.id for book in studio.library(mine=True).books]
    studio.read_chapter(OTHER, 1)
    assert OTHER in [book.id for book in studio.library(mine=True).books]
    studio.note("numpy", "Arrays, indeed.")
    assert [tool["id"] for tool in client.get("/api/library?mine=1").json()["tools"]] == ["numpy"]


def test_what_the_library_does_not_have_is_said(client: Any) -> None:
    assert client.get("/library?kind=scroll").status_code == 422
    assert client.get("/library?module=tiny-math").status_code == 404


def test_a_choice_is_shown_at_once_and_stays_on_a_reload(served: Served, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(served.url + "/library")
    page.locator("body").press("f")
    expect(page.get_by_label("Kind")).to_be_focused()
    page.get_by_label("Kind").select_option("tool")
    expect(page.get_by_role("link", name="Small Numbers", exact=True)).to_have_count(0)
    expect(page.get_by_role("status").first).to_contain_text("1 of 4")
    page.get_by_label("Free").check()
    page.wait_for_url("**/library?kind=tool&module=&free=1")
    page.reload()
    expect(page.get_by_label("Kind")).to_have_value("tool")
    expect(page.get_by_label("Free")).to_be_checked()
    page.goto("about:blank")
