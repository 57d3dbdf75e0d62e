"""docs/learner-model.md says what the code does."""

import re
from pathlib import Path

from modelwright.learner import TABLE
from modelwright.learner import folding as f
from modelwright.learner.beliefs import MASTERED
from modelwright.learner.tracing import INPUTS

PAGE = (Path(__file__).parents[2] / "docs/learner-model.md").read_text(encoding="utf-8")


def test_the_pages_table_is_the_codes() -> None:
    section = PAGE.split("## What next")[1].split("\n## ")[0]
    rows = re.findall(r"^\| ([a-z ]+) \| (\d+) \| (.+) \|$", section, re.M)
    assert rows == [(row.name, f"{row.weight:g}", row.when) for row in TABLE]


def test_the_pages_figures_are_the_codes() -> None:
    text = " ".join(PAGE.split())
    assert f"{len(INPUTS)} inputs" in text
    assert f"counts {f.AFTER_SOLUTION}, a second try {f.SECOND_TRY}, each hint takes {f.PER_HINT} from a lab" in text
    assert MASTERED == 0.8
    assert "right four times in five" in text
