"""What can be asked of a skill, how often it is guessed, and the rules of an exam and of the check on a chapter.

Pure functions of the curriculum and of the answers of one sitting; what a question looks like and where answers are kept is the studio's.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from modelwright.curriculum import Curriculum
    from modelwright.curriculum.models import Module

LENGTH, PASS = 10, 0.8  # questions of an exam, at the most, and the share that must be right
SAYS = 0.9  # the probability given to a skill of a module whose exam was passed
CHECK = 3  # questions of the check on a chapter, at the most
SLIP = 0.10
# How often someone who sees nothing but four choices picks the right one, by kind: measured on this bank by `bench/items.py`.
GUESSED = {"choose": 0.284, "find-fault": 0.277, "predict": 0.234}
FORMULA_GUESSED = 0.03


class Asked(Protocol):
    """A question of the bank and how it was answered. item: its id, or that of a problem where the bank has none for the skill."""

    @property
    def item(self) -> str: ...
    @property
    def skill(self) -> str: ...
    @property
    def right(self) -> bool: ...


# What can be asked


def questions_of(curriculum: Curriculum, skill: str) -> tuple[str, ...]:
    """Items of the bank for a skill; where it has none, its module's problems."""
    problems = (id for id in curriculum.teaching(skill, "problem") if id.split("/")[0] == skill.split("/")[0])
    return curriculum.teaching(skill, "item") or tuple(problems)


def unasked(curriculum: Curriculum, skill: str, asked: Sequence[Asked]) -> tuple[str, ...]:
    """Those that were not asked in this sitting. A problem has new numbers each time, so that it may come twice."""
    times = Counter(one.item for one in asked)
    return tuple(id for id in questions_of(curriculum, skill) if times[id] < (1 if id in curriculum.items else 2))


def guess_rate(curriculum: Curriculum, id: str) -> float:
    """How often someone who does not know it answers it rightly."""
    item = curriculum.items.get(id)
    if item is not None and item.choices:
        return GUESSED.get(item.kind, 0.25) * 4 / len(item.choices)
    return 1 / math.factorial(len(item.lines)) if item is not None and item.lines else FORMULA_GUESSED


# Exams


def exam_length(curriculum: Curriculum, module: Module) -> int:
    """Ten, or as many different questions as there are."""
    ids = {id for skill in module.skills for id in questions_of(curriculum, skill.id)}
    return min(LENGTH, sum(1 if id in curriculum.items else 2 for id in ids))


def needed_to_pass(length: int) -> int:
    return math.ceil(PASS * length)


def exam_skill(curriculum: Curriculum, module: Module, sat: Sequence[Asked]) -> str | None:
    """The skill that is asked about next, or None at the end: skills come in turn, those asked least in this sitting and spread over the
    module first."""
    if len(sat) >= exam_length(curriculum, module):
        return None
    able = [skill.id for skill in module.skills if unasked(curriculum, skill.id, sat)]
    if not able:
        return None
    times = Counter(one.skill for one in sat)
    stride = max(1, round(len(able) * 0.618))
    while math.gcd(stride, len(able)) > 1:
        stride += 1
    spread = {able[(k * stride) % len(able)]: k for k in range(len(able))}
    return min(able, key=lambda id: (times[id], spread[id]))


def exam_covers(curriculum: Curriculum, module: Module) -> bool:
    """Whether questions exist for at least half of the skills: only then does passing speak for the others too."""
    return 2 * sum(bool(questions_of(curriculum, skill.id)) for skill in module.skills) >= len(module.skills)


def exam_passed(curriculum: Curriculum, module: Module, sat: Sequence[Asked]) -> bool | None:
    """None while it goes on."""
    length = exam_length(curriculum, module)
    return None if not length or len(sat) < length else sum(one.right for one in sat) >= needed_to_pass(length)


def exam_says(curriculum: Curriculum, module: Module, sat: Sequence[Asked]) -> dict[str, float]:
    """What a passed exam says of skills: of all of the module's, less those that an answer spoke against."""
    missed, right = {one.skill for one in sat if not one.right}, {one.skill for one in sat if one.right}
    spoken = {skill.id for skill in module.skills} if exam_covers(curriculum, module) else right
    return dict.fromkeys(sorted(spoken - missed), SAYS)


# After a chapter


def check_length(curriculum: Curriculum, skills: Sequence[str]) -> int:
    """How many questions the check of a chapter on these skills asks."""
    return min(CHECK, len({id for skill in skills for id in questions_of(curriculum, skill)}))
