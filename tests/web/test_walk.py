"""The first evening, walked in a real browser: from a name to a passed lab, through a kill of the server, to the same state again."""

from __future__ import annotations

import re
from typing import Any

import tiny_curriculum
from serving import Started


def write_in_editor(page: Any, text: str) -> None:
    page.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text(text)


def test_the_first_evening_from_a_name_to_a_passed_lab_survives_a_kill(started: Started, page: Any) -> None:
    from playwright.sync_api import expect

    # Enrol.
    page.goto(started.url)
    assert page.url.endswith("/enrol")
    page.get_by_label("Your name").fill("Ada")
    page.get_by_label("Hours a week").fill("6")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_url(started.url + "/")

    # Today: a list with one step open; Enter begins it; W has an answer.
    expect(page.locator("ol.way li.now")).to_have_count(1)
    page.keyboard.press("w")
    page.get_by_label("What would you rather do?").select_option(index=0)
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("#why-said")).not_to_be_empty()
    page.goto(started.url)
    page.locator("body").press("Enter")
    page.wait_for_url(re.compile("/lesson/"))

    # Read the lesson, write down the answers, finish it.
    expect(page.locator("math").first).to_be_visible()
    page.get_by_label("1. What is twice 7?").fill("14")
    page.get_by_label("2. What does halving undo?").fill("Doubling")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#finished")).to_contain_text("Read, and your answers are kept")

    # A problem, wrongly and then rightly.
    page.goto(started.url + "/problem/" + tiny_curriculum.PROBLEM)
    number = int(re.search(r"(\d+)\s*\?", page.locator(".ask").inner_text())[1])  # type: ignore[index]
    field = page.get_by_label("Your answer")
    field.press_sequentially(f"{number}^2", delay=15)
    expect(page.locator("#read-as")).to_contain_text("Read as")
    field.press("Enter")
    expect(page.locator("#said")).to_contain_text("That is the square")
    field.fill(f"2*{number}")
    field.press("Enter")
    expect(page.locator("#said")).to_contain_text("Right.")
    expect(page.locator("#said")).to_contain_text("The worked solution")

    # The lab: the starter fails with a useful message, a plausible answer fails for its reason, the right one passes.
    page.goto(started.url + "/lab/" + tiny_curriculum.LAB)
    expect(page.locator(".cm-content")).to_contain_text("def softmax")
    page.locator("body").press("Control+Enter")
    expect(page.locator("#verdict li.fail").first).to_be_visible(timeout=90_000)
    expect(page.locator("#verdict")).to_contain_text("NotImplementedError")
    expect(page.locator("#saved")).to_contain_text("graded in", timeout=60_000)
    write_in_editor(page, tiny_curriculum.WRONG)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#verdict li.pass")).to_have_count(2, timeout=90_000)
    expect(page.locator("#verdict li.fail")).to_contain_text("The exponential of 1000 overflows")
    expect(page.locator("#saved")).to_contain_text("graded in", timeout=60_000)
    page.keyboard.press("Escape")
    page.keyboard.press("h")
    expect(page.locator("#hints")).to_contain_text("Hint 1 of 3")
    write_in_editor(page, tiny_curriculum.SOLUTION)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#passed")).to_contain_text("3 of 3 checks", timeout=90_000)
    expect(page.locator("#ways")).to_contain_text("in the log domain")
    file = started.home / "workshop" / "labs" / "tiny_maths" / "softmax.py"
    assert file.read_text() == tiny_curriculum.SOLUTION

    # Three cards: Space shows, a number rates.
    page.goto(started.url + "/review")
    for rating in "323":
        page.locator("body").press("Space")
        expect(page.locator("#answer")).to_be_visible()
        with page.expect_response(lambda response: response.request.method == "POST"):
            page.keyboard.press(rating)
    expect(page.locator("#card")).to_contain_text(re.compile("3 (done|cards reviewed) today"))

    # The plan has moved, and a chapter can be ticked off.
    page.goto(started.url + "/plan")
    if not page.locator(".module details[open]").count():
        page.get_by_text("2 resources").click()
    with page.expect_response(lambda response: response.url.endswith("/chapter")):
        page.get_by_label("1. One").check()
    page.goto(started.url + "/resource/" + tiny_curriculum.BOOK)
    expect(page.get_by_label("1. One")).to_be_checked()
    page.goto(started.url + "/plan")
    plan = page.locator(".module").inner_text()
    assert "of 2 skills" in plan
    page.goto(started.url)
    today = page.locator(".way").inner_text()
    assert "Softmax" in page.locator(".way li.done").all_inner_texts().__str__()
    page.goto("about:blank")

    # Killed and started again: everything is there.
    started.kill()
    started.start()
    page.goto(started.url)
    assert page.locator(".way").inner_text() == today
    page.goto(started.url + "/plan")
    assert page.locator(".module").inner_text() == plan
    page.goto(started.url + "/lab/" + tiny_curriculum.LAB)
    expect(page.locator("#passed")).to_contain_text("3 of 3 checks")
    expect(page.locator(".cm-content")).to_contain_text("keepdims=True")
    page.goto(started.url + "/lesson/" + tiny_curriculum.LESSON)
    expect(page.get_by_label("1. What is twice 7?")).to_have_value("14")
    page.goto("about:blank")


