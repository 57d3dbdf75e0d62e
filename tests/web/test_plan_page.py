"""The plan's page: what is near stands open, what is finished or far is folded, by itself and by hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from lived import enter_pass

import tiny_curriculum
from modelwright.curriculum import generate
from modelwright.studio import Studio
from modelwright.web import words
from modelwright.web.render import now_ms
from serving import Served


@pytest.fixture(scope="module")
def road(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The curriculum that ships, on the evening of the enrolment."""
    with Studio.open(tmp_path_factory.mktemp("home")) as studio:
        studio.enrol("Ada", 7)
        served = Served(studio)
        yield served
        served.stop()


def test_the_plan_folds_every_stage_but_the_one_that_is_near(road: Served, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(road.url + "/plan")
    expect(page.locator("details.stage")).to_have_count(5)
    expect(page.locator("details.stage[open] h2")).to_contain_text(["Foundation"])
    far = page.locator("details.stage").nth(3)
    expect(far).to_contain_text("Large")  # a folded stage still names its modules
    expect(page.get_by_role("link", name="Reinforcement learning", exact=True)).to_be_hidden()
    far.locator("summary").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Reinforcement learning", exact=True)).to_be_visible()


@pytest.mark.parametrize("kind", ["stage", "project"])
def test_a_link_into_a_folded_stage_opens_it(road: Served, page: Any, kind: str) -> None:
    from playwright.sync_api import expect

    curriculum = road.studio.curriculum
    last = list(curriculum.stages)[-1]
    target = last if kind == "stage" else next(p.id for p in curriculum.projects.values() if p.stage == last)
    page.goto(road.url + words.url(kind, target))
    expect(page.locator("details.stage").last).to_have_attribute("open", "")
    expect(page.locator("#" + words.anchor(target))).to_be_in_viewport()


def test_a_stage_is_finished_when_its_skills_are_learned_and_its_project_is_handed_in(studio: Studio, client: Any) -> None:
    number = lambda seed: int(generate(studio.curriculum.problems[tiny_curriculum.PROBLEM], seed).answer)
    studio.finish_lesson(tiny_curriculum.LESSON, 300, ["14", "Doubling"])
    for seed in range(12):
        studio.answer(tiny_curriculum.PROBLEM, seed, str(number(seed)), 20)
    enter_pass(studio.journal, studio, tiny_curriculum.LAB, now_ms())
    stage = studio.plan().stages[0]
    assert [module.skills_known for module in stage.modules] == [2]
    assert not stage.done
    studio.work_on("a-tiny-project", done=True)
    assert studio.plan().stages[0].done
    text = client.get("/plan").text
    assert '<span class="tag">done</span>' in text
