"""A competition that an author got wrong is told so, by reading and by running it."""

from __future__ import annotations

from pathlib import Path

import pytest

import tiny_competition
import tiny_curriculum
from modelwright.studio.author import validate

DATA = tiny_competition.FILES["data.py"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    course = tiny_curriculum.build(tmp_path / "course")
    return tiny_competition.add(course)


def found(folder: Path, run: bool = True) -> list[str]:
    return [finding.message for finding in validate(folder.parents[1], names=[tiny_competition.ID], run=run, jobs=1)]


def test_a_sound_one_holds_and_its_proof_is_kept(folder: Path) -> None:
    assert found(folder) == []
    assert (folder / "proofs.txt").is_file()
    (folder / "data.py").write_text("raise RuntimeError\n")
    assert "cannot be made" in found(folder)[0]


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [
        ("data.py", ("rng.normal(size=800)", "np.random.normal(size=800)"), "Two draws from the same seed differ."),
        ("data.py", ('test = "id,bend\\n"', 'test = "id,heads\\n"'), "holds the column heads"),
        ("reference.py", ("-1.4", "0"), "It does not lead on the public board."),
        ("half.py", ("[0.5]", "[0.5, 0.5]"), "predict returned 1,200 values for 600 rows."),
        ("data.py", (', "ideal": chance[200:]', ""), "An entry that has the labels is not found out."),
    ],
)
def test_a_fault_is_found_by_running_it(folder: Path, name: str, change: tuple[str, str], told: str) -> None:
    path = folder / name
    text = path.read_text().replace('\n         "truth"', ' "truth"')
    assert change[0] in text
    path.write_text(text.replace(*change))
    assert told in "\n".join(found(folder))


def test_missing_files_and_unknown_skills_are_found_by_reading(folder: Path) -> None:
    (folder / "half.py").unlink()
    path = folder / "competition.yaml"
    path.write_text(path.read_text().replace("tiny-maths/doubling", "tiny-maths/no-such").replace("stage: foundation", "stage: no-such"))
    told = "\n".join(found(folder, run=False))
    assert "The competition has no half.py." in told
    assert "There is no stage no-such." in told
    assert "no-such" in told
