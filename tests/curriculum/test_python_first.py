"""Who does not program begins with Python: what runs NumPy rests on the skills that it uses, and the first evenings are Python's."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from modelwright.curriculum import Curriculum, load
from modelwright.journal import events as e
from modelwright.journal.events import Event
from modelwright.learner import fold, session

DAY = 86_400_000
START = 1_767_225_600_000 + 18 * 3_600_000  # Thursday 1 January 2026, 18:00 UTC
MATHEMATICS = ("linear-algebra", "calculus", "probability")
USES = {
    "python/functions": ast.FunctionDef,
    "python/control-flow": (ast.For, ast.While, ast.If),
    "python/sequences": (ast.List, ast.ListComp, ast.Slice),
    "python/dictionaries": (ast.Dict, ast.DictComp, ast.Set, ast.SetComp),
    "python/exceptions": (ast.Raise, ast.Try),
    "python/classes": ast.ClassDef,
    "python/iterators-and-generators": (ast.Yield, ast.YieldFrom),
}


@pytest.fixture(scope="module")
def plan() -> Curriculum:
    return load(Path(__file__).parents[2] / "curriculum")


def before(plan: Curriculum, *skills: str) -> set[str]:
    """These skills and all that must come before them."""
    found: set[str] = set()
    waiting = list(skills)
    while waiting:
        skill = waiting.pop()
        if skill not in found:
            found.add(skill)
            waiting.extend(plan.skills[skill].prerequisites)
    return found


def test_every_lab_rests_on_the_python_that_its_solution_uses(plan):
    lacking = {}
    for lab in plan.labs.values():
        nodes = list(ast.walk(ast.parse((lab.folder / "solution.py").read_text(encoding="utf-8"))))
        used = {skill for skill, kinds in USES.items() if any(isinstance(node, kinds) for node in nodes)}
        used |= {"python/numpy-arrays"} if "numpy" in lab.needs else set()
        if missing := used - before(plan, *lab.skills):
            lacking[lab.id] = missing
    assert not lacking


def test_every_lesson_that_runs_numpy_rests_on_it(plan):
    lessons = [lesson for lesson in plan.lessons.values() if "```python\nimport numpy" in lesson.text]
    assert lessons
    assert not [lesson.id for lesson in lessons if "python/numpy-arrays" not in before(plan, *lesson.skills, *lesson.assumes)]


@pytest.mark.parametrize("module", MATHEMATICS)
def test_the_mathematics_of_the_first_stage_rests_on_python(plan, module):
    assert all("python/numpy-arrays" in before(plan, skill.id) for skill in plan.modules[module].skills)


def evenings(plan: Curriculum, background: dict[str, int], count: int, minutes: float = 60) -> list[set[str]]:
    """The skills of each of the first evenings of someone who reads what is put before them, by the skills' modules."""
    journal = [e.Enrolled(name="Ada", hours_per_week=7, background=background)]
    happened = [Event(id="0" * 32, at=START, data=journal[0])]
    seen = []
    for n in range(1, count + 1):
        now = START + n * DAY
        steps = session(plan, fold(plan, happened), now, minutes).steps
        seen.append({skill.split("/")[0] for step in steps for skill in step.skills})
        for step in steps:
            if step.kind == "chapter":
                resource, chapter = step.target.split("#")
                data: e.Data = e.ChapterRead(resource=resource, chapter=int(chapter), hours=step.minutes / 60)
            elif step.kind == "lesson":
                data = e.LessonFinished(lesson=step.target, seconds=step.minutes * 60)
            else:
                continue
            happened.append(Event(id=f"{len(happened):032x}", at=now, data=data))  # type: ignore[arg-type]
    return seen


def test_the_first_evenings_of_someone_with_no_python_are_pythons(plan):
    seen = evenings(plan, {}, 12)
    mathematics = [bool(modules & set(MATHEMATICS)) for modules in seen]
    assert not any(mathematics[:4])
    assert all("python" in modules for modules in seen[:4])
    assert any(mathematics), "they lead on to the mathematics"


def test_who_knows_python_begins_with_the_mathematics(plan):
    assert "linear-algebra" in evenings(plan, {"python": 3}, 1)[0]


def first_step(plan: Curriculum, background: dict[str, int]) -> tuple[str, str]:
    enrolled = Event(id="0" * 32, at=START, data=e.Enrolled(name="Ada", hours_per_week=7, background=background))
    step = session(plan, fold(plan, [enrolled]), START + DAY, 60).steps[0]
    return step.kind, step.target


def test_the_readme_says_where_both_begin(plan):
    readme = " ".join((Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").split())
    kind, target = first_step(plan, {})
    book, chapter = target.split("#")
    title = next(resource.title for resource in plan.modules["python"].resources if resource.id == book)
    assert kind == "chapter"
    assert f"If not, it is chapter {chapter} of *{title}*" in readme
    assert "If you program in Python already and said so, it is the first lesson" in readme
    assert first_step(plan, {"python": 3})[0] == "lesson"
