"""Against what exists: the worked example's lab, and HumanEval's 164 problems."""

from __future__ import annotations

import gzip
import json
import os
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml

from modelwright.curriculum.models import Lab
from modelwright.grading import Grader

DATA = Path(os.environ.get("MODELWRIGHT_DATA", Path(__file__).resolve().parents[3] / "shared"))
EXAMPLE = DATA / "example" / "labs" / "grouped-query-attention"
HUMANEVAL = DATA / "data" / "llm" / "HumanEval.jsonl.gz"


def example() -> Lab:
    return Lab(id="transformers/grouped-query-attention", folder=EXAMPLE, **yaml.safe_load((EXAMPLE / "lab.yaml").read_text()))


@pytest.mark.skipif(not EXAMPLE.is_dir(), reason=f"the example lab is not at {EXAMPLE}; set MODELWRIGHT_DATA")
def test_the_examples_wrong_solutions_fail_for_the_check_they_name_and_the_right_ones_pass(grader: Grader) -> None:
    lab = example()
    for path in (EXAMPLE / "solution.py", *sorted((EXAMPLE / "right").glob("*.py"))):
        verdict = grader.grade(lab, path.read_bytes())
        assert verdict.status == "passed", (path.name, verdict.message)
    wrong = sorted((EXAMPLE / "wrong").glob("*.py"))
    assert len(wrong) == 9
    for path in wrong:
        named = re.search(r'Caught by: (.*?)\."""', path.read_text())
        assert named is not None
        verdict = grader.grade(lab, path.read_bytes())
        failing = {check.name for check in verdict.checks if check.status == "failed"}
        assert named[1] in failing, (path.name, named[1], failing)
        assert verdict.status == "failed"
    starter = grader.grade(lab, (EXAMPLE / "starter.py").read_bytes())
    assert (starter.status, starter.passed) == ("failed", 0)
    assert "not written yet" in starter.message


@pytest.mark.skipif(not HUMANEVAL.is_file(), reason=f"HumanEval is not at {HUMANEVAL}; set MODELWRIGHT_DATA")
def test_every_canonical_solution_of_humaneval_passes_and_no_stub_does(grader: Grader) -> None:
    with gzip.open(HUMANEVAL, "rt") as file:
        problems = [json.loads(line) for line in file]
    assert len(problems) == 164

    def judged(problem: dict[str, str], body: str) -> bool:
        code = f"{problem['prompt']}{body}\n\n{problem['test']}\n\ncheck({problem['entry_point']})\nprint('every assertion held')\n"
        result = grader.run_python(code)
        return result.status == "ok" and result.output.endswith("every assertion held\n")

    with ThreadPoolExecutor(2) as pool:
        right = list(pool.map(lambda p: judged(p, p["canonical_solution"]), problems))
        stubs = list(pool.map(lambda p: judged(p, "    pass\n"), problems))
    assert [p["task_id"] for p, passed in zip(problems, right, strict=True) if not passed] == []
    assert [p["task_id"] for p, passed in zip(problems, stubs, strict=True) if passed] == []
