"""Proofs are kept: what is unchanged is not run again, what failed or changed is, and a lot draws some of the rest."""

import importlib
import importlib.util
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from modelwright.curriculum import UnknownId, load
from modelwright.groups import catalogue
from modelwright.studio.author import Progress, validate
from modelwright.studio.proofs import libraries_of
from modelwright.studio.proving import FILE, Lot, code_digest, keep_proofs, kept_proofs, own_text, steps_of
from modelwright.studio.skeleton import new_lab, new_module

MODULE = "1-foundation/statistics"
LESSON, HOLES, FRAMES = (
    f"lesson statistics/the-mean: {claim}"
    for claim in ("it prints what its page says", "its holes make a difference", "its explores can be drawn")
)
PROBLEM = "problem statistics/mean-of-three: its key agrees with its proof"
STARTER, RIGHT, WRONG, NOTHING, LISTED, KEPT_BACK = (
    f"lab statistics/mean: {claim}"
    for claim in (
        "the starter fails", "right solutions pass", "wrong solutions fail where they say", "files that do nothing fail",
        "listed mutants are told from the solution by no check", "no lesson's code passes for it",
    )
)  # fmt: skip
PAGE = [LESSON, HOLES, FRAMES]
LAB = [STARTER, RIGHT, WRONG, NOTHING, LISTED, KEPT_BACK]
EVERYTHING = [*PAGE, PROBLEM, *LAB]


@pytest.fixture(scope="module")
def proved(tmp_path_factory) -> tuple[Path, list[Progress]]:
    """A course that was proved once, and what was told meanwhile."""
    folder, told = tmp_path_factory.mktemp("course"), []
    new_module(folder, "statistics", "Statistics")
    assert validate(folder, on_progress=told.append) == []
    return folder, told


@pytest.fixture
def course(proved, tmp_path: Path) -> Path:
    """A copy of it, proofs and all: they hold wherever the folder lies."""
    return Path(shutil.copytree(proved[0], tmp_path / "course"))


def ran(course: Path, **options) -> list[str]:
    """The steps that a validation runs, in no order."""
    told: list[Progress] = []
    validate(course, on_progress=told.append, **options)
    return sorted(step.what for step in told if step.total and not step.kept)


def edit(course: Path, name: str, old: str, new: str) -> None:
    path = course / MODULE / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def changed(course: Path) -> list[str]:
    """The steps whose kept proof no longer stands, without running any."""
    [module] = load(course).modules.values()
    proofs = kept_proofs(module)
    return [step.name for step in steps_of(module) if step.rests_on not in proofs.get(step.name, ())]


def test_the_first_run_proves_everything_and_the_second_nothing(proved, course):
    assert sorted(step.what for step in proved[1] if step.total) == sorted(EVERYTHING)
    assert [(step.done, step.total) for step in proved[1] if step.total] == [(n, 10) for n in range(1, 11)]
    assert ran(course) == []


def test_proofs_are_lines_in_order_that_two_branches_can_merge(course):
    lines = (course / MODULE / FILE).read_text().splitlines()
    assert lines == sorted(lines)
    assert [line.rpartition(" = ")[0] for line in lines] == sorted(EVERYTHING)
    [module] = load(course).modules.values()
    (course / MODULE / FILE).write_text("\n".join([*lines, f"{WRONG} = of-the-other-branch", "<<<<<<< ours"]))
    assert "of-the-other-branch" in kept_proofs(module)[WRONG]
    assert changed(course) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "again"),
    [
        ("lessons/the-mean.md", "No run took five seconds", "No run took just five seconds", [*PAGE, KEPT_BACK]),
        ("problems.py", "range(1, 30)", "range(1, 40)", [PROBLEM]),
        ("labs/mean/starter.py", "in float64; see", "in float64, see", LAB),
        ("labs/mean/right/by_a_loop.py", "one by one", "one after another", [RIGHT]),
        ("labs/mean/wrong/scales_in_place.py", "own array", "very own array", [WRONG]),
        ("labs/mean/checks.py", "== 5.0", "== 5", LAB),
        ("labs/mean/solution.py", "is not defined", "is undefined", LAB),
        ("labs/mean/lab.yaml", "seconds: 10", "seconds: 9", LAB),
        ("labs/mean/lab.yaml", "What should", "What would", []),
        ("labs/mean/README.md", "one-dimensional", "flat", []),
        ("cards.yaml", "poor summary", "bad summary", []),
    ],
)  # fmt: skip
def test_a_change_calls_for_just_the_proofs_that_rest_on_it(course, file, old, new, again):
    edit(course, file, old, new)
    assert changed(course) == again


