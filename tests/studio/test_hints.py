"""The hint that is shown first helps with the check that failed first, where the author tied one to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import tiny_curriculum as tiny
from modelwright.journal import events as e
from modelwright.studio import Studio
from turned_clock import Clock

TIED = """\
- Exponentials first, then a sum over the last axis.
- text: What is the exponential of 1000?
  checks: [large logits stay finite]
- text: The sum goes along each row.
  checks: [Rows sum to one]
"""


@pytest.fixture
def studio(curriculum_folder: Path, tmp_path: Path, clock: Clock) -> Iterator[Studio]:
    folder = tmp_path / "tied"
    shutil.copytree(curriculum_folder, folder)
    file = next(folder.rglob("labs/softmax/lab.yaml"))
    file.write_text(file.read_text().partition("hints:\n")[0] + "hints:\n" + TIED)
    with Studio.open(tmp_path / "home", folder, now=clock) as opened:
        opened.enrol("Ada", 6)
        yield opened


def handed_in(studio: Studio, **status: str) -> None:
    """A submission whose checks went so, in the order of checks.py."""
    names = ("test_two_equal_logits_share_the_weight", "test_rows_sum_to_one", "test_large_logits_stay_finite")
    checks = [{"name": name, "claim": "", "status": status.get(name.removeprefix("test_"), "passed"), "seconds": 0.0} for name in names]
    passed = sum(check["status"] == "passed" for check in checks)
    skills = list(studio.curriculum.labs[tiny.LAB].skills)
    data = e.LabSubmitted(
        lab=tiny.LAB, skills=skills, passed=passed == 3, checks_passed=passed, checks_total=3, seconds=60, source_sha256="",
        verdict={"status": "failed", "checks": checks},
    )  # fmt: skip
    studio.journal.append(data)


def test_the_hint_of_the_check_that_failed_first_is_shown_first(studio: Studio) -> None:
    handed_in(studio, rows_sum_to_one="failed", large_logits_stay_finite="failed")
    first = studio.hint(tiny.LAB)
    assert (first.number, first.text) == (1, "The sum goes along each row.")
    handed_in(studio, large_logits_stay_finite="error")
    assert studio.hint(tiny.LAB).text == "What is the exponential of 1000?"
    assert studio.hint(tiny.LAB).number == 3
    assert [hint.text[:8] for hint in studio.lab(tiny.LAB).hints] == ["The sum ", "What is ", "Exponent"]
    assert studio.hint(tiny.LAB).text.startswith("Exponentials first")  # the last one again
    taken = [event.data for _, event in studio.journal.of_kind(e.HintTaken)]
    assert [(hint.number, hint.which) for hint in taken if isinstance(hint, e.HintTaken)] == [(1, 3), (2, 2), (3, 1)]


def test_where_no_hint_is_tied_to_it_the_authors_order_holds(studio: Studio) -> None:
    assert studio.hint(tiny.LAB).text.startswith("Exponentials first")  # nothing was handed in
    handed_in(studio, two_equal_logits_share_the_weight="failed", large_logits_stay_finite="failed")
    assert studio.hint(tiny.LAB).text == "What is the exponential of 1000?"  # of those left, the one for a later failure


def test_a_hint_that_was_taken_before_hints_were_tied_is_the_one_of_its_number(studio: Studio) -> None:
    studio.journal.append(e.HintTaken(lab=tiny.LAB, number=1))
    studio.journal.append(e.HintTaken(lab=tiny.LAB, number=2))
    assert [hint.text[:8] for hint in studio.lab(tiny.LAB).hints] == ["Exponent", "What is "]
    assert studio.lab(tiny.LAB).hints_left == 1
