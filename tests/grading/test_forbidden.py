"""What a task forbids is found under every name that people give it, and what is the learner's own is not."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest

from modelwright.curriculum.models import Forbidden, Lab
from modelwright.grading import Grader
from modelwright.grading.forbidden import Rule, uses

SOLVERS = Rule(names=("numpy.linalg.*",), instead="Write the elimination yourself.", allow=("numpy.linalg.norm",))
PRODUCTS = Rule(names=("@", "numpy.dot"), instead="Add up the outer products.")
OTHERS = Rule(names=("sorted", "list.sort", "sys.setrecursionlimit", "numpy.random.seed", "torch.nn.*"), instead="Write it yourself.")
LOOPS = Rule(loops_over="x", instead="Let the axes do it.")


def found(source: str, *rules: Rule) -> list[str]:
    return [use.what for use in uses(dedent(source), rules or (SOLVERS, PRODUCTS, OTHERS), ("f",))]


@pytest.mark.parametrize(
    "source",
    [
        "import numpy as np\ndef f(a): return np.linalg.inv(a)",
        "import numpy\ndef f(a): return numpy.linalg.inv(a)",
        "import numpy.linalg as la\ndef f(a): return la.inv(a)",
        "from numpy import linalg\ndef f(a): return linalg.inv(a)",
        "from numpy.linalg import inv as g\ndef f(a): return g(a)",
        "from numpy.linalg import *\ndef f(a): return inv(a)",
        "def f(a):\n    from numpy.linalg import inv\n    return inv(a)",
        "import numpy as np\ndef f(a): return getattr(np, 'linalg').inv(a)",
        "import numpy as np\ndef f(a): return getattr(getattr(np, 'lin' + 'alg'), 'inv')(a)",
        "import numpy as np\ndef f(a, n): return getattr(np.linalg, n)(a)",
        "import numpy as np\ndef f(a): return vars(np.linalg)['inv'](a)",
        "import numpy as np\ndef f(a): return np.linalg.__dict__['inv'](a)",
        "import numpy as np, sys\ndef f(a): return sys.modules['numpy'].linalg.inv(a)",
        "def f(a): return __import__('numpy').linalg.inv(a)",
        "import importlib\ndef f(a): return importlib.import_module('numpy.linalg').inv(a)",
        "from operator import attrgetter\nimport numpy as np\ndef f(a): return attrgetter('linalg.inv')(np)(a)",
        "import numpy as np\ndef f(a): return eval('np.linalg.inv(a)')",
        "def f(a):\n    space = {}\n    exec('from numpy.linalg import inv as q\\nr = q(a)', space)\n    return space['r']",
        "import numpy as np\ndef f(a):\n    la = np.linalg\n    return la.inv(a)",
        "import numpy as np\ndef f(a):\n    la = np.linalg\n    b = la.inv(a)\n    la = None\n    return b",
        "import numpy as np\ng = np.linalg.inv\ndef f(a): return g(a)",
        "import numpy as np\ndef f(a): return list(map(np.linalg.inv, a))",
        "import numpy as np\ndef f(a, inv=np.linalg.inv): return inv(a)",
        "import numpy as np\ndef f(a): return g(np, a)\ndef g(lib, a): return lib.linalg.inv(a)",
        "import numpy as np\nTOOLS = {'numpy': np}\ndef f(a): return TOOLS['numpy'].linalg.inv(a)",
        "import numpy as np\nlib = lambda: np\ndef f(a): return lib().linalg.inv(a)",
        "import numpy as np\nclass A:\n    def __init__(self): self.np = np\n    def go(self, a): return self.np.linalg.inv(a)\n"
        "def f(a): return A().go(a)",
        "try:\n    from numpy.linalg import inv\nexcept ImportError:\n    inv = None\ndef f(a): return inv(a)",
    ],
)  # fmt: skip
def test_a_library_is_found_under_any_name(source: str) -> None:
    (what,) = found(source, SOLVERS)[-1:]
    assert "numpy.linalg" in what


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("def f(a, b): return a @ b", "uses the operator `@`"),
        ("def f(a, b):\n    a @= b\n    return a", "uses the operator `@=`"),
        ("import numpy as np\ndef f(a, b): return np.matmul(a, b)", "uses `numpy.matmul`"),
        ("import operator\ndef f(a, b): return operator.matmul(a, b)", "uses `operator.matmul`"),
        ("import numpy as np\ndef f(a, b): return np.ndarray.__matmul__(a, b)", "uses `numpy.ndarray.__matmul__`"),
        ("def f(a): return sorted.__call__(a)", "uses `sorted.__call__`"),
        ("def f(a, b): return a.__matmul__(b)", "calls the method `.__matmul__`"),
        ("def f(a, b): return a.dot(b)", "calls the method `.dot`"),
        ("def f(a, b): return getattr(a, 'dot')(b)", "calls the method `.dot`"),
        ("import numpy as np\ndef f(a, b): return np.ma.dot(a, b)", "uses `numpy.ma.dot`"),
        ("import numpy as np\ndef f(a, b): return np.ndarray.dot(a, b)", "uses `numpy.ndarray.dot`"),
        ("def f(a): return max(a, key=sorted)", "uses `sorted`"),
        ("from builtins import sorted as s\ndef f(a): return s(a)", "uses `sorted`"),
        ("def f(a):\n    a.sort()\n    return a", "calls the method `.sort`"),
        ("from sys import setrecursionlimit as s\ndef f(a): s(9)", "uses `sys.setrecursionlimit`"),
        ("import numpy as np\nnp.random.seed(0)\ndef f(a): return a", "uses `numpy.random.seed`"),
        ("import torch\nclass f(torch.nn.Module): pass", "uses `torch.nn.Module`"),
        ("from torch.nn.functional import softmax\ndef f(a): return softmax(a)", "uses `torch.nn.functional.softmax`"),
        ("def f(a): return helper(a)\ndef helper(a): return sorted(a)", "uses `sorted`"),
        ("import numpy as np\nclass V:\n    def dot(self, b): return 1\ndef f(a: np.ndarray, b): return a.dot(b)", "calls the method `.dot`"),
    ],
)  # fmt: skip
def test_operators_methods_and_builtins_are_found(source: str, what: str) -> None:
    assert found(source) == [what]


@pytest.mark.parametrize(
    "source",
    [
        "def sorted(x): return x\ndef f(a): return sorted(a)",
        "def f(sorted): return sorted",
        "def f(a):\n    sorted = 3\n    return sorted",
        "class V:\n    def dot(self, b): return 1\n    def __matmul__(self, o): return self\ndef f(a, b): return V().dot(b) @ a",
        "def dot(a, b): return sum(x * y for x, y in zip(a, b))\ndef f(a, b): return dot(a, b)",
        "import numpy as np\ndef f(a): return np.linalg.norm(a)",
        "import numpy as np\ndef f(a):\n    raise np.linalg.LinAlgError('singular')",
        "import numpy as np\ndef f(a): return a\nif __name__ == '__main__':\n    print(np.linalg.inv(f(3)), sorted([1]))",
        "import numpy as np\ndef f(a): return a\ndef main():\n    assert sorted(f(1)) == np.dot(1, 2)\nif '__main__' == __name__:\n    main()",
        "import numpy as np\ndef f(a): return a\ndef test_f():\n    np.testing.assert_allclose(f(1), np.linalg.inv(1))",
        "from torch import Tensor, nn\ndef f(a: nn.Module) -> nn.Linear: return a",
        "import numpy as np\ndef f(a): return ', '.join(str(x) for x in a * np.exp(a))",
        "class Net:\n    def __init__(self): self.nn = self\n    def go(self): return self.nn.forward()\ndef f(a): return Net().go()",
        "import numpy.linalg\nfrom numpy.linalg import inv\ndef f(a): return a",
        "from numpy import dot\ndef dot(a, b): return a\ndef f(a): return dot(a, a)",
    ],
)  # fmt: skip
def test_what_is_ones_own_or_never_graded_is_left_alone(source: str) -> None:
    assert found(source) == []


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    for row in x: print(row)",
        "def f(x): return [row for row in x]",
        "def f(x):\n    for i in range(len(x)): print(i)",
        "def f(x):\n    n, m = x.shape\n    for i in range(n): print(i)",
        "def f(x):\n    i = 0\n    while i < len(x): i += 1",
        "def f(x): return list(map(abs, x))",
        "def f(x): return helper(x)\ndef helper(z):\n    for row in z: print(row)",
        "import numpy as np\ndef f(x):\n    y = np.moveaxis(np.asarray(x), 0, -1).reshape(-1, 3)\n    for i, row in enumerate(y): print(i, row)",
        "import numpy as np\ndef f(x):\n    for i in np.ndindex(x.shape[:-1]): print(i)",
        "import numpy as np\ndef f(x): return np.apply_along_axis(abs, 0, x)",
        "import numpy as np\ng = np.vectorize(abs)\ndef f(x): return g(x)",
        "import numpy as np\n@np.vectorize\ndef g(v): return v\ndef f(x): return g(x)",
        "def f(x): return list(rows(x))\ndef rows(z): yield from z",
        "import numpy as np\ndef f(x):\n    x = np.asarray(x, float)\n    for row in x: print(row)",
        "def f(x):\n    if x is None:\n        x = []\n    for row in x: print(row)",
        "def f(x, k):\n    for _ in range(k):\n        for row in x: print(row)\n        x = [1]",
        "def f(x):\n    def rows(): return [row for row in x]\n    made = rows()\n    x = made\n    return x",
        "import numpy as np\ndef f(x): return np.fromfunction(lambda i, j: x[i, j], x.shape)",
    ],
)
def test_a_loop_over_an_argument_is_found_however_it_is_reached(source: str) -> None:
    assert "runs a Python loop over `x`" in found(source, LOOPS)


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    for axis in range(x.ndim): print(axis)",
        "def f(x):\n    for n in x.shape: print(n)",
        "def f(x, y):\n    for name, value in (('x', x), ('y', y)): assert value.ndim, name",
        "def f(x, steps):\n    for _ in range(steps): x = x + x\n    while abs(x).max() > 3: x = x / 2\n    return x",
        "def f(x): return x\nif __name__ == '__main__':\n    x = [1]\n    for a in x: print(f(a))",
        "def f(x):\n    out = x.sum()\n    x = [1, 2]\n    for value in x: print(value)\n    return out",
        "def f(x):\n    out = x.sum()\n    x = [1, 2]\n    for i in range(len(x)): print(x[i])\n    return out",
        "def f(x):\n    out, rows = x.sum(), x\n    rows, x = ['a'], 'b'\n    return out, [row for row in rows], [letter for letter in x]",
        "def f(x):\n    for name in ('a', 'b'):\n        out = x.sum()\n        rows = [name]\n        for row in rows: print(row)\n    return out",
        "def f(x):\n    x = x.shape\n    return [n for n in x]",
        "def f(x): return x * sum(x * x for x in (1, 2))",
        "def f(x):\n    def g(x): return [v for v in x]\n    return x * sum(g([1, 2]))",
        "def f(x): return x + helper(x=[1, 2])\ndef helper(x): return sum(v for v in x)",
        "def f(x):\n    n, m = map(int, x.shape)\n    return x / (n * m)",
        "import functools, operator\ndef f(x): return x / functools.reduce(operator.mul, x.shape)",
        "def f(x):\n    for a in range(len(x.shape)): x = x - x.mean(a, keepdims=True)\n    return x",
        "import numpy as np\ndef f(x):\n    for a, n in enumerate(np.shape(x)[:-1]): x = x.sum(a, keepdims=True) / n\n    return x",
        "def f(x, y):\n    given = (x, y)\n    for i in range(len(given)): assert given[i].ndim\n    return x",
        "def f(x):\n    while len(x.shape) < 3: x = x[None]\n    return x",
    ],
)
def test_a_loop_over_something_else_is_not(source: str) -> None:
    assert found(source, LOOPS) == []


def test_a_file_without_a_graded_name_is_read_whole() -> None:
    """Where nothing of the starter's is in the file, every function counts as graded."""
    assert found("def other(a): return sorted(a)") == ["uses `sorted`"]


