"""What is installed elsewhere: the wheel brings the program, its pages, the whole curriculum and its drawings, and nothing else of this machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

import running_lesson
from modelwright.cli.course import build
from modelwright.curriculum import load
from modelwright.curriculum.figures import draw, folder_of
from modelwright.curriculum.frames import draw_frames, explores_of, frames_folder
from modelwright.groups import catalogue

REPOSITORY = Path(__file__).parents[2]
pytest.importorskip("hatchling", reason="building a wheel needs hatchling")


LESSON = "linear-algebra/matrices-as-maps"  # its frames are drawn in a few seconds


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
    lesson, course = load(REPOSITORY / "curriculum").lessons[LESSON], REPOSITORY / "curriculum"
    draw(lesson, folder_of(course))
    draw_frames(lesson, frames_folder(course))
    (REPOSITORY / "curriculum" / ".made").mkdir(exist_ok=True)
    (REPOSITORY / "curriculum" / ".made" / "of-this-machine.json").write_text("{}")
    try:
        subprocess.run([sys.executable, "-m", "hatchling", "build", "-d", str(folder)], cwd=REPOSITORY, check=True, capture_output=True)
    finally:
        (REPOSITORY / "curriculum" / ".made" / "of-this-machine.json").unlink()
    return folder


def test_neither_package_holds_what_was_made_on_this_machine(built: Path) -> None:
    (wheel,), (source,) = built.glob("*.whl"), built.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as one, tarfile.open(source) as other:
        names = {*one.namelist(), *other.getnames()}
    assert not [name for name in names if {"__pycache__", "node_modules", ".hypothesis"} & set(name.split("/"))]
    made = [name.partition("/.made/")[2] for name in names if "/.made/" in name]
    assert made
    assert not [name for name in made if not re.fullmatch(r"figures/[0-9a-f]{20}\.svg|frames/[0-9a-f]{20}/\d+\.json", name)]


VISIT = f"""
import json, subprocess, sys
import modelwright.curriculum.frames as frames
from modelwright.studio import Studio

class Drawn(Exception):
    pass

def refuse(words, *rest, **more):
    raise Drawn(words)

with Studio.open(sys.argv[1]) as studio:
    studio.enrol("Ada", 7)
    popen, subprocess.Popen = subprocess.Popen, refuse
    view = studio.lesson("{LESSON}")
    explores = [block.explore for block in view.blocks if getattr(block, "explore", None)]
    kept = [studio.frames("{LESSON}", number + 1) for number in range(len(explores))]
    subprocess.Popen = popen
assert not (view.frames_waiting or view.figures_waiting)
print(json.dumps([str(studio.curriculum.folder), [bool(explore.svg) for explore in explores], [[frame is not None for frame in one] for one in kept]]))
"""


def test_a_first_visit_of_a_lesson_of_the_wheel_draws_nothing(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path / "site"), "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", VISIT, str(tmp_path / "home")], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    place, first, frames = json.loads(ran.stdout)
    assert place == str(tmp_path / "site" / "modelwright" / "_curriculum")
    assert first
    assert all(first)
    assert all(len(one) > 1 and all(one) for one in frames)


def test_where_the_installation_cannot_be_written_its_drawings_are_copied_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    course, cache = tmp_path / "course", tmp_path / "cache"
    (course / ".made" / "frames" / "a").mkdir(parents=True)
    (course / ".made" / "frames" / "a" / "0.json").write_text("{}")
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    assert frames_folder(course) == course / ".made" / "frames"
    access = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not Path(path).is_relative_to(course) and access(path, mode))
    kept = frames_folder(course)
    assert kept.is_relative_to(cache)
    assert (kept / "a" / "0.json").read_text() == "{}"
    (kept / "a" / "0.json").unlink()
    assert not list(frames_folder(course).glob("a/*")), "what was drawn since is not overwritten"
    assert not folder_of(course).exists()


def test_the_wheel_alone_knows_the_groups_their_pins_and_their_sizes(built: Path, tmp_path: Path) -> None:
    (wheel,), (source,) = built.glob("*.whl"), built.glob("*.tar.gz")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "import json; from modelwright.groups import catalogue; c = catalogue(); "
        "print(json.dumps([str(c.pins), c.pins.read_text(), {g.id: [sorted(str(r) for r in c.asked(g)), len(g.wheels)] for g in c.groups.values()}]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | {"PYTHONPATH": str(tmp_path / "site")}, cwd=tmp_path, check=True, capture_output=True
    )
    place, pins, groups = json.loads(ran.stdout)
    assert place == str(tmp_path / "site" / "modelwright" / "groups" / "constraints.txt")
    assert pins == (REPOSITORY / "constraints.txt").read_text()
    here = catalogue()
    assert groups == {g.id: [sorted(str(requirement) for requirement in here.asked(g)), len(g.wheels)] for g in here.groups.values()}
    with tarfile.open(source) as archive:  # from which a wheel is built where none fits
        (name,) = [name for name in archive.getnames() if name.endswith("/groups/constraints.txt")]
        held = archive.extractfile(name)
        assert held is not None
        assert held.read().decode() == pins


def test_the_wheel_alone_has_its_curriculum_and_its_pages(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    code = (
        "import modelwright; from modelwright.curriculum import load; from modelwright.web.assets import current; "
        "c = load(); print(modelwright.__file__, c.folder, len(c.labs), len(c.lessons), current(), sep='\\n')"
    )
    home = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(tmp_path / "site")}
    ran = subprocess.run([sys.executable, "-c", code], env=os.environ | home, cwd=tmp_path, check=True, capture_output=True, text=True)
    place, folder, labs, lessons, current = ran.stdout.split()
    assert place == str(tmp_path / "site" / "modelwright" / "__init__.py")
    assert folder == str(tmp_path / "site" / "modelwright" / "_curriculum")
    here = REPOSITORY / "curriculum"
    assert int(labs) == len(list(here.glob("*/*/labs/*/lab.yaml")))
    assert int(lessons) == len(list(here.glob("*/*/lessons/*.md")))
    assert current == str((REPOSITORY / "src" / "modelwright" / "web" / "static" / "dist" / "manifest.json").is_file())


def test_building_draws_all_of_a_course_and_takes_away_what_it_shows_no_more(tmp_path: Path) -> None:
    course = running_lesson.build(tmp_path / "course")
    figures, frames = folder_of(course), frames_folder(course)
    (frames / "old").mkdir(parents=True)
    (frames / "old" / "0.json").write_text("{}")
    figures.mkdir()
    (figures / "old.svg").write_text("<svg/>")
    build(course)
    explores = [explore for lesson in load(course).lessons.values() for explore in explores_of(lesson)]
    assert {path.name for path in frames.iterdir()} == {explore.key for explore in explores}
    assert not any(explore.missing(frames) for explore in explores)
    assert [path.suffix for path in figures.iterdir()] == [".svg"]
    assert not (figures / "old.svg").exists()