def test_another_generator_of_the_file_leaves_a_proof_standing(course):
    """But a helper that both use does not, and neither does a generator that this one calls."""
    path = course / MODULE / "problems.py"
    text = path.read_text().replace(
        "PROBLEMS = {", 'PROBLEMS = {\n    "other": {"skills": ["statistics/the-mean"], "minutes": 2, "difficulty": 1},'
    )
    path.write_text(
        text + '\n\ndef other(rng):\n    """Another"""\n    return {}\n\n\ndef prove_other(problem, rng):\n    return 1, 1, 1\n'
    )
    assert PROBLEM not in changed(course)
    path.write_text(path.read_text() + "\n\ndef helper():\n    return 1\n")
    assert PROBLEM in changed(course)
    [module] = load(course).modules.values()
    mine = next(problem for problem in module.problems if problem.function == "mean_of_three")
    assert "def other(" not in own_text(mine, module.problems)
    path.write_text(path.read_text().replace("total = a + b + c", "total = a + b + c; other"))
    assert "def other(" in own_text(mine, module.problems)


def test_what_failed_is_never_kept_and_is_told_every_time(course):
    edit(course, "labs/mean/wrong/divides_by_one_less.py", "max(len(values) - 1, 1)", "len(values)")
    for _ in range(2):
        findings = validate(course)
        assert ["A wrong solution passes every check." in str(finding) for finding in findings] == [True]
        [module] = load(course).modules.values()
        assert sorted(kept_proofs(module)) == sorted({*EVERYTHING} - {WRONG})


def test_a_listed_mutant_that_a_check_kills_is_told(course):
    entry = '- line: "if len(values) == 0:"\n  change: 0 → 1\n  reason: nothing can tell them apart\n'
    (course / MODULE / "labs/mean/mutants.yaml").write_text(entry)
    assert changed(course) == [LISTED]
    [finding] = validate(course)
    assert "mutants.yaml:1: '0 → 1' is listed as equivalent, but 'adding a constant moves the mean by it' catches it" in str(finding)


def test_cold_believes_nothing_and_whoever_keeps_nothing_writes_nothing(course):
    (course / MODULE / FILE).unlink()
    assert ran(course, names=["the-mean"], keep=False) == sorted(PAGE)
    assert not (course / MODULE / FILE).exists()
    assert ran(course, names=["the-mean"]) == sorted(PAGE)
    assert ran(course, names=["the-mean"]) == []
    assert ran(course, names=["the-mean"], cold=True) == sorted(PAGE)


