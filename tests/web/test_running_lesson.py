"""A lesson worked through in a browser: its code is run, changed, stopped and set back, its hole filled, its explore moved."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import running_lesson
import tiny_curriculum
from modelwright.curriculum.frames import draw_frames, frames_folder
from modelwright.studio import Studio
from modelwright.web import assets, create_app
from serving import HERE, LOOKS, Served, violations

LESSON, LAB = f"/lesson/{running_lesson.LESSON}", f"/lab/{tiny_curriculum.LAB}"


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The curriculum with the lesson, its frames drawn."""
    folder = running_lesson.build(tmp_path_factory.mktemp("worked"))
    with Studio.open(tmp_path_factory.mktemp("first"), folder) as studio:
        assert draw_frames(studio.curriculum.lessons[running_lesson.LESSON], frames_folder(folder)) == []
    return folder


@pytest.fixture(scope="module")
def working(course: Path, tmp_path_factory: pytest.TempPathFactory, built: None) -> Iterator[Served]:
    with Studio.open(tmp_path_factory.mktemp("home"), course) as studio:
        studio.enrol("Ada", 7)
        served = Served(studio)
        yield served
        served.stop()


def open_lesson(page: Any, working: Served) -> Any:
    from playwright.sync_api import expect

    page.goto(working.url + LESSON)
    page.locator("[data-run]").first.wait_for()
    return expect


def edit(page: Any, cell: Any, *lines: str) -> None:
    """Replaces a block's code by hand."""
    from playwright.sync_api import expect

    cell.locator("pre.code").click()
    expect(cell.locator(".cm-content")).to_be_focused()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    for line in lines:
        page.keyboard.type(line)
        page.keyboard.press("Enter")


def events(working: Served) -> list[str]:
    return [type(event.data).__name__ for _, event in working.studio.journal.events()]


