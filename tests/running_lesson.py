"""A lesson with everything that runs: cells, a figure between them, a hole, an explore of one parameter and one of two.

`build(folder)` writes the tiny curriculum with it.
"""

from __future__ import annotations

from pathlib import Path

import tiny_curriculum

LESSON = "tiny-maths/steps"
TEXT = """\
---
title: How long may a step be?
skills: [tiny-maths/doubling]
minutes: 8
terms:
  learning rate: how much of the slope is taken as a step
---

Which **learning rate** brings you down a parabola?

```python
import numpy as np

x, eta = 3.0, 0.2
```

Four steps of it:

```python
for step in range(4):
    x = x - eta * 4 * x
    print(step, round(x, 3))
```
```output
0 0.6
1 0.12
2 0.024
3 0.005
```

```figure
import matplotlib.pyplot as plt
plt.plot(np.linspace(-3, 3, 50), 2 * np.linspace(-3, 3, 50) ** 2, color="black")
alt = "A parabola that opens upwards, with its lowest point at zero."
```

Where it ends:

```python
round(x, 4)
```

```check
id: one-step
ask: With a rate of 0.5, where is x after one step from 3?
answer: "-3"
misconceptions: {"1.5": "The step is the rate times the slope, and the slope is 12."}
why: The slope is 12, so the step is 6.
```

```check
id: printed
ask: What does this print?
code: print(2 * 21)
prints: "42"
why: Twice 21.
```

```faded
id: newton-step
ask: Fill the hole, so that one step lands on the bottom of any parabola.
code: |
  def newton_step(slope, curvature, x):
      eta = ____
      return x - eta * slope(x)
fill: 1 / curvature(x)
compare:
  - "newton_step(lambda x: 4 * x, lambda x: 4.0, 3.0)"
  - "newton_step(lambda x: 6 * x - 6, lambda x: 6.0, 5.0)"
hints:
  - Which rate makes $1 - \\\\eta c$ vanish?
  - It is one over the second derivative.
```

```explore
VALUES = {"eta": [0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.55]}
LABELS = {"eta": "learning rate"}

def draw(eta):
    points = [3.0]
    for _ in range(5):
        points.append(points[-1] * (1 - 4 * eta))
    line = np.linspace(-6, 6, 100)
    plt.plot(line, 2 * line**2, color="black", lw=1)
    plt.plot(points, [2 * p * p for p in points], "o-")
    plt.xlim(-6, 6)
    plt.ylim(0, 40)
    plt.xlabel("x")
    end = abs(points[-1])
    way = "comes closer" if end < 3 else "goes away" if end > 3 else "stays as far off as it was"
    return f"At a learning rate of {eta} the walk {way}: after five steps it is {end:.2f} from the bottom."
```

And with a second weight:

```explore
VALUES = {"a": [1, 2, 3], "b": [1, 2]}

def draw(a, b):
    import matplotlib.pyplot as plt
    plt.bar(["a", "b"], [a, b])
    plt.ylim(0, 3)
    return f"Two bars, of height {a} and {b}."
```

## Before you go on

1. Which rates converge?

   **Answer.** Those below one half.

2. What does halving the rate do to the limit?

   **Answer.** Nothing: the limit is the curvature's.
"""


def build(folder: Path) -> Path:
    tiny_curriculum.build(folder)
    lessons = next(folder.rglob("lessons"))
    (lessons / "steps.md").write_text(TEXT.replace("\\\\eta", "\\eta"), encoding="utf-8")
    return folder
