from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny_competition
import tiny_curriculum
from modelwright.arena import Material, material
from modelwright.curriculum import load
from modelwright.curriculum.models import Competition
from modelwright.grading import Grader


@pytest.fixture(scope="session")
def curriculum_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_curriculum.build(tmp_path_factory.mktemp("curriculum"))
    tiny_competition.add(folder)
    return folder


@pytest.fixture(scope="session")
def coins(curriculum_folder: Path) -> Competition:
    return load(curriculum_folder).competitions[tiny_competition.ID]


@pytest.fixture(scope="session")
def drawn(coins: Competition) -> Material:
    return material(coins)


@pytest.fixture(scope="session")
def grader() -> Iterator[Grader]:
    with Grader() as one:
        yield one
