"""Skeletons for authors: a lab, a lesson, a module that are valid as they stand and say what belongs where.

The lab is a real one, the mean of a list, so that an author begins from something that is graded and proved, and changes it piece by piece.
"""

from __future__ import annotations

import re
from pathlib import Path

from modelwright.curriculum.loader import load
from modelwright.studio.errors import StudioError

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


def new_lab(folder: Path, id: str, title: str) -> list[Path]:
    """Writes the lab `<module>/<lab>`. Raises StudioError where the id is taken or its module is not there."""
    module_folder, slug, skill = _place(folder, id)
    lab = module_folder / "labs" / slug
    return _write(lab, {name: text.replace("TITLE", title).replace("SKILL", skill) for name, text in _LAB.items()})


def new_lesson(folder: Path, id: str, title: str) -> list[Path]:
    """Writes the lesson `<module>/<lesson>`. Raises StudioError where the id is taken or its module is not there."""
    module_folder, slug, skill = _place(folder, id)
    return _write(module_folder / "lessons", {f"{slug}.md": _LESSON.replace("TITLE", title).replace("SKILL", skill)})


def new_module(folder: Path, id: str, title: str, stage: str | None = None) -> list[Path]:
    """Writes a module and enters it in the plan; where there is no plan, writes one of a single stage around it."""
    if not SLUG.fullmatch(id):
        raise StudioError(f"{id!r} is not a slug: use small letters, digits and single hyphens, as in 'graph-learning'.")
    plan = folder / "plan.yaml"
    written: list[Path] = []
    if not plan.exists():
        stage = stage or "foundation"
        written += _write(folder, {"plan.yaml": _PLAN.replace("STAGE", stage).replace("MODULE", id)})
        stage_folder = folder / f"1-{stage}"
    else:
        curriculum = load(folder)
        if id in curriculum.modules:
            raise StudioError(f"There is a module {id} already, in {curriculum.modules[id].folder}.")
        if stage is not None and stage not in curriculum.stages:
            raise StudioError(f"There is no stage {stage!r}; the stages are {', '.join(curriculum.stages)}.")
        chosen = curriculum.stages[stage] if stage else list(curriculum.stages.values())[-1]
        stage_folder = chosen.modules[0].folder.parent if chosen.modules else folder / f"{chosen.number}-{chosen.id}"
        _enter(plan, chosen.id, id)
        written.append(plan)
    module = stage_folder / id
    fill = lambda text: text.replace("TITLE", title).replace("SKILL", f"{id}/the-mean").replace("MODULE", id)
    files = {"module.yaml": _MODULE, "cards.yaml": _CARDS, "problems.py": _PROBLEMS, "lessons/the-mean.md": _LESSON}
    written += _write(module, {name: fill(text).replace("TITLE", title) for name, text in files.items()})
    written += _write(module / "labs" / "mean", {name: fill(text) for name, text in _LAB.items()})
    return written


def _place(folder: Path, id: str) -> tuple[Path, str, str]:
    module, _, slug = id.partition("/")
    if not SLUG.fullmatch(slug) or not SLUG.fullmatch(module):
        raise StudioError(
            f"{id!r} is not an id: write <module>/<name> in small letters, digits and hyphens, as in 'linear-algebra/softmax'."
        )
    found = load(folder).module_of(module)
    if not found.skills:
        raise StudioError(f"The module {module} has no skills yet: add one to {found.folder / 'module.yaml'} first.")
    return found.folder, slug, found.skills[0].id


def _write(folder: Path, files: dict[str, str]) -> list[Path]:
    paths = {folder / name: text for name, text in files.items()}
    taken = [path for path in paths if path.exists()]
    if taken:
        raise StudioError(f"{taken[0]} exists already; choose another name, or move it away.")
    for path, text in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(paths)


def _enter(plan: Path, stage: str, module: str) -> None:
    """Adds a module to a stage's list, as text, so that the author's comments and order stay."""
    lines = plan.read_text(encoding="utf-8").splitlines(keepends=True)
    start = next((i for i, line in enumerate(lines) if re.match(rf"\s*(- )?id:\s*{re.escape(stage)}\s*$", line)), None)
    at = next((i for i in range(start or 0, len(lines)) if re.match(r"\s*(- )?modules:", lines[i])), None)
    if start is None or at is None:
        raise StudioError(f"{plan}: the list of modules of the stage {stage} was not found; add '{module}' to it yourself.")
    if "[" in lines[at]:
        end = next(i for i in range(at, len(lines)) if "]" in lines[i])
        lines[end] = lines[end].replace("]", f", {module}]" if not lines[end].split("]")[0].rstrip().endswith("[") else f"{module}]", 1)
    else:
        end = at + 1
        while end < len(lines) and re.match(r"\s+- [a-z0-9-]+\s*(#.*)?$", lines[end]):
            end += 1
        indent = re.match(r"\s*", lines[end - 1])[0] if end > at + 1 else re.match(r"\s*", lines[at])[0] + "  "  # type: ignore[index]
        lines.insert(end, f"{indent}- {module}\n")
    text = "".join(lines)
    # The stage's hours are the sum of its modules': the skeleton brings 2 to 4.
    head, tail = "".join(lines[:start]), "".join(lines[start:])
    hours = re.search(r"hours:\s*\{low:\s*([\d.]+),\s*high:\s*([\d.]+)\}", tail)
    if hours:
        new = f"hours: {{low: {float(hours[1]) + 2:g}, high: {float(hours[2]) + 4:g}}}"
        text = head + tail[: hours.start()] + new + tail[hours.end() :]
    plan.write_text(text, encoding="utf-8")