def test_a_lab_passed_in_the_terminal_is_passed_on_the_open_page(served: Any, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(served.url + "/lab/" + tiny_curriculum.LAB)
    expect(page.locator(".cm-content")).to_contain_text("def softmax")
    served.studio.hand_in(tiny_curriculum.LAB, source=tiny_curriculum.SOLUTION)
    expect(page.locator("#passed")).to_contain_text("3 of 3 checks")
    expect(page.locator(".cm-content")).to_contain_text("keepdims=True")
    page.goto("about:blank")


def test_a_file_changed_in_another_editor_appears_and_is_never_overwritten(served: Any, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(served.url + "/lab/" + tiny_curriculum.LAB)
    expect(page.locator(".cm-content")).to_contain_text("def softmax")
    file = served.studio.home.workshop / "labs" / "tiny_maths" / "softmax.py"
    while not file.exists():  # the page has been shown, and says so in a moment
        page.wait_for_timeout(50)
    file.write_text("# from outside\n" + tiny_curriculum.STARTER)
    expect(page.locator(".cm-content")).to_contain_text("# from outside")
    # While the learner types here, the other editor saves again. Where the two do not meet, both are kept.
    page.locator(".cm-content").click()
    page.keyboard.press("Control+End")
    page.keyboard.insert_text("mine = 1\n")
    file.write_text(file.read_text().replace("# from outside", "# once more"))
    expect(page.locator(".cm-content")).to_contain_text("# once more")
    expect(page.locator("#saved")).to_contain_text("saved")
    assert file.read_text() == "# once more\n" + tiny_curriculum.STARTER + "mine = 1\n"
    # Where they meet, nothing is written until the learner has seen the difference and said which.
    write_in_editor(page, "mine = 2\n")
    file.write_text("theirs = 2\n")
    expect(page.locator("#clash .difference")).to_contain_text("+mine = 2")
    assert file.read_text() == "theirs = 2\n"
    page.get_by_role("button", name="Keep what is here").click()
    expect(page.locator("#saved")).to_have_text("saved")
    assert file.read_text() == "mine = 2\n"
    page.goto("about:blank")


def test_typing_on_while_it_is_checked_loses_nothing(served: Any, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(served.url + "/lab/" + tiny_curriculum.LAB)
    expect(page.locator(".cm-content")).to_contain_text("def softmax")
    file = served.studio.home.workshop / "labs" / "tiny_maths" / "softmax.py"
    write_in_editor(page, tiny_curriculum.WRONG)
    typed = ""
    for n in range(5):
        page.keyboard.insert_text(f"# before {n}\n")
        page.keyboard.press("Control+Enter")
        page.keyboard.insert_text(f"# after {n}\n")
        typed += f"# before {n}\n# after {n}\n"
        page.wait_for_timeout(250 * n)
        expect(page.locator("#clash")).to_be_hidden()
    expect(page.locator("#saved")).to_contain_text("graded in", timeout=90_000)
    expect(page.locator("#clash")).to_be_hidden()
    assert file.read_text() == tiny_curriculum.WRONG + typed
    page.goto("about:blank")


def test_asked_for_again_while_it_checks_it_goes_on_with_the_newest_text(served: Any, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(served.url + "/lab/" + tiny_curriculum.LAB)
    expect(page.locator(".cm-content")).to_contain_text("def softmax")
    write_in_editor(page, "import time\ntime.sleep(1.5)\n" + tiny_curriculum.WRONG)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#saved")).to_have_text("checking")
    write_in_editor(page, tiny_curriculum.SOLUTION)
    page.keyboard.press("Control+Enter")
    expect(page.locator("#saved")).to_contain_text("the newest text is next")
    expect(page.locator("#passed")).to_contain_text("3 of 3 checks", timeout=90_000)
    assert served.studio.lab(tiny_curriculum.LAB).passed
    page.goto("about:blank")
