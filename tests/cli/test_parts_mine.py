"""From a passed lab to a part of the model: a learner's own code, graded here, trains a model there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from modelwright.cli.into_forge import IntoForge
from modelwright.curriculum import load
from modelwright.forge.cli import app
from modelwright.forge.errors import PartError
from modelwright.forge.parts import PARTS, choose
from modelwright.forge.recipe import Run
from modelwright.forge.recipe import load as load_recipe
from modelwright.journal.events import LabSubmitted
from modelwright.studio import Home, Studio

LABS = {
    "rms-norm": "deep-learning/rms-norm",
    "schedule": "deep-learning/learning-rate-schedule",
    "clipping": "deep-learning/gradient-clipping",
}


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Ada has handed in three labs: two pass, one does not."""
    folder = tmp_path_factory.mktemp("ada")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MODELWRIGHT_HOME", str(folder))
        patch.setenv("GIT_CONFIG_GLOBAL", str(folder / "no-gitconfig"))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        patch.delenv("MODELWRIGHT_JOURNAL", raising=False)
        patch.delenv("MODELWRIGHT_CURRICULUM", raising=False)
        with Studio.open(folder) as studio:
            studio.enrol("Ada", 6)
            labs = studio.curriculum.labs
            written = {part: (labs[lab].folder / "solution.py").read_text("utf-8") for part, lab in LABS.items()}
            assert studio.submit(LABS["schedule"], source=written["schedule"]).status == "passed"
            # The others as the journal keeps them: their graders would have to load PyTorch a second time.
            for part, passed in (("rms-norm", True), ("clipping", False)):
                studio.workshop.write(labs[LABS[part]], written[part].encode())
                verdict = {"schema": 1, "lab": LABS[part], "status": "passed" if passed else "failed", "checks": []}
                studio.journal.append(
                    LabSubmitted(
                        lab=LABS[part], skills=list(labs[LABS[part]].skills), passed=passed, checks_passed=18 if passed else 3,
                        checks_total=18, seconds=600, source_sha256="0" * 64, verdict=verdict,
                    )
                )  # fmt: skip
        yield folder


def forge(*words: str) -> Result:
    return CliRunner().invoke(app, list(words), obj=IntoForge(), env={"COLUMNS": "200"})


def files(home: Path) -> dict[str, Path]:
    labs = load().labs
    return {part: Home.at(home).workshop / labs[lab].file for part, lab in LABS.items()}


def test_each_part_that_a_lab_makes_is_one_of_the_forges() -> None:
    made = {lab.part for lab in load().labs.values() if lab.part}
    assert set(LABS) <= made <= set(PARTS)


def test_the_list_says_what_is_yours_and_which_lab_makes_what(home: Path) -> None:
    rows = {row["part"]: row for row in json.loads(forge("parts", "--json").output)}
    assert {part for part, row in rows.items() if row["whose"] == "mine"} == {"rms-norm", "schedule"}
    assert all(rows[part]["lab"] == lab for part, lab in LABS.items())
    assert rows["all-reduce"]["lab"] is None
    shown = forge("parts")
    assert shown.exit_code == 0
    lines = {line.split()[0]: line for line in shown.output.splitlines() if line.strip()}
    assert "yours" in lines["rms-norm"]
    assert "deep-learning/rms-norm" in lines["rms-norm"]
    assert "reference" in lines["clipping"]
    assert "to come" in lines["all-reduce"]
    with pytest.raises(PartError, match="pass its lab first, deep-learning/gradient-clipping, or say clipping=reference"):
        choose("clipping=mine", IntoForge())


def test_looking_at_the_parts_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who never enrolled sees the list; no starter is written for it."""
    monkeypatch.setenv("MODELWRIGHT_HOME", str(tmp_path))
    monkeypatch.delenv("MODELWRIGHT_CURRICULUM", raising=False)
    shown = forge("parts")
    assert shown.exit_code == 0, shown.output
    assert "0 of them are yours" in shown.output
    assert not list(tmp_path.rglob("*.py"))


SMALL = {
    "tokenizer.source": "'primer:60'", "tokenizer.vocab": "300", "data.source": "'primer:80'", "model.context": "32", "model.layers": "1",
    "pretrain.steps": "4", "pretrain.batch": "2", "pretrain.eval_every": "4", "pretrain.sample_every": "4",
}  # fmt: skip
TRAINING = ("tokenizer", "data", "pretrain")


def test_a_model_is_trained_with_the_learners_parts_and_the_report_says_their_price(home: Path, tmp_path: Path) -> None:
    stages = [word for stage in (*TRAINING, "report") for word in ("--stage", stage)]
    changes = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]
    done = forge("run", "test", "--folder", str(tmp_path / "run"), "--parts", "mine", *stages, *changes)
    assert done.exit_code == 0, (done.output, done.exception)
    assert "your rms-norm keeps its contract" in done.output
    report = (tmp_path / "run" / "report.md").read_text("utf-8")
    assert "Parts of the learner's: rms-norm, schedule." in report
    assert "times the reference's time a step; the loss differs by" in report
    record = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert abs(record["cost_of_parts"]["loss"]) < 0.01, "the same arithmetic learns the same"


def test_parts_are_chosen_one_by_one(home: Path, tmp_path: Path) -> None:
    chosen = choose("rms-norm=mine,schedule=reference", IntoForge())
    assert set(chosen.mine) == {"rms-norm"}
    called = 0

    def counted(*words: object) -> object:
        nonlocal called
        called += 1
        return learners(*words)

    module = chosen.mine["rms-norm"]
    learners, module.rms_norm = module.rms_norm, counted
    run = Run.open(tmp_path, load_recipe("test", SMALL), chosen)
    run.carry_out(TRAINING)
    assert called >= 4 * 5, "four norms a layer and the last one, in each of four steps"
    assert run.record["parts"]["rms-norm"] == "mine"
    assert run.record["parts"]["schedule"] == "reference"


def test_a_part_that_was_changed_after_passing_is_refused_with_the_failing_check(home: Path) -> None:
    file = files(home)["rms-norm"]
    passed = file.read_text("utf-8")
    try:
        file.write_text(passed.replace(".mean(-1, keepdim=True)", ".mean()"), "utf-8")
        with pytest.raises(PartError, match=r"your part 'rms-norm' breaks its contract at 'zeros|a batch|very large'.*rms_norm\.py"):
            choose("mine", IntoForge())
        shown = forge("parts")
        assert shown.exit_code == 1
        assert "yours, refused at" in shown.output
        file.write_text("import nothing_of_that_name\n", "utf-8")
        shown = forge("parts")
        assert "yours, refused at 'it loads'" in shown.output, "one file that cannot be read hides no other"
        assert "schedule" in shown.output
        file.unlink()
        with pytest.raises(PartError, match=r"rms_norm\.py"):
            choose("rms-norm=mine", IntoForge())
    finally:
        file.write_text(passed, "utf-8")
