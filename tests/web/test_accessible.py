"""Every page, in light and dark, narrow and wide: axe finds nothing, nothing overflows sideways, nothing jumps, the console is silent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import tiny_curriculum
from modelwright.curriculum.lint_lesson import CODE_WIDTH
from modelwright.studio import Studio
from serving import LOOKS, Served, violations

LAB, LESSON, PROBLEM, BOOK = tiny_curriculum.LAB, tiny_curriculum.LESSON, tiny_curriculum.PROBLEM, tiny_curriculum.BOOK
PAGES = [
    "/", "/review", "/workshop", "/plan", "/skills", "/skills?stage=foundation", "/skills/table", "/library", "/settings?saved=1", "/known", "/anki", "/forecast", "/api",
    "/find?q=weights", "/forecast?hours=12",
    "/module/tiny-maths", "/skill/tiny-maths/weights", f"/lesson/{LESSON}", f"/problem/{PROBLEM}?seed=3", f"/problems?of={PROBLEM},{PROBLEM}&example=1", f"/problems?of={PROBLEM},{PROBLEM}&marks=rw",
    f"/lab/{LAB}", f"/lab/{LAB}/diff", f"/lab/{LAB}/ask",
    f"/resource/{BOOK}", f"/check/{BOOK}/1", f"/why?target={LAB}", "/no/such/page", "/lesson/tiny-maths/dubling",
]  # fmt: skip


@pytest.fixture(scope="module")
def lived_in(tiny: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio in which something has happened, so that no page is in its empty state alone."""
    with Studio.open(tmp_path_factory.mktemp("home"), tiny) as studio:
        studio.enrol("Ada", 7, {"tiny-maths": 1}, "2028-06-30")
        studio.open_lesson(LESSON)
        studio.finish_lesson(LESSON, 300, ["14", "Doubling"])
        studio.answer(PROBLEM, 1, "1", 20)
        studio.read_chapter(BOOK, 1)
        studio.note(BOOK, "Short indeed.")
        studio.hand_in(LAB, source=tiny_curriculum.WRONG)
        studio.hint(LAB)
        served = Served(studio)
        yield served
        served.stop()


@pytest.fixture(scope="module")
def browsing(chromium: Any) -> Iterator[tuple[Any, list[str]]]:
    """One page for all the visits, and what its console complained of."""
    context = chromium.new_context(reduced_motion="reduce")  # a change of theme then takes no time
    context.set_default_timeout(30_000)
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda message: trouble.append(f"{page.url}: {message.text}") if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: trouble.append(f"{page.url}: {error}"))
    yield page, trouble
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing_on_any_page_light_or_dark_narrow_or_wide(lived_in: Served, browsing: Any, path: str) -> None:
    page, trouble = browsing
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(lived_in.url + path)
    if path == f"/lab/{LAB}":
        page.wait_for_selector(".cm-content")
    found: list[str] = []
    for theme, width in LOOKS:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        found += [f"{theme} {width}: {line}" for line in violations(page)]
        if (wider := page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")) > 0:
            found.append(f"{theme} {width}: {wider} px wider than the window")
    assert "\n".join(found) == ""
    # The browser itself says that a missing page is missing.
    assert [line for line in trouble if "404 (Not Found)" not in line] == []
    trouble.clear()


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_nothing_in_what_opens_on_a_page(lived_in: Served, chromium: Any, theme: str, width: int) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=theme, reduced_motion="reduce")
    context.set_default_timeout(30_000)
    page = context.new_page()

    def clean(where: str) -> None:
        assert "\n".join(violations(page)) == "", where

    page.goto(lived_in.url + "/")
    page.keyboard.press("Control+k")
    page.get_by_role("combobox").fill("soft")
    page.wait_for_selector("#find-list [role=option]")
    clean("find")
    page.keyboard.press("Escape")
    page.wait_for_selector("#find", state="hidden")  # it closes with the next frame, and a script types faster than that
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open] dd")
    clean("keys")
    page.keyboard.press("Escape")
    page.goto(lived_in.url + f"/problem/{PROBLEM}?seed=7")
    page.get_by_label("Your answer").fill("5 +")
    page.keyboard.press("Enter")
    page.wait_for_selector("#verdict-said")
    clean("unread answer")
    page.get_by_role("button", name="Show the worked solution").click()
    page.wait_for_selector("#worked")
    clean("worked solution")
    page.goto(lived_in.url + "/review")
    page.locator("body").press("Space")
    page.wait_for_selector("#rates:not([hidden])")
    clean("card")
    page.goto(lived_in.url + f"/lab/{LAB}")
    page.get_by_role("link", name="Compare with the starter").click()
    page.wait_for_selector(".diff")
    clean("lab with its diff")
    context.close()


def test_nothing_moves_while_a_page_arrives(lived_in: Served, chromium: Any) -> None:
    """Fonts and scripts that come late shift nothing: the browser's own measure of layout shift stays at zero."""
    for path in ("/", f"/lesson/{LESSON}"):
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        page = context.new_page()
        page.add_init_script(
            "window.shift = 0; new PerformanceObserver(list => { for (const e of list.getEntries()) window.shift += e.value; })"
            ".observe({type: 'layout-shift', buffered: true});"
        )
        page.goto(lived_in.url + path, wait_until="networkidle")
        page.evaluate("document.fonts.ready")
        assert page.evaluate("window.shift") < 0.01, path
        context.close()


def test_arrow_keys_walk_the_skill_map(lived_in: Served, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(lived_in.url + "/skills?stage=foundation")
    first = page.locator("a.node[tabindex='0']")
    first.focus()
    before = page.evaluate("document.activeElement.dataset.title")
    page.keyboard.press("ArrowRight" if before == "Doubling" else "ArrowLeft")
    after = page.evaluate("document.activeElement.dataset.title")
    assert {before, after} == {"Doubling", "Weights that sum to one"}
    expect(page.locator("#map-told h2")).to_have_text(after)
    expect(page.locator("#map-edges").locator(".needs, .opens")).to_have_count(1)


def test_a_key_right_after_a_sheet_was_closed_is_not_lost(lived_in: Served, page: Any) -> None:
    """The field of a sheet that closes has the focus until the next frame: a key that comes before it is not typed into it."""
    page.goto(lived_in.url + "/")
    page.keyboard.press("Control+k")
    page.wait_for_selector("#find[open]")
    page.evaluate("""
        document.querySelector("#find").close();
        document.activeElement.dispatchEvent(new KeyboardEvent("keydown", {key: "?", bubbles: true, cancelable: true}));
    """)
    page.wait_for_selector("#keys[open] dd")


def test_single_letter_keys_can_be_turned_off(lived_in: Served, page: Any) -> None:
    page.goto(lived_in.url + "/")
    page.keyboard.press("?")
    page.get_by_label("Keys of a single letter or number").uncheck()
    page.keyboard.press("Escape")
    page.keyboard.press("w")
    assert page.locator("#why-not").is_hidden()


def test_the_widest_line_that_the_linter_allows_in_a_lesson_is_not_cut_off(lived_in: Served, browsing: Any) -> None:
    page, _ = browsing
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(lived_in.url + f"/lesson/{LESSON}")
    code = page.locator(".prose pre.code").first
    code.evaluate("(pre, width) => { pre.firstChild.textContent = 'x'.repeat(width) }", CODE_WIDTH)
    assert code.evaluate("pre => pre.scrollWidth - pre.clientWidth") == 0