_PLAN = """\
stages:
  - id: STAGE
    number: 1
    title: Foundation
    aim: What a person can do at the end of this stage, in one sentence.
    months: {low: 1, high: 2}
    hours: {low: 2, high: 4}
    modules: [MODULE]
projects: []
resources: []
"""

_MODULE = """\
title: TITLE
why: One or two sentences for a tired person in the evening, on what this opens.
hours: {low: 2, high: 4}
prerequisites: []
resources:
  - id: MODULE/a-book
    title: The book of this module
    kind: book
    role: main
    authors: [An Author]
    edition: 1st
    year: 2020
    why: What it is best at, and which chapters matter.
    free: true
    link: https://example.org/the-book
    chapters:
      - {number: 1, title: The mean, hours: 1, skills: [MODULE/the-mean]}
tools: []
communities: []
skills:
  - id: MODULE/the-mean
    title: The mean
    can: compute the mean of a list by hand and in code, and say when it misleads
    hours: 2
    difficulty: 1
"""

_CARDS = """\
- id: mean-and-one-large-value
  ask: Nine values are 1 and the tenth is 101. Why is their mean a poor summary?
  answer: It is 11, larger than nine of the ten; one value moved it.
  skill: MODULE/the-mean
"""

_PROBLEMS = '''\
"""Generated problems on the mean."""
import re

import sympy as sp

PROBLEMS = {
    "mean-of-three": {"skills": ["MODULE/the-mean"], "minutes": 2, "difficulty": 1},
}


def mean_of_three(rng):
    """The mean of three whole numbers"""
    a, b, c = (int(x) for x in rng.choice(range(1, 30), size=3, replace=False))
    total = a + b + c
    return {
        "question": f"What is the mean of {a}, {b} and {c}?",
        "answer": sp.Rational(total, 3),
        "steps": [f"The sum is ${a} + {b} + {c} = {total}$.", f"Three values share it: ${total} / 3$."],
        "misconceptions": {sp.Integer(total): "That is the sum; the mean divides it by how many there are."},
    }


def prove_mean_of_three(problem, rng):
    """The key, by another road: the value whose distances to the three add up to nothing."""
    values = [int(x) for x in re.findall(r"\\d+", problem["question"])]
    low, high = min(values), max(values)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if sum(v - middle for v in values) > 0 else (low, middle)
    return float(problem["answer"]), low, 1e-9
'''

_LESSON = """\
---
title: TITLE
skills: [SKILL]
minutes: 12
---

Begin with the question that this lesson answers, in two or three sentences, and with something that the reader can picture. Which single number stands best for a list of numbers, and when does it lie?

## One example, all the way

A lesson works one example with real numbers from the first line to the last. Four runs of one program took 2, 3, 3 and 12 seconds. Their sum is 20, and there are four of them, so the mean is $20 / 4 = 5$ seconds. Show the code that says so, and what it prints: the linter runs the block and compares.

```python
seconds = [2, 3, 3, 12]
mean = sum(seconds) / len(seconds)
print(mean)
```
```output
5.0
```

No run took five seconds, and three of the four were faster. That is worth a sentence, because it is where the reader learns something: the mean is the point at which the list would balance, with the far value pulling as hard as three near ones together.

## Why it is the balance point

Say the reason, not only the rule. The distances from the mean are $-3$, $-2$, $-2$ and $7$, and they add up to nothing:

$$\\sum_i (x_i - \\bar x) = 0$$

This is what makes the mean the number that minimises the sum of squared distances. The derivative of $\\sum_i (x_i - c)^2$ with respect to $c$ is $-2 \\sum_i (x_i - c)$, and it is zero exactly at the balance point. A reader who sees this once will meet least squares later as an old friend.

```python
cost = lambda c: sum((x - c) ** 2 for x in seconds)
print([cost(c) for c in (4, 5, 6)])
```
```output
[70, 66, 70]
```

A picture shows at a glance what the numbers said one by one. Draw it by code, give the axes names, and say in `alt` what a person would see in it.

```figure
import matplotlib.pyplot as plt
centres = [c / 10 for c in range(0, 121)]
plt.plot(centres, [cost(c) for c in centres], label="sum of squared distances")
plt.axvline(mean, linestyle=":", color="#6f7d8c", label="the mean")
plt.xlabel("centre"); plt.ylabel("cost"); plt.legend()
alt = "The sum of squared distances is a parabola whose lowest point is at the mean, 5."
```

## In the model you will build

Say where the idea returns, concretely. The loss that a language model is trained on is a mean: of the surprise at each token of a batch. So one very surprising token moves it as the slow run moved ours, and that is why training clips gradients. A claim that is not common knowledge names its source here, by paper and section. Four hundred to nine hundred words are right for an evening; this skeleton has about as many as the shortest lesson may have, so replace each paragraph with yours and let nothing stay that the reader does not need.

## Before you go on

1. Ask something that can be answered from the page, but not by copying it. If the slowest run had taken 24 seconds, where would the mean be, and why did it move by just that much?
2. Ask something that reaches one step further. Which number minimises the sum of the distances themselves, not squared, and what does one far value do to it?
"""

