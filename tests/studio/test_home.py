"""The learner's folder: what a program that was killed left in it does not stay."""

from __future__ import annotations

from pathlib import Path

from modelwright.studio.home import Home


def test_trial_files_are_swept_and_none_is_left(tmp_path: Path) -> None:
    (tmp_path / ".try-abandoned").write_text("x" * 4096)
    (tmp_path / "journal.db").write_text("what happened")
    Home.at(tmp_path).prepare()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cache", "journal.db", "run"]
