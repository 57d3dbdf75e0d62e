"""The workshop's page: each lab with its difficulty, its skills and its state, and the one that is next."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest
from lived import enter_pass

import tiny_curriculum
from modelwright.learner.planning import Step
from modelwright.studio import Studio
from serving import Served

LAB, LESSON = tiny_curriculum.LAB, tiny_curriculum.LESSON


def test_a_lab_says_how_hard_it_is_what_it_is_about_and_what_it_waits_for(client: Any) -> None:
    main = client.get("/workshop").text.split("<main")[1]
    assert 'Difficulty 1 of 5 · 20 min · <a href="/skill/tiny-maths/weights">Weights that sum to one</a>' in main
    assert ">waits for 1 skill<" in main
    assert 'It waits for <a href="/skill/tiny-maths/weights">' in main
    assert "Look at it" in main


def test_a_lab_whose_skills_were_begun_is_next_and_enter_opens_it(served: Served, page: Any) -> None:
    from playwright.sync_api import expect

    served.studio.read_chapter(tiny_curriculum.BOOK, 2)  # the book's chapter on what the lab practises
    page.goto(served.url + "/workshop")
    expect(page.get_by_role("heading", name="Next: Softmax")).to_be_visible()
    expect(page.locator(".list li")).to_contain_text(["ready"])
    page.locator("body").press("Enter")
    page.wait_for_url("**/lab/" + LAB)
    page.goto("about:blank")


def test_a_lab_that_was_begun_is_next_with_its_checks_and_a_passed_one_is_not(client: Any, studio: Studio) -> None:
    studio.hand_in(LAB, source=tiny_curriculum.WRONG)
    main = client.get("/workshop").text.split("<main")[1]
    assert "Next: Softmax" in main
    assert "2 of 3 checks" in main
    assert "Go on" in main
    enter_pass(studio.journal, studio, LAB, time.time_ns() // 1_000_000)
    main = client.get("/workshop").text.split("<main")[1]
    assert "Next:" not in main
    assert ">passed<" in main
    assert "Every lab is passed." in main


def test_the_lab_of_the_evenings_list_is_next_else_the_first_that_is_ready(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the curriculum that ships, when its lessons have been read."""
    with Studio.open(tmp_path) as studio:
        studio.enrol("Ada", 7)
        for lesson in studio.curriculum.lessons:
            studio.finish_lesson(lesson, 600, ["", ""])
        ready = [line.id for _, labs in studio.labs().groups for line in labs if not line.waits_for]
        assert len(ready) > 3
        for tonight, first in (("", ready[0]), (ready[2], ready[2]), ("no/such-lab", ready[0])):
            steps = [step for step in [Step("lab", tonight, "", 20, "")] if tonight]
            monkeypatch.setattr(studio, "_session", lambda desk, minutes, steps=steps: SimpleNamespace(steps=steps))
            view = studio.labs()
            assert view.next is not None
            assert view.next.id == first
