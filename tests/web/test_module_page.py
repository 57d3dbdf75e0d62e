"""A module's page: its skills in the order of learning, and under each what there is to do on it."""

from __future__ import annotations

from typing import Any

import tiny_curriculum
from modelwright.studio import Studio
from serving import Served


def test_a_modules_lessons_problems_and_labs_stand_under_their_skills(served: Served, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(served.url + "/module/tiny-maths")
    skills = page.locator(".works > li")
    expect(skills.locator("h3")).to_have_text(["Doubling", "Weights that sum to one"])
    expect(skills.nth(0).locator("ul li")).to_contain_text(["Lesson: What doubling does", "Problems: Double a number"])
    expect(skills.nth(1).locator("ul li")).to_contain_text(["Lab: Softmax"])
    skills.nth(1).get_by_role("link", name="Softmax").click()
    page.wait_for_url("**/lab/" + tiny_curriculum.LAB)
    page.goto("about:blank")


def test_everything_of_a_module_stands_under_exactly_one_of_its_skills(tmp_path: Any) -> None:
    with Studio.open(tmp_path) as studio:
        studio.enrol("Ada", 7)
        for id in studio.curriculum.modules:
            view = studio.module(id)
            for kind in ("lessons", "problems", "labs"):
                grouped = [thing for work in view.by_skill for thing in getattr(work, kind)]
                assert sorted(grouped, key=lambda thing: thing.id) == sorted(getattr(view, kind), key=lambda thing: thing.id)
            ids = [work.skill.id for work in view.by_skill if work.skill]
            assert sorted(ids) == sorted(skill.id for skill in view.skills)
            place = {skill: n for n, skill in enumerate(ids)}
            for skill in ids:
                assert all(place[need] < place[skill] for need in studio.curriculum.skills[skill].prerequisites if need in place), skill
