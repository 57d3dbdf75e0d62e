"""What is installed elsewhere: the wheel brings the program, its pages and the whole curriculum, and nothing that was made here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from modelwright.groups import catalogue

REPOSITORY = Path(__file__).parents[2]
pytest.importorskip("hatchling", reason="building a wheel needs hatchling")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("built")
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
    assert not [name for name in names if {".made", "__pycache__", "node_modules", ".hypothesis"} & set(name.split("/"))]


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