def test_a_block_is_run_changed_and_set_back_by_keyboard_alone(page: Any, working: Served) -> None:
    expect = open_lesson(page, working)
    before = events(working)
    cell = page.locator("#cell-2")
    cell.locator("pre.code").focus()
    page.keyboard.press("Control+Enter")
    expect(cell.locator(".told")).to_have_text(re.compile(r"^ran in \d+ ms$|^ran in .* s$"))
    expect(cell.locator(".shown")).to_contain_text("3 0.005")
    page.keyboard.press("Enter")
    expect(cell.locator(".cm-content")).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    page.keyboard.press("Shift+Tab")  # out of the loop
    page.keyboard.type("round(x * 1000, 3)")
    page.keyboard.press("Control+Enter")
    expect(cell.locator(".shown")).to_contain_text("4.8")
    expect(cell.locator(".told")).to_have_text(re.compile("^changed by you · ran in"))
    page.keyboard.press("Escape")
    expect(cell.get_by_role("button", name="Run")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    expect(cell.get_by_role("button", name="Set back")).to_be_focused()
    page.keyboard.press("Enter")
    expect(cell.locator(".cm-content")).to_have_count(0)
    expect(cell.locator(".shown")).to_have_text(re.compile(r"^\s*0 0\.6\s+1 0\.12\s+2 0\.024\s+3 0\.005\s*$"))
    assert events(working) == [*before, "LessonOpened"] or events(working) == before  # running leaves no trace


def test_what_is_changed_above_counts_below(page: Any, working: Served) -> None:
    expect = open_lesson(page, working)
    edit(page, page.locator("#cell-1"), "x, eta = 8.0, 0.25")
    page.locator("#cell-3").get_by_role("button", name="Run").click()
    expect(page.locator("#cell-3 .shown")).to_contain_text("NameError")  # the figure between them uses np, which is gone
    page.locator("#cell-1").get_by_role("button", name="Set back").click()
    page.locator("#cell-3").get_by_role("button", name="Run").click()
    expect(page.locator("#cell-3 .shown")).to_contain_text("0.0048")


def test_an_endless_loop_is_stopped_and_the_page_goes_on(page: Any, working: Served) -> None:
    expect = open_lesson(page, working)
    cell = page.locator("#cell-2")
    edit(page, cell, "print('begun')", "while True: pass")
    page.keyboard.press("Control+Enter")
    expect(cell.locator(".told")).to_contain_text("running for")
    cell.get_by_role("button", name="Stop").click()
    expect(cell.locator(".told")).to_contain_text("stopped after")
    expect(cell.locator(".shown")).to_contain_text("begun")
    expect(cell.get_by_role("button", name="Stop")).to_be_hidden()
    cell.get_by_role("button", name="Set back").click()
    page.locator("#cell-3").get_by_role("button", name="Run").click()
    expect(page.locator("#cell-3 .shown")).to_contain_text("0.0048")


def test_an_error_shows_the_learners_line_and_markup_in_what_is_printed_stays_text(page: Any, working: Served) -> None:
    expect = open_lesson(page, working)
    cell = page.locator("#cell-1")
    edit(page, cell, "print('<b id=x>bold</b>')", "1 / 0")
    page.keyboard.press("Control+Enter")
    expect(cell.locator(".trouble")).to_contain_text("block 1, line 2")
    expect(cell.locator(".trouble")).to_contain_text("ZeroDivisionError")
    expect(cell.locator(".shown")).to_contain_text("<b id=x>bold</b>")
    assert page.locator("#x").count() == 0


def test_a_figure_that_a_block_draws_is_shown_and_holds_nothing_but_a_drawing(page: Any, working: Served) -> None:
    expect = open_lesson(page, working)
    cell = page.locator("#cell-1")
    edit(page, cell, "import matplotlib.pyplot as plt", "plt.plot([1, 2])", "plt.title('<script>alert(1)</script>', url='javascript:1')")
    page.keyboard.press("Control+Enter")
    expect(cell.locator("figure svg")).to_be_visible()
    expect(cell.locator("figure svg text").last).to_contain_text("<script>")
    assert cell.locator("figure :is(script, a, style, foreignObject)").count() == 0


def test_a_hole_takes_any_line_that_gives_the_same_and_helps_twice_before_it_tells(page: Any, working: Served) -> None:
    expect = open_lesson(page, working)
    ask = page.locator("#ask-newton-step")
    hole = ask.get_by_label("The missing part")
    hole.fill("curvature(x)")
    page.keyboard.press("Enter")
    expect(ask.locator(".said-of")).to_contain_text("Not yet. newton_step(lambda x: 4 * x, lambda x: 4.0, 3.0) gives")
    for label in ("A hint", "Another hint", "Show the line"):
        assert "1 / curvature(x)" not in ask.inner_text()
        ask.get_by_role("button", name=label).click()
    expect(ask.locator(".hints")).to_contain_text("1 / curvature(x)")
    hole.fill("curvature(0) ** -1.0")
    page.keyboard.press("Enter")
    expect(ask.locator(".said-of")).to_contain_text("written your own way")


def test_what_is_typed_before_the_editor_has_come_is_kept(page: Any, working: Served) -> None:
    """A plain field takes the keys meanwhile; none of them reaches the page, where single letters are commands."""
    page.route(re.compile("shared-|code-"), lambda route: (page.wait_for_timeout(300), route.continue_()))
    expect = open_lesson(page, working)
    cell = page.locator("#cell-1")
    cell.locator("pre.code").click()
    page.keyboard.type("p = 7  # ")
    expect(cell.locator(".cm-content")).to_be_focused()
    page.keyboard.type("n")
    expect(cell.locator(".cm-line").first).to_have_text("p = 7  # nimport numpy as np")
    assert page.url.endswith(LESSON)


def test_an_explore_moves_by_keyboard_with_its_sentence_and_nothing_jumps(page: Any, working: Served) -> None:
    page.add_init_script(
        "window.shift = 0; new PerformanceObserver(list => { for (const e of list.getEntries()) if (!e.hadRecentInput) window.shift += e.value })"
        ".observe({type: 'layout-shift', buffered: true})"
    )
    expect = open_lesson(page, working)
    slider = page.locator("#explore-1-1")
    slider.scroll_into_view_if_needed()
    said = page.locator("#explore-1 .said")
    expect(said).to_contain_text("At a learning rate of 0.1")
    page.wait_for_load_state("networkidle")
    height = page.locator("#explore-1").bounding_box()["height"]
    slider.focus()
    for rate in ("0.2", "0.3", "0.4", "0.45", "0.5", "0.55"):
        page.keyboard.press("ArrowRight")
        expect(said).to_contain_text(f"At a learning rate of {rate} ")
        assert page.locator("#explore-1 svg").get_attribute("aria-label") == said.inner_text()
        assert slider.get_attribute("aria-valuetext") == rate
        assert page.locator("#explore-1").bounding_box()["height"] == height
    page.keyboard.press("Home")
    expect(said).to_contain_text("At a learning rate of 0.1")
    page.locator("#explore-2-2").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#explore-2 .said")).to_have_text("Two bars, of height 1 and 2.")
    assert page.evaluate("window.shift") < 0.01


@pytest.mark.parametrize("width", [390, 820, 1280])
def test_a_long_label_takes_nothing_of_a_slider_that_a_finger_needs(page: Any, working: Served, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    open_lesson(page, working)
    page.evaluate("document.querySelector('#explore-1 label').textContent = 'how much of the slope at this place is taken as a step'")
    assert page.locator("#explore-1-1").bounding_box()["width"] > 140
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_scripts_a_lesson_is_read_with_its_first_frames(chromium: Any, working: Served) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(working.url + LESSON)
    assert page.locator("#cell-2").inner_text().strip().endswith("3 0.005")
    assert page.locator("#explore-1 svg").is_visible()
    assert "At a learning rate of 0.1" in page.locator("#explore-1").inner_text()
    assert not page.locator("#explore-1 input").is_visible()
    assert not page.get_by_role("button", name="Run").first.is_visible()
    context.close()


def test_frames_that_are_not_drawn_yet_appear_by_themselves(page: Any, tmp_path: Path, built: None) -> None:
    from playwright.sync_api import expect

    with Studio.open(tmp_path / "home", running_lesson.build(tmp_path / "course")) as studio:
        studio.enrol("Ada", 7)
        served = Served(studio)
        page.goto(served.url + LESSON)
        page.locator("#explore-1").scroll_into_view_if_needed()
        expect(page.locator("#explore-1 .said")).to_contain_text("At a learning rate of 0.1", timeout=60_000)
        page.locator("#explore-1-1").focus()
        page.keyboard.press("End")
        expect(page.locator("#explore-1 .said")).to_contain_text("At a learning rate of 0.55", timeout=60_000)
        page.goto("about:blank")  # which asks for nothing any more
        served.stop()


def test_axe_finds_nothing_once_a_lesson_has_been_worked_with(chromium: Any, working: Served) -> None:
    context = chromium.new_context(reduced_motion="reduce")
    context.set_default_timeout(30_000)
    page = context.new_page()
    expect = open_lesson(page, working)
    page.locator("#cell-2").get_by_role("button", name="Run").click()
    expect(page.locator("#cell-2 .told")).to_contain_text("ran in")
    edit(page, page.locator("#cell-1"), "1 / 0")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#cell-1 .trouble")).to_be_visible()
    page.locator("#ask-newton-step").get_by_role("button", name="A hint").click()
    page.get_by_label("The missing part").fill("1 / 0")
    page.keyboard.press("Enter")
    expect(page.locator("#ask-newton-step .said-of pre")).to_be_visible()
    faults = []
    for theme, width in LOOKS:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        faults += [f"{theme} {width}: {line}" for line in violations(page)]
        if (wider := page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")) > 0:
            faults.append(f"{theme} {width}: {wider} px wider than the window")
    context.close()
    assert "\n".join(faults) == ""


def test_a_labs_file_and_a_line_run_without_being_graded(page: Any, working: Served) -> None:
    from playwright.sync_api import expect

    page.goto(working.url + LAB)
    page.wait_for_selector(".cm-content")
    before = events(working)
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.type("def twice(x): return 2 * x\nif __name__ == '__main__': print('tried')")
    page.keyboard.press("Shift+Enter")
    expect(page.locator("#scratch .shown")).to_contain_text("tried")
    page.get_by_label("Your line").fill("twice(21)")
    page.keyboard.press("Enter")
    expect(page.locator("#scratch .shown")).to_contain_text("42")
    expect(page.locator("#scratch .told")).to_contain_text("ran in")
    assert events(working) == before


def test_a_lesson_is_light_on_a_first_visit(course: Path, working: Served) -> None:
    """Everything but the frames and the editor, which come when they are wanted, with gzip, the lesser of the encodings."""
    import gzip
    import urllib.request

    def sent(path: str) -> tuple[int, str]:
        request = urllib.request.Request(working.url + path, headers={"Accept-Encoding": "gzip"})
        with urllib.request.urlopen(request) as answer:
            raw = answer.read()
            return len(raw), (gzip.decompress(raw) if answer.headers.get("content-encoding") == "gzip" else raw).decode("utf-8", "replace")

    total, html = sent(LESSON)
    total += sum(path.stat().st_size for path in assets.DIST.glob("*.woff2"))
    wanted, fetched = {url for url in re.findall(r'/static/[^"]+', html) if not url.endswith(".woff2")}, set()
    while wanted - fetched:
        url = (wanted - fetched).pop()
        fetched.add(url)
        weight, text = sent(url)
        total += weight
        wanted |= {f"/static/{name}" for name in re.findall(r'(?:from|import)"\./([^"]+)"', text)}
    assert not any("view" in url for url in fetched)
    assert total < 200_000
    assert sent(f"{LESSON}/frames/1")[0] < 20_000


def test_the_api_runs_blocks_and_says_what_is_wrong(course: Path, tmp_path: Path) -> None:
    from fastapi.testclient import TestClient

    with Studio.open(tmp_path / "home", course) as studio:
        studio.enrol("Ada", 7)
        client = TestClient(create_app(studio), base_url=HERE)
        run = lambda cells: client.post(f"/api/lessons/{running_lesson.LESSON}/run", json={"cells": cells})
        assert run(["x = 1", "x + 1"]).json()["value"] == "2"
        assert run(["x"] * 4).status_code == 422
        assert "has 3 blocks" in run(["x"] * 4).json()["detail"]
        assert run([]).status_code == 422
        told = client.post(f"/api/labs/{tiny_curriculum.LAB}/execute", json={"text": "print('é')", "line": "1 / 0"}).json()
        assert (told["status"], told["output"]) == ("error", "é\n")
        assert "your line, line 1" in told["traceback"]
        assert client.post(f"/lesson/{running_lesson.LESSON}/stop", json={"token": "unknown"}).status_code == 204
        assert json.loads(client.get(f"{LESSON}/frames/2").text)[5][1] == "Two bars, of height 3 and 2."
        assert client.get(f"{LESSON}/frames/9").status_code == 404
        assert client.get(f"{LESSON}/faded/none/help?number=1").status_code == 404
