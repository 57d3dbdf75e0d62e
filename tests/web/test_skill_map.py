"""The skill map: stages with their modules filled, then one stage with every skill's name and the edges of what is near."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from modelwright.studio import Studio
from serving import Served

STAGES = ["foundation", "core-machine-learning", "natural-language-processing", "systems-and-advanced", "research"]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The curriculum that ships, with the first lessons read."""
    with Studio.open(tmp_path_factory.mktemp("home")) as studio:
        studio.enrol("Ada", 7)
        for lesson in list(studio.curriculum.lessons)[:3]:
            studio.finish_lesson(lesson, 600, ["", ""])
        served = Served(studio)
        yield served
        served.stop()


def test_the_whole_map_names_every_stage_and_module_and_a_key_opens_a_stage(begun: Served, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(begun.url + "/skills")
    curriculum = begun.studio.curriculum
    expect(page.locator(".stage-tiles h2")).to_have_text([stage.title for stage in curriculum.stages.values()])
    for module in curriculum.modules.values():
        expect(page.get_by_role("link", name=f"{module.number} {module.title}", exact=True)).to_be_visible()
    expect(page.get_by_role("img", name="24 skills:")).to_have_count(1)
    page.locator("body").press("2")
    page.wait_for_url("**/skills?stage=core-machine-learning")
    expect(page.get_by_role("heading", level=1)).to_have_text(curriculum.stages["core-machine-learning"].title)
    page.locator("body").press("0")
    page.wait_for_url("**/skills")


def test_a_module_on_the_whole_map_leads_to_its_place_in_its_stage(begun: Served, page: Any) -> None:
    from playwright.sync_api import expect

    page.goto(begun.url + "/skills")
    page.get_by_role("link", name="5 Data structures and algorithms").click()
    page.wait_for_url("**/skills?stage=foundation#algorithms")
    expect(page.locator("#algorithms")).to_be_in_viewport()


READABLE = """map => {
  const names = [...map.querySelectorAll("a.node text")], troubles = [];
  const boxes = names.map(name => name.getBoundingClientRect());
  boxes.forEach((box, n) => {
    const lines = names[n].querySelectorAll("tspan").length;
    if (box.height / lines < 11) troubles.push(names[n].textContent + " is small");
    boxes.slice(0, n).forEach((other, k) => {
      if (other.left < box.right && box.left < other.right && other.top < box.bottom && box.top < other.bottom)
        troubles.push(names[n].textContent + " lies on " + names[k].textContent);
    });
  });
  for (const edge of map.querySelectorAll("#map-edges path")) {
    const matrix = edge.getScreenCTM();
    for (let along = 0; along <= edge.getTotalLength(); along += 3) {
      const point = edge.getPointAtLength(along).matrixTransform(matrix);
      const hit = boxes.findIndex(b => b.left + 1 < point.x && point.x < b.right - 1 && b.top + 1 < point.y && point.y < b.bottom - 1);
      if (hit >= 0) { troubles.push("an edge crosses " + names[hit].textContent); break; }
    }
  }
  return troubles;
}"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("stage", STAGES)
def test_in_a_stage_every_name_can_be_read_and_no_edge_crosses_one(begun: Served, page: Any, stage: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(begun.url + "/skills?stage=" + stage)
    page.evaluate("document.fonts.ready")
    skills = [skill for module in begun.studio.curriculum.stages[stage].modules for skill in module.skills]
    names = [" ".join(text.locator("tspan").all_text_contents()) for text in page.locator("a.node text").all()]
    assert sorted(names) == sorted(skill.title for skill in skills)
    assert page.locator("#map").evaluate(READABLE) == []


def test_the_edges_of_what_is_near_are_drawn_and_those_of_the_skill_in_hand(begun: Served, page: Any) -> None:
    page.goto(begun.url + "/skills?stage=foundation")
    seen = "paths => paths.filter(path => getComputedStyle(path).stroke !== 'none').map(path => path.dataset.ends)"
    nodes = {node.id: node for node in begun.studio.skill_map().nodes if node.stage == "foundation"}
    ids = [href.removeprefix("/skill/") for href in page.locator("a.node").evaluate_all("nodes => nodes.map(n => n.getAttribute('href'))")]
    pairs = lambda chosen: {f"{ids.index(need)} {ids.index(id)}" for id in chosen for need in nodes[id].prerequisites if need in nodes}
    near = pairs(id for id, node in nodes.items() if node.standing in ("open", "learning"))
    assert near
    far = next(id for id in reversed(ids) if nodes[id].standing == "locked" and pairs([id]) - near)
    assert not pairs([far]) <= set(page.locator("#map-edges path").evaluate_all(seen))
    page.locator(f'a.node[href="/skill/{far}"] circle').hover()
    assert near | pairs([far]) <= set(page.locator("#map-edges path").evaluate_all(seen))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_known_has_the_strongest_colour_and_fading_is_a_tint_of_it(begun: Served, chromium: Any, theme: str) -> None:
    context = chromium.new_context(color_scheme=theme)
    page = context.new_page()
    page.goto(begun.url + "/skills")

    def strength(selector: str, what: str) -> float:
        """How far a colour is from the paper's, from 0 to 1, by its luminance in the eye of sRGB."""
        colours = page.locator(selector).first.evaluate(
            f"e => [getComputedStyle(e).{what}, getComputedStyle(document.documentElement).backgroundColor]"
        )
        parts = [[float(n) for n in re.findall(r"[\d.]+", colour.replace("srgb", ""))[:3]] for colour in colours]
        light = [
            sum(0.299 * r + 0.587 * g + 0.114 * b for r, g, b in [rgb]) / (1 if "srgb" in c else 255)
            for rgb, c in zip(parts, colours, strict=True)
        ]
        return abs(light[0] - light[1])

    known, fading, begun_ = (strength(f".legend .is-{name} .full", "fill") for name in ("known", "fading", "learning"))
    locked = strength(".legend .is-locked .rim", "stroke")
    assert known > 1.3 * fading > 1.3 * begun_
    assert known > 1.3 * locked
    context.close()


def test_a_stage_that_is_not_there_is_said(client: Any) -> None:
    answer = client.get("/skills?stage=fundation")
    assert answer.status_code == 404
    assert client.get("/skills?stage=foundation").status_code == 200
