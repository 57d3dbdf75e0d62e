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

    def fill(text: str) -> str:
        return text.replace("TITLE", title).replace("SKILL", f"{id}/the-mean").replace("MODULE", id)

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
minutes: 14
terms:
  mean: the sum of some values, divided by how many there are
  outlier: a value far away from all the others
---

Begin with the question that this lesson answers, and with something that a reader can picture. Four runs of one program took 2, 3, 3 and 12 seconds. Which single number stands best for the four, and when does it lie?

## One example, all the way

A lesson works one example with real numbers, from the first line to the last. The **mean** of some values is their sum, divided by how many there are. The four runs add up to 20 seconds, so their mean is $20 / 4 = 5$.

No run took five seconds, and three of the four were faster. So what is special about 5? Look at how far each run lies from it. Every block of code has a sentence before it that says what it does. This one takes the distances and adds them up:

```python
seconds = [2, 3, 3, 12]
distances = [x - 5 for x in seconds]
print(distances, sum(distances))
```
```output
[-3, -2, -2, 7] 0
```

The linter runs the block and compares what it prints with what the page says. The distances add up to nothing: three runs pull to the left, one pulls to the right just as hard. The mean is the point at which the list would balance.

```check
id: one-run-more
ask: A fifth run takes 5 seconds. What is the mean of the five runs?
answer: 5
misconceptions:
  "25/4": That is the new sum over the old number of runs. There are five runs now.
  "4": That is the old sum over the new number of runs. The fifth run took time as well.
why: The sum is 25 and there are five runs. A value that equals the mean leaves it where it is.
```

Ask where a reader could go wrong, and name the mistake behind each wrong answer. Two checks are the least that a lesson has.

## One value that pulls

A value far away from all the others is an **outlier**. Here it is the run of 12 seconds. A picture shows the idea itself, and where moving it teaches, the reader moves it. Change the slowest run and watch the balance point:

```explore
import matplotlib.pyplot as plt

VALUES = {"slowest": [3, 4, 6, 8, 12, 16, 20, 24]}
LABELS = {"slowest": "slowest run, in seconds"}


def draw(slowest):
    runs = [2, 3, 3, slowest]
    centre = sum(runs) / 4
    fig, ax = plt.subplots(figsize=(6.2, 1.8))
    ax.plot(runs, [0, 0, 0.25, 0], "o", markersize=9)
    ax.axvline(centre, linestyle=":", color="#c8553d")
    ax.set(xlim=(0, 26), ylim=(-0.5, 1), yticks=[], xlabel="seconds")
    ax.spines["left"].set_visible(False)
    faster = sum(run < centre for run in runs)
    return f"With a slowest run of {slowest} s the balance point is at {centre:g} s, and {faster} of the 4 runs are faster."
```

The mean follows the one run that changes, at a quarter of its speed, although the other three stay where they are. That is how it lies: it says 5 seconds of a program that nearly always takes 3. With outliers in the data, say the median as well: the value in the middle, once all are sorted. Here it is 3, and the slowest run may take a day without moving it.

```check
id: two-names-for-one-list
ask: What does this print?
code: |
  runs = [2, 3, 3]
  more = runs
  more.append(12)
  print(len(runs), sum(runs))
prints: "4 20"
misconceptions:
  "3 8": The second name is no second list; both names mean the one that grows.
why: An assignment gives the list another name. The value is appended to the one list that there is.
```

Now the balance once more, with a line missing. A reader's line is right when what is compared has the values that yours gives:

```faded
id: the-pull-of-a-value
ask: Fill the hole, so that the function says how far the balance point moves when one more value joins.
code: |
  def move(runs, value):
      centre = sum(runs) / len(runs)
      return ____
fill: (value - centre) / (len(runs) + 1)
compare:
  - move([2, 3, 3, 12], 5)
  - move([2, 3, 3, 12], 15)
  - move([1, 2], 9)
hints:
  - A value that equals the balance point does not move it. How far from it is this one?
  - The distance of the new value is shared among all values, the new one included.
```

## In the model you will build

Say where the idea returns, concretely. The loss that a language model is trained on is a mean: of the surprise at each token of a batch. One very surprising token moves it, as the slow run moved ours. That is why training clips gradients. A claim that is not common knowledge names its source here, by paper and section.

## Before you go on

1. The slowest run takes 24 seconds instead of 12. Where is the mean now, and why did it move by just that much?

   **Answer.** At 8. The sum grew by 12, and each of the four runs carries a quarter of that: 3 seconds.

2. Somebody reports a mean of 5 seconds and says that half of the runs were slower. What is wrong with that?

   **Answer.** The mean is where the distances balance, not where the counts do. Here three of four runs are faster than 5 seconds.
"""

_LAB = {
    "lab.yaml": """\
title: TITLE
skills: [SKILL]
difficulty: 1
minutes: 20
needs: [numpy]
limits: {seconds: 10, memory_mb: 500}
forbid:
  - name: [numpy.mean, numpy.nanmean, numpy.average, numpy.ndarray.mean, statistics.*]
    instead: Add the values up and divide by how many there are.
