"""What is installed when it is needed, on the pages: what, why and how large is said, a key installs it, and its progress is seen."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import tiny_curriculum
from child_environment import Child, environment_for, wheel
from modelwright.groups import catalogue
from modelwright.studio import Studio
from serving import LOOKS, Started, violations

NEEDS = {
    "labs/softmax/lab.yaml": ("needs: [numpy]", "needs: [numpy, rl]"),
    "lessons/doubling.md": ("minutes: 5", "minutes: 5\nneeds: [rl]"),
    "module.yaml": ("tools: [numpy]", "tools: [numpy]\nneeds: [rl]"),
    "../../plan.yaml": ("    deliverable: one file that runs", "    deliverable: one file that runs\n    needs: [rl]"),
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny curriculum, whose lab, lesson and project need the group `rl`."""
    folder = tiny_curriculum.build(tmp_path_factory.mktemp("with-needs"))
    for name, (old, new) in NEEDS.items():
        path = folder / "1-foundation" / "tiny-maths" / name
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new, 1))
    return folder


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where Gymnasium is not installed."""
    shipped = catalogue()
    known = shipped.groups | {"rl": replace(shipped.groups["rl"], imports=("not_to_be_found",))}
    module = importlib.import_module("modelwright.groups.catalogue")
    monkeypatch.setattr(module, "known", lambda: known)
    for place in ("modelwright.groups", "modelwright.studio.groups"):
        monkeypatch.setattr(f"{place}.catalogue", lambda: replace(shipped, groups=known))


@pytest.fixture
def child(tmp_path: Path) -> Child:
    return environment_for(tmp_path)


@pytest.fixture
def elsewhere(child: Child, tmp_path: Path, tiny: Path) -> Iterator[Started]:
    """The studio as an installation runs it that has no Gymnasium yet."""
    with Studio.open(tmp_path / "home", tiny) as opened:
        opened.enrol("Ada", 7)
    one = Started(tmp_path / "home", tiny, python=str(child.python), environment=child.environment)
    yield one
    one.kill()


@pytest.mark.parametrize(("path", "what"), [("/lab/tiny-maths/softmax", "lab"), ("/lesson/tiny-maths/doubling", "lesson")])
def test_a_page_says_what_why_and_how_large_and_offers_to_install_it(lacking: None, client: Any, path: str, what: str) -> None:
    text = " ".join(re.sub(r"<[^>]+>", "", client.get(path).text).split())
    assert f"Gymnasium, which this {what} needs, is not installed." in text
    assert "Gymnasium, with its small worlds, for worlds in which an agent learns by trying." in text
    assert re.search(r"Install I [\d.]+ MB to download, [\d.]+ MB on disk", text)


def test_a_module_says_what_it_comes_to_use_and_that_it_can_wait(lacking: None, client: Any) -> None:
    text = " ".join(re.sub(r"<[^>]+>", "", client.get("/module/tiny-maths").text).split())
    assert "Gymnasium, which this module comes to use, is not installed. It can wait for the evening that asks for it" in text
    assert "Gymnasium, with its small worlds, for worlds in which an agent learns by trying." in text
    assert re.search(r"Install I [\d.]+ MB to download, [\d.]+ MB on disk", text)


def test_the_list_of_tonight_installs_nothing_and_asks_nothing(lacking: None, client: Any) -> None:
    for path in ("/", "/plan"):
        text = client.get(path).text
        assert 'action="/groups"' not in text
        assert 'data-does="Install' not in text


def test_a_project_says_it_on_the_plan(lacking: None, client: Any) -> None:
    assert "Gymnasium, which this project needs, is not installed." in client.get("/plan").text


def test_where_all_is_here_nothing_is_said(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    known = catalogue().groups | {"rl": replace(catalogue().groups["rl"], imports=("numpy",))}
    monkeypatch.setattr(importlib.import_module("modelwright.groups.catalogue"), "known", lambda: known)
    for path in ("/lab/tiny-maths/softmax", "/lesson/tiny-maths/doubling", "/module/tiny-maths", "/plan"):
        assert "not installed" not in client.get(path).text


def test_checking_and_running_say_it_too_and_record_nothing(lacking: None, client: Any, studio: Studio) -> None:
    before = len(list(studio.journal.events()))
    answer = client.post("/lab/tiny-maths/softmax", data={"source": tiny_curriculum.SOLUTION})
    assert answer.status_code == 422
    assert "`modelwright prepare rl` installs what is missing" in answer.text
    with client.stream("POST", "/lab/tiny-maths/softmax/run", json={"text": tiny_curriculum.SOLUTION}) as streamed:
        assert "`modelwright prepare rl` installs what is missing" in streamed.read().decode()
    ran = client.post("/lesson/tiny-maths/doubling/run", json={"cells": ["print(3)"], "token": "t"})
    assert "`modelwright prepare rl` installs what is missing" in ran.text
    assert len(list(studio.journal.events())) == before


@pytest.mark.parametrize("name", ["requests", "rl; requests", "--index-url=x", "../rl", "https://example.org/x.whl", "", "x" * 101])
def test_only_what_is_shipped_can_be_asked_for(client: Any, studio: Studio, name: str) -> None:
    assert client.post("/groups", data={"group": name}).status_code == 422
    assert studio.preparation().state == "none"


def test_no_other_site_is_led_to_afterwards(lacking: None, client: Any, studio: Studio) -> None:
    for then in ("https://example.org/", "//example.org", "javascript:alert(1)", "/x\nSet-Cookie: a=b"):
        text = client.get("/groups", params={"then": then}, headers={"hx-request": "true"}).text
        assert "example.org" not in text
        assert "javascript" not in text
        assert "Set-Cookie" not in text


def test_the_list_shows_every_group_and_what_of_it_is_here(lacking: None, client: Any) -> None:
    text = client.get("/groups").text
    for group in catalogue().groups.values():
        assert f"<code>{group.id}</code>" in text
    listed = client.get("/api/groups").json()
    assert [one["id"] for one in listed] == list(catalogue().groups)
    assert not next(one for one in listed if one["id"] == "rl")["is_here"]
    assert 'name="group" value="rl"' in text
    assert 'href="/groups"' in client.get("/settings").text


def test_a_key_installs_what_a_lab_needs_and_the_page_goes_on(elsewhere: Started, child: Child, page: Any) -> None:
    from playwright.sync_api import expect

    elsewhere.start()
    page.goto(elsewhere.url + "/lab/tiny-maths/softmax")
    expect(page.get_by_text("Gymnasium, which this lab needs, is not installed.")).to_be_visible()
    page.locator("h1").click()
    page.keyboard.press("i")
    expect(page.get_by_text("Gymnasium is installed.")).to_be_visible()
    assert child.installed == {"gymnasium", "Farama_Notifications"}
    page.get_by_role("link", name="Load the page again").click()
    expect(page.get_by_role("button", name="Check")).to_be_visible()
    expect(page.get_by_text("is not installed")).to_have_count(0)


def test_without_a_network_the_page_says_so_and_the_next_try_goes_on(elsewhere: Started, child: Child, page: Any) -> None:
    from playwright.sync_api import expect

    for path in child.wheels.iterdir():
        path.rename(child.folder / path.name)
    elsewhere.environment = child.environment | {"MODELWRIGHT_PIP_ARGS": ""}
    elsewhere.start()
    page.goto(elsewhere.url + "/lesson/tiny-maths/doubling")
    page.get_by_role("button", name="Install").click()
    expect(page.get_by_text("No package index answered. Nothing was changed")).to_be_visible()
    assert child.installed == set()
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


@pytest.mark.parametrize(("theme", "width"), LOOKS)
def test_what_is_missing_can_be_read_by_everybody(lacking: None, served: Any, page: Any, theme: str, width: int) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": width, "height": 900})
    for path in ("/lab/tiny-maths/softmax", "/lesson/tiny-maths/doubling", "/module/tiny-maths", "/groups"):
        page.goto(served.url + path)
        assert violations(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path


def test_without_scripts_a_form_installs_and_a_page_follows_it(elsewhere: Started, child: Child, chromium: Any) -> None:
    from playwright.sync_api import expect

    wheel(child.wheels, "gymnasium", "99.0")  # which nobody asked for
    elsewhere.start()
    context = chromium.new_context(java_script_enabled=False)
    try:
        page = context.new_page()
        page.goto(elsewhere.url + "/lab/tiny-maths/softmax")
        page.get_by_role("button", name="Install").click()
        assert page.url.startswith(elsewhere.url + "/groups")
        expect(page.get_by_text("Gymnasium is installed.")).to_be_visible()
    finally:
        context.close()
    assert child.installed == {"gymnasium", "Farama_Notifications"}
