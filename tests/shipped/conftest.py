"""Three homes on the curriculum that is shipped: one just made, one whose learner has enrolled, one with weeks of study in it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "web"))

from lived import live

from modelwright.curriculum import Curriculum, load
from modelwright.curriculum.loader import default_folder
from modelwright.studio import Studio
from shipped_homes import HOMES


@pytest.fixture(scope="session")
def curriculum() -> Curriculum:
    return load(default_folder())


@pytest.fixture(scope="session")
def homes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Each by its name; only to be copied from."""
    folder = tmp_path_factory.mktemp("homes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", str(folder / "no-gitconfig"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        made = {name: folder / name for name in HOMES}
        made["fresh"].mkdir()
        with Studio.open(made["enrolled"]) as studio:
            studio.enrol("Ada", 7)
        live(made["lived-in"], days=10)
    return made


@pytest.fixture
def home(request: pytest.FixtureRequest, homes: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the home that the test's parameter names, for the test to write in."""
    copy = tmp_path / "home"
    shutil.copytree(homes[request.param], copy, symlinks=True)
    for name in ("MODELWRIGHT_CURRICULUM", "MODELWRIGHT_JOURNAL", "PORT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MODELWRIGHT_HOME", str(copy))
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "no-gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("NO_BROWSER", "1")
    monkeypatch.chdir(tmp_path)
    return copy
