"""A lesson in which every kind of block stands, for the tests of what asks something: written into the tiny curriculum."""

from __future__ import annotations

from pathlib import Path

LESSON, PROBLEM = "tiny-maths/halving", "tiny-maths/double-it"

TEXT = r"""---
title: What halving does
skills: [tiny-maths/doubling]
minutes: 8
terms:
  halving: dividing a number by two
  learning rate: how much of the slope is taken as a step
---

What undoes doubling? It is **halving**. Take 6, and half of it is 3.

## A step by hand

A step of half the distance has a **learning rate** of one half.

```python
x = 6
print(x / 2)
```
```output
3.0
```

```check
id: which-half
ask: What is half of 10?
choices:
  - {text: "20", shows: That is twice 10.}
  - {text: "5", right: true}
  - {text: "8", shows: "That is 10 less 2, not 10 divided by 2."}
why: Because $5 + 5 = 10$.
```

```check
id: again-and-again
problem: tiny-maths/double-it
```

Now a quarter.

```check
id: a-quarter
ask: What is a half of one half?
answer: 1/4
misconceptions:
  "1": That is a half *and* a half.
why: Two halves of a half make it whole.
```

```check
id: which-state
ask: What does this print?
code: |
  halves = [8]
  for _ in range(2):
      halves.append(halves[-1] // 2)
  print(len(halves), halves[1])
prints: "3 4"
misconceptions:
  "3 2": That is the last of them.
why: The list holds 8, 4 and 2.
```

```faded
id: the-middle
ask: Fill the hole.
code: |
  def middle(a, b):
      return ____
fill: (a + b) / 2
compare: ["middle(2, 4)", "middle(-1, 2)"]
hints: [Add them first., Then halve.]
```

```explore
import matplotlib.pyplot as plt

VALUES = {"n": [1, 2, 4]}
LABELS = {"n": "how many"}


def draw(n):
    plt.bar(range(n), [1 / n] * n)
    return f"{n} bars, each of a height of 1/{n}."
```

## Before you go on

1. What does halving twice do?

   **Answer.** It divides by $4$.

2. What undoes halving? (skill: tiny-maths/doubling)

   **Answer.** Doubling does.
"""


def add(curriculum: Path) -> Path:
    """Writes the lesson into the tiny curriculum, and returns its file."""
    path = curriculum / "1-foundation" / "tiny-maths" / "lessons" / "halving.md"
    path.write_text(TEXT, encoding="utf-8")
    return path
