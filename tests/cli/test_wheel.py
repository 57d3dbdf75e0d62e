"""What is installed elsewhere: the wheel brings the program, its pages and the whole curriculum, and nothing that was made here."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

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
