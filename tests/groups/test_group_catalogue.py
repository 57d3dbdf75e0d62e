"""The groups are a shipped list that agrees with itself: words, requirements, pins and sizes; and content can name nothing else."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import tiny_curriculum
from modelwright.curriculum.loader import read
from modelwright.groups import BASE, catalogue, groups_of, lacking, sizes_of

REPOSITORY = Path(__file__).parents[2]
GROUPS = catalogue().groups
OTHERS = {"postgres", "forge", "build", "dev"}  # extras of pyproject.toml that no content asks for


def plain(name: str) -> str:
    return name.replace("_", "-").replace(".", "-").lower()


def pins() -> dict[str, str]:
    return {
        plain(name): version for name, _, version in (line.partition("==") for line in (REPOSITORY / "constraints.txt").read_text().split())
    }


def test_every_group_of_the_list_is_one_of_the_project_file_and_the_other_way_round() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert set(project["optional-dependencies"]) - OTHERS == set(GROUPS)
    assert not set(GROUPS) & set(BASE)


def test_the_authors_guide_lists_every_group_and_no_other() -> None:
    guide = (REPOSITORY / "docs" / "authors.md").read_text(encoding="utf-8")
    part = guide.partition("## What a lab needs")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `([a-z]+)` \|", part, flags=re.M) == list(GROUPS)


@pytest.mark.parametrize("group", GROUPS.values(), ids=lambda group: group.id)
def test_a_group_is_pinned_whole_and_its_size_is_that_of_its_pins(group) -> None:  # type: ignore[no-untyped-def]
    pinned = pins()
    for wheel in group.wheels:
        assert pinned[plain(wheel.name)] == wheel.version
        assert wheel.download > 0
        assert wheel.installed > 0
    asked = {plain(Requirement(text).name): Requirement(text) for text in catalogue().requirements[group.id]}
    for name, requirement in asked.items():
        assert requirement.specifier.contains(pinned[name])
    assert asked.keys() <= {plain(wheel.name) for wheel in group.wheels}


def test_two_groups_together_bring_what_they_share_once() -> None:
    both = sizes_of([GROUPS["keras"], GROUPS["export"]])
    apart = sizes_of([GROUPS["keras"]]), sizes_of([GROUPS["export"]])
    shared = {w.name for w in GROUPS["keras"].wheels if not w.is_here} & {w.name for w in GROUPS["export"].wheels if not w.is_here}
    total = apart[0].download + apart[1].download
    assert both.download == total if not shared else both.download < total


@pytest.mark.parametrize(
    ("file", "line", "asked", "meant"),
    [
        ("lab.yaml", "needs: [numpy]", "needs: [numpy, kears]", "did you mean keras?"),
        ("lab.yaml", "needs: [numpy]", 'needs: ["https://example.org/evil.whl"]', "a curriculum cannot name packages of its own"),
        ("lab.yaml", "needs: [numpy]", 'needs: ["--index-url=x"]', "a curriculum cannot name packages of its own"),
        ("lab.yaml", "needs: [numpy]", 'needs: ["keras; import os"]', "there is no group"),
        ("lab.yaml", "needs: [numpy]", "needs: [requests]", "there is no group 'requests'"),
        ("doubling.md", "minutes: 5", "minutes: 5\nneeds: [keras2]", "there is no group 'keras2'"),
        ("module.yaml", "tools: [numpy]", "tools: [numpy]\nneeds: [spacy]", "there is no group 'spacy'"),
        (
            "plan.yaml",
            "    deliverable: one file that runs",
            "    deliverable: one file that runs\n    needs: [x]",
            "there is no group 'x'",
        ),
    ],
)
def test_a_need_that_is_no_shipped_group_is_refused_with_file_and_line(
    tmp_path: Path, file: str, line: str, asked: str, meant: str
) -> None:
    folder = tiny_curriculum.build(tmp_path / "course")
    (path,) = list(folder.rglob(file))
    text = path.read_text()
    assert line in text
    path.write_text(text.replace(line, asked, 1))
    findings = []
    read(folder, findings.append)
    wrong = [finding for finding in findings if "group" in finding.message]
    assert wrong, findings
    assert meant in wrong[0].message
    assert wrong[0].file == path
    assert "needs" in path.read_text().splitlines()[wrong[0].line - 1]


def test_what_is_needed_and_not_here_is_said_with_its_size() -> None:
    gone = [group for group in GROUPS.values() if not group.is_here and catalogue().has_build(group)]
    if not gone:
        pytest.skip("every group is installed here")
    said = lacking([gone[0].id, "numpy"], "this lab")
    assert gone[0].title in said
    assert f"`modelwright prepare {gone[0].id}`" in said
    assert str(sizes_of(gone[:1])) in said
    assert lacking(["numpy", "torch"], "this lab") == ""


def test_needs_of_the_start_are_no_groups() -> None:
    assert groups_of([*BASE, "keras", "keras"]) == (GROUPS["keras"],)
