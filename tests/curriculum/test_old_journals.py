"""A journal kept under an earlier plan folds under this one: ids stay where modules move, and a skill that was divided is still known."""

from __future__ import annotations

from pathlib import Path

import pytest

from modelwright.curriculum import Curriculum, load
from modelwright.journal import events as e
from modelwright.journal.events import Event
from modelwright.learner import fold, forecast, session, standing

DAY = 86_400_000
START = 1_767_225_600_000 + 18 * 3_600_000  # Thursday 1 January 2026, 18:00 UTC
CHOLLET = "advanced-deep-learning/chollet-deep-learning-with-python"


@pytest.fixture(scope="module")
def plan() -> Curriculum:
    return load(Path(__file__).parents[2] / "curriculum")


def entries(*happened: e.Data) -> list[Event]:
    """One entry a day, from the first on."""
    return [Event(id=f"{n:032x}", at=START + n * DAY, data=data) for n, data in enumerate(happened)]  # type: ignore[arg-type]


def moved_back(plan: Curriculum) -> Curriculum:
    """The plan as it was: advanced deep learning at the end of stage 4."""
    module = plan.modules["advanced-deep-learning"].model_copy(update={"stage": "systems-and-advanced"})
    stages = []
    for stage in plan.stages.values():
        modules = tuple(m for m in stage.modules if m.id != module.id)
        stages.append(stage.model_copy(update={"modules": (*modules, module) if stage.id == module.stage else modules}))
    return Curriculum(plan.folder, stages, plan.projects.values(), plan.shared.values(), plan.digest)


def worked_on_advanced_deep_learning() -> list[Event]:
    """What someone did who met the module in stage 4: placed, a chapter read, a question answered, a book chosen, a forecast kept."""
    adamw = "advanced-deep-learning/adamw"
    week = {"q10": START + 500 * DAY, "q50": START + 700 * DAY, "q90": START + 900 * DAY}
    return entries(
        e.Enrolled(name="Ada", hours_per_week=7, background={"advanced-deep-learning": 1}),
        e.GoalsChanged(books={"advanced-deep-learning": "advanced-deep-learning/zhang-dive-into-deep-learning"}),
        e.Placed(skills={adamw: 0.9, "advanced-deep-learning/muon": 0.1}, by="test", questions=2),
        e.ChapterRead(resource=CHOLLET, chapter=9, hours=3),
        e.ItemAnswered(
            item="advanced-deep-learning/adamw-first-step",
            skills=[adamw],
            right=True,
            seconds=40,
            item_kind="predict",
            difficulty=2.5,
            setting="chapter",
        ),
        e.ForecastMade(finish=week, stages={"systems-and-advanced": week, "research": week}, done=0.2),
    )


def test_advanced_deep_learning_belongs_to_the_last_stage_and_old_journals_fold_as_they_did(plan):
    assert [m.id for m in plan.stages["research"].modules] == ["advanced-deep-learning", "research-papers", "ethics"]
    journal = worked_on_advanced_deep_learning()
    state = fold(plan, journal)
    assert state.canonical() == fold(moved_back(plan), journal).canonical()
    assert standing(plan, state, "advanced-deep-learning/adamw", journal[-1].at) in ("known", "fading")
    assert state.books["advanced-deep-learning"] == "advanced-deep-learning/zhang-dive-into-deep-learning"
    assert f"{CHOLLET}#9" in state.chapters


PARTS = ("python/table-cleaning", "python/grouping-and-joining")  # of python/data-frames, which was one skill


@pytest.mark.parametrize(("p", "known"), [(0.95, True), (0.1, False)])
@pytest.mark.parametrize("by", ["test", "self-report"])
def test_a_placement_from_before_pandas_was_divided_speaks_of_all_its_parts(plan, by, p, known):
    journal = entries(e.Enrolled(name="Ada", hours_per_week=7), e.Placed(skills={"python/data-frames": p}, by=by, questions=9))
    state, now = fold(plan, journal), journal[-1].at
    for skill in ("python/data-frames", *PARTS):
        assert (standing(plan, state, skill, now) in ("known", "fading")) == known, skill


def test_a_placement_that_tells_the_parts_apart_is_believed_and_an_exam_says_no_more_than_it_asked(plan):
    apart = fold(plan, entries(e.Placed(skills={"python/data-frames": 0.95, PARTS[0]: 0.1}, by="test", questions=9)))
    assert (apart.skills[PARTS[0]].placed, apart.skills[PARTS[1]].placed) == (0.1, 0.95)
    exam = fold(plan, entries(e.Placed(skills={"python/data-frames": 0.95}, by="test")))
    assert not set(PARTS) & set(exam.skills)


def test_chapters_read_before_the_division_count_for_the_part_that_they_serve(plan):
    book = "python/mckinney-python-for-data-analysis"
    state = fold(plan, entries(e.ChapterRead(resource=book, chapter=7, hours=1.5), e.ChapterRead(resource=book, chapter=10, hours=1.5)))
    assert all(state.skills[skill].taught_at for skill in PARTS)


def test_an_old_journal_still_gets_an_evening_and_a_forecast(plan):
    journal = worked_on_advanced_deep_learning()
    state, now = fold(plan, journal), journal[-1].at
    assert session(plan, state, now, 60).steps
    dates = forecast(plan, state, now, paths=200)
    assert set(dates.stages) == set(plan.stages)
    assert now < dates.stages["systems-and-advanced"].q50 <= dates.stages["research"].q50