CHECKS = '''
def test_twice_two(learner):
    """Twice two is four."""
    assert learner.double(2) == 4
'''
RULES = (Forbidden(name="numpy.linalg.*", instead="Write the elimination yourself."), Forbidden(name=("sorted",), instead="Write it."))


@pytest.fixture
def strict(make_lab: Callable[..., Lab]) -> Lab:
    return make_lab(CHECKS, "def double(x): return x + x").model_copy(update={"forbid": RULES})


def test_it_is_the_first_check_and_says_the_line_and_what_to_write_instead(grader: Grader, strict: Lab) -> None:
    source = b"import numpy as np\n\ndef double(x):\n    np.linalg.inv(np.eye(2))\n    return x + x if sorted([x]) else x\n"
    verdict = grader.grade(strict, source)
    first = verdict.checks[0]
    assert (verdict.status, verdict.passed, verdict.total) == ("failed", 1, 2)
    assert (first.name, first.status) == ("the file uses only what the task allows", "failed")
    assert first.message.startswith("Line 4 uses `numpy.linalg.inv`, which this task does not allow. Write the elimination yourself.")
    assert (first.where, first.got) == ("line 4, in double", "np.linalg.inv(np.eye(2))")


def test_a_file_that_keeps_to_the_rules_passes_it(grader: Grader, strict: Lab) -> None:
    verdict = grader.grade(strict, b"def double(x): return x + x\n")
    assert verdict.status == "passed"
    assert [check.status for check in verdict.checks] == ["passed", "passed"]


def test_a_file_nested_beyond_reading_fails_it_and_breaks_nothing(grader: Grader, strict: Lab) -> None:
    verdict = grader.grade(strict, b"def double(x): return x + x\nif 0:\n    y = " + b"-".join([b"1"] * 20_000) + b"\n")
    assert verdict.status != "passed"
    assert grader.grade(strict, b"def double(x): return x + x\n").status == "passed"


def test_a_lab_without_rules_has_no_such_check(grader: Grader, make_lab: Callable[..., Lab]) -> None:
    verdict = grader.grade(make_lab(CHECKS, "def double(x): return x + x"), b"def double(x): return x + x\n")
    assert [check.name for check in verdict.checks] == ["twice two"]


@pytest.mark.parametrize(
    "source",
    [
        "def f(x): return " + " + ".join(["x"] * 900),
        "def g(x): return x\ndef f(x):\n" + "\n".join("    x = g(x)" for _ in range(400)),
        "def f(x):\n" + "\n".join(f"    x = x + {i}" for i in range(3000)),
    ],
    ids=["a long sum", "a long chain of calls", "a long function"],
)
def test_a_long_file_is_read_all_the_same(source: str) -> None:
    assert found(source) == []