clauses:
  - number: 1
    checks: [four numbers by hand, adding a constant moves the mean by it]
    wrong: [divides-by-one-less]
  - number: 2
    checks: [no type is too narrow, the result is a float]
    wrong: [sums-in-the-arrays-own-type, answers-in-float32]
  - number: 3
    checks: [an empty array is refused]
    wrong: [forgets-the-empty-array]
  - number: 4
    checks: [the callers array is left alone]
    wrong: [scales-in-place]
  - number: 5
    checks: [the file uses only what the task allows]
    wrong: [calls-the-library]
without:
  axis: a one-dimensional array has one axis
  global-random: nothing is drawn at random
hints:
  - What should the mean of [2, 3, 3, 12] be, by hand?
  - The sum of a float16 array is a float16, and that ends at 65504.
  - Convert to float64 first; then it is the sum divided by the number of values.
""",
    "README.md": """\
# TITLE

Say in two sentences what this is for. The loss of a model is a mean over millions of numbers, and those numbers are often kept in a type too small for their sum.

Write `mean(values)`.

## The contract

1. `values` is a one-dimensional NumPy array. The result is the sum of its entries, divided by how many there are.
2. Whatever the dtype, integer or floating, the sum is taken in float64. The result is Python's own `float`.
3. An empty array raises `ValueError`, with the word "empty" in its message.
4. `values` is left as it was.
5. The mean of a library is not called: no `np.mean`, `np.average`, no `values.mean()`, nothing of `statistics`.
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


@given(st.lists(st.integers(-1000, 1000), min_size=1, max_size=20))
def test_adding_a_constant_moves_the_mean_by_it(learner, values):
    x = np.array(values, dtype=np.float64)
    assert learner.mean(x + 7) == pytest.approx(learner.mean(x) + 7)


@pytest.mark.parametrize("kind, value", [("int8", 100), ("float16", 60_000), ("float32", 2**24), ("int64", 2**24 + 1)])
def test_no_type_is_too_narrow(learner, kind, value):
    \"\"\"Three times the same value: their sum does not fit into the array's own type, or not exactly.\"\"\"
    assert learner.mean(np.array([value] * 3, dtype=kind)) == value


@pytest.mark.parametrize("kind", ["int64", "float32", "float64"])
def test_the_result_is_a_float(learner, kind):
    \"\"\"Python's own, not one of NumPy's.\"\"\"
    assert type(learner.mean(np.array([1, 3], dtype=kind))) is float


def test_an_empty_array_is_refused(learner):
    with pytest.raises(ValueError, match="empty"):
        learner.mean(np.array([]))


def test_the_callers_array_is_left_alone(learner):
    assert learner.unchanged_by("mean", (np.array([1.0, 2.0]),))
""",
    "right/by_a_loop.py": """\
\"\"\"Adds Python's numbers one by one, with a scratch test below.\"\"\"


def mean(values):
    total, count = 0.0, 0
    for value in values.tolist():
        total += value
        count += 1
    if not count:
        raise ValueError("empty")
    return total / count


if __name__ == "__main__":
    import numpy as np

    print(mean(np.array([2, 3, 3, 12])), np.mean([2, 3, 3, 12]))
""",
    "wrong/divides_by_one_less.py": """\
\"\"\"Divides by n - 1, as a sample variance does. Caught by: four numbers by hand.\"\"\"


def mean(values):
    if len(values) == 0:
        raise ValueError("empty")
    return float(values.astype("float64").sum() / max(len(values) - 1, 1))
""",
    "wrong/sums_in_the_arrays_own_type.py": """\
\"\"\"Sums small integers in their own eight bits, which wrap around. Stock: overflow. Caught by: no type is too narrow.\"\"\"


def mean(values):
    if len(values) == 0:
        raise ValueError("empty")
    return float(values.sum(dtype=values.dtype) / len(values))
""",
    "wrong/answers_in_float32.py": """\
\"\"\"Returns the sum of a float32 array in float32. Stock: dtype. Caught by: the result is a float.\"\"\"


def mean(values):
    if len(values) == 0:
        raise ValueError("empty")
    return values.sum() / values.dtype.type(len(values))
""",
    "wrong/forgets_the_empty_array.py": """\
\"\"\"Divides no values by one. Stock: small-input. Caught by: an empty array is refused.\"\"\"


def mean(values):
    return float(values.astype("float64").sum() / max(len(values), 1))
""",
    "wrong/scales_in_place.py": """\
\"\"\"Divides the caller's own array. Stock: mutation. Caught by: the callers array is left alone.\"\"\"


def mean(values):
    n = len(values)
    if n == 0:
        raise ValueError("empty")
    if values.dtype.kind != "f" or values.dtype.itemsize < 8:
        values = values.astype("float64")
    values /= n
    return float(values.sum())
""",
    "wrong/calls_the_library.py": """\
\"\"\"Leaves the work to NumPy. Stock: library-call. Caught by: the file uses only what the task allows.\"\"\"

import numpy as np


def mean(values):
    if len(values) == 0:
        raise ValueError("empty")
    return float(np.mean(values, dtype=np.float64))
""",
}
