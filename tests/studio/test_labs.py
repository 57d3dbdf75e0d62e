"""Handing in a lab: what is graded, what is recorded, what is kept."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import tiny_curriculum as tiny
from modelwright.journal import events as e
from modelwright.studio import Studio
from turned_clock import Clock


@pytest.fixture
def handed(studio: Studio) -> Studio:
    """A studio whose grader is ready."""
    studio.lab(tiny.LAB)
    return studio


def submitted(studio: Studio) -> list[e.LabSubmitted]:
    return [event.data for _, event in studio.journal.events() if isinstance(event.data, e.LabSubmitted)]


def test_a_lab_from_the_starter_to_the_pass(handed: Studio, clock: Clock) -> None:
    """The starter fails usefully, a plausible wrong solution at the check meant for it, the right one passes and is kept."""
    seen = []
    clock.pass_(minutes=3)
    starter = handed.hand_in(tiny.LAB, seen.append)
    assert starter.verdict.status == "failed"
    assert [check.name for check in seen] == list(handed.lab(tiny.LAB).checks), "each check is told as it ends, in order"
    assert "not written yet" in seen[0].message
    assert not starter.committed

    clock.pass_(minutes=10)
    wrong = handed.submit(tiny.LAB, source=tiny.WRONG)
    assert [check.status for check in wrong.checks] == ["passed", "passed", "failed"]
    view = handed.lab(tiny.LAB)
    assert view.source == tiny.WRONG, "what was handed in is the file"
    assert view.verdict is not None
    assert (view.verdict.passed, view.verdict.total, view.verdict.stale) == (2, 3, False)
    assert view.verdict.checks[2].given
    assert view.others == ()

    Path(view.path).write_text(tiny.SOLUTION)
    assert handed.lab(tiny.LAB).verdict.stale, "the verdict is of another text than the file's"  # type: ignore[union-attr]
    right = handed.hand_in(tiny.LAB)
    assert right.verdict.status == "passed"
    assert right.committed
    assert [change.id for change in right.changed] == ["tiny-maths/weights"]
    assert right.changed[0].after > right.changed[0].before
    assert [way.title for way in right.others] == ["in the log domain"]
    assert right.next is not None
    assert handed.workshop.history(handed.curriculum.labs[tiny.LAB])[0].message == "Pass Softmax (3 of 3 checks)"

    events = submitted(handed)
    assert [event.passed for event in events] == [False, False, True]
    assert [event.seconds for event in events] == [180, 600, 0], "the time since the opening or the last submission"
    assert events[1].verdict["checks"][2]["status"] == "failed"
    status = handed.status()
    assert (status.labs_passed, status.parts_mine) == (1, 1)
    assert handed.solution(tiny.LAB).after_pass


def test_what_is_graded_without_keeping_leaves_the_learners_file_alone(handed: Studio) -> None:
    path = Path(handed.lab(tiny.LAB).path)
    path.write_text("# mine\n")
    result = handed.hand_in(tiny.LAB, source=tiny.SOLUTION, keep=False)
    assert result.verdict.status == "passed"
    assert not result.committed
    assert "left as it is" in result.remark
    assert path.read_text() == "# mine\n"
    path.write_text(tiny.STARTER)
    assert handed.hand_in(tiny.LAB, source=tiny.SOLUTION, keep=False).committed, "over an untouched starter it may go"
    assert path.read_text() == tiny.SOLUTION


def test_pages_answer_while_a_lab_is_graded(handed: Studio) -> None:
    """Grading holds no lock: from inside a check's callback, another thread gets its answer."""
    answered = []

    def ask(_check: object) -> None:
        thread = threading.Thread(target=lambda: answered.append(handed.plan()))
        thread.start()
        thread.join(20)

    handed.hand_in(tiny.LAB, ask, source=tiny.SOLUTION)
    assert len(answered) == 3


def test_a_reset_gives_the_starter_and_the_pass_stays_passed(handed: Studio) -> None:
    handed.submit(tiny.LAB, source=tiny.SOLUTION)
    view = handed.reset(tiny.LAB)
    assert view.source == tiny.STARTER
    assert view.passed
    assert handed.status().labs_passed == 1


def test_long_outputs_do_not_go_into_the_journal(handed: Studio) -> None:
    loud = tiny.WRONG.replace("    e =", "    print('x' * 50_000)\n    e =")
    verdict = handed.submit(tiny.LAB, source=loud)
    assert any(len(check.output) > 5000 for check in verdict.checks) or verdict.checks
    (event,) = submitted(handed)
    assert all(len(check["output"]) <= 2001 for check in event.verdict["checks"])


def test_a_verdict_of_an_older_version_keeps_its_cases() -> None:
    """Once, a case stood in brackets behind the name of its check."""
    from modelwright.studio.content import last_verdict
    from modelwright.studio.record import Attempted, LabRecord

    record = LabRecord(attempts=[Attempted(1, False, 1, 2)])
    record.verdict = {"checks": [{"name": "any axis [0-x1]", "claim": "Any.", "status": "passed"}, {"name": "rows", "status": "passed"}]}
    verdict = last_verdict(record, "")
    assert verdict is not None
    assert [(check.name, check.case) for check in verdict.checks] == [("any axis", "0-x1"), ("rows", "")]
