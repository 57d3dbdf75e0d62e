"""Competitions in the browser: begun, entered wrongly and rightly, closed; axe finds nothing, and it works without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tiny_competition
import tiny_curriculum
from modelwright.studio import Studio
from modelwright.web import create_app
from serving import HERE, LOOKS, Served, violations

HALF = "def predict(train, test):\n    return [0.5] * len(test)\n"
PAGE = f"/arena/{tiny_competition.ID}"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    folder = tiny_curriculum.build(tmp_path / "curriculum")
    tiny_competition.add(folder)
    with Studio.open(tmp_path / "home", folder) as opened:
        opened.enrol("Ada", 7)
        yield opened


@pytest.fixture
def served(studio: Studio) -> Iterator[Served]:
    one = Served(studio)
    yield one
    one.stop()


def test_a_competition_is_walked_through_with_the_keyboard(served: Served, chromium: Any, tmp_path: Path) -> None:
    context = chromium.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto(served.url + "/arena")
    page.get_by_role("link", name="Bent coins").click()
    page.wait_for_url("**" + PAGE)  # its keys work once it is loaded
    page.keyboard.press("b")
    page.get_by_role("heading", name="Hand in").wait_for()
    page.get_by_text("The reference").wait_for()
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("id,heads\n200,0.5\n")
    page.set_input_files("#file", wrong)
    page.get_by_role("button", name="Hand in").click()
    page.get_by_text("wrong.csv misses 599 of the 600 ids").wait_for()
    right = tmp_path / "half.py"
    right.write_text(HALF)
    page.set_input_files("#file", right)
    page.fill("#validation", "0.69")
    page.keyboard.press("Enter")
    page.get_by_text("half.py: log loss 0.6931").wait_for()
    for theme, width in LOOKS:
        page.emulate_media(color_scheme=theme)
        page.set_viewport_size({"width": width, "height": 900})
        assert violations(page) == []
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.get_by_text("Close the competition").click()
    page.get_by_role("button", name="Open the private board").click()
    page.get_by_role("heading", name="The private board").wait_for()
    assert page.get_by_role("heading", name="Hand in").count() == 0
    context.close()


def test_the_api_takes_an_entry_and_says_what_is_wrong_with_a_bad_one(studio: Studio) -> None:
    from fastapi.testclient import TestClient

    client = TestClient(create_app(studio), base_url=HERE, raise_server_exceptions=False)
    assert client.get("/api/competitions").json()[0]["id"] == tiny_competition.ID
    came = client.post(f"/api/competitions/{tiny_competition.ID}/enter", files={"file": ("half.py", HALF)}, data={"validation": "0.7"})
    assert came.status_code == 200
    assert came.json()["rank"] == 1
    bad = client.post(f"/api/competitions/{tiny_competition.ID}/enter", files={"file": ("a.csv", "id\n")})
    assert bad.status_code == 422
    assert "should be id,heads" in bad.text
    assert client.get("/arena/no-such").status_code == 404
    said = client.post(PAGE + "/enter", files={"file": ("half.py", HALF)}, data={"validation": "soon"})
    assert said.status_code == 422
    assert "is a number" in said.text