def test_an_interruption_keeps_what_was_proved_by_then(course):
    (course / MODULE / FILE).unlink()

    def interrupt(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        validate(course, jobs=1, on_progress=interrupt)
    [module] = load(course).modules.values()
    assert list(kept_proofs(module)) == [LESSON]


def test_asking_for_more_than_was_proved_proves_it(course):
    assert ran(course, names=["mean-of-three"], seeds=3) == [PROBLEM]
    assert ran(course, names=["mean-of-three"]) == []  # and the usual proof stood


def test_a_name_narrows_it_to_a_lab_a_lesson_or_a_module(course):
    assert ran(course, names=["mean"], cold=True, keep=False) == sorted(LAB)
    assert ran(course, names=["statistics/the-mean"], cold=True, keep=False) == sorted(PAGE)
    with pytest.raises(UnknownId, match="Did you mean statistics/mean"):
        validate(course, names=["meen"])


def test_a_lab_asked_for_alone_hides_the_faults_of_others(course):
    edit(course, "lessons/the-mean.md", "when does it lie?", "when it lies.")
    edit(course, "labs/mean/lab.yaml", "minutes: 20", "minutes: 95")
    assert ["A lab takes 20 to 90." in str(finding) for finding in validate(course, names=["mean"], run=False)] == [True]
    assert len(validate(course, names=["statistics"], run=False)) == len(validate(course, run=False)) == 2


def test_proving_one_thing_leaves_the_other_proofs_and_drops_those_of_what_is_gone(course):
    new_lab(course, "statistics/median", "The median")
    [module] = load(course).modules.values()
    steps = list(steps_of(module))
    keep_proofs(module, [], steps)
    assert sorted(kept_proofs(module)) == sorted(EVERYTHING)
    shutil.rmtree(course / MODULE / "labs" / "mean")
    [module] = load(course).modules.values()
    keep_proofs(module, [], steps_of(module))
    assert sorted(kept_proofs(module)) == sorted([*PAGE, PROBLEM])


def test_a_lot_draws_a_tenth_the_same_for_one_seed_and_another_for_the_next():
    names = [f"lab some/lab-{n}" for n in range(4000)]
    first, again, other = ([name for name in names if Lot(seed).draws(name)] for seed in ("2026-11-30", "2026-11-30", "2026-12-01"))
    assert first == again != other
    assert 300 < len(first) < 500


def test_what_the_lot_draws_is_run_though_its_proof_stood(course):
    told: list[Progress] = []
    seed = next(str(n) for n in range(1000) if [name for name in EVERYTHING if Lot(str(n)).draws(name)] == [LESSON])
    validate(course, lot=Lot(seed), on_progress=told.append)
    assert [(step.what, step.drawn) for step in told if step.total and not step.kept] == [(LESSON, True)]


def test_findings_come_in_the_plans_order_whatever_ends_first(course):
    edit(course, "lessons/the-mean.md", "[-3, -2, -2, 7] 0", "[-3, -2, -2, 7] 1")
    edit(course, "labs/mean/solution.py", "/ len(values)", "/ (len(values) + 1)")
    edit(course, "labs/mean/wrong/divides_by_one_less.py", "max(len(values) - 1, 1)", "len(values)")
    files = [finding.file.name for finding in validate(course, jobs=4)]
    assert files == ["the-mean.md", "solution.py", "divides_by_one_less.py"]


CODE = """
LIMIT = 3
TABLE = {"a": [1, 2]}

class Shape:
    size = 1

def helper():
    return Shape.size

def prove():
    return helper() < LIMIT < len(TABLE)
"""


@pytest.mark.parametrize(("old", "new", "same"), [
    ("size = 1", "size = 2", False), ("LIMIT = 3", "LIMIT = 4", False), ("return Shape", "return 1 + Shape", False),
    ("\nLIMIT", "\nOTHER = 1\nLIMIT", True),
])  # fmt: skip
def test_a_proof_rests_on_all_the_code_that_proves_it_and_on_no_other(tmp_path, old, new, same):
    """Helpers, constants and classes that the proving function reaches count; what else its file holds does not."""

    def digest_of(text: str, number: int) -> str:
        path = tmp_path / f"pretend_{number}.py"
        path.write_text(text)
        spec = importlib.util.spec_from_file_location("modelwright.pretend", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["modelwright.pretend"] = module
        try:
            spec.loader.exec_module(module)
            return code_digest(module.prove)
        finally:
            del sys.modules["modelwright.pretend"]

    assert (digest_of(CODE, 1) == digest_of(CODE.replace(old, new), 2)) is same


def test_what_needs_a_group_that_is_not_here_is_one_finding_and_nothing_is_run(course, monkeypatch):
    known = {**catalogue().groups}
    known["nlp"] = replace(known["nlp"], imports=("not_to_be_found",))
    monkeypatch.setattr(importlib.import_module("modelwright.groups.catalogue"), "known", lambda: known)
    edit(course, "labs/mean/lab.yaml", "needs: [numpy]", "needs: [numpy, nlp]")
    edit(course, "lessons/the-mean.md", "minutes:", "needs: [nlp]\nminutes:")
    lab, lesson = sorted(validate(course), key=lambda finding: finding.file.suffix, reverse=True)
    assert (lab.file.name, lesson.file.name) == ("lab.yaml", "the-mean.md")
    for finding, what in ((lab, "lab"), (lesson, "lesson")):
        assert finding.message.startswith(f"It is not proved. spaCy and NLTK, which this {what} needs, are not installed.")


def test_a_proof_rests_on_the_versions_of_what_its_group_installs():
    assert libraries_of(["numpy", "nlp"]) == {"numpy", "spacy", "nltk"}


def test_what_a_proof_rests_on_is_the_same_in_every_process() -> None:
    """A set inside a table was told in its own order, so a fresh clone proved every lesson again."""
    program = (
        "from modelwright.studio import proving\n"
        "steps = [*proving.LESSON_STEPS, *proving.LAB_STEPS]\n"
        "print([proving.code_digest(step.prove) for step in steps], proving.code_digest(proving.prove_competition, proving.prove_problem))\n"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(told) == 1
