"""Claims about placement: what an answer may and may not change, and whom the questions find."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelwright.curriculum import Curriculum, load
from modelwright.learner.placement import FEWEST, MOST, SURE, Answered, Placement


@pytest.fixture(scope="module")
def plan() -> Curriculum:
    return load()


@pytest.fixture(scope="module")
def placement(plan: Curriculum) -> Placement:
    return Placement(plan, sets=512)


@pytest.fixture(scope="module")
def twin(plan: Curriculum) -> Placement:
    return Placement(plan, sets=512)


def above(plan: Curriculum, skill: str) -> set[str]:
    """All that a skill rests on."""
    found: set[str] = set()
    waiting = [skill]
    while waiting:
        for one in plan.skills[waiting.pop()].prerequisites:
            if one not in found:
                found.add(one)
                waiting.append(one)
    return found


def histories(plan: Curriculum, longest: int = 20) -> st.SearchStrategy[list[Answered]]:
    return st.lists(
        st.builds(Answered, st.sampled_from(plan.order), st.booleans(), slip=st.floats(0.01, 0.3), guess=st.floats(0.01, 0.5)),
        max_size=longest,
    )


QUICK = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)


@QUICK
@given(data=st.data())
def test_a_belief_is_a_probability_whatever_was_answered(plan: Curriculum, placement: Placement, data: st.DataObject) -> None:
    belief = placement.believe(data.draw(histories(plan)))
    assert set(belief.skills) == set(plan.skills)
    assert all(0.0 <= p <= 1.0 for p in belief.skills.values())
    assert 0.0 <= belief.gain <= belief.wrong <= len(plan.skills) / 2
    assert belief.next in plan.skills


@QUICK
@given(data=st.data())
def test_the_same_answers_in_any_order_give_the_same_belief(
    plan: Curriculum, placement: Placement, twin: Placement, data: st.DataObject
) -> None:
    answers = data.draw(histories(plan, 10))
    shuffled = data.draw(st.permutations(answers))
    assert placement.believe(shuffled, ()).skills == twin.believe(answers, ()).skills


@pytest.mark.parametrize("skill", ["transformers/multi-head-attention", "deep-learning/backpropagation", "ml-basics/linear-regression"])
def test_a_right_answer_raises_what_it_rests_on_and_a_wrong_one_lowers_what_rests_on_it(plan: Curriculum, skill: str) -> None:
    if skill not in plan.skills:
        pytest.skip(f"{skill} is no longer in the plan")
    placements = [Placement(plan, seed=seed, sets=16384) for seed in range(3)]  # so many that no chance of a draw can hide the direction

    def believed(*answers: Answered) -> dict[str, float]:
        beliefs = [placement.believe(answers, ()).skills for placement in placements]
        return {one: sum(belief[one] for belief in beliefs) for one in plan.skills}

    before, right, wrong = believed(), believed(Answered(skill, True)), believed(Answered(skill, False))
    assert wrong[skill] < before[skill] < right[skill]
    assert all(right[one] > before[one] for one in above(plan, skill))
    below = [one for one in plan.skills if skill in above(plan, one)]
    assert all(wrong[one] < before[one] for one in below)


def test_an_answer_that_could_be_a_guess_says_less(plan: Curriculum, placement: Placement) -> None:
    skill = plan.order[len(plan.order) // 2]
    sure = placement.believe([Answered(skill, True, guess=0.02)], ()).skills[skill]
    lucky = placement.believe([Answered(skill, True, guess=0.5)], ()).skills[skill]
    assert placement.believe([], ()).skills[skill] < lucky < sure


def walk(placement: Placement, known: set[str], questions: int, askable: Sequence[str] | None = None) -> tuple[float, list[str]]:
    """Someone who never slips or guesses: the share classified rightly, and what was asked."""
    answers: list[Answered] = []
    belief = placement.believe(answers, askable)
    for _ in range(questions):
        if belief.next is None:
            break
        answers.append(Answered(belief.next, belief.next in known))
        belief = placement.believe(answers, askable)
    right = np.mean([(p > 0.5) == (skill in known) for skill, p in belief.skills.items()])
    return float(right), [a.skill for a in answers]


@pytest.mark.parametrize("stage", [0, 1, 3, 5])
def test_who_knows_the_plan_up_to_some_stage_is_found_in_twenty_questions(plan: Curriculum, stage: int) -> None:
    known = {skill.id for one in list(plan.stages.values())[:stage] for module in one.modules for skill in module.skills}
    right, asked = walk(Placement(plan), known, 20)
    assert right >= 0.93
    assert max(asked.count(skill) for skill in asked) <= 2


@pytest.mark.parametrize("lasts", [0.3, 0.4])
def test_who_went_far_and_lost_what_is_old_and_little_used_is_found_nearly_as_well(plan: Curriculum, lasts: float) -> None:
    met = [skill.id for module in plan.modules.values() for skill in module.skills][: int(0.8 * len(plan.skills))]
    known: set[str] = set()
    for age, skill in enumerate(reversed(met)):
        uses = sum(one in known for one in plan.dependents(skill))
        if age / len(plan.skills) <= lasts * (1 + uses):
            known.add(skill)
    known = {skill for skill in known if above(plan, skill) <= known}
    right, _ = walk(Placement(plan), known, 25)
    assert right >= 0.9


def test_only_what_can_be_asked_is_asked_and_then_no_more(plan: Curriculum, placement: Placement) -> None:
    askable = list(plan.order[:3])
    _, asked = walk(placement, set(askable), 20, askable)
    assert sorted(asked) == sorted(askable * 2)
    assert placement.believe([Answered(skill, True) for skill in asked], askable).settled()


def test_a_self_report_moves_its_module_and_a_test_outweighs_it(plan: Curriculum) -> None:
    module = "linear-algebra"
    inside = [skill.id for skill in plan.modules[module].skills]

    def mean(skills: dict[str, float]) -> float:
        return float(np.mean([skills[id] for id in inside]))

    levels = [mean(dict(Placement(plan, {module: level}).believe([], ()).skills)) for level in range(4)]
    assert levels == sorted(levels)
    assert levels[3] - levels[0] > 0.3
    boast = Placement(plan, {module: 3}).believe([Answered(id, False) for id in inside[:8]], ())
    assert mean(dict(boast.skills)) < 0.3


def test_a_report_on_every_module_is_believed_module_by_module(plan: Curriculum) -> None:
    known = {"python", "algorithms", "calculus"}
    skills = Placement(plan, {module: 3 if module in known else 0 for module in plan.modules}).believe([], ()).skills
    right = [(p > 0.5) == (skill.split("/")[0] in known) for skill, p in skills.items()]
    assert np.mean(right) > 0.9


def test_answers_that_contradict_each_other_leave_doubt_and_no_error(plan: Curriculum, placement: Placement) -> None:
    skill = plan.order[-1]
    answers = [Answered(one, False) for one in sorted(above(plan, skill))] * 2 + [Answered(skill, True)] * 2
    belief = placement.believe(answers)
    assert all(np.isfinite(p) for p in belief.skills.values())


def test_skills_that_the_plan_no_longer_has_say_nothing(plan: Curriculum, placement: Placement) -> None:
    assert placement.believe([Answered("gone/away", True)], ()).skills == placement.believe([], ()).skills


@pytest.mark.parametrize("seed", range(4))
def test_who_guesses_is_not_asked_about_what_lies_above_all_that_is_open(plan: Curriculum, placement: Placement, seed: int) -> None:
    """One answer in four is right, as by chance among four choices."""
    rng, answers = random.Random(seed), []
    belief = placement.believe(answers)
    while not belief.is_enough(len(answers)) and len(answers) < MOST:
        assert belief.next is not None
        beneath = [belief.skills[p] for p in plan.skills[belief.next].prerequisites]
        assert belief.skills[belief.next] >= 1 - SURE or min(beneath, default=1.0) >= 0.5, belief.next
        answers.append(Answered(belief.next, rng.random() < 0.25, guess=0.25))
        belief = placement.believe(answers)
    assert 3 <= len(answers) <= FEWEST
