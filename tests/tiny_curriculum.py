"""A curriculum small enough to hold in the head, for tests of every room: one module, two skills, a lesson, cards, a problem, a lab.

`build(folder)` writes it as the files an author would write. SOLUTION, WRONG and STARTER are texts for its one lab.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

LAB, LESSON, PROBLEM = "tiny-maths/softmax", "tiny-maths/doubling", "tiny-maths/double-it"
BOOK = "tiny-maths/small-numbers"

STARTER = '''\
import numpy as np


def softmax(x):
    """Each row of `x`, an array of shape (n, k), turned into weights that sum to 1."""
    raise NotImplementedError
'''
SOLUTION = """\
import numpy as np


def softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)
"""
WRONG = SOLUTION.replace("x - x.max(-1, keepdims=True)", "x")
OTHER = '''\
"""In the log domain."""
import numpy as np


def softmax(x):
    shifted = x - np.max(x, axis=-1, keepdims=True)
    return np.exp(shifted - np.log(np.exp(shifted).sum(-1, keepdims=True)))
'''

_FILES = {
    "plan.yaml": """
        stages:
          - id: foundation
            number: 1
            title: Foundation
            aim: the smallest plan that has every kind of thing in it
            months: {low: 1, high: 2}
            hours: {low: 10, high: 20}
            modules: [tiny-maths]
        projects:
          - id: a-tiny-project
            title: A tiny project
            stage: foundation
            why: To put the two skills together.
            deliverable: one file that runs
            hours: {low: 2, high: 4}
            skills: [tiny-maths/weights]
            milestones: [it runs, it is right]
        resources:
          - {id: numpy, title: NumPy, kind: tool, why: Arrays., free: true, link: "https://numpy.org"}
          - {id: a-forum, title: A forum, kind: community, why: Questions., free: true, link: "https://example.org"}
    """,
    "module.yaml": """
        title: Tiny maths
        why: Two skills are enough to learn something tonight.
        hours: {low: 10, high: 20}
        prerequisites: []
        tools: [numpy]
        communities: [a-forum]
        resources:
          - id: tiny-maths/small-numbers
            title: Small Numbers
            kind: book
            role: main
            authors: [A. Author]
            edition: first
            why: It is short.
            free: true
            link: https://example.org/small
            chapters:
              - {number: 1, title: One, hours: 1.5, skills: [tiny-maths/doubling]}
              - {number: 2, title: Two, hours: 2, skills: [tiny-maths/weights]}
          - id: tiny-maths/smaller-numbers
            title: Smaller Numbers
            kind: book
            role: alternative
            authors: [A. N. Other]
            note: lighter
            why: It is shorter.
            free: false
            link: https://example.org/smaller
            chapters:
              - {number: 1, title: Half, hours: 1, skills: [tiny-maths/doubling]}
        skills:
          - {id: tiny-maths/doubling, title: Doubling, can: double any number, hours: 2, difficulty: 1}
          - id: tiny-maths/weights
            title: Weights that sum to one
            can: turn numbers into weights
            prerequisites: [tiny-maths/doubling]
            encompasses: {tiny-maths/doubling: 0.5}
            hours: 3
            difficulty: 2
    """,
    "lessons/doubling.md": """
        ---
        title: What doubling does
        skills: [tiny-maths/doubling]
        minutes: 5
        ---

        What happens to $x$ when it is added to itself?

        ## An example

        Take $x = 3$. Then $x + x = 2x = 6$, and $\\\\frac{2x}{x} = 2$.

        ```python
        print(3 + 3)
        ```
        ```output
        6
        ```

        Every layer of a model doubles something.

        ## Before you go on

        1. What is twice 7?
        2. What does halving undo?
    """,
    "cards.yaml": """
        - {id: twice, ask: "What is $2x$ for $x = 4$?", answer: "8", skill: tiny-maths/doubling}
        - {id: half, ask: What undoes doubling?, answer: Halving., skill: tiny-maths/doubling, source: "Small Numbers, chapter 1"}
        - {id: thrice, ask: What does doubling twice do?, answer: It multiplies by four., skill: tiny-maths/doubling}
        - {id: sum, ask: What do weights sum to?, answer: "1", skill: tiny-maths/weights}
        - {id: shift, ask: Why subtract the largest logit?, answer: So that no exponential overflows., skill: tiny-maths/weights}
    """,
    "problems.py": """
        import sympy as sp

        PROBLEMS = {"double-it": {"skills": ["tiny-maths/doubling"], "minutes": 1, "difficulty": 1}}


        def double_it(rng):
            \"\"\"Double a number\"\"\"
            n = int(rng.integers(3, 50))
            return {
                "question": f"What is $2 \\\\cdot {n}$?",
                "answer": sp.Integer(2 * n),
                "steps": [f"${n} + {n} = {2 * n}$."],
                "misconceptions": {sp.Integer(n * n): "That is the square. Doubling adds the number to itself."},
            }


        def prove_double_it(problem, rng):
            n = int(problem["question"].split()[-1].rstrip("$?"))
            return float(problem["answer"]), float(n + n), 0.0
    """,
    "labs/softmax/lab.yaml": """
        title: Softmax
        skills: [tiny-maths/weights]
        encompasses: {tiny-maths/doubling: 0.3}
        part: softmax
        difficulty: 1
        minutes: 20
        needs: [numpy]
        limits: {seconds: 20, memory_mb: 500}
        hints:
          - Exponentials first, then a sum over the last axis.
          - What is the exponential of 1000?
          - Subtract the largest entry of each row before the exponential.
    """,
    "labs/softmax/README.md": """
        # Softmax

        Write `softmax(x)` for an array of shape (n, k): $w_i = e^{x_i} / \\\\sum_j e^{x_j}$ along the last axis.
    """,
    "labs/softmax/checks.py": """
        \"\"\"Checks of softmax.\"\"\"
        import numpy as np


        def test_two_equal_logits_share_the_weight(learner):
            \"\"\"softmax of (0, 0) is (1/2, 1/2).\"\"\"
            np.testing.assert_allclose(learner.softmax(np.zeros((1, 2))), [[0.5, 0.5]])


        def test_rows_sum_to_one(learner, rng):
            \"\"\"Each row is a set of weights.\"\"\"
            got = learner.softmax(rng.normal(size=(4, 5)))
            np.testing.assert_allclose(got.sum(-1), np.ones(4), rtol=1e-6)


        def test_large_logits_stay_finite(learner):
            \"\"\"The exponential of 1000 overflows; its ratio to another need not.\"\"\"
            got = learner.softmax(np.array([[1000.0, 1000.0]]))
            np.testing.assert_allclose(got, [[0.5, 0.5]])
    """,
}


def build(folder: Path) -> Path:
    """Writes the curriculum into `folder` and returns it."""
    module = folder / "1-foundation" / "tiny-maths"
    for name, text in _FILES.items():
        path = (folder if name == "plan.yaml" else module) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text).lstrip("\n").replace("\\\\", "\\") if name.endswith(".md") else dedent(text).lstrip("\n"))
    lab = module / "labs" / "softmax"
    for name, code in (("starter.py", STARTER), ("solution.py", SOLUTION), ("right/in_the_log_domain.py", OTHER)):
        (lab / name).parent.mkdir(exist_ok=True)
        (lab / name).write_text(code)
    (lab / "wrong").mkdir(exist_ok=True)
    (lab / "wrong" / "overflows.py").write_text('"""Overflows on large logits. Caught by: test_large_logits_stay_finite"""\n' + WRONG)
    return folder