_LAB = {
    "lab.yaml": """\
title: TITLE
skills: [SKILL]
difficulty: 1
minutes: 20
needs: [numpy]
limits: {seconds: 10, memory_mb: 500}
hints:
  - What should the mean of [2, 3, 3, 12] be, by hand?
  - Integers divide to floats with /, and a NumPy array has a dtype that sums may overflow.
  - Convert to float64 first; then it is the sum divided by the number of values.
""",
    "README.md": """\
# TITLE

Write `mean(values)`:

- `values`: a one-dimensional NumPy array of any numeric dtype. It is not changed.
- The result is a Python float, the sum divided by the number of values, computed in float64.
- An empty array raises `ValueError` with the word "empty" in its message.

You may not call `np.mean` or `statistics.mean`.
""",
    "starter.py": """\
import numpy as np


def mean(values: np.ndarray) -> float:
    \"\"\"The mean of a one-dimensional array, in float64; see README.md.\"\"\"
    raise NotImplementedError
""",
    "solution.py": """\
import numpy as np


def mean(values: np.ndarray) -> float:
    \"\"\"The mean of a one-dimensional array, in float64; see README.md.\"\"\"
    if len(values) == 0:
        raise ValueError("the mean of an empty array is not defined")
    return float(values.astype(np.float64).sum() / len(values))
""",
    "checks.py": """\
\"\"\"Checks of the mean, from four numbers by hand to a property.\"\"\"
import numpy as np
import pytest
from hypothesis import given, strategies as st


def test_four_numbers_by_hand(learner):
    \"\"\"2, 3, 3 and 12 add up to 20.\"\"\"
    assert learner.mean(np.array([2.0, 3.0, 3.0, 12.0])) == 5.0


def test_small_integers_do_not_overflow(learner):
    \"\"\"Three times 100 does not fit into eight bits.\"\"\"
    assert learner.mean(np.array([100, 100, 100], dtype=np.int8)) == 100.0


def test_the_result_is_a_float(learner):
    assert isinstance(learner.mean(np.array([1, 3])), float)


def test_an_empty_array_is_refused(learner):
    with pytest.raises(ValueError, match="empty"):
        learner.mean(np.array([]))


def test_the_callers_array_is_left_alone(learner):
    assert learner.unchanged_by("mean", (np.array([1.0, 2.0]),))


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=20))
def test_adding_a_constant_moves_the_mean_by_it(learner, values):
    x = np.array(values, dtype=np.float64)
    assert learner.mean(x + 7) == pytest.approx(learner.mean(x) + 7)
""",
    "right/by_a_loop.py": """\
\"\"\"Adds Python floats one by one.\"\"\"


def mean(values):
    total, count = 0.0, 0
    for value in values.tolist():
        total += value
        count += 1
    if not count:
        raise ValueError("empty")
    return total / count
""",
    "wrong/divides_by_one_less.py": """\
\"\"\"Divides by n - 1, as a sample variance does. Caught by: four numbers by hand.\"\"\"


def mean(values):
    if len(values) == 0:
        raise ValueError("empty")
    return float(values.astype("float64").sum() / max(len(values) - 1, 1))
""",
    "wrong/sums_in_the_arrays_own_type.py": """\
\"\"\"Sums small integers in their own eight bits, which wrap around. Caught by: small integers do not overflow.\"\"\"


def mean(values):
    if len(values) == 0:
        raise ValueError("empty")
    return float(values.sum(dtype=values.dtype) / len(values))
""",
    "wrong/forgets_the_empty_array.py": """\
\"\"\"Divides by zero values. Caught by: an empty array is refused.\"\"\"


def mean(values):
    return float(values.astype("float64").sum() / max(len(values), 1))
""",
    "wrong/scales_in_place.py": """\
\"\"\"Divides the caller's own array. Caught by: the callers array is left alone.\"\"\"


def mean(values):
    n = len(values)
    if n == 0:
        raise ValueError("empty")
    if values.dtype.kind != "f":
        values = values.astype("float64")
    values /= n
    return float(values.sum())
""",
}
