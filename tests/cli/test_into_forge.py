"""What the forge is handed: code that a model wrote runs in the cage, and is judged by its tests."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwright.cli.into_forge import IntoForge


def test_code_is_judged_by_its_tests_in_the_cage_and_endless_code_by_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELWRIGHT_HOME", str(tmp_path))
    given = IntoForge()
    good = "def double(x):\n    print('noise')\n    return 2 * x"
    assert given.run_python(good, ["double(2) == 4", "double(2) == 5", "missing()"], 10.0) == [True, False, False]
    assert given.run_python("while True: pass", ["True"], 1.0) == [False]


def test_a_part_whose_lab_was_not_passed_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELWRIGHT_HOME", str(tmp_path))
    assert IntoForge()("rope") is None
